//! What is kept for orders by hand, and how it goes with checkouts.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::commit::Commit;
use commerce_core::id::{CustomerId, OrderId, ProductId};
use commerce_core::inventory::reservation::{Demand, Line, ReservationRequest, ReservationStatus};
use commerce_core::order::{OrderLine, OrderStatus};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_outbox::SystemHost;
use futures_util::future::join_all;
use reference_server::audit::audit;
use reference_server::services::inventory::Inventory;
use reference_server::services::order::ImportedOrder;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::inventory_items::{id, item, stocked};
use crate::on_every_backend;
use crate::shopping::{self, assert_books_agree, goods, means, stock, until_order};
use crate::support::{App, Ask, eventually};

on_every_backend!(
    stock_is_kept_for_an_order,
    what_is_not_there_is_not_kept,
    several_products_of_one_order_are_kept_one_after_another,
    what_is_kept_is_handed_out_and_put_back,
    what_is_kept_is_given_back,
    what_is_kept_expires_by_itself,
    reservations_are_listed,
    the_same_key_keeps_once,
    however_many_ask_at_once_no_more_is_kept_than_there_is,
    the_same_again_at_the_same_time_changes_nothing,
    what_another_process_has_decided_is_found_out,
    a_checkout_takes_over_what_is_kept_for_its_order,
    a_checkout_takes_over_what_was_handed_out_to_its_order,
    a_checkout_that_fails_puts_back_what_was_handed_out_to_its_order,
    an_order_has_its_goods_once_however_many_reserve_at_once,
);

fn ask<'a>(app: &'a App, product: &str, action: &str, body: Value) -> Ask<'a> {
    app.post(&format!("/inventory/products/{product}/{action}"), body).role("inventory_manager")
}

fn keep<'a>(app: &'a App, product: &str, order: &str, quantity: u64) -> Ask<'a> {
    ask(app, product, "reserve", json!({"order_id": order, "quantity": quantity}))
}

async fn counts(app: &App, product: &str) -> (u64, u64, u64) {
    let item = item(app, product).await;
    let count = |field: &str| item[field].as_u64().unwrap();
    (count("on_hand"), count("reserved"), count("available"))
}

/// Whatever was done, the books of stock agree.
async fn sound(app: &App) {
    let report = audit(app.platform.shop.stores()).await.unwrap();
    let of_stock: Vec<_> = report
        .breaches
        .iter()
        .filter(|breach| {
            breach.subject.contains("stock item")
                || breach.subject.contains("reservation")
                || breach.subject.contains("product")
        })
        .collect();
    assert!(of_stock.is_empty(), "{of_stock:#?}");
}

async fn stock_is_kept_for_an_order(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let path = format!("/inventory/products/{product}/reserve");
    let body = json!({"order_id": order, "quantity": 2});
    app.post(&path, body.clone()).refused(401, "unauthenticated").await;
    app.post(&path, body).role("customer").refused(403, "forbidden").await;
    let kept = keep(&app, &product, &order, 2).expect(200).await;
    let shown = kept.json();
    assert_eq!((&shown["available"], &shown["reserved"]), (&json!(3), &json!(2)));
    let reservation = &shown["reservation"];
    assert_eq!(
        (&reservation["order_id"], &reservation["quantity"], &reservation["status"]),
        (&json!(order), &json!(2), &json!("active"))
    );
    assert!(reservation["expires_at"].is_string());
    let again = keep(&app, &product, &order, 2).expect(200).await;
    assert_eq!((again.json(), again.header("etag")), (shown.clone(), kept.header("etag")));
    keep(&app, &product, &order, 3).refused(409, "reservation_differs").await;
    keep(&app, &id(), &order, 1).refused(404, "stock_item_not_found").await;
    keep(&app, &product, &id(), 1).header("if-match", "\"1\"").refused(412, "precondition_failed").await;
    let nothing = json!({"order_id": order, "quantity": 0, "expires_in_seconds": 0});
    let problem = ask(&app, &product, "reserve", nothing).refused(400, "validation_failed").await;
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][1]["pointer"]),
        (&json!("/quantity"), &json!("/expires_in_seconds"))
    );
    assert_eq!(counts(&app, &product).await, (5, 2, 3));
    sound(&app).await;
    app.close().await;
}

