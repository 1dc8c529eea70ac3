//! An item that is kept for an order by itself.

use super::*;
use crate::inventory::reservation::{ReservationRejection, ReservationStatus, settle_alone, settle_with};

/// One item, its record for order 1, and that of the whole order.
struct Shelf {
    item: StockItem,
    record: Option<Reservation>,
    whole: Option<Reservation>,
}

impl Shelf {
    fn with(stock: u32) -> Self {
        Self { item: item([created(stock)]), record: None, whole: None }
    }

    fn ask_at(&mut self, now: Timestamp, request: &ReservationRequest) -> Settlement {
        let settlement = settle_alone(
            self.record.as_ref(),
            self.whole.as_ref(),
            product(1),
            request,
            Some(&self.item),
            &at(now),
        );
        for (_, events) in &settlement.changes {
            events.iter().for_each(|event| self.item.apply(event));
        }
        self.record = settlement.record.clone().or(self.record.take());
        settlement
    }

    fn ask(&mut self, request: &ReservationRequest) -> Result<ReservationStatus, ReservationRejection> {
        self.ask_at(noon(), request).answer
    }

    fn counts(&self) -> (u64, u64) {
        (self.item.on_hand(), self.item.reserved())
    }
}

fn some(quantity: u64) -> ReservationRequest {
    reserve(1, [line(1, quantity)])
}

#[test]
fn it_is_kept_handed_out_and_put_back() {
    let mut shelf = Shelf::with(5);
    assert_eq!(shelf.ask(&some(2)), Ok(ReservationStatus::Active));
    assert_eq!(shelf.counts(), (5, 2));
    assert_eq!(shelf.ask(&confirm(1)), Ok(ReservationStatus::Confirmed));
    assert_eq!(shelf.counts(), (3, 0));
    assert_eq!(shelf.ask(&release(1)), Ok(ReservationStatus::Released));
    assert_eq!(shelf.counts(), (5, 0));
    assert!(shelf.item.conservation_holds());
}

#[test]
fn the_same_again_changes_nothing() {
    let mut shelf = Shelf::with(5);
    for request in [some(2), confirm(1), release(1)] {
        let first = shelf.ask(&request);
        let again = shelf.ask_at(noon(), &request);
        assert_eq!((again.answer, again.changes), (first, nothing()));
    }
}

#[test]
fn another_quantity_is_refused_while_it_is_kept() {
    let mut shelf = Shelf::with(5);
    shelf.ask(&some(2)).unwrap();
    assert_eq!(shelf.ask(&some(3)), Err(ReservationRejection::Differs { order_id: order(1) }));
}

#[test]
fn too_much_leaves_a_trace_and_no_record_so_that_less_can_be_asked_for() {
    let mut shelf = Shelf::with(5);
    let refused = shelf.ask_at(noon(), &some(6));
    assert_eq!(refused.answer.as_ref().unwrap_err().code(), "insufficient_stock");
    let trace = StockEvent::StockReservationRejected { order_id: order(1), requested: 6, available: 5 };
    assert_eq!((refused.changes, refused.record), (vec![(product(1), vec![trace])], None));
    assert_eq!(shelf.ask(&some(5)), Ok(ReservationStatus::Active));
}

#[test]
fn what_came_to_nothing_can_be_reserved_anew() {
    let mut shelf = Shelf::with(5);
    shelf.ask(&some(2)).unwrap();
    shelf.ask(&release(1)).unwrap();
    assert_eq!(shelf.ask(&some(4)), Ok(ReservationStatus::Active));
    assert_eq!(shelf.counts(), (5, 4));
}

#[test]
fn it_expires_when_it_is_due_and_can_then_not_be_confirmed() {
    let mut shelf = Shelf::with(5);
    shelf.ask(&some(2)).unwrap();
    assert_eq!(shelf.ask(&expire(1)).unwrap_err().code(), "reservation_not_due");
    assert_eq!(shelf.ask_at(quarter_past(), &expire(1)).answer, Ok(ReservationStatus::Expired));
    assert_eq!(shelf.counts(), (5, 0));
    assert_eq!(shelf.ask(&confirm(1)), Err(ReservationRejection::Expired { order_id: order(1) }));
}

