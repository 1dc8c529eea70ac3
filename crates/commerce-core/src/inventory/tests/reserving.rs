use super::*;
use crate::error::Kind;
use crate::inventory::{Hold, StockCommand, StockRejection};

fn reserve(n: u128, quantity: u64) -> StockCommand {
    StockCommand::Reserve { order_id: order(n), quantity, expires_at: quarter_past() }
}

#[test]
fn reserving_keeps_stock_for_the_order_without_moving_it() {
    given::<StockItem>([created(5)]).when(reserve(1, 2)).then([reserved(1, 2)]).then_state(|item| {
        assert_eq!((item.on_hand(), item.reserved(), item.available()), (5, 2, 3));
        assert_eq!(item.hold(order(1)), Some(Hold { quantity: 2, expires_at: quarter_past() }));
    });
}

#[test]
fn the_last_piece_can_be_reserved() {
    given::<StockItem>([created_low_at(0, 0), adjusted(5), reserved(1, 4)])
        .when(reserve(2, 1))
        .then_state(|item| assert_eq!(item.available(), 0));
}

#[test]
fn more_than_is_available_is_refused_and_says_how_many_there_are() {
    given::<StockItem>([created(5), reserved(1, 3)])
        .when(reserve(2, 3))
        .then_rejected(StockRejection::InsufficientStock { sku: lamp(), requested: 3, available: 2 });
}

#[test]
fn too_little_stock_is_a_conflict_with_a_stable_code() {
    let rejection = StockRejection::InsufficientStock { sku: lamp(), requested: 3, available: 2 };
    assert_eq!((rejection.code(), rejection.kind()), ("insufficient_stock", Kind::Conflict));
    assert_eq!(rejection.to_string(), "3 of LAMP-1 were asked for, but 2 are available");
}

#[test]
fn the_largest_number_is_refused_like_any_other() {
    given::<StockItem>([created(5), reserved(1, 3)])
        .when(reserve(2, u64::MAX))
        .then_rejected(StockRejection::InsufficientStock { sku: lamp(), requested: u64::MAX, available: 2 });
}

#[test]
fn nothing_cant_be_reserved() {
    given::<StockItem>([created(5)]).when(reserve(1, 0)).then_rejected(StockRejection::QuantityNotPositive);
    assert_eq!(StockRejection::QuantityNotPositive.code(), "must_be_positive");
}

#[test]
fn the_same_reservation_again_changes_nothing() {
    given::<StockItem>([created(5), reserved(1, 2)]).when(reserve(1, 2)).then_nothing();
}

#[test]
fn the_same_reservation_again_succeeds_even_when_nothing_is_left() {
    given::<StockItem>([created(2), reserved(1, 2)]).when(reserve(1, 2)).then_nothing();
}

#[test]
fn a_repeat_with_another_expiry_leaves_the_first_one() {
    let later = StockCommand::Reserve { order_id: order(1), quantity: 2, expires_at: minutes_after(60) };
    given::<StockItem>([created(5), reserved(1, 2)]).when(later).then_nothing();
}

#[test]
fn a_repeat_after_the_time_is_up_still_changes_nothing() {
    given::<StockItem>([created(5), reserved(1, 2)]).at(minutes_after(16)).when(reserve(1, 2)).then_nothing();
}

#[test]
fn another_quantity_for_the_same_order_is_refused() {
    given::<StockItem>([created(5), reserved(1, 2)])
        .when(reserve(1, 3))
        .then_rejected(StockRejection::ReservedDifferently { order_id: order(1), held: 2, requested: 3 });
}

#[test]
fn a_reservation_that_would_be_over_already_is_refused() {
    for now in [quarter_past(), minutes_after(16)] {
        given::<StockItem>([created(5)])
            .at(now)
            .when(reserve(1, 1))
            .then_rejected(StockRejection::ExpiresInThePast { expires_at: quarter_past() });
    }
}

#[test]
fn each_order_has_its_own_reservation() {
    let item = item([created(5), reserved(1, 2), reserved(2, 3)]);
    let holds: Vec<_> = item.holds().map(|(order_id, hold)| (order_id, hold.quantity)).collect();
    assert_eq!(holds, [(order(1), 2), (order(2), 3)]);
    assert_eq!((item.reserved(), item.available()), (5, 0));
}

#[test]
fn what_one_order_gave_back_another_can_have() {
    given::<StockItem>([created(2), reserved(1, 2), released(1, 2)])
        .when(reserve(2, 2))
        .then_state(|item| assert_eq!(item.reserved(), 2));
}

#[test]
fn a_rejected_reservation_in_the_log_changes_nothing() {
    let rejected = StockEvent::StockReservationRejected { order_id: order(9), requested: 8, available: 5 };
    assert_eq!(item([created(5), rejected]), item([created(5)]));
}