async fn what_is_not_there_is_not_kept(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let problem = keep(&app, &product, &order, 6).key("k-1").refused(409, "insufficient_stock").await;
    assert_eq!((&problem["available"], &problem["requested"]), (&json!(5), &json!(6)));
    let again = keep(&app, &product, &order, 6).key("k-1").expect(409).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    // The lost demand is on record.
    let tagged = app.get(&format!("/inventory/products/{product}")).admin().expect(200).await;
    assert_eq!(tagged.header("etag"), "\"2\"", "created, and one rejection");
    keep(&app, &product, &order, 5).expect(200).await;
    assert_eq!(counts(&app, &product).await, (5, 5, 0));
    sound(&app).await;
    app.close().await;
}

async fn several_products_of_one_order_are_kept_one_after_another(app: App) {
    let (a, b, order) = (stocked(&app, "A", 5).await, stocked(&app, "B", 5).await, id());
    keep(&app, &a, &order, 2).expect(200).await;
    keep(&app, &b, &order, 3).expect(200).await;
    ask(&app, &a, "confirm-reservation", json!({"order_id": order})).expect(200).await;
    assert_eq!((counts(&app, &a).await, counts(&app, &b).await), ((3, 0, 3), (5, 3, 2)));
    ask(&app, &b, "release", json!({"order_id": order})).expect(200).await;
    assert_eq!((counts(&app, &a).await, counts(&app, &b).await), ((3, 0, 3), (5, 0, 5)));
    sound(&app).await;
    app.close().await;
}

async fn what_is_kept_is_handed_out_and_put_back(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let body = || json!({"order_id": order});
    let path = format!("/inventory/products/{product}/confirm-reservation");
    app.post(&path, body()).refused(401, "unauthenticated").await;
    app.post(&path, body()).role("warehouse").refused(403, "forbidden").await;
    ask(&app, &product, "confirm-reservation", body()).refused(404, "reservation_not_found").await;
    ask(&app, &id(), "confirm-reservation", body()).refused(404, "stock_item_not_found").await;
    keep(&app, &product, &order, 2).expect(200).await;
    let confirm = || ask(&app, &product, "confirm-reservation", body());
    let confirmed = confirm().expect(200).await.json();
    assert_eq!(
        (&confirmed["reservation"]["status"], &confirmed["on_hand"], &confirmed["reserved"]),
        (&json!("confirmed"), &json!(3), &json!(0))
    );
    assert_eq!(confirm().expect(200).await.json(), confirmed);
    sound(&app).await;
    let back = ask(&app, &product, "release", body()).expect(200).await.json();
    assert_eq!((&back["reservation"]["status"], &back["on_hand"]), (&json!("released"), &json!(5)));
    confirm().refused(409, "reservation_released").await;
    sound(&app).await;
    app.close().await;
}

async fn what_is_kept_is_given_back(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let body = || json!({"order_id": order});
    let path = format!("/inventory/products/{product}/release");
    app.post(&path, body()).refused(401, "unauthenticated").await;
    app.post(&path, body()).role("customer").refused(403, "forbidden").await;
    let release = || ask(&app, &product, "release", body());
    release().refused(404, "reservation_not_found").await;
    keep(&app, &product, &order, 2).expect(200).await;
    assert_eq!(release().expect(200).await.json()["available"], 5);
    release().expect(200).await;
    keep(&app, &product, &order, 4).expect(200).await;
    assert_eq!(counts(&app, &product).await, (5, 4, 1));
    ask(&app, &product, "release", json!({"order": order})).refused(400, "invalid_body").await;
    sound(&app).await;
    app.close().await;
}

