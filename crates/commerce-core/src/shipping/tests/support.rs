//! A shipment in each of its states.

use std::time::Duration;

use uuid::Uuid;

use crate::id::{CustomerId, OrderId};
use crate::shipping::{
    Carrier, Package, Shipment, ShipmentCommand, ShipmentEvent, ShipmentRejection, ShipmentStatus, Speed,
    TrackingEntry, TrackingNumber,
};
use crate::testing::{given, test_context};
use crate::time::Timestamp;
use crate::value::{Address, Country, Currency, Decimal, Money};

pub(super) fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text).unwrap()
}

pub(super) fn package(weight: &str, length: &str, width: &str, height: &str) -> Package {
    Package::new(decimal(weight), decimal(length), decimal(width), decimal(height)).unwrap()
}

pub(super) fn now() -> Timestamp {
    test_context().now()
}

pub(super) fn hours_later(hours: u64) -> Timestamp {
    now().plus(Duration::from_secs(hours * 3_600))
}

pub(super) fn number(text: &str) -> TrackingNumber {
    TrackingNumber::parse(text).unwrap()
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

/// What a shipment is made from.
#[derive(Clone)]
pub(super) struct Wish {
    pub(super) order: u128,
    pub(super) customer: Option<u128>,
    pub(super) number: &'static str,
    pub(super) carrier: Carrier,
    pub(super) speed: Speed,
    pub(super) address: Address,
    pub(super) package: Package,
    pub(super) cost: Money,
}

/// A parcel of 1.5 kg by DHL, standard, for £9.99.
pub(super) fn wish() -> Wish {
    Wish {
        order: 1,
        customer: Some(9),
        number: "TRK1",
        carrier: Carrier::Dhl,
        speed: Speed::Standard,
        address: address(),
        package: package("1.5", "30", "20", "10"),
        cost: Money::from_minor(999, Currency::GBP),
    }
}

pub(super) fn create(wish: Wish) -> ShipmentCommand {
    ShipmentCommand::Create {
        order_id: OrderId(Uuid::from_u128(wish.order)),
        customer_id: wish.customer.map(|n| CustomerId(Uuid::from_u128(n))),
        tracking_number: number(wish.number),
        carrier: wish.carrier,
        speed: wish.speed,
        address: Box::new(wish.address),
        package: wish.package,
        cost: wish.cost,
    }
}

pub(super) fn created_from(wish: Wish) -> ShipmentEvent {
    ShipmentEvent::ShipmentCreated {
        order_id: OrderId(Uuid::from_u128(wish.order)),
        customer_id: wish.customer.map(|n| CustomerId(Uuid::from_u128(n))),
        tracking_number: number(wish.number),
        carrier: wish.carrier,
        speed: wish.speed,
        address: Box::new(wish.address),
        package: wish.package,
        cost: wish.cost,
        created_at: now(),
        estimated_delivery: wish.speed.estimate(now()),
    }
}

pub(super) fn created() -> ShipmentEvent {
    created_from(wish())
}

pub(super) fn scheduled() -> ShipmentEvent {
    ShipmentEvent::PickupScheduled { pickup_at: hours_later(3), scheduled_at: now() }
}

pub(super) fn picked_up() -> ShipmentEvent {
    ShipmentEvent::ShipmentPickedUp { picked_up_at: now() }
}

pub(super) fn in_transit() -> ShipmentEvent {
    ShipmentEvent::ShipmentInTransit { in_transit_at: now() }
}

pub(super) fn out_for_delivery() -> ShipmentEvent {
    ShipmentEvent::ShipmentOutForDelivery { out_for_delivery_at: now() }
}

pub(super) fn delivered() -> ShipmentEvent {
    ShipmentEvent::ShipmentDelivered {
        recipient_name: "Ada Lovelace".into(),
        signature_url: None,
        delivered_at: now(),
    }
}

pub(super) fn attempted(attempt: u8) -> ShipmentEvent {
    ShipmentEvent::DeliveryAttemptFailed {
        attempt,
        last: attempt == 3,
        reason: "nobody at home".into(),
        next_attempt_at: None,
        attempted_at: now(),
    }
}

pub(super) fn cancelled() -> ShipmentEvent {
    ShipmentEvent::ShipmentCancelled { reason: "refunded".into(), cancelled_at: now() }
}

pub(super) fn returned() -> ShipmentEvent {
    ShipmentEvent::ShipmentReturned { reason: "unwanted".into(), returned_at: now() }
}

pub(super) fn updated(status: &str) -> ShipmentEvent {
    ShipmentEvent::TrackingUpdated {
        entry: TrackingEntry { status: status.into(), location: None, description: None, at: now() },
    }
}

/// The shortest history that leads to this state.
pub(super) fn history_to(status: ShipmentStatus) -> Vec<ShipmentEvent> {
    let way = [created(), scheduled(), picked_up(), in_transit(), out_for_delivery()];
    let and = |events: &[ShipmentEvent]| [&way[..], events].concat();
    match status {
        ShipmentStatus::Delivered => and(&[delivered()]),
        ShipmentStatus::DeliveryFailed => and(&[attempted(1), attempted(2), attempted(3)]),
        ShipmentStatus::Cancelled => vec![created(), cancelled()],
        ShipmentStatus::Returned => and(&[delivered(), returned()]),
        _ => {
            let steps = ShipmentStatus::ALL.iter().position(|other| *other == status).unwrap();
            way[..=steps].to_vec()
        }
    }
}

pub(super) fn schedule() -> ShipmentCommand {
    ShipmentCommand::SchedulePickup { at: hours_later(3) }
}

pub(super) fn deliver() -> ShipmentCommand {
    ShipmentCommand::Deliver { recipient_name: "Ada Lovelace".into(), signature_url: None }
}

pub(super) fn attempt() -> ShipmentCommand {
    ShipmentCommand::RecordDeliveryAttempt { reason: "nobody at home".into(), next_attempt_at: None }
}

pub(super) fn cancel() -> ShipmentCommand {
    ShipmentCommand::Cancel { reason: "refunded".into() }
}

pub(super) fn return_it() -> ShipmentCommand {
    ShipmentCommand::Return { reason: "unwanted".into() }
}

pub(super) fn update(status: &str) -> ShipmentCommand {
    ShipmentCommand::AddTracking { status: status.into(), location: None, description: None }
}

/// A shipment in this state takes the command, and this happens.
#[track_caller]
pub(super) fn leads_to(
    status: ShipmentStatus,
    command: ShipmentCommand,
    event: ShipmentEvent,
    next: ShipmentStatus,
) {
    given::<Shipment>(history_to(status))
        .when(command)
        .then([event])
        .then_state(|shipment| assert_eq!(shipment.status(), Some(next)));
}

/// A shipment in this state refuses the command because of the state.
#[track_caller]
pub(super) fn is_refused(status: ShipmentStatus, command: ShipmentCommand) {
    let name = command.name();
    given::<Shipment>(history_to(status))
        .when(command)
        .then_rejected(ShipmentRejection::WrongState { status, command: name });
}

/// A shipment in this state takes the command as a repetition.
#[track_caller]
pub(super) fn changes_nothing(status: ShipmentStatus, command: ShipmentCommand) {
    given::<Shipment>(history_to(status)).when(command).then_nothing();
}

/// What is wrong with a command, as pointers and codes.
#[track_caller]
pub(super) fn faults(history: Vec<ShipmentEvent>, command: ShipmentCommand) -> Vec<(String, &'static str)> {
    use crate::aggregate::Aggregate;
    let shipment = given::<Shipment>(history).state();
    let rejection = shipment.decide(command, &test_context()).expect_err("the command was accepted");
    rejection.violations().iter().map(|violation| (violation.pointer.clone(), violation.code)).collect()
}
