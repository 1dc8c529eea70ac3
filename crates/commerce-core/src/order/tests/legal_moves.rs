//! The way of an order, step by step.

use std::time::Duration;

use super::support::*;
use crate::order::{Failure, Order, OrderCommand, OrderStatus};
use crate::shipping::Carrier;
use crate::testing::{given, test_context};

#[test]
fn a_pending_order_can_start_to_pay() {
    leads_to(OrderStatus::Pending, OrderCommand::InitiatePayment, initiated(), OrderStatus::PaymentInitiated);
}

#[test]
fn an_initiated_payment_can_be_completed() {
    leads_to(OrderStatus::PaymentInitiated, complete(), paid(), OrderStatus::PaymentCompleted);
}

#[test]
fn a_paid_order_can_be_confirmed() {
    leads_to(OrderStatus::PaymentCompleted, confirm(), confirmed(), OrderStatus::Confirmed);
}

#[test]
fn a_confirmed_order_can_be_shipped() {
    leads_to(OrderStatus::Confirmed, ship(), shipped(), OrderStatus::Shipped);
}

#[test]
fn a_shipped_order_can_be_delivered() {
    leads_to(OrderStatus::Shipped, OrderCommand::Deliver, delivered(), OrderStatus::Delivered);
}

#[test]
fn a_pending_order_can_be_cancelled() {
    leads_to(OrderStatus::Pending, cancel(), cancelled(), OrderStatus::Cancelled);
}

#[test]
fn an_order_whose_payment_is_initiated_can_be_cancelled() {
    leads_to(OrderStatus::PaymentInitiated, cancel(), cancelled(), OrderStatus::Cancelled);
}

#[test]
fn a_paid_order_can_be_cancelled() {
    leads_to(OrderStatus::PaymentCompleted, cancel(), cancelled(), OrderStatus::Cancelled);
}

#[test]
fn a_confirmed_order_can_be_cancelled() {
    leads_to(OrderStatus::Confirmed, cancel(), cancelled(), OrderStatus::Cancelled);
}

#[test]
fn a_pending_order_can_fail() {
    leads_to(OrderStatus::Pending, fail(), failed(), OrderStatus::Failed);
}

#[test]
fn an_order_whose_payment_is_initiated_can_fail() {
    leads_to(OrderStatus::PaymentInitiated, fail(), failed(), OrderStatus::Failed);
}

#[test]
fn a_paid_order_can_fail() {
    leads_to(OrderStatus::PaymentCompleted, fail(), failed(), OrderStatus::Failed);
}

#[test]
fn a_delivered_order_knows_its_payment_shipment_and_parcel() {
    let order = given::<Order>(history_to(OrderStatus::Delivered)).state();
    let order = order.placed().unwrap();
    assert_eq!(order.payment_id(), Some(payment(1)));
    assert_eq!(order.shipment_id(), Some(shipment(1)));
    assert_eq!(order.tracking_number(), Some(&number("TRK1")));
    assert_eq!(order.carrier(), Some(Carrier::Dhl));
}

#[test]
fn a_pending_order_knows_neither_payment_nor_shipment_nor_parcel() {
    let order = given::<Order>([placed()]).state();
    let order = order.placed().unwrap();
    assert_eq!((order.payment_id(), order.shipment_id()), (None, None));
    assert_eq!((order.tracking_number(), order.carrier()), (None, None));
    assert_eq!((order.cancel_reason(), order.failure()), (None, None));
}

#[test]
fn a_cancelled_order_keeps_the_reason() {
    let order = given::<Order>([placed(), cancelled()]).state();
    assert_eq!(order.placed().unwrap().cancel_reason(), Some("changed my mind"));
}

#[test]
fn the_reason_of_a_cancellation_is_trimmed() {
    given::<Order>([placed()])
        .when(OrderCommand::Cancel { reason: "  changed my mind ".into() })
        .then([cancelled()]);
}

#[test]
fn a_cancellation_needs_a_reason() {
    let command = OrderCommand::Cancel { reason: " ".into() };
    assert_eq!(faults(vec![placed()], command), [("/reason".into(), "required")]);
}

#[test]
fn a_reason_of_500_characters_is_accepted_and_one_of_501_is_not() {
    let cancel = |length| OrderCommand::Cancel { reason: "é".repeat(length) };
    assert_eq!(given::<Order>([placed()]).when(cancel(500)).events().len(), 1);
    assert_eq!(faults(vec![placed()], cancel(501)), [("/reason".into(), "too_long")]);
}

#[test]
fn a_failed_order_keeps_step_code_and_detail() {
    let order = given::<Order>([placed(), failed()]).state();
    assert_eq!(order.placed().unwrap().failure(), Some(&failure()));
}

#[test]
fn a_failure_is_never_refused_for_its_length_but_cut() {
    let long = "é".repeat(5_000);
    let failure = Failure { step: long.clone(), code: long.clone(), detail: long };
    given::<Order>([placed()]).when(OrderCommand::Fail { failure }).then_state(|order| {
        let failure = order.placed().unwrap().failure().unwrap();
        assert_eq!(failure.step.chars().count(), Failure::MAX_NAME);
        assert_eq!(failure.code.chars().count(), Failure::MAX_NAME);
        assert_eq!(failure.detail.chars().count(), Failure::MAX_DETAIL);
    });
}

#[test]
fn a_step_moves_the_time_of_the_last_change_but_not_that_of_the_placing() {
    let later = now().plus(Duration::from_secs(60));
    given::<Order>([placed()]).at(later).when(OrderCommand::InitiatePayment).then_state(|order| {
        let order = order.placed().unwrap();
        assert_eq!((order.placed_at(), order.updated_at()), (now(), later));
    });
}

#[test]
fn events_are_stamped_with_the_time_of_the_context() {
    let later = now().plus(Duration::from_secs(60));
    let context = crate::Context::new(later, test_context().operation());
    given::<Order>(history_to(OrderStatus::Shipped))
        .within(context)
        .when(OrderCommand::Deliver)
        .then([crate::order::OrderEvent::OrderDelivered { delivered_at: later }]);
}