async fn what_is_kept_expires_by_itself(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let body = json!({"order_id": order, "quantity": 2, "expires_in_seconds": 1});
    ask(&app, &product, "reserve", body).expect(200).await;
    app.platform.shop.inventory.expire_due().await.unwrap();
    assert_eq!(counts(&app, &product).await, (5, 2, 3));
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    // What the service does each second, once its grace after a start is over.
    app.platform.shop.inventory.expire_due().await.unwrap();
    assert_eq!(counts(&app, &product).await, (5, 0, 5));
    let late = ask(&app, &product, "confirm-reservation", json!({"order_id": order}));
    late.refused(409, "reservation_expired").await;
    sound(&app).await;
    keep(&app, &product, &order, 1).expect(200).await;
    app.close().await;
}

async fn reservations_are_listed(app: App) {
    let product = stocked(&app, "LAMP", 50).await;
    let path = format!("/inventory/products/{product}/reservations");
    app.get(&path).refused(401, "unauthenticated").await;
    app.get(&path).role("customer").refused(403, "forbidden").await;
    app.get(&format!("/inventory/products/{}/reservations", id()))
        .admin()
        .refused(404, "stock_item_not_found")
        .await;
    let mut orders = [id(), id(), id()];
    orders.sort();
    for order in &orders {
        keep(&app, &product, order, 2).expect(200).await;
    }
    ask(&app, &product, "release", json!({"order_id": orders[0]})).expect(200).await;
    let list = async |query: &str| app.get(&format!("{path}{query}")).admin().expect(200).await.json();
    let first = list("?limit=2").await;
    assert_eq!(
        (&first["items"][0]["order_id"], &first["items"][0]["status"]),
        (&json!(orders[0]), &json!("released"))
    );
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&format!("?limit=2&cursor={cursor}")).await;
    assert_eq!((&second["items"][0]["order_id"], &second["next_cursor"]), (&json!(orders[2]), &json!(null)));
    let active = list("?status=active").await;
    assert_eq!(active["items"].as_array().unwrap().len(), 2);
    app.get(&format!("{path}?status=odd")).admin().refused(400, "invalid_query").await;
    app.close().await;
}

async fn the_same_key_keeps_once(app: App) {
    let (product, order) = (stocked(&app, "LAMP", 5).await, id());
    let ask = |quantity| keep(&app, &product, &order, quantity).key("k-1");
    let (first, again) = (ask(2).expect(200).await, ask(2).expect(200).await);
    assert_eq!((first.bytes, again.header("idempotency-replayed")), (again.bytes.clone(), "true"));
    assert_eq!(first.headers["etag"], again.headers["etag"]);
    ask(3).refused(422, "idempotency_key_reused").await;
    assert_eq!(counts(&app, &product).await, (5, 2, 3));
    app.close().await;
}

async fn however_many_ask_at_once_no_more_is_kept_than_there_is(app: App) {
    let product = stocked(&app, "LAMP", 7).await;
    let asks = (0..24).map(|_| async { keep(&app, &product, &id(), 2).send().await });
    let answers = join_all(asks).await;
    let kept = answers.iter().filter(|answer| answer.status == 200).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((kept, refused), (3, 21));
    assert_eq!(counts(&app, &product).await, (7, 6, 1));
    sound(&app).await;
    app.close().await;
}

/// All at once.
async fn all_pass<'a>(asks: impl Iterator<Item = Ask<'a>>) {
    join_all(asks.map(|ask| ask.expect(200))).await;
}

async fn the_same_again_at_the_same_time_changes_nothing(app: App) {
    let product = stocked(&app, "LAMP", 50).await;
    let left = async |on_hand, reserved| {
        assert_eq!(counts(&app, &product).await, (on_hand, reserved, on_hand - reserved));
    };
    for _ in 0..5 {
        let order = id();
        let body = || json!({"order_id": order});
        all_pass((0..10).map(|_| keep(&app, &product, &order, 2))).await;
        left(50, 2).await;
        all_pass((0..10).map(|_| ask(&app, &product, "confirm-reservation", body()))).await;
        left(48, 0).await;
        all_pass((0..10).map(|_| ask(&app, &product, "release", body()))).await;
        left(50, 0).await;
    }
    sound(&app).await;
    app.close().await;
}

