//! Searching products, and listing those of a category.

use serde_json::{Value, json};

use crate::catalog_products::{category, for_sale, lamp};
use crate::on_every_backend;
use crate::support::App;

on_every_backend!(
    what_was_answered_before_is_found,
    words_filters_orders_and_facets_work_together,
    pages_of_a_search_lead_through_all_hits,
    a_search_that_cant_be_right_is_refused,
    products_of_a_category_are_listed,
);

async fn search(app: &App, query: &str) -> Value {
    app.get(&format!("/catalog/products/search?{query}")).expect(200).await.json()
}

fn skus(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap()).collect()
}

async fn what_was_answered_before_is_found(app: App) {
    let category = category(&app, "Lamps").await;
    let draft = app.post("/catalog/products", lamp(&category, "draft")).admin().expect(201).await.id();
    assert_eq!(search(&app, "q=lamp").await["total"], 0);
    let path = format!("/catalog/products/{draft}");
    for round in 0..5 {
        app.post(&format!("{path}/publish"), json!({})).admin().expect(200).await;
        let page = search(&app, "q=lamp").await;
        assert_eq!((skus(&page), &page["total"]), (vec!["DRAFT"], &json!(1)));
        assert_eq!(page["items"][0], app.get(&path).expect(200).await.json());
        let tag = json!({"tags": [format!("round {round}")]});
        app.post(&format!("{path}/tags"), tag).admin().expect(200).await;
        assert_eq!(search(&app, &format!("q=round+{round}")).await["total"], 1);
        app.post(&format!("{path}/unpublish"), json!({})).admin().expect(200).await;
        assert_eq!(search(&app, "q=lamp").await["total"], 0);
    }
    app.close().await;
}

async fn words_filters_orders_and_facets_work_together(app: App) {
    let (sweets, lamps) = (category(&app, "Sweets").await, category(&app, "Lamps").await);
    let price = |amount: &str, currency: &str| json!({"amount": amount, "currency": currency});
    let creme = json!({"name": "Crème Brûlée", "brand": "Chéz", "price": price("9.50", "EUR")});
    let creme = for_sale(&app, &sweets, "creme", creme).await;
    for_sale(&app, &lamps, "desk", json!({"price": price("49.99", "GBP")})).await;
    for_sale(&app, &lamps, "shade", json!({"name": "Lampshade", "price": price("20", "GBP")})).await;
    let tags = format!("/catalog/products/{creme}/tags");
    app.post(&tags, json!({"tags": ["Dessert"]})).admin().expect(200).await;

    for (query, expected) in [
        ("", vec!["SHADE", "DESK", "CREME"]),
        ("q=", vec!["SHADE", "DESK", "CREME"]),
        ("q=CREME+bru", vec!["CREME"]),
        ("q=cr%C3%A8me%20br%C3%BBl%C3%A9e", vec!["CREME"]),
        ("q=bru+creme", vec![]),
        ("q=lamp", vec!["DESK", "SHADE"]),
        ("q=dessert", vec!["CREME"]),
        ("q=chez", vec!["CREME"]),
        ("tag=DESSERT", vec!["CREME"]),
        ("min_price=20&max_price=49.99", vec!["SHADE", "DESK"]),
        ("max_price=20", vec!["SHADE", "CREME"]),
        ("max_price=20&currency=GBP", vec!["SHADE"]),
        ("currency=GBP&sort=price_asc", vec!["SHADE", "DESK"]),
        ("currency=GBP&sort=price_desc", vec!["DESK", "SHADE"]),
        ("sort=name", vec!["CREME", "DESK", "SHADE"]),
        ("sort=newest&min_price=", vec!["SHADE", "DESK", "CREME"]),
        ("min_price=30&max_price=1", vec![]),
    ] {
        assert_eq!(skus(&search(&app, query).await), expected, "{query}");
    }
    let page = search(&app, &format!("category_id={lamps}&limit=1")).await;
    assert_eq!((&page["total"], skus(&page).len()), (&json!(2), 1));
    let page = search(&app, "limit=1").await;
    let expected = json!({
        "categories": [{"category_id": lamps, "count": 2}, {"category_id": sweets, "count": 1}],
        "brands": [{"brand": "Lumen", "count": 2}, {"brand": "Chéz", "count": 1}],
    });
    assert_eq!(page["facets"], expected);
    app.close().await;
}

