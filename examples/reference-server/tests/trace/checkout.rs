//! A checkout that fails at its third step: it is paid, but can't be sent anywhere.

use axum::Router;
use axum::extract::State;
use axum::middleware;
use axum::routing::post;
use commerce_adapters::http::{Asked, correlate, measure};
use commerce_core::commit::{Commit, Expected, NewEvent};
use commerce_core::id::{CustomerId, OrderId};
use commerce_core::inventory::reservation::{Demand, Line};
use commerce_core::order::{Order, OrderCommand, OrderLine};
use commerce_core::payment::{PaymentMethod, PaymentToken};
use commerce_core::stream::StreamId;
use commerce_core::value::{Address, Country, Currency, Money, Quantity, Sku};
use commerce_core::{Aggregate, Context};
use commerce_outbox::Scope;
use reference_server::import::ids::product_id;
use reference_server::sagas::place_order::{self, PlaceOrder};
use reference_server::services::inventory::OpeningStock;
use reference_server::services::order::{payment_of, shipment_of};

use crate::{PLATFORM, RECIPIENT, STREET};

const SKU: &str = "SKU-1";

/// `POST /test/checkouts/{id}`, with what goes around every request.
pub(crate) fn route() -> Router {
    let host = PLATFORM.get().unwrap().common().host.clone();
    Router::new()
        .route("/test/checkouts", post(begin))
        .with_state(OrderId(host.new_id()))
        .layer(middleware::from_fn_with_state(host, correlate))
        .layer(middleware::from_fn(measure))
}

pub(crate) async fn open_stock() {
    let sku = Sku::parse(SKU).unwrap();
    let goods = OpeningStock { product_id: product_id(&sku), name: "a thing".to_owned(), sku, quantity: 9 };
    PLATFORM.get().unwrap().shop.inventory.open_stock("opening", &goods).await.unwrap();
}

async fn begin(State(order_id): State<OrderId>, Asked(context): Asked) -> String {
    let shop = &PLATFORM.get().unwrap().shop;
    let total = Money::from_minor(500, Currency::GBP);
    let events = events(order_id, &context);
    let stream = StreamId::of::<Order>(&order_id);
    let commit = Commit::within(&context).append(stream, Expected::ABSENT, events);
    let store = shop.stores().order.clone();
    let mut scope = Scope::new(context, store.clone(), commit);
    let state = PlaceOrder {
        order_id,
        payment_id: payment_of(order_id),
        shipment_id: shipment_of(order_id),
        demand: Demand::new([Line { product_id: product_id(&Sku::parse(SKU).unwrap()), quantity: 2 }])
            .unwrap(),
        total,
        method: PaymentMethod::CreditCard,
        token: PaymentToken::parse("tok_visa").unwrap(),
        // The order was right; to this address nothing can be sent.
        address: Address { city: String::new(), ..address() },
        customer_id: None,
    };
    let (orchestrator, id) = (shop.orders.orchestrator(), order_id.to_string());
    orchestrator.begin(place_order::NAME, &id, &state, &mut scope).await.unwrap();
    store.commit(scope.into_commit()).await.unwrap();
    id
}

fn events(order_id: OrderId, context: &Context) -> Vec<NewEvent> {
    let sku = Sku::parse(SKU).unwrap();
    let line = OrderLine {
        product_id: product_id(&sku),
        sku,
        name: "a thing".to_owned(),
        unit_price: Money::from_minor(250, Currency::GBP),
        quantity: Quantity::new(2).unwrap(),
    };
    let place = OrderCommand::Place {
        customer_id: CustomerId(order_id.0),
        lines: vec![line],
        shipping_address: address(),
        currency: Currency::GBP,
    };
    let mut order = Order::default();
    let mut events = Vec::new();
    for command in [place, OrderCommand::InitiatePayment] {
        for event in order.decide(command, context).unwrap() {
            order.apply(&event);
            events.push(NewEvent::encode(&event).unwrap());
        }
    }
    events
}

fn address() -> Address {
    Address {
        recipient: RECIPIENT.to_owned(),
        line1: STREET.to_owned(),
        line2: None,
        city: "Ryde".to_owned(),
        state: None,
        postal_code: "PO33 1AA".to_owned(),
        country: Country::parse("GB").unwrap(),
    }
}
