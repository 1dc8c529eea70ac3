//! Products, one at a time.

use serde_json::{Value, json};

use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    a_product_is_made_as_a_draft_that_admins_alone_see,
    everything_that_is_wrong_with_a_product_is_said_at_once,
    a_sku_is_taken_in_any_case,
    a_product_is_described_anew,
    a_price_is_changed,
    a_product_is_published_unpublished_and_archived,
    a_product_is_found_by_its_sku,
    only_admins_change_products,
    a_stale_version_changes_no_product,
);

pub(crate) async fn category(app: &App, name: &str) -> String {
    app.post("/catalog/categories", json!({"name": name})).admin().expect(201).await.id()
}

pub(crate) fn lamp(category: &str, sku: &str) -> Value {
    json!({
        "sku": sku, "name": "Desk Lamp", "description": "Lights a desk.", "brand": "Lumen",
        "category_id": category, "price": {"amount": "49.99", "currency": "GBP"},
    })
}

/// A product that is for sale, with these members of its own.
pub(crate) async fn for_sale(app: &App, category: &str, sku: &str, own: Value) -> String {
    let mut body = lamp(category, sku);
    for (name, value) in own.as_object().unwrap() {
        body[name] = value.clone();
    }
    let id = app.post("/catalog/products", body).admin().expect(201).await.id();
    app.post(&format!("/catalog/products/{id}/publish"), json!({})).admin().expect(200).await;
    id
}

fn pointers(problem: &Value) -> Vec<(&str, &str)> {
    let errors = problem["errors"].as_array().unwrap();
    errors.iter().map(|e| (e["pointer"].as_str().unwrap(), e["code"].as_str().unwrap())).collect()
}

const ABSENT: &str = "/catalog/products/0190a0a0-0000-7000-8000-000000000000";

async fn a_product_is_made_as_a_draft_that_admins_alone_see(app: App) {
    let category = category(&app, "Lamps").await;
    let mut body = lamp(&category, "lamp-01");
    body["compare_at_price"] = json!({"amount": "59.99", "currency": "GBP"});
    body["seo"] = json!({"title": "The lamp", "slug": "the-lamp"});
    let ask = || app.post("/catalog/products", body.clone()).admin().key("lamp");
    let made = ask().expect(201).await;
    let (id, shown) = (made.id(), made.json());
    let path = format!("/catalog/products/{id}");
    assert_eq!(made.header("location"), format!("/api/v1{path}"));
    assert_eq!((&shown["sku"], &shown["status"]), (&json!("LAMP-01"), &json!("draft")));
    assert_eq!(shown["price"], json!({"amount": "49.99", "currency": "GBP"}));
    assert_eq!(shown["compare_at_price"]["amount"], "59.99");
    assert_eq!(shown["seo"], json!({"title": "The lamp", "description": "Desk Lamp", "slug": "the-lamp"}));
    assert_eq!(
        (&shown["featured"], &shown["images"], &shown["tags"]),
        (&json!(false), &json!([]), &json!([]))
    );
    let again = ask().expect(201).await;
    assert_eq!((again.bytes, again.headers["idempotency-replayed"].to_str().unwrap()), (made.bytes, "true"));
    let other = app.post("/catalog/products", lamp(&category, "other")).admin().key("lamp");
    other.refused(422, "idempotency_key_reused").await;

    assert_eq!(app.get(&path).admin().expect(200).await.json(), shown);
    app.get(&path).refused(404, "product_not_found").await;
    app.get(&path).role("customer").refused(404, "product_not_found").await;
    app.get(&path).role("expired").refused(401, "token_expired").await;
    app.get("/catalog/products/none").refused(400, "invalid_path").await;
    app.get(ABSENT).admin().refused(404, "product_not_found").await;
    app.close().await;
}

