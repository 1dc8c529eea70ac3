//! The state machine with its effects: what is written, and what is answered.

use super::*;
use crate::inventory::StockRejection;
use crate::inventory::reservation::{
    RefusedLine, ReservationRejection as Rejection, ReservationStatus as Status, Shortage,
};

#[test]
fn a_reservation_is_kept_and_recorded_in_one_go() {
    let mut warehouse = Warehouse::with([5, 5]);
    let settlement = warehouse.settle(&reserve(1, [line(1, 2), line(2, 1)]));
    assert_eq!(settlement.answer, Ok(Status::Active));
    assert_eq!(settlement.changes.len(), 2);
    let record = settlement.record.unwrap();
    assert_eq!((record.order_id(), record.lines()), (order(1), [line(1, 2), line(2, 1)].as_slice()));
    assert_eq!((record.expires_at(), record.shortages()), (Some(quarter_past()), [].as_slice()));
    assert_eq!(warehouse.available(), [3, 4]);
}

#[test]
fn a_rejected_reservation_keeps_nothing_and_records_why() {
    let mut warehouse = Warehouse::with([5, 1]);
    let settlement = warehouse.settle(&reserve(1, [line(1, 2), line(2, 2), line(9, 1)]));
    let shortages = vec![
        Shortage::InsufficientStock { product_id: product(2), sku: lamp(), requested: 2, available: 1 },
        Shortage::ProductUnknown { product_id: product(9), requested: 1 },
    ];
    let rejected = StockEvent::StockReservationRejected { order_id: order(1), requested: 2, available: 1 };
    assert_eq!(settlement.changes, [(product(2), vec![rejected])]);
    assert_eq!(
        settlement.answer,
        Err(Rejection::Rejected { order_id: order(1), shortages: shortages.clone() })
    );
    let record = warehouse.record(1);
    assert_eq!((record.status(), record.shortages()), (Status::Rejected, shortages.as_slice()));
    assert_eq!(record.expires_at(), None);
    assert_eq!(warehouse.available(), [5, 1]);
}

#[test]
fn a_repeated_rejection_is_answered_alike_and_leaves_no_second_event() {
    let mut warehouse = Warehouse::with([1]);
    let first = warehouse.settle(&reserve(1, [line(1, 2)]));
    warehouse.commit([(product(1), vec![adjusted(50)])]);
    let second = warehouse.settle(&reserve(1, [line(1, 2)]));
    assert_eq!(second.answer, first.answer);
    assert_eq!((second.changes, second.record), (nothing(), None));
}

#[test]
fn a_confirmed_reservation_has_left_the_house() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    let settlement = warehouse.settle(&confirm(1));
    assert_eq!(settlement.answer, Ok(Status::Confirmed));
    assert_eq!(warehouse.record(1).status(), Status::Confirmed);
    assert_eq!((warehouse.item(1).on_hand(), warehouse.item(1).reserved()), (3, 0));
}

#[test]
fn a_released_reservation_is_available_again() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    assert_eq!(warehouse.settle(&release(1)).answer, Ok(Status::Released));
    assert_eq!(warehouse.available(), [5]);
}

#[test]
fn an_expired_reservation_is_available_again() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    assert_eq!(warehouse.settle_at(quarter_past(), &expire(1)).answer, Ok(Status::Expired));
    assert_eq!(warehouse.available(), [5]);
}

#[test]
fn releasing_a_confirmed_reservation_puts_the_goods_back_on_the_shelf() {
    let mut warehouse = Warehouse::with([5, 5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2), line(2, 1)]));
    let _ = warehouse.settle(&confirm(1));
    assert_eq!(warehouse.available(), [3, 4]);
    let settlement = warehouse.settle(&release(1));
    assert_eq!(settlement.answer, Ok(Status::Released));
    assert_eq!(warehouse.available(), [5, 5]);
    let item = warehouse.item(1);
    assert_eq!((item.shipped_out(), item.restocked(), item.reserved()), (2, 2, 0));
    assert!(item.conservation_holds());
}

#[test]
fn goods_are_put_back_once_however_often_the_release_comes() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    let _ = warehouse.settle(&confirm(1));
    let _ = warehouse.settle(&release(1));
    let again = warehouse.settle(&release(1));
    assert_eq!((again.answer, again.changes, again.record), (Ok(Status::Released), nothing(), None));
    assert_eq!(warehouse.available(), [5]);
}

#[test]
fn goods_that_were_put_back_cant_be_confirmed_again() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    let _ = warehouse.settle(&confirm(1));
    let _ = warehouse.settle(&release(1));
    assert_eq!(warehouse.settle(&confirm(1)).answer, Err(Rejection::Released { order_id: order(1) }));
}

#[test]
fn a_confirmation_that_the_items_contradict_is_refused_and_changes_nothing() {
    let mut warehouse = Warehouse::with([5, 5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2), line(2, 1)]));
    warehouse.commit([(product(2), vec![released(1, 1)])]);
    let settlement = warehouse.settle(&confirm(1));
    let rejection = StockRejection::ReservationNotFound { order_id: order(1) };
    let lines = vec![RefusedLine { product_id: product(2), rejection }];
    assert_eq!(settlement.answer, Err(Rejection::ItemsRefuse { order_id: order(1), lines }));
    assert_eq!((settlement.changes, settlement.record), (nothing(), None));
    assert_eq!(warehouse.record(1).status(), Status::Active);
}

#[test]
fn the_last_piece_goes_to_whoever_is_settled_first() {
    let mut warehouse = Warehouse::with([1]);
    assert!(warehouse.settle(&reserve(1, [line(1, 1)])).answer.is_ok());
    assert_eq!(warehouse.settle(&reserve(2, [line(1, 1)])).answer.unwrap_err().code(), "insufficient_stock");
    let _ = warehouse.settle(&release(1));
    assert!(warehouse.settle(&reserve(3, [line(1, 1)])).answer.is_ok());
}

#[test]
fn an_order_of_a_thousand_lines_is_settled_whole() {
    let mut warehouse = Warehouse::with(vec![2; 1_000]);
    let settlement = warehouse.settle(&reserve(1, (1..=1_000).map(|n| line(n, 1))));
    assert_eq!((settlement.answer, settlement.changes.len()), (Ok(Status::Active), 1_000));
    assert!(warehouse.available().iter().all(|available| *available == 1));
}
