//! Orders are placed, seen and added to.

use commerce_core::catalog::{Product, ProductCommand};
use commerce_core::value::{Currency, Money};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::on_every_backend;
use crate::shopping::{address, goods, goods_in, order_of, paid, product, tell, until_copied};
use crate::support::App;

on_every_backend!(
    an_order_is_placed_at_the_shops_prices_and_shown,
    what_cant_be_an_order_is_refused_with_all_that_is_wrong,
    what_no_payment_can_be_made_for_is_not_placed,
    what_is_not_for_sale_is_named,
    the_same_key_places_one_order,
    customers_see_their_own_orders_the_newest_first,
    a_product_is_added_while_the_order_is_pending,
);

async fn an_order_is_placed_at_the_shops_prices_and_shown(app: App) {
    let [tea, pot] = [goods(&app, "TEA", "2.50", 10).await, goods(&app, "POT", "20.00", 5).await];
    let placed = app.post("/orders", order_of(&[(tea, 2), (pot, 1), (tea, 1)])).role("customer");
    let placed = placed.expect(201).await;
    let id = placed.id();
    assert_eq!(placed.header("location"), format!("/api/v1/orders/{id}"));
    assert_eq!(placed.header("etag"), "\"1\"");
    let order = placed.json();
    assert_eq!(order["status"], "pending");
    assert_eq!(order["total"], json!({"amount": "27.50", "currency": "GBP"}));
    assert_eq!(order["subtotal"], order["total"]);
    assert_eq!(order["currency"], "GBP");
    let line = json!({
        "product_id": tea, "sku": "TEA", "name": "Thing TEA", "quantity": 2,
        "unit_price": {"amount": "2.50", "currency": "GBP"}, "total": {"amount": "5.00", "currency": "GBP"},
    });
    assert_eq!(order["lines"][0], line);
    assert_eq!(order["shipping_address"]["city"], "London");
    for absent in ["payment_id", "shipment_id", "tracking_number", "carrier", "cancel_reason", "failure"] {
        assert_eq!(order[absent], Value::Null, "{absent}");
    }
    let path = format!("/orders/{id}");
    assert_eq!(app.get(&path).role("customer").expect(200).await.json(), order);
    assert_eq!(app.get(&path).admin().expect(200).await.json(), order);
    app.get(&path).refused(401, "unauthenticated").await;
    app.get(&path).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    app.get(&path).role("warehouse").refused(404, "not_found").await;
    app.get("/orders/none").role("customer").refused(400, "invalid_path").await;
    let absent = "/orders/0190a0a0-0000-7000-8000-000000000000";
    app.get(absent).admin().refused(404, "not_found").await;
    let saga = app.get(&format!("{path}/saga")).role("customer").refused(404, "not_found").await;
    assert!(saga["detail"].as_str().unwrap().contains("not begun"), "{saga}");
    app.get(&format!("{path}/saga")).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    app.close().await;
}

async fn what_cant_be_an_order_is_refused_with_all_that_is_wrong(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let good = order_of(&[(tea, 1)]);
    app.post("/orders", good.clone()).refused(401, "unauthenticated").await;
    app.post("/orders", good.clone()).admin().refused(403, "forbidden").await;
    // Who asks comes before what is asked.
    app.post("/orders", json!(7)).role("warehouse").refused(403, "forbidden").await;
    let ask = |body: Value| app.post("/orders", body).role("customer");
    let mut wrong = order_of(&[(tea, 0), (tea, 1), (tea, 100_001)]);
    wrong["shipping_address"]["city"] = json!(" ");
    wrong["payment_method"] = json!({"type": "credit_card", "token": "with space"});
    let problem = ask(wrong).refused(400, "validation_failed").await;
    let faults: Vec<_> =
        problem["errors"].as_array().unwrap().iter().map(|fault| &fault["pointer"]).collect();
    let expected =
        ["/items/0/quantity", "/items/2/quantity", "/shipping_address/city", "/payment_method/token"];
    assert_eq!(faults, expected.map(|pointer| json!(pointer)).iter().collect::<Vec<_>>());
    let problem = ask(order_of(&[])).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/items");
    ask(order_of(&vec![(tea, 1); 1_001])).refused(400, "validation_failed").await;
    let mut priced = good.clone();
    priced["items"][0]["unit_price"] = json!({"amount": "0.01", "currency": "GBP"});
    ask(priced).refused(400, "invalid_body").await;
    let mut nowhere = good.clone();
    nowhere["shipping_address"]["country"] = json!("Britain");
    ask(nowhere).refused(400, "invalid_body").await;
    // What can't be read, and what could be and is wrong, are told together.
    let mut both = order_of(&[(tea, 0), (tea, 1)]);
    both["items"][1]["quantity"] = json!(-1);
    both["shipping_address"]["country"] = json!("XX");
    let problem = ask(both).refused(400, "invalid_body").await;
    let faults = problem["errors"].as_array().unwrap();
    let mut faults: Vec<_> = faults.iter().map(|fault| (&fault["pointer"], &fault["code"])).collect();
    faults.sort_by_key(|(pointer, _)| pointer.to_string());
    assert_eq!(faults[0], (&json!("/items/0/quantity"), &json!("must_be_positive")));
    assert_eq!(faults[1], (&json!("/items/1/quantity"), &json!("must_be_positive")));
    assert_eq!((faults.len(), faults[2].0), (3, &json!("/shipping_address/country")));
    let problem = ask(json!({})).refused(400, "invalid_body").await;
    assert_eq!(problem["errors"][1]["pointer"], "/shipping_address");
    let mut shells = good.clone();
    shells["payment_method"] = json!({"type": "shells", "token": "tok_visa"});
    ask(shells).refused(400, "invalid_body").await;
    ask(json!({"items": [], "address": address()})).refused(400, "invalid_body").await;
    app.close().await;
}

