//! What holds for any sequence of commands to one item.

use proptest::prelude::*;

use super::*;
use crate::inventory::{StockCommand, StockRejection};

fn a_command() -> impl Strategy<Value = StockCommand> {
    let order_id = (1_u128..6).prop_map(order);
    let quantity = prop_oneof![8 => 0_u64..12, 1 => any::<u64>()];
    let change = prop_oneof![8 => -12_i64..12, 1 => any::<i64>()];
    prop_oneof![
        4 => (order_id.clone(), quantity, 0_u64..40).prop_map(|(order_id, quantity, minutes)| {
            StockCommand::Reserve { order_id, quantity, expires_at: minutes_after(minutes) }
        }),
        2 => order_id.clone().prop_map(|order_id| StockCommand::Confirm { order_id }),
        2 => order_id.clone().prop_map(|order_id| {
            StockCommand::Release { order_id, reason: reason("changed their mind") }
        }),
        2 => order_id.prop_map(|order_id| StockCommand::Expire { order_id }),
        3 => change.prop_map(|quantity| StockCommand::Adjust { quantity, reason: reason("counted") }),
        1 => (0_u32..15, 0_u32..3).prop_map(|(reorder_level, reorder_quantity)| {
            StockCommand::ChangeReorderSettings { reorder_level, reorder_quantity }
        }),
    ]
}

fn a_history() -> impl Strategy<Value = (u32, Vec<(u64, StockCommand)>)> {
    (0_u32..30, prop::collection::vec((0_u64..60, a_command()), 1..100))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_item_never_promises_more_than_it_has((stock, commands) in a_history()) {
        let mut item = item([created_low_at(stock, 5)]);
        for (minutes, command) in commands {
            for event in item.decide(command, &at(minutes_after(minutes))).unwrap_or_default() {
                item.apply(&event);
            }
            prop_assert!(item.reserved() <= item.on_hand());
            prop_assert_eq!(item.reserved(), item.holds().map(|(_, hold)| hold.quantity).sum::<u64>());
            prop_assert!(item.conservation_holds());
        }
    }

    #[test]
    fn it_warns_exactly_when_it_becomes_low((stock, commands) in a_history()) {
        let mut item = item([created_low_at(stock, 5)]);
        for (minutes, command) in commands {
            let was_low = item.is_low();
            let events = item.decide(command, &at(minutes_after(minutes))).unwrap_or_default();
            let warnings =
                events.iter().filter(|e| matches!(e, StockEvent::LowStockDetected { .. })).count();
            events.iter().for_each(|event| item.apply(event));
            prop_assert_eq!(warnings, usize::from(!was_low && item.is_low()));
        }
    }

    #[test]
    fn a_repeated_command_other_than_an_adjustment_has_its_effect_once((stock, commands) in a_history()) {
        let mut item = item([created_low_at(stock, 5)]);
        for (minutes, command) in commands {
            let context = at(minutes_after(minutes));
            let first = item.decide(command.clone(), &context);
            first.iter().flatten().for_each(|event| item.apply(event));
            if matches!(command, StockCommand::Adjust { .. }) {
                continue;
            }
            match item.decide(command, &context) {
                Ok(events) => prop_assert_eq!(events, []),
                Err(again) => {
                    let ended = matches!(again, StockRejection::ReservationNotFound { .. });
                    prop_assert!(ended || first == Err(again));
                }
            }
        }
    }
}
