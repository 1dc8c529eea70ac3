use super::*;
use crate::inventory::{StockCommand, StockRejection};

fn reserve(n: u128, quantity: u64) -> StockCommand {
    StockCommand::Reserve { order_id: order(n), quantity, expires_at: quarter_past() }
}

fn adjust(quantity: i64) -> StockCommand {
    StockCommand::Adjust { quantity, reason: reason("counted") }
}

fn settings(reorder_level: u32, reorder_quantity: u32) -> StockCommand {
    StockCommand::ChangeReorderSettings { reorder_level, reorder_quantity }
}

fn warned(available: u64, reorder_level: u32) -> StockEvent {
    StockEvent::LowStockDetected { sku: lamp(), available, reorder_level, reorder_quantity: 100 }
}

#[test]
fn reserving_down_to_the_level_warns() {
    given::<StockItem>([created_low_at(12, 10)]).when(reserve(1, 2)).then([reserved(1, 2), warned(10, 10)]);
}

#[test]
fn reserving_past_the_level_warns_once_with_what_is_left() {
    given::<StockItem>([created_low_at(12, 10)]).when(reserve(1, 12)).then([reserved(1, 12), warned(0, 10)]);
}

#[test]
fn one_above_the_level_is_no_warning() {
    given::<StockItem>([created_low_at(12, 10)]).when(reserve(1, 1)).then([reserved(1, 1)]);
}

#[test]
fn what_is_low_already_warns_no_more() {
    given::<StockItem>([created_low_at(12, 10), reserved(1, 2)]).when(reserve(2, 1)).then([reserved(2, 1)]);
    given::<StockItem>([created_low_at(12, 10), reserved(1, 2)]).when(adjust(-1)).then([adjusted(-1)]);
}

#[test]
fn what_was_low_from_the_start_warns_no_more() {
    given::<StockItem>([created_low_at(5, 10)]).when(reserve(1, 1)).then([reserved(1, 1)]);
}

#[test]
fn writing_off_to_the_level_warns() {
    given::<StockItem>([created_low_at(12, 10)]).when(adjust(-3)).then([adjusted(-3), warned(9, 10)]);
}

#[test]
fn it_warns_again_after_it_has_recovered() {
    given::<StockItem>([created_low_at(11, 10), reserved(1, 1), warned(10, 10), released(1, 1)])
        .when(reserve(2, 1))
        .then([reserved(2, 1), warned(10, 10)]);
}

#[test]
fn confirming_releasing_and_restocking_never_warn() {
    let low = [created_low_at(12, 10), reserved(1, 2), warned(10, 10)];
    given::<StockItem>(low.clone())
        .when(StockCommand::Confirm { order_id: order(1) })
        .then([confirmed(1, 2)]);
    given::<StockItem>(low.clone())
        .when(StockCommand::Release { order_id: order(1), reason: reason("changed their mind") })
        .then([released(1, 2)]);
    given::<StockItem>(low).when(adjust(1)).then([adjusted(1)]);
}

#[test]
fn a_level_of_zero_warns_when_nothing_is_left() {
    given::<StockItem>([created(2)]).when(reserve(1, 2)).then([reserved(1, 2), warned(0, 0)]);
}

#[test]
fn the_warning_itself_changes_no_state() {
    assert_eq!(item([created(2), warned(2, 10)]), item([created(2)]));
}

#[test]
fn an_item_is_low_at_its_level_and_below() {
    assert!(!item([created_low_at(11, 10)]).is_low());
    assert!(item([created_low_at(10, 10)]).is_low());
    assert!(item([created_low_at(11, 10), reserved(1, 1)]).is_low());
}

#[test]
fn reorder_settings_can_be_changed() {
    let changed = StockEvent::ReorderSettingsChanged { reorder_level: 3, reorder_quantity: 50 };
    given::<StockItem>([created_low_at(12, 10)]).when(settings(3, 50)).then([changed]).then_state(|item| {
        assert_eq!((item.reorder_level(), item.reorder_quantity()), (3, 50));
    });
}

#[test]
fn the_same_reorder_settings_again_change_nothing() {
    given::<StockItem>([created_low_at(12, 10)]).when(settings(10, 100)).then_nothing();
}

#[test]
fn nothing_to_reorder_is_refused() {
    let rejection =
        item([created(5)]).decide(settings(10, 0), &test_context()).expect_err("nothing to reorder");
    let StockRejection::Invalid(violations) = rejection else { panic!("{rejection}") };
    assert_eq!(
        (violations[0].pointer.as_str(), violations[0].code),
        ("/reorder_quantity", "must_be_positive")
    );
}

#[test]
fn a_level_raised_past_what_is_left_warns() {
    given::<StockItem>([created_low_at(12, 10)]).when(settings(12, 100)).then([
        StockEvent::ReorderSettingsChanged { reorder_level: 12, reorder_quantity: 100 },
        warned(12, 12),
    ]);
}

#[test]
fn a_level_raised_or_lowered_while_low_warns_no_more() {
    for level in [8, 20] {
        given::<StockItem>([created_low_at(7, 10)])
            .when(settings(level, 100))
            .then([StockEvent::ReorderSettingsChanged { reorder_level: level, reorder_quantity: 100 }]);
    }
}