async fn pages_of_a_search_lead_through_all_hits(app: App) {
    let category = category(&app, "Lamps").await;
    for n in 0..5 {
        let own = json!({"price": {"amount": format!("{}", 1 + n % 2), "currency": "GBP"}});
        for_sale(&app, &category, &format!("l-{n}"), own).await;
    }
    for sort in ["relevance", "price_asc", "price_desc", "newest", "name"] {
        let whole = search(&app, &format!("q=lamp&sort={sort}")).await;
        assert_eq!(whole["next_cursor"], json!(null));
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = search(&app, &format!("q=lamp&sort={sort}&limit=2{cursor}")).await;
            assert_eq!(page["total"], 5);
            found.extend(page["items"].as_array().unwrap().clone());
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(json!(found), whole["items"], "{sort}");
    }
    app.close().await;
}

async fn a_search_that_cant_be_right_is_refused(app: App) {
    let category = category(&app, "Lamps").await;
    for sku in ["a", "b"] {
        for_sale(&app, &category, sku, json!({})).await;
    }
    let refused = async |query: &str, code: &str| {
        app.get(&format!("/catalog/products/search?{query}")).refused(400, code).await
    };
    for query in [
        "min_price=-1",
        "min_price=1e3",
        "max_price=1,5",
        "currency=ZZZ",
        "category_id=none",
        "sort=best",
        "limit=0",
        "limit=101",
        "colour=red",
        "q=a&q=b",
        "q=%00",
    ] {
        refused(query, "invalid_query").await;
    }
    refused(&format!("q={}", "a".repeat(201)), "invalid_query").await;
    let problem = refused("min_price=x&max_price=y", "invalid_query").await;
    assert_eq!(problem["errors"][1]["pointer"], "/max_price");
    refused("cursor=x", "invalid_cursor").await;
    let next = search(&app, "sort=name&limit=1").await["next_cursor"].as_str().unwrap().to_owned();
    refused(&format!("sort=newest&cursor={next}"), "invalid_cursor").await;
    app.close().await;
}

async fn products_of_a_category_are_listed(app: App) {
    let (lamps, desks) = (category(&app, "Lamps").await, category(&app, "Desks").await);
    for sku in ["a", "b", "c"] {
        for_sale(&app, &lamps, sku, json!({})).await;
    }
    app.post("/catalog/products", lamp(&lamps, "draft")).admin().expect(201).await;
    for_sale(&app, &desks, "desk", json!({})).await;
    let absent = "0190a0a0-0000-7000-8000-000000000000";
    for path in
        [format!("/catalog/products/category/{lamps}"), format!("/catalog/categories/{lamps}/products")]
    {
        let page = app.get(&path).expect(200).await.json();
        assert_eq!((skus(&page), &page["next_cursor"]), (vec!["A", "B", "C"], &json!(null)));
        let all = app.get(&path).admin().expect(200).await.json();
        assert_eq!(skus(&all), ["A", "B", "C", "DRAFT"]);
        let first = app.get(&format!("{path}?limit=2")).expect(200).await.json();
        assert_eq!(skus(&first), ["A", "B"]);
        let next = first["next_cursor"].as_str().unwrap();
        let second = app.get(&format!("{path}?limit=2&cursor={next}")).expect(200).await.json();
        assert_eq!((skus(&second), &second["next_cursor"]), (vec!["C"], &json!(null)));
        app.get(&format!("{path}?cursor=x")).refused(400, "invalid_cursor").await;
        app.get(&path.replace(&lamps, absent)).refused(404, "category_not_found").await;
        app.get(&path.replace(&lamps, "none")).refused(400, "invalid_path").await;
    }
    app.close().await;
}
