//! Placing an order.

use super::support::*;
use crate::error::Kind;
use crate::order::{MAX_LINES, Order, OrderCommand, OrderRejection, OrderStatus};
use crate::testing::given;
use crate::value::{Address, Currency, Money};

#[test]
fn an_order_can_be_placed_with_one_line() {
    given::<Order>([]).when(place(vec![line(1, 1_250, 2)])).then([placed()]);
}

#[test]
fn a_placed_order_is_pending() {
    given::<Order>([])
        .when(place(vec![line(1, 1_250, 2)]))
        .then_state(|order| assert_eq!(order.status(), Some(OrderStatus::Pending)));
}

#[test]
fn a_placed_order_knows_customer_lines_address_and_currency() {
    let order = given::<Order>([placed()]).state();
    let order = order.placed().unwrap();
    assert_eq!(order.customer_id(), customer());
    assert_eq!(order.lines(), [line(1, 1_250, 2)]);
    assert_eq!(order.shipping_address(), &address());
    assert_eq!(order.currency(), Currency::GBP);
    assert_eq!((order.placed_at(), order.updated_at()), (now(), now()));
}

#[test]
fn before_it_is_placed_there_is_no_order() {
    let order = Order::default();
    assert_eq!(order.placed(), None);
    assert_eq!(order.status(), None);
    assert!(order.demand().is_empty());
}

#[test]
fn an_order_cant_be_placed_twice() {
    given::<Order>([placed()])
        .when(place(vec![line(1, 1_250, 2)]))
        .then_rejected(OrderRejection::AlreadyExists);
}

#[test]
fn a_cancelled_order_cant_be_placed_again() {
    given::<Order>([placed(), cancelled()])
        .when(place(vec![line(1, 1_250, 2)]))
        .then_rejected(OrderRejection::AlreadyExists);
}

#[test]
fn an_order_needs_a_line() {
    assert_eq!(faults(vec![], place(vec![])), [("/items".into(), "required")]);
}

#[test]
fn an_order_can_have_a_thousand_lines() {
    let lines: Vec<_> = (0..MAX_LINES).map(|number| line(number as u128, 1, 1)).collect();
    given::<Order>([]).when(place(lines.clone())).then([placed_with(lines, 1_000)]);
}

#[test]
fn an_order_cant_have_a_thousand_and_one_lines() {
    let lines = vec![line(1, 1, 1); MAX_LINES + 1];
    assert_eq!(faults(vec![], place(lines)), [("/items".into(), "too_many")]);
}

#[test]
fn a_line_cant_be_free() {
    let command = place(vec![line(1, 0, 1)]);
    assert_eq!(faults(vec![], command), [("/items/0/unit_price".into(), "must_be_positive")]);
}

#[test]
fn a_price_cant_be_negative() {
    let command = place(vec![line(1, 500, 1), line(2, -1, 1)]);
    assert_eq!(faults(vec![], command), [("/items/1/unit_price".into(), "must_be_positive")]);
}

#[test]
fn the_lowest_price_is_one_minor_unit() {
    given::<Order>([]).when(place(vec![line(1, 1, 1)])).then([placed_with(vec![line(1, 1, 1)], 1)]);
}

#[test]
fn every_line_is_in_the_orders_currency() {
    let mut foreign = line(2, 100, 1);
    foreign.unit_price = Money::from_minor(100, Currency::EUR);
    let command = place(vec![line(1, 100, 1), foreign]);
    assert_eq!(faults(vec![], command), [("/items/1/unit_price".into(), "currency_mismatch")]);
}

#[test]
fn an_order_can_be_in_a_currency_without_minor_units() {
    let mut lamp = line(1, 1, 3);
    lamp.unit_price = Money::from_minor(700, Currency::JPY);
    let command = OrderCommand::Place {
        customer_id: customer(),
        lines: vec![lamp],
        shipping_address: address(),
        currency: Currency::JPY,
    };
    given::<Order>([]).when(command).then_state(|order| {
        assert_eq!(order.placed().unwrap().total(), Money::from_minor(2_100, Currency::JPY));
    });
}

#[test]
fn a_line_needs_a_name() {
    let mut nameless = line(1, 100, 1);
    nameless.name = "  ".into();
    assert_eq!(faults(vec![], place(vec![nameless])), [("/items/0/name".into(), "required")]);
}

#[test]
fn a_name_has_at_most_200_characters() {
    let named = |length| OrderCommand::Place {
        customer_id: customer(),
        lines: vec![crate::order::OrderLine { name: "é".repeat(length), ..line(1, 100, 1) }],
        shipping_address: address(),
        currency: Currency::GBP,
    };
    assert_eq!(given::<Order>([]).when(named(200)).events().len(), 1);
    assert_eq!(faults(vec![], named(201)), [("/items/0/name".into(), "too_long")]);
}

