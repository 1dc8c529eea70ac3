use std::cmp::Ordering;

use commerce_core::projection::{Error, Live, Status};
use reference_server::gateway::GatewayOptions;
use reference_server::platform::{Platform, PlatformOptions};
use reference_server::services::identity::IdentityOptions;
use reference_server::services::notification::NotificationOptions;
use reference_server::shop::ShopOptions;
use reference_server::views::View;

use super::{open, print};
use crate::cli::{Projections, Store};
use crate::exit::{BREACH, Exit};

pub(super) async fn run(command: Projections) -> Result<u8, Exit> {
    match command {
        Projections::List { store } => list(&views(&store).await?).await,
        Projections::Rebuild { name, store } => rebuild(&views(&store).await?, &name).await,
    }
}

/// Those of all services.
async fn views(store: &Store) -> Result<Vec<View>, Exit> {
    let options = PlatformOptions {
        shop: ShopOptions::default(),
        identity: IdentityOptions::default(),
        tokens: None,
        notification: NotificationOptions::default(),
        gateway: GatewayOptions::default(),
    };
    Ok(Platform::new(open(store).await?, &options).await.map_err(Exit::data)?.views())
}

async fn list(views: &[View]) -> Result<u8, Exit> {
    for view in views {
        let (status, counts) = view.status().await.map_err(Exit::data)?;
        print(format!("{}  {}  {}", status.name, standing(&status), counted(&counts)))?;
    }
    Ok(0)
}

async fn rebuild(views: &[View], name: &str) -> Result<u8, Exit> {
    let Some(view) = views.iter().find(|view| view.name() == name) else {
        let names: Vec<_> = views.iter().map(View::name).collect();
        return Err(Exit::input(format!("{name:?} is no projection; they are: {}", names.join(", "))));
    };
    let rebuilt = view.rebuild().await.map_err(|error| match error {
        // Another process builds it anew at the same time, and was faster.
        error @ Error::Overtaken { .. } => Exit::new(BREACH, error),
        error => Exit::data(error),
    })?;
    let (_, counts) = view.status().await.map_err(Exit::data)?;
    print(format!(
        "{name}: generation {} is live, made of {} events: {}; {} documents of older ones deleted",
        rebuilt.generation,
        rebuilt.events,
        counted(&counts),
        rebuilt.deleted
    ))?;
    Ok(0)
}

fn standing(status: &Status) -> String {
    let Some(Live { generation, built, position, .. }) = status.live else { return "never ran".to_owned() };
    let position = position.map_or_else(String::new, |position| format!(", at position {position}"));
    let outdated = match built.cmp(&status.here) {
        Ordering::Less => ", to be rebuilt",
        Ordering::Equal => "",
        Ordering::Greater => ", newer than this program",
    };
    let rebuilding = if status.rebuilding { ", being rebuilt" } else { "" };
    format!("version {built}, generation {generation}{position}{outdated}{rebuilding}")
}

fn counted(counts: &[(&str, u64)]) -> String {
    let counts: Vec<_> = counts.iter().map(|(collection, count)| format!("{count} {collection}")).collect();
    counts.join(", ")
}
