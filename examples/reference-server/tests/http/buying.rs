//! What is bought in a test, past the endpoints that other tests are about.

use commerce_core::Timestamp;
use commerce_core::commit::{Commit, Expected, NewEvent, NewMessage};
use commerce_core::id::{CustomerId, OrderId, Tenant, UserId};
use commerce_core::identity::{EmailAddress, PersonName, Role, Roles, UserEvent};
use commerce_core::order::OrderLine;
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::stream::StreamId;
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use reference_server::import::ids::product_id;
use reference_server::sagas::{place_order, return_goods};
use reference_server::services::catalog::NewProduct;
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::{ImportedOrder, Return, payment_of};
use uuid::Uuid;

use crate::support::{App, eventually};

/// What each piece of anything costs, in cents.
pub(crate) const PRICE: i64 = 250;

pub(crate) fn new_customer() -> CustomerId {
    CustomerId(Uuid::now_v7())
}

/// Tells of a user as the identity service does.
pub(crate) async fn register(app: &App, customer: CustomerId, email: &str, first_name: &str) {
    let registered = UserEvent::UserRegistered {
        user_id: UserId(customer.0),
        email: EmailAddress::parse("/email", email).unwrap(),
        first_name: PersonName::parse("/first_name", first_name).unwrap(),
        last_name: PersonName::parse("/last_name", "Lovelace").unwrap(),
        roles: Roles::only(Role::Customer),
        at: Timestamp::default(),
    };
    let events = vec![NewEvent::encode(&registered).unwrap()];
    let commit = Commit::new().append(StreamId::new("user", customer), Expected::ABSENT, events);
    app.platform.shop.stores().identity.commit(commit).await.unwrap();
}

/// Has the identity service's message in its outbox.
pub(crate) async fn say(app: &App, message: NewMessage) {
    app.platform.shop.stores().identity.commit(Commit::new().message(message)).await.unwrap();
}

/// Puts a product up for sale, with so many in stock.
pub(crate) async fn stock(app: &App, sku: &str, quantity: u32) {
    let sku = Sku::parse(sku).unwrap();
    let shop = &app.platform.shop;
    let (product_id, name) = (product_id(&sku), format!("A {sku}"));
    let price = Money::from_minor(PRICE, Currency::USD);
    shop.catalog
        .import(NewProduct { product_id, sku: sku.clone(), name: name.clone(), price })
        .await
        .unwrap();
    shop.inventory.open_stock("opening", &OpeningStock { product_id, sku, name, quantity }).await.unwrap();
}

/// Places an order of so many pieces of each, paid with this token.
pub(crate) async fn order(app: &App, customer: CustomerId, token: &str, lines: &[(&str, u32)]) -> OrderId {
    let line = |(sku, quantity): &(&str, u32)| {
        let sku = Sku::parse(sku).unwrap();
        OrderLine {
            product_id: product_id(&sku),
            name: format!("A {sku}"),
            sku,
            unit_price: Money::from_minor(PRICE, Currency::USD),
            quantity: Quantity::new(*quantity).unwrap(),
        }
    };
    let order_id = OrderId(Uuid::now_v7());
    let order = ImportedOrder {
        order_id,
        customer_id: customer,
        lines: lines.iter().map(line).collect(),
        shipping_address: address(),
        currency: Currency::USD,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse(token).unwrap(),
    };
    app.platform.shop.orders.place_imported(order).await.unwrap();
    order_id
}

/// Orders, and sees the checkout through.
pub(crate) async fn buy(app: &App, customer: CustomerId, token: &str, lines: &[(&str, u32)]) -> OrderId {
    let order_id = order(app, customer, token, lines).await;
    ended(app, place_order::NAME, &order_id.to_string()).await;
    order_id
}

/// Takes pieces back and sees it through.
pub(crate) async fn take_back(app: &App, order_id: OrderId, sku: &str, quantity: u32) {
    let return_id = Uuid::now_v7();
    let goods = Return {
        return_id,
        payment_id: payment_of(order_id),
        product_id: product_id(&Sku::parse(sku).unwrap()),
        quantity,
        amount: Money::from_minor(PRICE * i64::from(quantity), Currency::USD),
        reason: "it does not fit".to_owned(),
    };
    app.platform.shop.orders.take_back(goods).await.unwrap();
    ended(app, return_goods::NAME, &return_id.to_string()).await;
}

async fn ended(app: &App, saga: &str, id: &str) {
    let orchestrator = app.platform.shop.orders.orchestrator();
    eventually("the saga ends", async || {
        let instance = orchestrator.instance(&Tenant::default(), saga, id).await.ok()?;
        instance.status.is_final().then_some(())
    })
    .await;
}

fn address() -> Address {
    Address {
        recipient: "A. Buyer".to_owned(),
        line1: "1 High Street".to_owned(),
        line2: None,
        city: "Ryde".to_owned(),
        state: None,
        postal_code: "PO33 1AA".to_owned(),
        country: Country::parse("GB").unwrap(),
    }
}
