//! Stock items.

use commerce_core::Host;
use commerce_outbox::SystemHost;
use serde_json::{Value, json};

use crate::on_every_backend;
use crate::shopping::{assert_books_agree, goods};
use crate::support::{App, Reply};

on_every_backend!(
    a_product_is_taken_into_stock,
    what_is_wrong_with_a_new_item_is_said_at_once,
    a_sku_and_a_product_are_in_stock_once,
    what_the_catalog_does_not_have_may_be_in_stock,
    the_same_key_takes_a_product_into_stock_once,
    whoever_is_signed_in_sees_the_stock,
    a_list_is_read_page_by_page,
    low_stock_is_listed_while_it_is_low,
    stock_is_adjusted,
    reorder_settings_are_changed,
    a_version_may_be_meant_of_what_may_be_in_stock_already,
);

pub(crate) fn id() -> String {
    SystemHost.new_id().to_string()
}

/// A product in stock.
pub(crate) async fn stocked(app: &App, sku: &str, stock: u32) -> String {
    let body = json!({"product_id": id(), "sku": sku, "name": "Lamp", "initial_stock": stock});
    app.post("/inventory/products", body).role("inventory_manager").expect(201).await.id()
}

pub(crate) async fn item(app: &App, id: &str) -> Value {
    app.get(&format!("/inventory/products/{id}")).role("customer").expect(200).await.json()
}

async fn a_product_is_taken_into_stock(app: App) {
    let product_id = id();
    let body =
        json!({"product_id": product_id, "sku": " lamp-1 ".trim(), "name": " Lamp ", "initial_stock": 12});
    app.post("/inventory/products", body.clone()).refused(401, "unauthenticated").await;
    app.post("/inventory/products", body.clone()).role("warehouse").refused(403, "forbidden").await;
    let made = app.post("/inventory/products", body).role("inventory_manager").expect(201).await;
    assert_eq!(made.header("location"), format!("/api/v1/inventory/products/{product_id}"));
    assert_eq!(made.header("etag"), "\"1\"");
    let expected = json!({
        "id": product_id, "product_id": product_id, "sku": "LAMP-1", "name": "Lamp",
        "on_hand": 12, "reserved": 0, "available": 12, "reorder_level": 10, "reorder_quantity": 100,
        "low_stock": false, "last_restocked_at": null,
    });
    assert_eq!(made.json(), expected);
    app.close().await;
}

async fn what_is_wrong_with_a_new_item_is_said_at_once(app: App) {
    let post = |body: Value| app.post("/inventory/products", body).admin();
    let body =
        json!({"product_id": id(), "sku": "a b", "name": " ", "initial_stock": 1, "reorder_quantity": 0});
    let problem = post(body).refused(400, "validation_failed").await;
    let pointers: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|one| &one["pointer"]).collect();
    assert_eq!(pointers, ["/sku", "/name", "/reorder_quantity"]);
    for (field, value) in [
        ("initial_stock", json!(-1)),
        ("initial_stock", json!(4_294_967_296_u64)),
        ("product_id", json!("x")),
    ] {
        let mut body = json!({"product_id": id(), "sku": "A", "name": "A", "initial_stock": 1});
        body[field] = value;
        let problem = post(body).refused(400, "invalid_body").await;
        assert_eq!(problem["errors"][0]["pointer"], format!("/{field}"));
    }
    let misspelt = json!({"product_id": id(), "sku": "A", "name": "A", "initial_stok": 1});
    post(misspelt).refused(400, "invalid_body").await;
    app.close().await;
}

async fn a_sku_and_a_product_are_in_stock_once(app: App) {
    let product_id = stocked(&app, "LAMP", 1).await;
    let post = |product_id: &str, sku: &str| {
        let body = json!({"product_id": product_id, "sku": sku, "name": "Lamp", "initial_stock": 1});
        app.post("/inventory/products", body).admin()
    };
    post(&id(), "lamp").refused(409, "sku_taken").await;
    post(&product_id, "LAMP").refused(409, "sku_taken").await;
    post(&product_id, "OTHER").refused(409, "already_exists").await;
    post(&id(), "OTHER").expect(201).await;
    app.close().await;
}

async fn what_the_catalog_does_not_have_may_be_in_stock(app: App) {
    goods(&app, "TEA", "2.50", 10).await;
    stocked(&app, "CARTON", 5).await;
    assert_books_agree(&app).await;
    app.close().await;
}

async fn the_same_key_takes_a_product_into_stock_once(app: App) {
    let body = json!({"product_id": id(), "sku": "LAMP", "name": "Lamp", "initial_stock": 1});
    let ask = || app.post("/inventory/products", body.clone()).admin().key("k-1");
    let (first, again) = (ask().expect(201).await, ask().expect(201).await);
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    let other = json!({"product_id": id(), "sku": "OTHER", "name": "Lamp", "initial_stock": 1});
    app.post("/inventory/products", other).admin().key("k-1").refused(422, "idempotency_key_reused").await;
    app.close().await;
}

async fn whoever_is_signed_in_sees_the_stock(app: App) {
    let product_id = stocked(&app, "LAMP", 3).await;
    let path = format!("/inventory/products/{product_id}");
    app.get(&path).refused(401, "unauthenticated").await;
    let shown = app.get(&path).role("customer").expect(200).await;
    assert_eq!((shown.header("etag"), &shown.json()["available"]), ("\"1\"", &json!(3)));
    app.get(&format!("/inventory/products/{}", id())).admin().refused(404, "stock_item_not_found").await;
    app.get("/inventory/products/none").admin().refused(400, "invalid_path").await;
    app.close().await;
}

