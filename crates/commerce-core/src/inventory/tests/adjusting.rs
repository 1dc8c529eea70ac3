use super::*;
use crate::inventory::{MAX_STOCK, REASON_LENGTH, StockCommand, StockRejection};

fn adjust(quantity: i64) -> StockCommand {
    StockCommand::Adjust { quantity, reason: reason("counted") }
}

#[test]
fn a_delivery_is_on_hand_and_dates_the_restock() {
    let delivered = StockEvent::StockAdjusted {
        quantity: 4,
        reason: reason("counted"),
        order_id: None,
        at: minutes_after(3),
    };
    given::<StockItem>([created(5)]).at(minutes_after(3)).when(adjust(4)).then([delivered]).then_state(
        |item| {
            assert_eq!((item.on_hand(), item.available(), item.restocked()), (9, 9, 4));
            assert_eq!(item.last_restocked_at(), Some(minutes_after(3)));
        },
    );
}

#[test]
fn a_loss_is_written_off_and_is_no_restock() {
    given::<StockItem>([created(5)]).when(adjust(-2)).then([adjusted(-2)]).then_state(|item| {
        assert_eq!((item.on_hand(), item.written_off(), item.restocked()), (3, 2, 0));
        assert_eq!(item.last_restocked_at(), None);
    });
}

#[test]
fn everything_that_is_not_reserved_can_be_written_off() {
    given::<StockItem>([created_low_at(6, 9), reserved(1, 2)])
        .when(adjust(-4))
        .then([adjusted(-4)])
        .then_state(|item| assert_eq!((item.on_hand(), item.available()), (2, 0)));
}

#[test]
fn what_is_reserved_cant_be_written_off() {
    given::<StockItem>([created(5), reserved(1, 2)])
        .when(adjust(-4))
        .then_rejected(StockRejection::BelowReserved { on_hand: 5, reserved: 2, quantity: -4 });
}

#[test]
fn the_smallest_number_is_refused_like_any_other() {
    given::<StockItem>([created(5)]).when(adjust(i64::MIN)).then_rejected(StockRejection::BelowReserved {
        on_hand: 5,
        reserved: 0,
        quantity: i64::MIN,
    });
}

#[test]
fn an_adjustment_by_nothing_is_refused() {
    given::<StockItem>([created(5)]).when(adjust(0)).then_rejected(StockRejection::NothingToAdjust);
    assert_eq!(StockRejection::NothingToAdjust.code(), "must_not_be_zero");
}

#[test]
fn stock_stays_within_what_json_counts_exactly() {
    assert_eq!(MAX_STOCK, 9_007_199_254_740_991);
    let room = i64::try_from(MAX_STOCK).unwrap() - 5;
    given::<StockItem>([created(5)])
        .when(adjust(room))
        .then_state(|item| assert_eq!(item.on_hand(), MAX_STOCK));
    let refused = StockRejection::TooMuchStock { quantity: room.unsigned_abs() + 1, limit: MAX_STOCK };
    given::<StockItem>([created(5)]).when(adjust(room + 1)).then_rejected(refused);
}

#[test]
fn what_was_written_off_counts_towards_the_limit_so_that_no_total_overflows() {
    let full = i64::try_from(MAX_STOCK).unwrap();
    given::<StockItem>([created(0), adjusted(full), adjusted(-full)])
        .when(adjust(1))
        .then_rejected(StockRejection::TooMuchStock { quantity: 1, limit: MAX_STOCK });
    given::<StockItem>([created(0), adjusted(full)])
        .when(adjust(i64::MAX))
        .then_rejected(StockRejection::TooMuchStock { quantity: i64::MAX as u64, limit: MAX_STOCK });
}

#[test]
fn every_piece_is_accounted_for_through_every_kind_of_event() {
    let item = item([
        created(10),
        reserved(1, 3),
        confirmed(1, 3),
        adjusted(20),
        adjusted(-4),
        reserved(2, 2),
        expired(2, 2),
        reserved(3, 1),
    ]);
    assert!(item.conservation_holds());
    assert_eq!(item.on_hand() + item.shipped_out() + item.written_off() - item.restocked(), item.initial());
    assert_eq!((item.on_hand(), item.shipped_out(), item.written_off(), item.restocked()), (23, 3, 4, 20));
}

#[test]
fn a_log_that_ships_more_than_there_was_is_found_out() {
    assert!(!item([created(1), reserved(1, 2), confirmed(1, 2)]).conservation_holds());
}

#[test]
fn a_reason_is_trimmed_and_never_empty() {
    assert_eq!(reason("  broken ").as_str(), "broken");
    assert_eq!(Reason::parse("  ").unwrap_err().code, "required");
    assert_eq!(Reason::parse(" ").unwrap_err().pointer, "/reason");
}

#[test]
fn a_reason_has_at_most_two_hundred_characters() {
    assert_eq!(REASON_LENGTH, 200);
    assert!(Reason::parse(&"x".repeat(200)).is_ok());
    assert_eq!(Reason::parse(&"x".repeat(201)).unwrap_err().code, "too_long");
}

#[test]
fn a_reason_is_checked_when_it_is_read() {
    assert!(serde_json::from_str::<Reason>("\"\"").is_err());
    assert_eq!(serde_json::from_str::<Reason>("\"broken\"").unwrap(), reason("broken"));
}
