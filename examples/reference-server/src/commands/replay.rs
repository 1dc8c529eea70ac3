use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::error::Kind;
use commerce_outbox::{RetryPolicy, SystemHost};
use reference_server::audit::PENDING;
use reference_server::import::{self, Import};
use reference_server::replay::{
    AuditResult, FOR_A_SERVER, Lines, Progress, ReplayError, ReplayOptions, Replayed, TerminalBar, conclude,
    replay,
};
use reference_server::shop::{Shop, ShopOptions, StoreUrl, Stores};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::refused::RefusedFile;
use super::signal::cancel_at_signal;
use super::{print, url};
use crate::cli::Replay;
use crate::exit::{BREACH, DATA, Exit, INPUT, STOPPED};

pub(super) async fn run(args: Replay) -> Result<u8, Exit> {
    let url = url(&args.store)?;
    let import = import::read(&args.file).map_err(Exit::input)?;
    let refused = args.refused.as_deref().map(|path| RefusedFile::at(path, &args.file)).transpose()?;
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let stores = Stores::open(&url, &host).await.map_err(Exit::data)?;
    let shop_options = ShopOptions {
        step_timeout: Duration::from_secs(args.step_timeout.into()),
        host,
        ..ShopOptions::default()
    };
    let shop = Shop::new(stores, &shop_options).map_err(Exit::data)?;
    let options = ReplayOptions {
        concurrency: args.concurrency.into(),
        stock: args.stock,
        decline_every: args.decline_every.map(|every| every as usize),
        repeat: args.repeat.into(),
        retry: patience(&url),
    };
    let progress = progress();
    let replayed =
        replay_until_signal(&shop, &import, &options, &*progress).await.map_err(|error| exit(&error))?;
    let report = conclude(shop.stores(), &options, &*progress).await.map_err(|error| exit(&error))?;
    match &report {
        Some(report) if report.pending > 0 => progress.note(&format!("{} {PENDING}", report.pending)),
        Some(_) => {}
        None => progress.note(&format!("{NOT_AUDITED} {url}")),
    }
    let rows: Vec<[String; 3]> = replayed
        .refused()
        .map(|(line, invoice_no, reason)| [line.to_string(), invoice_no.to_owned(), reason.to_owned()])
        .collect();
    let summary = replayed.summary(AuditResult::of(report.as_ref()));
    if args.json {
        print(serde_json::to_string_pretty(&summary).map_err(Exit::data)?)?;
    } else {
        print(&summary)?;
    }
    if let Some(refused) = refused {
        refused
            .write(&rows)
            .map_err(|error| Exit::data(format!("the refused rows can't be written: {error}")))?;
    }
    Ok(if summary.audit == AuditResult::Ok("ok") { 0 } else { BREACH })
}

const NOT_AUDITED: &str =
    "nothing was audited: other processes are at work on this data. Once they have ended: audit --store";

/// A server that is down comes back; what a disk of this machine can't do now it can't do in a minute either.
fn patience(url: &StoreUrl) -> RetryPolicy {
    match url {
        StoreUrl::Postgres(_) => FOR_A_SERVER,
        StoreUrl::Memory | StoreUrl::Sqlite(_) => RetryPolicy::attempts(1),
    }
}

/// Runs the services and the replay on them. SIGINT and SIGTERM stop both, in that order and in good order.
async fn replay_until_signal(
    shop: &Shop,
    import: &Import,
    options: &ReplayOptions,
    progress: &dyn Progress,
) -> Result<Replayed, ReplayError> {
    let (stop, shutdown) = (CancellationToken::new(), CancellationToken::new());
    tokio::spawn(cancel_at_signal(stop.clone()));
    let work = async {
        let replayed = replay(shop, import, options, progress, &stop).await;
        shutdown.cancel();
        replayed
    };
    let services = async {
        let ended = shop.run(shutdown.clone()).await;
        let was_asked_to = shutdown.is_cancelled();
        // From now on a signal ends the program: nothing is under way any more.
        stop.cancel();
        match ended {
            // Leases that could not be given back end by themselves.
            Err(error) if was_asked_to && error.kind() == Kind::Retryable => {
                warn!(%error, "the services were not left in good order");
                Ok(())
            }
            ended => ended,
        }
    };
    let (services, replayed) = tokio::join!(services, work);
    services?;
    replayed
}

fn progress() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() { Box::new(TerminalBar::new()) } else { Box::new(Lines::default()) }
}

fn exit(error: &ReplayError) -> Exit {
    let code = match error {
        ReplayError::OtherOptions { .. } | ReplayError::SkuTaken { .. } => INPUT,
        ReplayError::Stopped => STOPPED,
        _ => DATA,
    };
    Exit::new(code, error)
}
