//! Commands that come twice, and those that contradict what has happened.

use super::support::*;
use crate::order::{Failure, Order, OrderCommand, OrderRejection, OrderStatus};
use crate::shipping::Carrier;
use crate::testing::given;

#[test]
fn initiating_a_payment_again_changes_nothing() {
    changes_nothing(OrderStatus::PaymentInitiated, OrderCommand::InitiatePayment);
}

#[test]
fn completing_the_same_payment_again_changes_nothing() {
    changes_nothing(OrderStatus::PaymentCompleted, complete());
}

#[test]
fn completing_the_same_payment_late_changes_nothing() {
    changes_nothing(OrderStatus::Delivered, complete());
}

#[test]
fn an_order_cant_be_paid_by_two_payments() {
    for status in [OrderStatus::PaymentCompleted, OrderStatus::Confirmed, OrderStatus::Delivered] {
        given::<Order>(history_to(status))
            .when(OrderCommand::CompletePayment { payment_id: payment(2) })
            .then_rejected(OrderRejection::PaymentMismatch { recorded: payment(1), given: payment(2) });
    }
}

#[test]
fn a_payment_that_completes_again_after_the_cancellation_learns_of_it() {
    given::<Order>([placed(), initiated(), paid(), cancelled()]).when(complete()).then_rejected(
        OrderRejection::WrongState { status: OrderStatus::Cancelled, command: "complete_payment" },
    );
}

#[test]
fn confirming_with_the_same_shipment_again_changes_nothing() {
    changes_nothing(OrderStatus::Confirmed, confirm());
}

#[test]
fn confirming_with_the_same_shipment_late_changes_nothing() {
    changes_nothing(OrderStatus::Shipped, confirm());
}

#[test]
fn an_order_cant_be_confirmed_with_two_shipments() {
    for status in [OrderStatus::Confirmed, OrderStatus::Shipped] {
        given::<Order>(history_to(status))
            .when(OrderCommand::Confirm { shipment_id: shipment(2) })
            .then_rejected(OrderRejection::ShipmentMismatch { recorded: shipment(1), given: shipment(2) });
    }
}

#[test]
fn confirming_again_after_the_cancellation_is_refused() {
    given::<Order>([placed(), initiated(), paid(), confirmed(), cancelled()])
        .when(confirm())
        .then_rejected(OrderRejection::WrongState { status: OrderStatus::Cancelled, command: "confirm" });
}

#[test]
fn shipping_the_same_parcel_again_changes_nothing() {
    changes_nothing(OrderStatus::Shipped, ship());
}

#[test]
fn shipping_the_same_parcel_late_changes_nothing() {
    changes_nothing(OrderStatus::Delivered, ship());
}

#[test]
fn an_order_cant_be_shipped_under_another_number() {
    let other = OrderCommand::Ship { tracking_number: number("TRK2"), carrier: Carrier::Dhl };
    given::<Order>(history_to(OrderStatus::Shipped)).when(other).then_rejected(
        OrderRejection::TrackingMismatch {
            recorded: number("TRK1"),
            recorded_carrier: Carrier::Dhl,
            given: number("TRK2"),
            given_carrier: Carrier::Dhl,
        },
    );
}

#[test]
fn an_order_cant_be_shipped_by_another_carrier() {
    let other = OrderCommand::Ship { tracking_number: number("TRK1"), carrier: Carrier::Ups };
    let mismatch = OrderRejection::TrackingMismatch {
        recorded: number("TRK1"),
        recorded_carrier: Carrier::Dhl,
        given: number("TRK1"),
        given_carrier: Carrier::Ups,
    };
    assert_eq!(mismatch.code(), "tracking_mismatch");
    assert_eq!(mismatch.to_string(), "the order was shipped as TRK1 by dhl, not as TRK1 by ups");
    given::<Order>(history_to(OrderStatus::Shipped)).when(other).then_rejected(mismatch);
}

#[test]
fn delivering_again_changes_nothing() {
    changes_nothing(OrderStatus::Delivered, OrderCommand::Deliver);
}

#[test]
fn cancelling_again_changes_nothing() {
    changes_nothing(OrderStatus::Cancelled, cancel());
}

#[test]
fn the_first_reason_of_a_cancellation_stands() {
    given::<Order>([placed(), cancelled()])
        .when(OrderCommand::Cancel { reason: "too slow".into() })
        .then_nothing()
        .then_state(|order| {
            assert_eq!(order.placed().unwrap().cancel_reason(), Some("changed my mind"));
        });
}

#[test]
fn failing_again_changes_nothing() {
    changes_nothing(OrderStatus::Failed, fail());
}

#[test]
fn the_first_failure_stands() {
    let other = Failure { step: "capture".into(), code: "declined".into(), detail: String::new() };
    given::<Order>([placed(), failed()])
        .when(OrderCommand::Fail { failure: other })
        .then_nothing()
        .then_state(|order| assert_eq!(order.placed().unwrap().failure(), Some(&failure())));
}

#[test]
fn an_event_of_an_order_that_was_never_placed_is_ignored() {
    assert_eq!(given::<Order>([shipped(), delivered()]).state(), Order::default());
}
