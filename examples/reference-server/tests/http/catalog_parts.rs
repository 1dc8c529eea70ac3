//! Images, attributes, tags and the featured mark of products.

use serde_json::{Value, json};

use crate::catalog_products::{category, for_sale};
use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    images_are_added_and_removed_and_one_is_primary,
    an_attribute_of_the_same_key_is_changed,
    tags_are_a_set_in_lower_case,
    products_are_featured,
);

const ABSENT: &str = "0190a0a0-0000-7000-8000-000000000000";

async fn product(app: &App) -> String {
    let category = category(app, "Lamps").await;
    format!("/catalog/products/{}", for_sale(app, &category, "lamp", json!({})).await)
}

fn primary(product: &Value) -> Vec<(&str, bool)> {
    let images = product["images"].as_array().unwrap();
    images.iter().map(|i| (i["url"].as_str().unwrap(), i["primary"].as_bool().unwrap())).collect()
}

async fn images_are_added_and_removed_and_one_is_primary(app: App) {
    let path = product(&app).await;
    let add = async |body: Value| app.post(&format!("{path}/images"), body).admin().expect(200).await.json();
    let (a, b) = ("https://example.com/a.jpg", "https://example.com/b.jpg");
    let shown = add(json!({"url": a, "alt_text": "A lamp", "display_order": 2})).await;
    assert_eq!(primary(&shown), [(a, true)]);
    let image = &shown["images"][0];
    assert_eq!((&image["alt_text"], &image["display_order"]), (&json!("A lamp"), &json!(2)));
    let shown = add(json!({"url": b, "display_order": 1})).await;
    assert_eq!(primary(&shown), [(b, false), (a, true)]);
    let first = shown["images"][1]["id"].as_str().unwrap().to_owned();
    let shown = app.delete(&format!("{path}/images/{first}")).admin().expect(200).await.json();
    assert_eq!(primary(&shown), [(b, true)]);
    let shown = add(json!({"url": a, "primary": true})).await;
    assert_eq!(primary(&shown), [(b, false), (a, true)]);

    app.delete(&format!("{path}/images/{first}")).admin().refused(404, "image_not_found").await;
    app.delete(&format!("{path}/images/none")).admin().refused(400, "invalid_path").await;
    let wrong = json!({"url": "javascript:alert(1)", "alt_text": "a".repeat(251)});
    let problem = app.post(&format!("{path}/images"), wrong).admin().refused(400, "validation_failed").await;
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]),
        (&json!("/url"), &json!("/alt_text"))
    );
    let absent = format!("/catalog/products/{ABSENT}/images");
    app.post(&absent, json!({"url": a})).admin().refused(404, "product_not_found").await;
    let key = || app.post(&format!("{path}/images"), json!({"url": b})).admin().key("image");
    assert_eq!(key().expect(200).await.bytes, key().expect(200).await.bytes);
    assert_eq!(app.get(&path).expect(200).await.json()["images"].as_array().unwrap().len(), 3);
    app.close().await;
}

async fn an_attribute_of_the_same_key_is_changed(app: App) {
    let path = product(&app).await;
    let set = |body: Value| app.post(&format!("{path}/attributes"), body).admin();
    set(json!({"key": "colour", "value": "red", "display_name": "Colour"})).expect(200).await;
    set(json!({"key": "net weight", "value": "2 kg"})).expect(200).await;
    let shown = set(json!({"key": "colour", "value": "blue"})).expect(200).await.json();
    let expected = json!([
        {"key": "colour", "value": "blue", "display_name": "colour"},
        {"key": "net weight", "value": "2 kg", "display_name": "net weight"},
    ]);
    assert_eq!(shown["attributes"], expected);
    let problem = set(json!({"key": "", "value": ""})).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    let remove = |key: &str| app.delete(&format!("{path}/attributes/{key}")).admin();
    let shown = remove("net%20weight").expect(200).await.json();
    assert_eq!(shown["attributes"].as_array().unwrap().len(), 1);
    remove("size").refused(404, "attribute_not_found").await;
    app.close().await;
}

async fn tags_are_a_set_in_lower_case(app: App) {
    let path = product(&app).await;
    let add = |tags: Value| app.post(&format!("{path}/tags"), json!({"tags": tags})).admin();
    let shown = add(json!(["New", "new", " Sale "])).expect(200).await.json();
    assert_eq!(shown["tags"], json!(["new", "sale"]));
    let again = add(json!(["SALE"])).expect(200).await.json();
    assert_eq!(again, shown);
    let problem = add(json!(["ok", ""])).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/tags/1");
    add(json!([])).refused(400, "validation_failed").await;
    add(json!("new")).refused(400, "invalid_body").await;
    let shown = app.delete(&format!("{path}/tags/NEW")).admin().expect(200).await.json();
    assert_eq!(shown["tags"], json!(["sale"]));
    app.delete(&format!("{path}/tags/new")).admin().refused(404, "tag_not_found").await;
    app.close().await;
}

async fn products_are_featured(app: App) {
    let category = category(&app, "Lamps").await;
    let mut ids = Vec::new();
    for sku in ["a", "b", "c"] {
        let id = for_sale(&app, &category, sku, json!({})).await;
        let path = format!("/catalog/products/{id}/featured");
        let shown = app.post(&path, json!({"featured": true})).admin().expect(200).await;
        assert_eq!(shown.json()["featured"], true);
        ids.push(id);
    }
    let off = format!("/catalog/products/{}/featured", ids[1]);
    app.post(&off, json!({"featured": false})).admin().expect(200).await;
    app.post(&off, json!({"featured": "yes"})).admin().refused(400, "invalid_body").await;
    let unpublish = format!("/catalog/products/{}/unpublish", ids[2]);
    app.post(&unpublish, json!({})).admin().expect(200).await;
    let list = app.get("/catalog/products/featured?limit=5").expect(200).await.json();
    let shown: Vec<_> = list["items"].as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
    assert_eq!(shown, [json!(ids[0])]);
    let first = app.get("/catalog/products/featured?limit=1").admin().expect(200).await.json();
    let next = first["next_cursor"].as_str().unwrap();
    let second = format!("/catalog/products/featured?limit=1&cursor={next}");
    let second = app.get(&second).admin().expect(200).await.json();
    assert_eq!((&second["items"][0]["id"], &second["next_cursor"]), (&json!(ids[2]), &json!(null)));
    app.get("/catalog/products/featured?limit=0").refused(400, "invalid_query").await;
    app.get("/catalog/products/featured?limit=101").refused(400, "invalid_query").await;
    app.close().await;
}