async fn everything_that_is_wrong_with_a_product_is_said_at_once(app: App) {
    let category = category(&app, "Lamps").await;
    let wrong = json!({
        "sku": "no sku", "name": " ", "description": "", "brand": "b".repeat(101),
        "category_id": "0190a0a0-0000-7000-8000-000000000000",
        "price": {"amount": "0", "currency": "GBP"},
        "compare_at_price": {"amount": "0", "currency": "GBP"},
        "seo": {"title": "t".repeat(201), "slug": "no slug"},
    });
    let problem = app.post("/catalog/products", wrong).admin().refused(400, "validation_failed").await;
    let expected = [
        ("/sku", "invalid_sku"),
        ("/name", "required"),
        ("/description", "required"),
        ("/brand", "too_long"),
        ("/category_id", "category_not_found"),
        ("/seo/title", "too_long"),
        ("/seo/slug", "invalid_slug"),
        ("/price", "must_be_positive"),
        ("/compare_at_price", "must_exceed_price"),
    ];
    assert_eq!(pointers(&problem), expected);
    for (member, value) in [
        ("price", json!(4)),
        ("price", json!({"amount": "1.234", "currency": "GBP"})),
        ("price", json!({"amount": 1, "currency": "GBP"})),
        ("price", json!({"amount": "1", "currency": "XXX"})),
        ("category_id", json!("none")),
        ("nmae", json!("Lamp")),
    ] {
        let mut body = lamp(&category, "lamp");
        body[member] = value;
        app.post("/catalog/products", body).admin().refused(400, "invalid_body").await;
    }
    app.close().await;
}

async fn a_sku_is_taken_in_any_case(app: App) {
    let category = category(&app, "Lamps").await;
    app.post("/catalog/products", lamp(&category, "Lamp-1")).admin().expect(201).await;
    app.post("/catalog/products", lamp(&category, "lAMP-1")).admin().refused(409, "sku_taken").await;
    app.post("/catalog/products", lamp(&category, "lamp-2")).admin().expect(201).await;
    app.close().await;
}

async fn a_product_is_described_anew(app: App) {
    let (lamps, desks) = (category(&app, "Lamps").await, category(&app, "Desks").await);
    let id = app.post("/catalog/products", lamp(&lamps, "lamp")).admin().expect(201).await.id();
    let path = format!("/catalog/products/{id}");
    let mut body = json!({
        "name": "Floor Lamp", "description": "Stands.", "brand": "Lux", "category_id": desks,
        "seo": {"slug": "standing"},
    });
    let shown = app.put(&path, body.clone()).admin().expect(200).await.json();
    assert_eq!((&shown["name"], &shown["category_id"]), (&json!("Floor Lamp"), &json!(desks)));
    assert_eq!(shown["seo"], json!({"title": "Floor Lamp", "description": "Floor Lamp", "slug": "standing"}));
    body.as_object_mut().unwrap().remove("seo");
    let shown = app.put(&path, body.clone()).admin().expect(200).await;
    assert_eq!(shown.json()["seo"]["slug"], "floor-lamp");
    let same = app.put(&path, body.clone()).admin().expect(200).await;
    assert_eq!(same.header("etag"), shown.header("etag"), "nothing has changed");
    let wrong = json!({"name": "", "description": "d", "brand": "b", "category_id": id});
    let problem = app.put(&path, wrong).admin().refused(400, "validation_failed").await;
    assert_eq!(pointers(&problem), [("/name", "required"), ("/category_id", "category_not_found")]);
    app.put(&path, json!({"sku": "other"})).admin().refused(400, "invalid_body").await;
    app.put(ABSENT, body).admin().refused(404, "product_not_found").await;
    app.close().await;
}

async fn a_price_is_changed(app: App) {
    let category = category(&app, "Lamps").await;
    let id = app.post("/catalog/products", lamp(&category, "lamp")).admin().expect(201).await.id();
    let path = format!("/catalog/products/{id}/price");
    let price = |amount: &str| json!({"amount": amount, "currency": "GBP"});
    let both = json!({"price": price("39.99"), "compare_at_price": price("49.99")});
    let shown = app.put(&path, both).admin().expect(200).await.json();
    assert_eq!((&shown["price"], &shown["compare_at_price"]), (&price("39.99"), &price("49.99")));
    let shown = app.put(&path, json!({"price": price("45")})).admin().expect(200).await.json();
    assert_eq!((&shown["price"], &shown["compare_at_price"]), (&price("45.00"), &json!(null)));
    let wrong = json!({"price": price("-1"), "compare_at_price": {"amount": "9", "currency": "EUR"}});
    let problem = app.put(&path, wrong).admin().refused(400, "validation_failed").await;
    assert_eq!(
        pointers(&problem),
        [("/price", "must_be_positive"), ("/compare_at_price", "currency_mismatch")]
    );
    app.put(&path, json!({})).admin().refused(400, "invalid_body").await;
    app.put(&format!("{ABSENT}/price"), json!({"price": price("1")}))
        .admin()
        .refused(404, "product_not_found")
        .await;
    app.close().await;
}

