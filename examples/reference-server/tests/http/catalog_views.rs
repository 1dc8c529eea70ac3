//! Looks at products.

use commerce_core::catalog::{PRODUCT_VIEW_KIND, Product, ProductEvent, views_of};
use commerce_core::id::{CustomerId, ProductId, Tenant};
use commerce_core::stream::{RecordedEvent, StreamId};
use commerce_core::upcast::decode;
use http::Method;
use serde_json::json;
use uuid::Uuid;

use crate::catalog_products::{category, for_sale};
use crate::on_every_backend;
use crate::support::{App, eventually};

on_every_backend!(a_look_is_noted_and_changes_no_version);

async fn looks(app: &App, id: ProductId) -> Vec<RecordedEvent> {
    let store = &app.platform.shop.stores().catalog;
    store.read_stream(&Tenant::default(), &views_of(id), 0, 100).await.unwrap()
}

async fn a_look_is_noted_and_changes_no_version(app: App) {
    let category = category(&app, "Lamps").await;
    let id: ProductId = for_sale(&app, &category, "lamp", json!({})).await.parse().unwrap();
    let path = format!("/catalog/products/{id}");
    let viewer = Uuid::from_u128(7);
    assert_eq!(app.get(&path).expect(200).await.header("etag"), "\"2\"");
    app.get(&path).user(viewer, "customer").expect(200).await;
    let noted =
        eventually("two looks", async || Some(looks(&app, id).await).filter(|looks| looks.len() == 2));
    let mut viewers: Vec<Option<CustomerId>> = Vec::new();
    for event in noted.await {
        assert_eq!((event.stream.kind(), &*event.event_type), (PRODUCT_VIEW_KIND, "ProductViewed"));
        match decode(&event).unwrap() {
            ProductEvent::ProductViewed { viewer, .. } => viewers.push(viewer),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(viewers, [None, Some(CustomerId(viewer))]);
    assert_eq!(app.get(&path).expect(200).await.header("etag"), "\"2\"");
    eventually("a third look", async || (looks(&app, id).await.len() == 3).then_some(())).await;
    for path in [&*path, "/catalog/products/sku/lamp"] {
        app.ask(Method::HEAD, path).expect(200).await;
    }
    app.get("/catalog/products/sku/lamp").expect(200).await;
    eventually("a fourth look", async || (looks(&app, id).await.len() == 4).then_some(())).await;

    app.post(&format!("{path}/unpublish"), json!({})).admin().expect(200).await;
    app.get(&path).admin().expect(200).await;
    app.get(&path).refused(404, "product_not_found").await;
    app.get("/catalog/products/search").expect(200).await;
    assert_eq!(looks(&app, id).await.len(), 4, "only looks at what is for sale count");
    let store = &app.platform.shop.stores().catalog;
    let stream = StreamId::of::<Product>(&id);
    let own = store.read_stream(&Tenant::default(), &stream, 0, 100).await.unwrap();
    assert_eq!(own.len(), 3, "made, published, unpublished");
    app.close().await;
}