async fn what_another_process_has_decided_is_found_out(app: App) {
    let product = stocked(&app, "LAMP", 5).await;
    keep(&app, &product, &id(), 2).expect(200).await;
    // It has the item in memory as well, and knows nothing of this process.
    let host: Arc<dyn Host> = Arc::new(SystemHost);
    let other = Inventory::new(app.platform.shop.stores().inventory.clone(), host.clone());
    for _ in 0..2 {
        let line = Line { product_id: product.parse().unwrap(), quantity: 1 };
        let asked = ReservationRequest::Reserve {
            order_id: OrderId(host.new_id()),
            demand: Demand::new([line]).unwrap(),
            expires_at: host.now().plus(Duration::from_secs(60)),
        };
        let context = host.context();
        let kept = other.decide(asked, &context, Commit::within(&context), |answer, commit| {
            assert_eq!(*answer, Ok(ReservationStatus::Active));
            Ok(commit)
        });
        kept.await.unwrap();
        assert_eq!(keep(&app, &product, &id(), 3).refused(409, "insufficient_stock").await["requested"], 3);
    }
    let problem = keep(&app, &product, &id(), 2).refused(409, "insufficient_stock").await;
    assert_eq!(problem["available"], 1);
    keep(&app, &product, &id(), 1).expect(200).await;
    assert_eq!(counts(&app, &product).await, (5, 5, 0));
    app.close().await;
}

async fn a_checkout_takes_over_what_is_kept_for_its_order(app: App) {
    let (product, order, customer) = (stocked(&app, "LAMP", 5).await, id(), SystemHost.new_id());
    keep(&app, &product, &order, 2).expect(200).await;
    let orders = &app.platform.shop.orders;
    let order_id: OrderId = order.parse().unwrap();
    orders.place_imported(order_of(order_id, customer, &product)).await.unwrap();
    eventually("the order is confirmed", async || {
        let found = orders.order(order_id).await.unwrap();
        found.placed().filter(|placed| placed.status() == OrderStatus::Confirmed).map(|_| ())
    })
    .await;
    assert_eq!(counts(&app, &product).await, (3, 0, 3));
    sound(&app).await;
    // By hand nothing is left of it to be put back.
    ask(&app, &product, "release", json!({"order_id": order})).refused(409, "reserved_as_a_whole").await;
    assert_eq!(counts(&app, &product).await, (3, 0, 3));
    // Its shipment is the customer's to see, and no other's.
    let path = format!("/shipments/order/{order}");
    let shipments = app.get(&path).user(customer, "customer").expect(200).await.json();
    assert_eq!(shipments["items"][0]["customer_id"], json!(customer));
    app.get(&path).role("customer").refused(404, "not_found").await;
    app.close().await;
}

/// An order of the shop's customer that waits to be paid.
async fn pending(app: &App, items: &[(ProductId, u32)]) -> String {
    app.post("/orders", shopping::order_of(items)).role("customer").expect(201).await.id()
}

async fn hand_out(app: &App, product: &str, order: &str, quantity: u64) {
    keep(app, product, order, quantity).expect(200).await;
    ask(app, product, "confirm-reservation", json!({"order_id": order})).expect(200).await;
}

fn pay<'a>(app: &'a App, order: &str, token: &str) -> Ask<'a> {
    let body = json!({"payment_method": means(token)});
    app.post(&format!("/orders/{order}/initiate-payment"), body).role("customer")
}

