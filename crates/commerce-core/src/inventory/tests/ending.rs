use super::*;
use crate::error::Kind;
use crate::inventory::{StockCommand, StockRejection};

fn confirm(n: u128) -> StockCommand {
    StockCommand::Confirm { order_id: order(n) }
}

fn release(n: u128) -> StockCommand {
    StockCommand::Release { order_id: order(n), reason: reason("changed their mind") }
}

fn expire(n: u128) -> StockCommand {
    StockCommand::Expire { order_id: order(n) }
}

#[test]
fn confirming_lowers_on_hand_and_reserved_alike() {
    given::<StockItem>([created(5), reserved(1, 2)]).when(confirm(1)).then([confirmed(1, 2)]).then_state(
        |item| {
            assert_eq!((item.on_hand(), item.reserved(), item.available()), (3, 0, 3));
            assert_eq!(item.shipped_out(), 2);
            assert!(item.hold(order(1)).is_none());
        },
    );
}

#[test]
fn releasing_gives_it_back_and_says_why() {
    given::<StockItem>([created(5), reserved(1, 2)]).when(release(1)).then([released(1, 2)]).then_state(
        |item| {
            assert_eq!((item.on_hand(), item.reserved(), item.available()), (5, 0, 5));
            assert_eq!(item.shipped_out(), 0);
        },
    );
}

#[test]
fn expiring_gives_it_back_at_the_moment_it_is_due() {
    given::<StockItem>([created(5), reserved(1, 2)])
        .at(quarter_past())
        .when(expire(1))
        .then([expired(1, 2)])
        .then_state(|item| assert_eq!((item.on_hand(), item.reserved()), (5, 0)));
}

#[test]
fn a_reservation_cant_expire_before_its_time() {
    let rejection = StockRejection::NotDue { order_id: order(1), expires_at: quarter_past() };
    assert_eq!(rejection.kind(), Kind::Retryable);
    given::<StockItem>([created(5), reserved(1, 2)])
        .at(minutes_after(14))
        .when(expire(1))
        .then_rejected(rejection);
}

#[test]
fn a_reservation_whose_time_is_up_can_be_confirmed_until_its_expiry_is_recorded() {
    given::<StockItem>([created(5), reserved(1, 2)])
        .at(minutes_after(20))
        .when(confirm(1))
        .then([confirmed(1, 2)]);
}

#[test]
fn what_was_never_reserved_cant_be_confirmed() {
    let rejection = StockRejection::ReservationNotFound { order_id: order(2) };
    assert_eq!((rejection.code(), rejection.kind()), ("reservation_not_found", Kind::NotFound));
    given::<StockItem>([created(5), reserved(1, 2)]).when(confirm(2)).then_rejected(rejection);
}

#[test]
fn what_has_ended_cant_be_confirmed() {
    for end in [confirmed(1, 2), released(1, 2), expired(1, 2)] {
        given::<StockItem>([created(5), reserved(1, 2), end])
            .when(confirm(1))
            .then_rejected(StockRejection::ReservationNotFound { order_id: order(1) });
    }
}

#[test]
fn releasing_what_is_not_kept_changes_nothing() {
    for end in [confirmed(1, 2), released(1, 2), expired(1, 2)] {
        given::<StockItem>([created(5), reserved(1, 2), end]).when(release(1)).then_nothing();
    }
    given::<StockItem>([created(5)]).when(release(1)).then_nothing();
}

#[test]
fn expiring_what_is_not_kept_changes_nothing() {
    for end in [confirmed(1, 2), released(1, 2), expired(1, 2)] {
        given::<StockItem>([created(5), reserved(1, 2), end])
            .at(minutes_after(20))
            .when(expire(1))
            .then_nothing();
    }
    given::<StockItem>([created(5)]).when(expire(1)).then_nothing();
}

#[test]
fn ending_one_reservation_leaves_the_others() {
    for end in [confirmed(1, 2), released(1, 2), expired(1, 2)] {
        let item = item([created(9), reserved(1, 2), reserved(2, 3), end]);
        assert_eq!((item.reserved(), item.holds().len()), (3, 1));
        assert!(item.hold(order(2)).is_some());
    }
}

#[test]
fn an_item_forgets_reservations_that_have_ended() {
    let mut events = vec![created(100)];
    for n in 0..100 {
        events.extend([reserved(n, 1), released(n, 1)]);
    }
    assert_eq!(item(events), item([created(100)]));
}