async fn a_product_is_published_unpublished_and_archived(app: App) {
    let category = category(&app, "Lamps").await;
    let id = app.post("/catalog/products", lamp(&category, "lamp")).admin().expect(201).await.id();
    let path = format!("/catalog/products/{id}");
    let status = async |action: &str| {
        let reply = app.post(&format!("{path}/{action}"), json!({})).admin().expect(200).await;
        reply.json()["status"].as_str().unwrap().to_owned()
    };
    app.post(&format!("{path}/unpublish"), json!({})).admin().refused(409, "wrong_state").await;
    assert_eq!(status("publish").await, "published");
    assert_eq!(status("publish").await, "published");
    assert_eq!(app.get(&path).expect(200).await.json()["status"], "published");
    assert_eq!(status("unpublish").await, "unpublished");
    app.get(&path).refused(404, "product_not_found").await;
    assert_eq!(status("publish").await, "published");
    let archived = app.delete(&path).admin().expect(200).await;
    assert_eq!(archived.json()["status"], "archived");
    app.get(&path).refused(404, "product_not_found").await;
    assert_eq!(app.get(&path).admin().expect(200).await.json()["status"], "archived");
    app.post(&format!("{path}/publish"), json!({})).admin().refused(409, "wrong_state").await;
    app.delete(&path).admin().expect(200).await;
    for action in ["publish", "unpublish"] {
        app.post(&format!("{ABSENT}/{action}"), json!({})).admin().refused(404, "product_not_found").await;
    }
    app.delete(ABSENT).admin().refused(404, "product_not_found").await;
    app.close().await;
}

async fn a_product_is_found_by_its_sku(app: App) {
    let category = category(&app, "Lamps").await;
    let id = for_sale(&app, &category, "lamp-01", json!({})).await;
    for sku in ["LAMP-01", "lamp-01", "Lamp-01"] {
        let shown = app.get(&format!("/catalog/products/sku/{sku}")).expect(200).await;
        assert_eq!((shown.id(), shown.header("etag")), (id.clone(), "\"2\""));
    }
    app.post("/catalog/products", lamp(&category, "draft")).admin().expect(201).await;
    app.get("/catalog/products/sku/draft").refused(404, "product_not_found").await;
    app.get("/catalog/products/sku/draft").admin().expect(200).await;
    app.get("/catalog/products/sku/none").refused(404, "product_not_found").await;
    app.get("/catalog/products/sku/no%20sku").refused(400, "invalid_path").await;
    app.close().await;
}

async fn only_admins_change_products(app: App) {
    let category = category(&app, "Lamps").await;
    let id = for_sale(&app, &category, "lamp", json!({})).await;
    let path = format!("/catalog/products/{id}");
    for (method, path) in [
        ("POST", "/catalog/products".to_owned()),
        ("PUT", path.clone()),
        ("PUT", format!("{path}/price")),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/publish")),
        ("POST", format!("{path}/unpublish")),
        ("POST", format!("{path}/featured")),
        ("POST", format!("{path}/images")),
        ("DELETE", format!("{path}/images/{id}")),
        ("POST", format!("{path}/attributes")),
        ("DELETE", format!("{path}/attributes/colour")),
        ("POST", format!("{path}/tags")),
        ("DELETE", format!("{path}/tags/new")),
    ] {
        let ask = || app.ask(method.parse().unwrap(), &path);
        ask().refused(401, "unauthenticated").await;
        ask().role("customer,warehouse,analyst").refused(403, "forbidden").await;
    }
    assert_eq!(app.get(&path).expect(200).await.header("etag"), "\"2\"");
    app.close().await;
}

async fn a_stale_version_changes_no_product(app: App) {
    let category = category(&app, "Lamps").await;
    let id = for_sale(&app, &category, "lamp", json!({})).await;
    let price = json!({"price": {"amount": "1.00", "currency": "GBP"}});
    let path = format!("/catalog/products/{id}");
    let ask = |tag: &str| app.put(&format!("{path}/price"), price.clone()).admin().header("if-match", tag);
    ask("\"1\"").refused(412, "precondition_failed").await;
    assert_eq!(ask("\"2\"").expect(200).await.header("etag"), "\"3\"");
    let unpublish = app.post(&format!("{path}/unpublish"), json!({})).admin().header("if-match", "\"2\"");
    unpublish.refused(412, "precondition_failed").await;
    app.close().await;
}
