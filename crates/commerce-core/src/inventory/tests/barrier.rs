//! Messages come twice, late and in the wrong order: each has its effect once or not at all.

use super::*;
use crate::inventory::reservation::{ReservationRejection as Rejection, ReservationStatus as Status};

/// Settles both and asserts that the second answered as the first and changed nothing.
#[track_caller]
fn twice(warehouse: &mut Warehouse, now: Timestamp, request: &ReservationRequest) {
    let first = warehouse.settle_at(now, request);
    let second = warehouse.settle_at(now, request);
    assert_eq!(second.answer, first.answer);
    assert_eq!((second.changes, second.record), (nothing(), None));
}

#[test]
fn a_reserve_that_comes_twice_keeps_stock_once() {
    let mut warehouse = Warehouse::with([3]);
    twice(&mut warehouse, noon(), &reserve(1, [line(1, 2)]));
    assert_eq!(warehouse.available(), [1]);
}

#[test]
fn a_confirm_that_comes_twice_hands_out_once() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    twice(&mut warehouse, noon(), &confirm(1));
    assert_eq!(warehouse.item(1).shipped_out(), 1);
}

#[test]
fn a_release_that_comes_twice_gives_back_once() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    twice(&mut warehouse, noon(), &release(1));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn an_expire_that_comes_twice_gives_back_once() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    twice(&mut warehouse, quarter_past(), &expire(1));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn a_release_before_its_reserve_is_recorded_without_lines() {
    let mut warehouse = Warehouse::with([3]);
    let settlement = warehouse.settle(&release(1));
    assert_eq!((settlement.answer, settlement.changes), (Ok(Status::Released), nothing()));
    let record = settlement.record.unwrap();
    assert!(record.released_before_reserved());
    assert_eq!(
        (record.status(), record.lines(), record.expires_at()),
        (Status::Released, [].as_slice(), None)
    );
}

#[test]
fn a_reserve_after_its_release_has_no_effect() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&release(1));
    twice(&mut warehouse, noon(), &reserve(1, [line(1, 1)]));
    let settlement = warehouse.settle(&reserve(1, [line(1, 1)]));
    assert_eq!(settlement.answer, Err(Rejection::ReleasedBeforeReserved { order_id: order(1) }));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn a_release_before_its_reserve_that_comes_twice_is_recorded_once() {
    let mut warehouse = Warehouse::with([3]);
    twice(&mut warehouse, noon(), &release(1));
}

#[test]
fn a_late_reserve_after_reserve_and_release_keeps_nothing() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle(&release(1));
    let late = warehouse.settle(&reserve(1, [line(1, 1)]));
    assert_eq!(late.answer, Err(Rejection::Released { order_id: order(1) }));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn a_late_reserve_after_the_expiry_keeps_nothing() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle_at(quarter_past(), &expire(1));
    let late = warehouse.settle_at(quarter_past(), &reserve(1, [line(1, 1)]));
    assert_eq!(late.answer, Err(Rejection::Expired { order_id: order(1) }));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn a_late_reserve_of_a_confirmed_order_is_answered_without_keeping_more() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle(&confirm(1));
    let late = warehouse.settle_at(minutes_after(60), &reserve(1, [line(1, 1)]));
    assert_eq!((late.answer, late.changes), (Ok(Status::Confirmed), nothing()));
    assert_eq!((warehouse.item(1).on_hand(), warehouse.item(1).reserved()), (2, 0));
}

#[test]
fn a_confirm_before_its_reserve_is_refused_and_doesnt_stand_in_its_way() {
    let mut warehouse = Warehouse::with([3]);
    let early = warehouse.settle(&confirm(1));
    assert_eq!(early.answer, Err(Rejection::NotFound { order_id: order(1) }));
    assert_eq!(early.record, None);
    assert_eq!(warehouse.settle(&reserve(1, [line(1, 1)])).answer, Ok(Status::Active));
    assert_eq!(warehouse.settle(&confirm(1)).answer, Ok(Status::Confirmed));
}

#[test]
fn an_expire_after_the_confirm_does_nothing() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle(&confirm(1));
    let late = warehouse.settle_at(quarter_past(), &expire(1));
    assert_eq!((late.answer, late.changes, late.record), (Ok(Status::Confirmed), nothing(), None));
    assert_eq!(warehouse.item(1).shipped_out(), 1);
}

#[test]
fn a_confirm_after_the_expiry_is_refused() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle_at(quarter_past(), &expire(1));
    let late = warehouse.settle_at(quarter_past(), &confirm(1));
    assert_eq!(late.answer, Err(Rejection::Expired { order_id: order(1) }));
    assert_eq!(warehouse.item(1).shipped_out(), 0);
}

#[test]
fn a_release_after_the_expiry_succeeds_and_the_record_still_says_expired() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let _ = warehouse.settle_at(quarter_past(), &expire(1));
    let late = warehouse.settle_at(quarter_past(), &release(1));
    assert_eq!((late.answer, late.changes, late.record), (Ok(Status::Expired), nothing(), None));
}

#[test]
fn a_release_of_what_was_rejected_succeeds_and_gives_back_nothing() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 4)]));
    let late = warehouse.settle(&release(1));
    assert_eq!((late.answer, late.changes), (Ok(Status::Rejected), nothing()));
    assert_eq!(warehouse.available(), [3]);
}

#[test]
fn an_expire_before_its_time_keeps_the_stock_and_is_settled_later() {
    let mut warehouse = Warehouse::with([3]);
    let _ = warehouse.settle(&reserve(1, [line(1, 1)]));
    let early = warehouse.settle_at(minutes_after(14), &expire(1));
    assert_eq!(early.answer.unwrap_err().code(), "reservation_not_due");
    assert_eq!(warehouse.available(), [2]);
    assert_eq!(warehouse.settle_at(quarter_past(), &expire(1)).answer, Ok(Status::Expired));
}