async fn a_checkout_takes_over_what_was_handed_out_to_its_order(app: App) {
    let (tea, jam) = (goods(&app, "TEA", "2.50", 10).await, goods(&app, "JAM", "3.00", 10).await);
    let order = pending(&app, &[(tea, 2), (jam, 5)]).await;
    let (in_full, in_part) = (tea.to_string(), jam.to_string());
    hand_out(&app, &in_full, &order, 2).await;
    hand_out(&app, &in_part, &order, 1).await;
    pay(&app, &order, "tok_visa").expect(200).await;
    until_order(&app, &order, "confirmed").await;
    assert_eq!((stock(&app, tea).await, stock(&app, jam).await), ((8, 0), (5, 0)));
    assert_books_agree(&app).await;
    let list =
        app.get(&format!("/inventory/products/{in_part}/reservations")).admin().expect(200).await.json();
    let rows = list["items"].as_array().unwrap();
    assert_eq!(
        (rows.len(), &rows[0]["quantity"], &rows[0]["status"]),
        (1, &json!(5), &json!("confirmed")),
        "all that is out"
    );
    // It is the order's now: nothing of it can be kept again, or put back.
    keep(&app, &in_full, &order, 2).refused(409, "reserved_as_a_whole").await;
    for action in ["confirm-reservation", "release"] {
        let by_hand = ask(&app, &in_full, action, json!({"order_id": order}));
        by_hand.refused(409, "reserved_as_a_whole").await;
    }
    let reason = json!({"reason": "changed my mind"});
    app.post(&format!("/orders/{order}/cancel"), reason).role("customer").expect(202).await;
    until_order(&app, &order, "cancelled").await;
    assert_eq!((stock(&app, tea).await, stock(&app, jam).await), ((10, 0), (10, 0)));
    assert_books_agree(&app).await;
    app.close().await;
}

async fn a_checkout_that_fails_puts_back_what_was_handed_out_to_its_order(app: App) {
    let tea = goods(&app, "TEA", "2.50", 10).await;
    let product = tea.to_string();
    let declined = pending(&app, &[(tea, 2)]).await;
    hand_out(&app, &product, &declined, 2).await;
    pay(&app, &declined, "tok_declined").expect(200).await;
    until_order(&app, &declined, "failed").await;
    assert_eq!(stock(&app, tea).await, (10, 0));
    // More than the order asks for is not its own: whoever handed it out has to say what it was.
    let too_much = pending(&app, &[(tea, 2)]).await;
    hand_out(&app, &product, &too_much, 3).await;
    pay(&app, &too_much, "tok_visa").expect(200).await;
    let failed = until_order(&app, &too_much, "failed").await;
    assert_eq!(failed["failure"]["code"], "reserved_differently");
    assert_eq!(stock(&app, tea).await, (7, 0));
    ask(&app, &product, "release", json!({"order_id": too_much})).expect(200).await;
    assert_eq!(stock(&app, tea).await, (10, 0));
    assert_books_agree(&app).await;
    app.close().await;
}

async fn an_order_has_its_goods_once_however_many_reserve_at_once(app: App) {
    let (tea, jam) = (goods(&app, "TEA", "2.50", 90).await, goods(&app, "JAM", "3.00", 90).await);
    let one_order = async || {
        let order = pending(&app, &[(tea, 2), (jam, 1)]).await;
        let by_hand = async |product_id: ProductId, quantity| {
            let product = product_id.to_string();
            keep(&app, &product, &order, quantity).send().await;
            ask(&app, &product, "confirm-reservation", json!({"order_id": order})).send().await;
        };
        tokio::join!(pay(&app, &order, "tok_visa").expect(200), by_hand(tea, 2), by_hand(jam, 1));
        until_order(&app, &order, "confirmed").await;
    };
    join_all((0..8).map(|_| one_order())).await;
    assert_eq!((stock(&app, tea).await, stock(&app, jam).await), ((74, 0), (82, 0)));
    assert_books_agree(&app).await;
    app.close().await;
}

fn order_of(order_id: OrderId, customer: Uuid, product: &str) -> ImportedOrder {
    let product_id: ProductId = product.parse().unwrap();
    let line = OrderLine {
        product_id,
        sku: Sku::parse("LAMP").unwrap(),
        name: "Lamp".to_owned(),
        unit_price: Money::parse("10.00", Currency::GBP).unwrap(),
        quantity: Quantity::new(2).unwrap(),
    };
    ImportedOrder {
        order_id,
        customer_id: CustomerId(customer),
        lines: vec![line],
        shipping_address: Address {
            recipient: "Ada Lovelace".to_owned(),
            line1: "12 St James's Square".to_owned(),
            line2: None,
            city: "London".to_owned(),
            state: None,
            postal_code: "SW1Y 4JH".to_owned(),
            country: Country::parse("GB").unwrap(),
        },
        currency: Currency::GBP,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse("tok_visa").unwrap(),
    }
}
