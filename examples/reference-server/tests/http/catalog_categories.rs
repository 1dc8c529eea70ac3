//! Categories.

use serde_json::json;

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_category_is_made_shown_changed_and_listed,
    only_admins_make_categories,
    the_same_key_makes_one_category,
    a_stale_version_changes_nothing,
);

async fn a_category_is_made_shown_changed_and_listed(app: App) {
    let lamps = json!({"name": "Lamps", "description": "Light"});
    let made = app.post("/catalog/categories", lamps).admin().expect(201).await;
    let id = made.id();
    assert_eq!(made.header("location"), format!("/api/v1/catalog/categories/{id}"));
    assert_eq!(made.header("etag"), "\"1\"");
    assert_eq!(made.json()["slug"], "lamps");
    let shown = app.get(&format!("/catalog/categories/{id}")).expect(200).await;
    assert_eq!(shown.json(), made.json());
    let list = app.get("/catalog/categories").expect(200).await.json();
    assert_eq!(list["items"][0]["id"], json!(id));
    assert_eq!(list["next_cursor"], json!(null));
    let desk = json!({"name": "Desk lamps", "parent_id": id});
    let desk = app.post("/catalog/categories", desk).admin().expect(201).await;
    assert_eq!(desk.json()["parent_id"], json!(id));
    app.close().await;
}

async fn only_admins_make_categories(app: App) {
    let body = json!({"name": "Lamps"});
    app.post("/catalog/categories", body.clone()).refused(401, "unauthenticated").await;
    app.post("/catalog/categories", body.clone()).role("customer").refused(403, "forbidden").await;
    app.post("/catalog/categories", body).role("expired").refused(401, "token_expired").await;
    let problem =
        app.post("/catalog/categories", json!({"name": ""})).admin().refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/name");
    let misspelt = json!({"name": "Lamps", "nmae": "x"});
    app.post("/catalog/categories", misspelt).admin().refused(400, "invalid_body").await;
    for path in ["", "/active", "/root", "/0190a0a0-0000-7000-8000-000000000000"] {
        let categories = app.get(&format!("/catalog/categories{path}"));
        categories.role("expired").refused(401, "token_expired").await;
    }
    app.get("/catalog/categories/none").refused(400, "invalid_path").await;
    let absent = "/catalog/categories/0190a0a0-0000-7000-8000-000000000000";
    app.get(absent).refused(404, "category_not_found").await;
    app.delete("/catalog/categories").refused(405, "method_not_allowed").await;
    app.get("/nowhere").refused(404, "route_not_found").await;
    app.close().await;
}

async fn the_same_key_makes_one_category(app: App) {
    let ask = || app.post("/catalog/categories", json!({"name": "Lamps"})).admin().key("k-1");
    let first = ask().expect(201).await;
    let again = ask().expect(201).await;
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("etag"), first.header("etag"));
    let other = app.post("/catalog/categories", json!({"name": "Chairs"})).admin().key("k-1");
    other.refused(422, "idempotency_key_reused").await;
    // Which version is meant is part of what is asked.
    let id = first.id();
    let path = format!("/catalog/categories/{id}/deactivate");
    let meant = |tag: &str| app.post(&path, json!({})).admin().key("k-2").header("if-match", tag);
    meant("\"7\"").refused(412, "precondition_failed").await;
    meant("\"1\"").refused(422, "idempotency_key_reused").await;
    let list = app.get("/catalog/categories").expect(200).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    app.close().await;
}

async fn a_stale_version_changes_nothing(app: App) {
    let id = app.post("/catalog/categories", json!({"name": "Lamps"})).admin().expect(201).await.id();
    let path = format!("/catalog/categories/{id}");
    let change =
        |name: &str, tag: &str| app.put(&path, json!({"name": name})).admin().header("if-match", tag);
    let changed = change("Lights", "\"1\"").expect(200).await;
    assert_eq!(changed.header("etag"), "\"2\"");
    change("Lanterns", "\"1\"").refused(412, "precondition_failed").await;
    assert_eq!(app.get(&path).expect(200).await.json()["name"], "Lights");
    app.close().await;
}
