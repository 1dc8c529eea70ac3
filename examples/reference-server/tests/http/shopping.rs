//! What orders need: goods in the shop, and whoever buys them.

use std::sync::Arc;

use commerce_core::Aggregate;
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{OrderId, ProductId, Tenant};
use commerce_core::repository::Repository;
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_core::testing::test_context;
use commerce_core::value::{Currency, Money, Sku};
use reference_server::audit::audit;
use reference_server::audit::invariant::MESSAGE_HELD;
use reference_server::import::ids::product_id;
use reference_server::services::catalog::NewProduct;
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::CATALOG_COPY;
use serde_json::{Value, json};

use crate::books;
use crate::support::{App, eventually};

pub(crate) fn product(sku: &str) -> ProductId {
    product_id(&Sku::parse(sku).unwrap())
}

/// A product for sale, so many of it in stock, that orders know of.
pub(crate) async fn goods(app: &App, sku: &str, price: &str, quantity: u32) -> ProductId {
    goods_in(app, sku, Money::parse(price, Currency::GBP).unwrap(), quantity).await
}

pub(crate) async fn goods_in(app: &App, sku: &str, price: Money, quantity: u32) -> ProductId {
    let sku = Sku::parse(sku).unwrap();
    let (product_id, name) = (product_id(&sku), format!("Thing {sku}"));
    let shop = &app.platform.shop;
    let product = NewProduct { product_id, sku: sku.clone(), name: name.clone(), price };
    shop.catalog.import(product).await.unwrap();
    shop.inventory.open_stock("test", &OpeningStock { product_id, sku, name, quantity }).await.unwrap();
    until_copied(app, product_id, "published", json!(true)).await;
    product_id
}

/// Until the orders' copy of a product says this.
pub(crate) async fn until_copied(app: &App, product_id: ProductId, member: &str, value: Value) {
    let store = &app.platform.shop.stores().order;
    eventually("the copy of the catalog", async || {
        let id = product_id.to_string();
        let found = store.document(&Tenant::default(), CATALOG_COPY, &id).await.unwrap()?;
        (found.json::<Value>().unwrap()[member] == value).then_some(())
    })
    .await;
}

/// Gives an aggregate a command, as its service would.
pub(crate) async fn tell<A: Aggregate>(store: &Arc<dyn Store>, id: &A::Id, command: A::Command) {
    let context = test_context();
    let loaded = Repository::<A>::new(store.clone()).load(&Tenant::default(), id).await.unwrap();
    let events = loaded.state.decide(command, &context).unwrap_or_else(|_| panic!("refused"));
    let events = events.iter().map(|event| NewEvent::encode(event).unwrap()).collect();
    let append = Commit::new().append(StreamId::of::<A>(id), Expected::Version(loaded.version), events);
    store.commit(append).await.unwrap();
}

pub(crate) fn address() -> Value {
    json!({
        "recipient": "Ada Lovelace", "line1": "12 St James's Square", "city": "London",
        "postal_code": "SW1Y 4JH", "country": "GB",
    })
}

pub(crate) fn means(token: &str) -> Value {
    json!({"type": "credit_card", "token": token})
}

/// An order of so many pieces of each.
pub(crate) fn order_of(items: &[(ProductId, u32)]) -> Value {
    let item =
        |(product_id, quantity): &(ProductId, u32)| json!({"product_id": product_id, "quantity": quantity});
    json!({"items": items.iter().map(item).collect::<Vec<_>>(), "shipping_address": address()})
}

pub(crate) fn paid(mut order: Value, token: &str) -> Value {
    order["payment_method"] = means(token);
    order
}

/// Places an order, paid with this token, and answers its id.
pub(crate) async fn buy(app: &App, token: &str, items: &[(ProductId, u32)]) -> String {
    let order = paid(order_of(items), token);
    app.post("/orders", order).role("customer").expect(201).await.id()
}

/// Until the order is in this state.
pub(crate) async fn until_order(app: &App, id: &str, status: &str) -> Value {
    let path = format!("/orders/{id}");
    eventually(status, async || {
        let order = app.get(&path).role("customer").expect(200).await.json();
        (order["status"] == status).then_some(order)
    })
    .await
}

pub(crate) fn order_id(id: &str) -> OrderId {
    id.parse().unwrap()
}

/// On hand and reserved.
pub(crate) async fn stock(app: &App, product_id: ProductId) -> (u64, u64) {
    let item = books::stock(&app.platform.shop.stores().inventory, product_id).await;
    (item.on_hand(), item.reserved())
}

/// The books of the whole shop agree.
pub(crate) async fn assert_books_agree(app: &App) {
    let stores = app.platform.shop.stores();
    eventually("the books agree", async || {
        let wrong = audit(stores).await.unwrap().breaches;
        assert!(wrong.iter().all(|breach| breach.invariant != MESSAGE_HELD), "{wrong:#?}");
        wrong.is_empty().then_some(())
    })
    .await;
}
