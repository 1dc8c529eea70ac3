//! What holds for every order there can be.

use proptest::collection::vec;
use proptest::prelude::*;

use super::support::*;
use crate::aggregate::Aggregate;
use crate::order::{Failure, Order, OrderCommand, OrderLine, OrderStatus, demand};
use crate::shipping::Carrier;
use crate::testing::test_context;

/// Lines of few products, so that products repeat.
fn lines() -> impl Strategy<Value = Vec<OrderLine>> {
    let one = (0..6_u128, 1..5_000_000_i64, 1..=100_000_u32);
    vec(one.prop_map(|(number, pence, quantity)| line(number, pence, quantity)), 1..40)
}

/// Any command, valid or not, with few ids, so that repetitions and contradictions are met.
fn command() -> impl Strategy<Value = OrderCommand> {
    prop_oneof![
        2 => vec((0..3_u128, -1..500_i64, 1..9_u32), 0..4).prop_map(|lines| {
            place(lines.into_iter().map(|(number, pence, count)| line(number, pence, count)).collect())
        }),
        2 => (0..3_u128, prop_oneof![-1..500_i64, Just(i64::MAX)], 1..9_u32)
            .prop_map(|(number, pence, count)| OrderCommand::AddItem { line: line(number, pence, count) }),
        3 => Just(OrderCommand::InitiatePayment),
        3 => (1..3_u128).prop_map(|id| OrderCommand::CompletePayment { payment_id: payment(id) }),
        3 => (1..3_u128).prop_map(|id| OrderCommand::Confirm { shipment_id: shipment(id) }),
        3 => "TRK[12]".prop_map(|text| {
            OrderCommand::Ship { tracking_number: number(&text), carrier: Carrier::Ups }
        }),
        3 => Just(OrderCommand::Deliver),
        1 => "\\PC{0,600}".prop_map(|reason| OrderCommand::Cancel { reason }),
        1 => "\\PC{0,200}".prop_map(|text| OrderCommand::Fail {
            failure: Failure { step: text.clone(), code: text.clone(), detail: text },
        }),
    ]
}

fn decided(order: &mut Order, command: OrderCommand) -> usize {
    let events = order.decide(command, &test_context()).unwrap_or_default();
    events.iter().for_each(|event| order.apply(event));
    events.len()
}

/// Whether the status changed along the state machine, if it changed.
fn is_legal(before: Option<OrderStatus>, after: Option<OrderStatus>) -> bool {
    match (before, after) {
        (before, after) if before == after => true,
        (None, Some(OrderStatus::Pending)) => true,
        (Some(before), Some(after)) => before.can_become(after),
        _ => false,
    }
}

proptest! {
    #[test]
    fn the_total_is_the_sum_of_the_lines(lines in lines(), added in lines()) {
        let pence = |lines: &[OrderLine]| -> i64 {
            lines.iter().map(|line| line.unit_price.minor() * i64::from(line.quantity.get())).sum()
        };
        let mut order = Order::default();
        prop_assert_eq!(decided(&mut order, place(lines.clone())), 1);
        for line in added.clone() {
            prop_assert_eq!(decided(&mut order, OrderCommand::AddItem { line }), 1);
        }
        let order = order.placed().unwrap();
        prop_assert_eq!(order.total(), gbp(pence(&lines) + pence(&added)));
        prop_assert_eq!(order.subtotal(), order.total());
    }

    #[test]
    fn demand_conserves_quantity(lines in lines()) {
        let asked: u64 = lines.iter().map(|line| u64::from(line.quantity.get())).sum();
        prop_assert_eq!(demand(&lines).values().sum::<u64>(), asked);
    }

    #[test]
    fn demand_names_each_ordered_product_and_no_other(lines in lines()) {
        let mut products: Vec<_> = lines.iter().map(|line| line.product_id).collect();
        products.sort();
        products.dedup();
        prop_assert_eq!(demand(&lines).into_keys().collect::<Vec<_>>(), products);
    }

    #[test]
    fn no_sequence_of_commands_panics_or_leaves_the_state_machine(commands in vec(command(), 0..60)) {
        let mut order = Order::default();
        for command in commands {
            let before = order.status();
            decided(&mut order, command);
            prop_assert!(is_legal(before, order.status()), "{:?} to {:?}", before, order.status());
            if let Some(order) = order.placed() {
                prop_assert_eq!(order.subtotal(), order.total());
                prop_assert!(order.total().is_positive());
                prop_assert_eq!(order.failure().is_some(), order.status() == OrderStatus::Failed);
                prop_assert_eq!(order.cancel_reason().is_some(), order.status() == OrderStatus::Cancelled);
            }
        }
    }

    #[test]
    fn a_command_that_names_what_it_did_changes_nothing_the_second_time(commands in vec(command(), 0..60)) {
        let mut order = Order::default();
        for command in commands {
            let has_identity = !matches!(command, OrderCommand::Place { .. } | OrderCommand::AddItem { .. });
            let changed = decided(&mut order, command.clone()) > 0;
            if changed && has_identity {
                let again = order.decide(command, &test_context());
                prop_assert_eq!(again, Ok(vec![]));
            }
        }
    }

    #[test]
    fn the_events_of_any_sequence_give_the_same_order_again(commands in vec(command(), 0..60)) {
        let (mut order, mut events) = (Order::default(), Vec::new());
        for command in commands {
            let decided = order.decide(command, &test_context()).unwrap_or_default();
            decided.iter().for_each(|event| order.apply(event));
            events.extend(decided);
        }
        let mut again = Order::default();
        for event in events {
            let stored = crate::event::encode(&event).unwrap();
            again.apply(&crate::event::decode(stored.event_type, &stored.payload).unwrap());
        }
        prop_assert_eq!(again, order);
    }
}
