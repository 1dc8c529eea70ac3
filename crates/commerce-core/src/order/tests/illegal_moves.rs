//! Moves that the state machine doesn't have.

use super::support::*;
use crate::order::{OrderCommand, OrderStatus};

#[test]
fn a_paid_order_cant_start_to_pay() {
    is_refused(OrderStatus::PaymentCompleted, OrderCommand::InitiatePayment);
}

#[test]
fn a_confirmed_order_cant_start_to_pay() {
    is_refused(OrderStatus::Confirmed, OrderCommand::InitiatePayment);
}

#[test]
fn a_shipped_order_cant_start_to_pay() {
    is_refused(OrderStatus::Shipped, OrderCommand::InitiatePayment);
}

#[test]
fn a_delivered_order_cant_start_to_pay() {
    is_refused(OrderStatus::Delivered, OrderCommand::InitiatePayment);
}

#[test]
fn a_cancelled_order_cant_start_to_pay() {
    is_refused(OrderStatus::Cancelled, OrderCommand::InitiatePayment);
}

#[test]
fn a_failed_order_cant_start_to_pay() {
    is_refused(OrderStatus::Failed, OrderCommand::InitiatePayment);
}

#[test]
fn a_pending_order_cant_complete_its_payment() {
    is_refused(OrderStatus::Pending, complete());
}

#[test]
fn a_cancelled_order_cant_complete_its_payment() {
    is_refused(OrderStatus::Cancelled, complete());
}

#[test]
fn a_failed_order_cant_complete_its_payment() {
    is_refused(OrderStatus::Failed, complete());
}

#[test]
fn a_pending_order_cant_be_confirmed() {
    is_refused(OrderStatus::Pending, confirm());
}

#[test]
fn an_order_whose_payment_is_initiated_cant_be_confirmed() {
    is_refused(OrderStatus::PaymentInitiated, confirm());
}

#[test]
fn a_cancelled_order_cant_be_confirmed() {
    is_refused(OrderStatus::Cancelled, confirm());
}

#[test]
fn a_failed_order_cant_be_confirmed() {
    is_refused(OrderStatus::Failed, confirm());
}

#[test]
fn a_pending_order_cant_be_shipped() {
    is_refused(OrderStatus::Pending, ship());
}

#[test]
fn an_order_whose_payment_is_initiated_cant_be_shipped() {
    is_refused(OrderStatus::PaymentInitiated, ship());
}

#[test]
fn a_paid_order_cant_be_shipped() {
    is_refused(OrderStatus::PaymentCompleted, ship());
}

#[test]
fn a_cancelled_order_cant_be_shipped() {
    is_refused(OrderStatus::Cancelled, ship());
}

#[test]
fn a_failed_order_cant_be_shipped() {
    is_refused(OrderStatus::Failed, ship());
}

#[test]
fn a_pending_order_cant_be_delivered() {
    is_refused(OrderStatus::Pending, OrderCommand::Deliver);
}

#[test]
fn an_order_whose_payment_is_initiated_cant_be_delivered() {
    is_refused(OrderStatus::PaymentInitiated, OrderCommand::Deliver);
}

#[test]
fn a_paid_order_cant_be_delivered() {
    is_refused(OrderStatus::PaymentCompleted, OrderCommand::Deliver);
}

#[test]
fn a_confirmed_order_cant_be_delivered() {
    is_refused(OrderStatus::Confirmed, OrderCommand::Deliver);
}

#[test]
fn a_cancelled_order_cant_be_delivered() {
    is_refused(OrderStatus::Cancelled, OrderCommand::Deliver);
}

#[test]
fn a_failed_order_cant_be_delivered() {
    is_refused(OrderStatus::Failed, OrderCommand::Deliver);
}

#[test]
fn a_shipped_order_cant_be_cancelled() {
    is_refused(OrderStatus::Shipped, cancel());
}

#[test]
fn a_delivered_order_cant_be_cancelled() {
    is_refused(OrderStatus::Delivered, cancel());
}

#[test]
fn a_failed_order_cant_be_cancelled() {
    is_refused(OrderStatus::Failed, cancel());
}

#[test]
fn a_confirmed_order_cant_fail() {
    is_refused(OrderStatus::Confirmed, fail());
}

#[test]
fn a_shipped_order_cant_fail() {
    is_refused(OrderStatus::Shipped, fail());
}

#[test]
fn a_delivered_order_cant_fail() {
    is_refused(OrderStatus::Delivered, fail());
}

#[test]
fn a_cancelled_order_cant_fail() {
    is_refused(OrderStatus::Cancelled, fail());
}

#[test]
fn an_order_whose_payment_is_initiated_cant_take_another_line() {
    is_refused(OrderStatus::PaymentInitiated, add_item());
}

#[test]
fn a_paid_order_cant_take_another_line() {
    is_refused(OrderStatus::PaymentCompleted, add_item());
}

#[test]
fn a_confirmed_order_cant_take_another_line() {
    is_refused(OrderStatus::Confirmed, add_item());
}

#[test]
fn a_shipped_order_cant_take_another_line() {
    is_refused(OrderStatus::Shipped, add_item());
}

#[test]
fn a_delivered_order_cant_take_another_line() {
    is_refused(OrderStatus::Delivered, add_item());
}

#[test]
fn a_cancelled_order_cant_take_another_line() {
    is_refused(OrderStatus::Cancelled, add_item());
}

#[test]
fn a_failed_order_cant_take_another_line() {
    is_refused(OrderStatus::Failed, add_item());
}