async fn what_no_payment_can_be_made_for_is_not_placed(app: App) {
    let [pot, urn] = [goods(&app, "POT", "20.00", 5).await, goods(&app, "URN", "999999.99", 5).await];
    let ask = |body: Value| app.post("/orders", body).role("customer");
    for dear in [order_of(&[(pot, 50_000)]), paid(order_of(&[(urn, 1), (pot, 1)]), "tok_visa")] {
        let problem = ask(dear).refused(400, "validation_failed").await;
        assert_eq!(problem["errors"][0]["pointer"], "/items");
        assert_eq!(problem["errors"][0]["code"], "too_large");
    }
    let id = ask(order_of(&[(urn, 1)])).expect(201).await.id();
    let one_more = json!({"product_id": pot, "quantity": 1});
    let path = format!("/orders/{id}/items");
    let problem = app.post(&path, one_more).role("customer").refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/quantity");
    let mine = app.get(&format!("/orders/{id}")).role("customer").expect(200).await.json();
    assert_eq!(mine["total"]["amount"], "999999.99");
    app.close().await;
}

async fn what_is_not_for_sale_is_named(app: App) {
    let [tea, pot] = [goods(&app, "TEA", "2.50", 10).await, goods(&app, "POT", "20.00", 5).await];
    let nothing = product("NOTHING");
    let catalog = &app.platform.shop.stores().catalog;
    tell::<Product>(catalog, &pot, ProductCommand::Unpublish).await;
    until_copied(&app, pot, "published", json!(false)).await;
    let ask = |body: Value| app.post("/orders", body).role("customer");
    let problem =
        ask(order_of(&[(tea, 1), (pot, 1), (nothing, 1)])).refused(409, "product_unavailable").await;
    let mut named = problem["product_ids"].as_array().unwrap().clone();
    named.sort_by_key(ToString::to_string);
    let mut expected = vec![json!(pot), json!(nothing)];
    expected.sort_by_key(ToString::to_string);
    assert_eq!(named, expected);
    // Prices follow the catalog, for orders that are yet to come.
    let before = ask(order_of(&[(tea, 1)])).expect(201).await;
    let price = Money::parse("3.00", Currency::GBP).unwrap();
    tell::<Product>(catalog, &tea, ProductCommand::ChangePrice { price, compare_at_price: None }).await;
    until_copied(&app, tea, "price", json!({"amount": "3.00", "currency": "GBP"})).await;
    assert_eq!(ask(order_of(&[(tea, 1)])).expect(201).await.json()["total"]["amount"], "3.00");
    let path = format!("/orders/{}", before.id());
    assert_eq!(app.get(&path).role("customer").expect(200).await.json()["total"]["amount"], "2.50");
    let dollars = Money::parse("1.00", Currency::USD).unwrap();
    let gum = goods_in(&app, "GUM", dollars, 10).await;
    ask(order_of(&[(tea, 1), (gum, 1)])).refused(409, "mixed_currencies").await;
    app.close().await;
}

