//! An order in each of its states.

use uuid::Uuid;

use crate::id::{CustomerId, PaymentId, ProductId, ShipmentId};
use crate::order::{
    Failure, Order, OrderCommand, OrderEvent, OrderLine, OrderRejection, OrderStatus, PlacedLine,
};
use crate::shipping::{Carrier, TrackingNumber};
use crate::testing::{given, test_context};
use crate::time::Timestamp;
use crate::value::{Address, Country, Currency, Money, Quantity, Sku, Violation};

pub(super) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}

pub(super) fn product(number: u128) -> ProductId {
    ProductId(Uuid::from_u128(number))
}

pub(super) fn payment(number: u128) -> PaymentId {
    PaymentId(Uuid::from_u128(number))
}

pub(super) fn shipment(number: u128) -> ShipmentId {
    ShipmentId(Uuid::from_u128(number))
}

pub(super) fn customer() -> CustomerId {
    CustomerId(Uuid::from_u128(7))
}

/// So many of product `number`, at so many pence each.
pub(super) fn line(number: u128, pence: i64, quantity: u32) -> OrderLine {
    OrderLine {
        product_id: product(number),
        sku: Sku::parse(&format!("SKU-{number}")).unwrap(),
        name: format!("Product {number}"),
        unit_price: gbp(pence),
        quantity: Quantity::new(quantity).unwrap(),
    }
}

pub(super) fn address() -> Address {
    Address {
        recipient: "Ada Lovelace".into(),
        line1: "12 St James's Square".into(),
        line2: None,
        city: "London".into(),
        state: None,
        postal_code: "SW1Y 4JH".into(),
        country: Country::parse("GB").unwrap(),
    }
}

pub(super) fn now() -> Timestamp {
    test_context().now()
}

pub(super) fn place(lines: Vec<OrderLine>) -> OrderCommand {
    OrderCommand::Place {
        customer_id: customer(),
        lines,
        shipping_address: address(),
        currency: Currency::GBP,
    }
}

/// Placed with these lines, which add up to so many pence.
pub(super) fn placed_with(lines: Vec<OrderLine>, pence: i64) -> OrderEvent {
    OrderEvent::OrderPlaced {
        customer_id: customer(),
        lines: lines.into_iter().map(PlacedLine::from).collect(),
        shipping_address: address(),
        currency: Currency::GBP,
        total: gbp(pence),
        placed_at: now(),
    }
}

/// Two lamps at £12.50: £25.00.
pub(super) fn placed() -> OrderEvent {
    placed_with(vec![line(1, 1_250, 2)], 2_500)
}

pub(super) fn initiated() -> OrderEvent {
    OrderEvent::PaymentInitiated { initiated_at: now() }
}

pub(super) fn paid() -> OrderEvent {
    OrderEvent::PaymentCompleted { payment_id: payment(1), completed_at: now() }
}

pub(super) fn confirmed() -> OrderEvent {
    OrderEvent::OrderConfirmed { shipment_id: shipment(1), confirmed_at: now() }
}

pub(super) fn shipped() -> OrderEvent {
    OrderEvent::OrderShipped { tracking_number: number("TRK1"), carrier: Carrier::Dhl, shipped_at: now() }
}

pub(super) fn delivered() -> OrderEvent {
    OrderEvent::OrderDelivered { delivered_at: now() }
}

pub(super) fn cancelled() -> OrderEvent {
    OrderEvent::OrderCancelled { reason: "changed my mind".into(), cancelled_at: now() }
}

pub(super) fn failed() -> OrderEvent {
    OrderEvent::OrderFailed { failure: failure(), failed_at: now() }
}

pub(super) fn failure() -> Failure {
    Failure {
        step: "reserve_stock".into(),
        code: "insufficient_stock".into(),
        detail: "Only one lamp is left.".into(),
    }
}

pub(super) fn number(text: &str) -> TrackingNumber {
    TrackingNumber::parse(text).unwrap()
}

/// The shortest history that leads to this state.
pub(super) fn history_to(status: OrderStatus) -> Vec<OrderEvent> {
    let way = [placed(), initiated(), paid(), confirmed(), shipped(), delivered()];
    match status {
        OrderStatus::Cancelled => vec![placed(), cancelled()],
        OrderStatus::Failed => vec![placed(), failed()],
        _ => {
            let steps = OrderStatus::ALL.iter().position(|other| *other == status).unwrap();
            way[..=steps].to_vec()
        }
    }
}

pub(super) fn add_item() -> OrderCommand {
    OrderCommand::AddItem { line: line(2, 100, 1) }
}

pub(super) fn complete() -> OrderCommand {
    OrderCommand::CompletePayment { payment_id: payment(1) }
}

pub(super) fn confirm() -> OrderCommand {
    OrderCommand::Confirm { shipment_id: shipment(1) }
}

pub(super) fn ship() -> OrderCommand {
    OrderCommand::Ship { tracking_number: number("TRK1"), carrier: Carrier::Dhl }
}

pub(super) fn cancel() -> OrderCommand {
    OrderCommand::Cancel { reason: "changed my mind".into() }
}

pub(super) fn fail() -> OrderCommand {
    OrderCommand::Fail { failure: failure() }
}

/// An order in this state takes the command, and this happens.
#[track_caller]
pub(super) fn leads_to(status: OrderStatus, command: OrderCommand, event: OrderEvent, next: OrderStatus) {
    given::<Order>(history_to(status))
        .when(command)
        .then([event])
        .then_state(|order| assert_eq!(order.status(), Some(next)));
}

/// An order in this state refuses the command because of the state.
#[track_caller]
pub(super) fn is_refused(status: OrderStatus, command: OrderCommand) {
    let name = command.name();
    given::<Order>(history_to(status))
        .when(command)
        .then_rejected(OrderRejection::WrongState { status, command: name });
}

/// An order in this state takes the command as a repetition.
#[track_caller]
pub(super) fn changes_nothing(status: OrderStatus, command: OrderCommand) {
    given::<Order>(history_to(status)).when(command).then_nothing();
}

/// What is wrong with a command, as pointers and codes.
#[track_caller]
pub(super) fn faults(history: Vec<OrderEvent>, command: OrderCommand) -> Vec<(String, &'static str)> {
    use crate::aggregate::Aggregate;
    let order = given::<Order>(history).state();
    let rejection = order.decide(command, &test_context()).expect_err("the command was accepted");
    rejection.violations().iter().map(|Violation { pointer, code, .. }| (pointer.clone(), *code)).collect()
}