async fn a_list_is_read_page_by_page(app: App) {
    let mut all = vec![stocked(&app, "A", 1).await, stocked(&app, "B", 1).await, stocked(&app, "C", 1).await];
    all.sort();
    app.get("/inventory/products").refused(401, "unauthenticated").await;
    let page = async |path: String| app.get(&path).role("customer").expect(200).await.json();
    let first = page("/inventory/products?limit=2".to_owned()).await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = page(format!("/inventory/products?limit=2&cursor={cursor}")).await;
    assert_eq!(second["next_cursor"], json!(null));
    let items =
        [first["items"].as_array().unwrap().clone(), second["items"].as_array().unwrap().clone()].concat();
    assert_eq!(items.iter().map(|item| item["id"].as_str().unwrap()).collect::<Vec<_>>(), all);
    app.get("/inventory/products?limit=0").admin().refused(400, "invalid_query").await;
    app.get("/inventory/products?cursor=x").admin().refused(400, "invalid_cursor").await;
    app.close().await;
}

async fn low_stock_is_listed_while_it_is_low(app: App) {
    let (low, _high) = (stocked(&app, "LOW", 10).await, stocked(&app, "HIGH", 11).await);
    let path = "/inventory/products/low-stock";
    app.get(path).refused(401, "unauthenticated").await;
    app.get(path).role("customer").refused(403, "forbidden").await;
    let list = async || app.get(path).role("inventory_manager").expect(200).await.json()["items"].clone();
    let items = list().await;
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!((&items[0]["id"], &items[0]["low_stock"]), (&json!(low), &json!(true)));
    let more = json!({"quantity": 1, "reason": "delivery"});
    app.post(&format!("/inventory/products/{low}/adjust-stock"), more).admin().expect(200).await;
    assert_eq!(list().await, json!([]));
    app.close().await;
}

async fn stock_is_adjusted(app: App) {
    let product_id = stocked(&app, "LAMP", 20).await;
    let path = format!("/inventory/products/{product_id}/adjust-stock");
    let adjust = |quantity: i64| app.post(&path, json!({"quantity": quantity, "reason": "counted"}));
    adjust(1).refused(401, "unauthenticated").await;
    adjust(1).role("customer").refused(403, "forbidden").await;
    let more = adjust(5).admin().expect(200).await;
    assert_eq!((more.header("etag"), &more.json()["on_hand"]), ("\"2\"", &json!(25)));
    assert!(more.json()["last_restocked_at"].is_string());
    let stale = |tag: &str| adjust(-5).admin().header("if-match", tag);
    stale("\"1\"").refused(412, "precondition_failed").await;
    assert_eq!(stale("\"2\"").expect(200).await.json()["available"], 20);
    adjust(-21).admin().refused(409, "below_reserved").await;
    let none = app.post(&path, json!({"quantity": 0, "reason": " "})).admin();
    let problem = none.refused(400, "validation_failed").await;
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]),
        (&json!("/quantity"), &json!("/reason"))
    );
    for far in [4_294_967_296, -4_294_967_296, i64::MIN] {
        let problem = adjust(far).admin().refused(400, "validation_failed").await;
        assert_eq!(problem["errors"][0]["pointer"], "/quantity");
    }
    let unknown = format!("/inventory/products/{}/adjust-stock", id());
    let body = json!({"quantity": 1, "reason": "counted"});
    app.post(&unknown, body.clone()).admin().refused(404, "stock_item_not_found").await;
    let once = || app.post(&path, body.clone()).admin().key("k-1");
    let (first, again): (Reply, Reply) = (once().expect(200).await, once().expect(200).await);
    assert_eq!((first.bytes, again.header("idempotency-replayed")), (again.bytes.clone(), "true"));
    assert_eq!(item(&app, &product_id).await["on_hand"], 21);
    app.close().await;
}

async fn reorder_settings_are_changed(app: App) {
    let product_id = stocked(&app, "LAMP", 20).await;
    let path = format!("/inventory/products/{product_id}/reorder-settings");
    let put = |level: u32, quantity: u32| {
        app.put(&path, json!({"reorder_level": level, "reorder_quantity": quantity}))
    };
    put(1, 1).refused(401, "unauthenticated").await;
    put(1, 1).role("analyst").refused(403, "forbidden").await;
    let changed = put(30, 50).role("inventory_manager").expect(200).await.json();
    assert_eq!(
        (&changed["reorder_level"], &changed["reorder_quantity"], &changed["low_stock"]),
        (&json!(30), &json!(50), &json!(true))
    );
    let problem = put(1, 0).admin().refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/reorder_quantity");
    put(1, 1).admin().header("if-match", "\"1\"").refused(412, "precondition_failed").await;
    let unknown = format!("/inventory/products/{}/reorder-settings", id());
    let body = json!({"reorder_level": 1, "reorder_quantity": 1});
    app.put(&unknown, body).admin().refused(404, "stock_item_not_found").await;
    app.close().await;
}

async fn a_version_may_be_meant_of_what_may_be_in_stock_already(app: App) {
    let body = json!({"product_id": id(), "sku": "MEANT-1", "name": "Lamp", "initial_stock": 1});
    let take = || app.post("/inventory/products", body.clone()).role("inventory_manager");
    take().header("if-match", "\"7\"").expect(201).await;
    take().header("if-match", "\"7\"").refused(412, "precondition_failed").await;
    let api = app.get("//openapi.json").expect(200).await.json();
    for path in ["/inventory/products", "/payments/confirm"] {
        let post = &api["paths"][format!("/api/v1{path}")]["post"];
        let refusal = &post["responses"]["412"]["content"]["application/problem+json"];
        assert!(refusal.is_object(), "{path}: {post}");
        let parameters = post["parameters"].as_array().unwrap();
        assert!(parameters.iter().any(|parameter| parameter["name"] == "If-Match"), "{path}: {post}");
    }
    app.close().await;
}