#[test]
fn what_was_never_reserved_is_neither_handed_out_nor_given_back() {
    let mut shelf = Shelf::with(5);
    let not_found = Err(ReservationRejection::NotFound { order_id: order(1) });
    assert_eq!(shelf.ask(&confirm(1)), not_found);
    assert_eq!(shelf.ask(&release(1)), not_found);
    assert_eq!(shelf.ask(&some(1)), Ok(ReservationStatus::Active));
}

#[test]
fn what_the_whole_order_keeps_is_left_to_its_checkout() {
    let mut shelf = Shelf { item: item([created(5), reserved(1, 2)]), ..Shelf::with(0) };
    for request in [some(2), confirm(1), release(1)] {
        let refused = shelf.ask_at(noon(), &request);
        assert_eq!(refused.answer, Err(ReservationRejection::ReservedAsAWhole { order_id: order(1) }));
        assert_eq!((refused.changes, refused.record), (nothing(), None));
    }
}

#[test]
fn what_a_checkout_took_over_no_longer_expires_by_itself() {
    let mut shelf = Shelf::with(5);
    shelf.ask(&some(2)).unwrap();
    shelf.record = shelf.record.map(|record| record.taken_over());
    let late = shelf.ask_at(quarter_past(), &expire(1));
    assert_eq!((late.answer, late.changes), (Ok(ReservationStatus::Released), nothing()));
    assert_eq!(shelf.counts(), (5, 2));
}

#[test]
fn what_the_whole_order_was_handed_out_is_left_to_it_too() {
    let mut warehouse = Warehouse::with([5]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    let _ = warehouse.settle(&confirm(1));
    let mut shelf =
        Shelf { item: warehouse.item(1).clone(), record: None, whole: Some(warehouse.record(1).clone()) };
    for request in [some(2), confirm(1), release(1)] {
        let refused = shelf.ask_at(noon(), &request);
        assert_eq!(refused.answer, Err(ReservationRejection::ReservedAsAWhole { order_id: order(1) }));
        assert_eq!((refused.changes, refused.record), (nothing(), None));
    }
}

#[test]
fn what_was_handed_out_by_itself_counts_towards_the_whole_order() {
    let out = item([created(5), reserved(1, 2), confirmed(1, 2)]);
    let marker = Reservation::item_by_item(order(1));
    let reserve_all = |handed_out: u64, asked: u64| {
        let request = reserve(1, [line(1, asked)]);
        let settlement = settle_with(Some(&marker), &request, |_| Some(&out), |_| handed_out, &at(noon()));
        let mut item = out.clone();
        settlement.changes.iter().flat_map(|(_, events)| events).for_each(|event| item.apply(event));
        (settlement.answer.map_err(|rejection| rejection.code()), item)
    };
    let (answer, item) = reserve_all(2, 2);
    assert_eq!((answer, item.on_hand(), item.reserved()), (Ok(ReservationStatus::Active), 5, 2));
    assert!(item.conservation_holds());
    let (answer, item) = reserve_all(2, 5);
    assert_eq!((answer, item.on_hand(), item.reserved()), (Ok(ReservationStatus::Active), 5, 5));
    let (answer, item) = reserve_all(2, 6);
    assert_eq!((answer, item.on_hand(), item.reserved()), (Err("insufficient_stock"), 3, 0));
    let (answer, item) = reserve_all(2, 1);
    assert_eq!((answer, item.on_hand(), item.reserved()), (Err("reserved_differently"), 3, 0));
}

#[test]
fn an_order_that_was_served_item_by_item_has_asked_for_nothing_as_a_whole() {
    let marker = Reservation::item_by_item(order(1));
    let settle = |request: &ReservationRequest| settle(Some(&marker), request, |_| None, &at(noon()));
    let not_found = Err(ReservationRejection::NotFound { order_id: order(1) });
    assert_eq!(settle(&confirm(1)).answer, not_found);
    assert_eq!(settle(&expire(1)).answer, not_found);
    let released = settle(&release(1)).record.unwrap();
    assert!(released.released_before_reserved());
}