async fn the_same_key_places_one_order(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let ask = |body| app.post("/orders", body).role("customer").key("k-1");
    let body = paid(order_of(&[(tea, 1)]), "tok_visa");
    let first = ask(body.clone()).expect(201).await;
    let again = ask(body).expect(201).await;
    assert_eq!(first.bytes, again.bytes);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.header("location"), first.header("location"));
    ask(order_of(&[(tea, 2)])).refused(422, "idempotency_key_reused").await;
    let mine = app.get("/orders/my-orders").role("customer").expect(200).await.json();
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);
    app.close().await;
}

async fn customers_see_their_own_orders_the_newest_first(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id());
    }
    let other = Uuid::from_u128(9);
    let theirs = app.post("/orders", order_of(&[(tea, 1)])).user(other, "customer").expect(201).await.json();
    let cancel = json!({"reason": "changed my mind"});
    app.post(&format!("/orders/{}/cancel", ids[1]), cancel).role("customer").expect(200).await;
    let list = async |query: &str| {
        let page = app.get(&format!("/orders/my-orders{query}")).role("customer").expect(200).await.json();
        let shown =
            page["items"].as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned());
        (shown.collect::<Vec<_>>(), page["next_cursor"].clone())
    };
    ids.reverse();
    assert_eq!(list("").await, (ids.clone(), Value::Null));
    assert_eq!(list("?status=cancelled").await.0, [ids[1].clone()]);
    assert_eq!(list("?status=pending").await.0, [ids[0].clone(), ids[2].clone()]);
    let (first, cursor) = list("?limit=2").await;
    assert_eq!(first, ids[..2]);
    let (second, cursor) = list(&format!("?limit=2&cursor={}", cursor.as_str().unwrap())).await;
    assert_eq!((second.as_slice(), cursor), (&ids[2..], Value::Null));
    let mine = app.get("/orders/my-orders").user(other, "customer").expect(200).await.json();
    assert_eq!(mine["items"], json!([theirs]));
    app.get("/orders/my-orders").refused(401, "unauthenticated").await;
    app.get("/orders/my-orders?status=lost").role("customer").refused(400, "invalid_query").await;
    app.get("/orders/my-orders?limit=0").role("customer").refused(400, "invalid_query").await;
    app.get("/orders/my-orders?cursor=!").role("customer").refused(400, "invalid_cursor").await;
    app.close().await;
}

async fn a_product_is_added_while_the_order_is_pending(app: App) {
    let [tea, pot] = [goods(&app, "TEA", "2.50", 10).await, goods(&app, "POT", "20.00", 5).await];
    let id = app.post("/orders", order_of(&[(tea, 1)])).role("customer").expect(201).await.id();
    let path = format!("/orders/{id}/items");
    let item = |quantity: u32| json!({"product_id": pot, "quantity": quantity});
    let ask = |body: Value| app.post(&path, body).role("customer");
    ask(item(2)).header("if-match", "\"7\"").refused(412, "precondition_failed").await;
    let added = ask(item(2)).header("if-match", "\"1\"").expect(200).await;
    assert_eq!(added.header("etag"), "\"2\"");
    assert_eq!(added.json()["total"]["amount"], "42.50");
    assert_eq!(added.json()["lines"][1]["sku"], "POT");
    let problem = ask(item(0)).refused(400, "validation_failed").await;
    assert_eq!(problem["errors"][0]["pointer"], "/quantity");
    let nothing = json!({"product_id": product("NOTHING"), "quantity": 1});
    let problem = ask(nothing).refused(409, "product_unavailable").await;
    assert_eq!(problem["product_ids"], json!([product("NOTHING")]));
    app.post(&path, item(1)).refused(401, "unauthenticated").await;
    app.post(&path, item(1)).admin().refused(403, "forbidden").await;
    // Nor does a version tell others that there is an order.
    for version in ["\"1\"", "\"2\""] {
        let theirs = app.post(&path, item(1)).user(Uuid::from_u128(9), "customer");
        theirs.header("if-match", version).refused(404, "not_found").await;
    }
    app.post(&path, item(1)).user(Uuid::from_u128(9), "customer").refused(404, "not_found").await;
    let cancel = json!({"reason": "changed my mind"});
    app.post(&format!("/orders/{id}/cancel"), cancel).role("customer").expect(200).await;
    ask(item(1)).refused(409, "wrong_state").await;
    app.close().await;
}
