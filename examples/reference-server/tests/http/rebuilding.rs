//! Lists that are built anew, and by programs of more than one version.

use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::projection::{Error, Projection, ProjectionError, Views};
use commerce_core::stream::RecordedEvent;
use futures_util::future::join_all;
use reference_server::views::View;
use reference_server::views::catalog::{CATEGORIES, CatalogView};
use serde_json::json;

use crate::catalog_products::category;
use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_list_that_cant_go_on_is_mended_by_a_rebuild,
    an_older_program_leaves_a_newer_ones_list_alone,
    programs_that_rebuild_at_once_are_not_in_each_others_way,
);

fn live(app: &App) -> View {
    app.platform.views().into_iter().find(|view| view.name() == "catalog").unwrap()
}

async fn a_list_that_cant_go_on_is_mended_by_a_rebuild(app: App) {
    let lamps = category(&app, "Lamps").await;
    app.get("/catalog/categories").expect(200).await;
    let damaged =
        DocumentWrite::json(format!("{CATEGORIES}@1"), lamps.as_str(), Expected::Any, &"damaged").unwrap();
    app.platform.shop.stores().catalog.commit(Commit::new().document(damaged)).await.unwrap();
    let path = format!("/catalog/categories/{lamps}");
    app.put(&path, json!({"name": "All lamps"})).admin().expect(200).await;
    app.get("/catalog/categories").refused(500, "internal_error").await;
    let rebuilt = live(&app).rebuild().await.unwrap();
    assert_eq!(rebuilt.generation, 2);
    let list = app.get("/catalog/categories").expect(200).await.json();
    assert_eq!(list["items"][0]["name"], "All lamps", "{list}");
    app.close().await;
}

/// The catalog's lists, as a program makes them that is newer than this one.
struct Newer;

#[async_trait]
impl Projection for Newer {
    fn name(&self) -> &str {
        CatalogView.name()
    }

    fn version(&self) -> u32 {
        CatalogView.version() + 1
    }

    fn collections(&self) -> &[&'static str] {
        CatalogView.collections()
    }

    async fn project(&self, event: &RecordedEvent, views: &mut Views<'_>) -> Result<(), ProjectionError> {
        CatalogView.project(event, views).await
    }
}

fn newer(app: &App) -> View {
    View::new(app.platform.shop.stores().catalog.clone(), Arc::new(Newer))
}

async fn an_older_program_leaves_a_newer_ones_list_alone(app: App) {
    category(&app, "Lamps").await;
    app.get("/catalog/categories").expect(200).await;
    newer(&app).fresh().await.unwrap();
    for _ in 0..3 {
        let problem = app.get("/catalog/categories").refused(503, "store_unavailable").await;
        assert!(problem["detail"].as_str().unwrap().contains("too old"), "{problem}");
        newer(&app).fresh().await.unwrap();
    }
    let (status, _) = newer(&app).status().await.unwrap();
    assert_eq!(status.live.map(|live| live.generation), Some(2));
    // Whoever goes back to the older one for good says so.
    live(&app).rebuild().await.unwrap();
    app.get("/catalog/categories").expect(200).await;
    app.close().await;
}

async fn programs_that_rebuild_at_once_are_not_in_each_others_way(app: App) {
    for n in 0..20 {
        category(&app, &format!("Lamps {n}")).await;
    }
    app.get("/catalog/categories").expect(200).await;
    let programs: Vec<View> = (0..6).map(|_| newer(&app)).collect();
    for fresh in join_all(programs.iter().map(View::fresh)).await {
        fresh.unwrap();
    }
    let rebuilds = join_all(programs.iter().map(View::rebuild)).await;
    assert!(rebuilds.iter().any(Result::is_ok));
    for rebuilt in rebuilds {
        assert!(matches!(rebuilt, Ok(_) | Err(Error::Overtaken { .. })), "{rebuilt:?}");
    }
    app.close().await;
}