#[test]
fn names_are_trimmed() {
    let mut spaced = line(1, 1_250, 2);
    spaced.name = " Product 1  ".into();
    given::<Order>([]).when(place(vec![spaced])).then([placed()]);
}

#[test]
fn the_address_must_be_complete() {
    let command = OrderCommand::Place {
        customer_id: customer(),
        lines: vec![line(1, 100, 1)],
        shipping_address: Address { city: " ".into(), ..address() },
        currency: Currency::GBP,
    };
    assert_eq!(faults(vec![], command), [("/shipping_address/city".into(), "required")]);
}

#[test]
fn the_address_is_trimmed() {
    let command = OrderCommand::Place {
        customer_id: customer(),
        lines: vec![line(1, 1_250, 2)],
        shipping_address: Address { city: " London ".into(), ..address() },
        currency: Currency::GBP,
    };
    given::<Order>([]).when(command).then([placed()]);
}

#[test]
fn every_fault_is_reported_at_once() {
    let mut worst = line(1, -5, 1);
    worst.name = String::new();
    worst.unit_price = Money::from_minor(-5, Currency::USD);
    let command = OrderCommand::Place {
        customer_id: customer(),
        lines: vec![line(2, 100, 1), worst],
        shipping_address: Address { city: String::new(), ..address() },
        currency: Currency::GBP,
    };
    assert_eq!(
        faults(vec![], command),
        [
            ("/items/1/unit_price".into(), "must_be_positive"),
            ("/items/1/unit_price".into(), "currency_mismatch"),
            ("/items/1/name".into(), "required"),
            ("/shipping_address/city".into(), "required"),
        ]
    );
}

#[test]
fn a_line_that_money_cant_hold_is_refused() {
    let command = place(vec![line(1, i64::MAX, 2)]);
    assert_eq!(faults(vec![], command), [("/items/0/quantity".into(), "amount_overflow")]);
}

#[test]
fn a_sum_that_money_cant_hold_is_refused() {
    let command = place(vec![line(1, i64::MAX, 1), line(2, 1, 1)]);
    assert_eq!(faults(vec![], command), [("/items".into(), "amount_overflow")]);
}

#[test]
fn an_order_that_was_not_placed_is_not_found_whatever_is_asked() {
    let commands = [
        add_item(),
        OrderCommand::InitiatePayment,
        complete(),
        confirm(),
        ship(),
        OrderCommand::Deliver,
        cancel(),
        fail(),
    ];
    for command in commands {
        given::<Order>([]).when(command).then_rejected(OrderRejection::NotFound);
    }
}

#[test]
fn rejections_have_stable_codes_and_say_what_to_do() {
    let wrong_state = OrderRejection::WrongState { status: OrderStatus::Shipped, command: "cancel" };
    let payment = OrderRejection::PaymentMismatch { recorded: payment(1), given: payment(2) };
    let shipment = OrderRejection::ShipmentMismatch { recorded: shipment(1), given: shipment(2) };
    for (rejection, code, kind) in [
        (OrderRejection::NotFound, "order_not_found", Kind::NotFound),
        (OrderRejection::AlreadyExists, "already_exists", Kind::Conflict),
        (OrderRejection::Invalid(vec![]), "invalid", Kind::Invalid),
        (wrong_state, "wrong_state", Kind::Conflict),
        (OrderRejection::Full, "too_many_lines", Kind::Conflict),
        (payment, "payment_mismatch", Kind::Conflict),
        (shipment, "shipment_mismatch", Kind::Conflict),
    ] {
        assert_eq!((rejection.code(), rejection.kind()), (code, kind));
    }
}

#[test]
fn a_rejection_names_the_state_and_the_command() {
    let rejection = OrderRejection::WrongState { status: OrderStatus::Shipped, command: "cancel" };
    assert_eq!(rejection.to_string(), "an order that is shipped can't take the command cancel");
}

#[test]
fn a_rejection_with_thousands_of_faults_stays_a_short_sentence() {
    let lines = vec![line(1, 0, 1); MAX_LINES];
    let result = crate::Aggregate::decide(&Order::default(), place(lines), &crate::testing::test_context());
    let rejection = result.unwrap_err();
    assert_eq!(rejection.violations().len(), MAX_LINES);
    assert!(rejection.to_string().ends_with("; and 997 more"), "{rejection}");
}
