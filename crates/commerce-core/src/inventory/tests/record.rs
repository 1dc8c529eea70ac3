//! The state machine alone: every status against every request.

use super::*;
use crate::error::Kind;
use crate::inventory::StockRejection;
use crate::inventory::reservation::{
    Decision, RefusedLine, ReservationRejection as Rejection, ReservationStatus as Status, Shortage,
};

fn shortage() -> Shortage {
    Shortage::InsufficientStock { product_id: product(1), sku: lamp(), requested: 2, available: 1 }
}

/// Order 1's record of `[line(1, 2)]` in each status.
fn in_status(status: Status) -> Reservation {
    let stock = if status == Status::Rejected { 1 } else { 5 };
    let mut warehouse = Warehouse::with([stock]);
    let _ = warehouse.settle(&reserve(1, [line(1, 2)]));
    let _ = match status {
        Status::Active | Status::Rejected => return warehouse.record(1).clone(),
        Status::Confirmed => warehouse.settle(&confirm(1)),
        Status::Released => warehouse.settle(&release(1)),
        Status::Expired => warehouse.settle_at(quarter_past(), &expire(1)),
        Status::ItemByItem => return Reservation::item_by_item(order(1)),
    };
    warehouse.record(1).clone()
}

fn released_first() -> Reservation {
    let mut warehouse = Warehouse::default();
    warehouse.settle(&release(1)).record.unwrap()
}

fn decide(existing: &Reservation, request: &ReservationRequest) -> Decision {
    Reservation::decide(Some(existing), request, &at(quarter_past()))
}

fn first(request: &ReservationRequest) -> Decision {
    Reservation::decide(None, request, &test_context())
}

#[test]
fn stock_is_kept_for_fifteen_minutes_unless_said_otherwise() {
    assert_eq!(crate::inventory::reservation::DEFAULT_DURATION, Duration::from_secs(900));
    assert_eq!(noon().plus(crate::inventory::reservation::DEFAULT_DURATION), quarter_past());
}

#[test]
fn each_status_is_reached() {
    for status in [Status::Active, Status::Confirmed, Status::Released, Status::Expired, Status::Rejected] {
        let record = in_status(status);
        assert_eq!((record.status(), record.lines()), (status, [line(1, 2)].as_slice()));
    }
}

#[test]
fn a_first_request_to_reserve_is_tried() {
    assert_eq!(first(&reserve(1, [line(1, 2)])), Decision::Reserve);
}

#[test]
fn a_first_request_that_would_expire_at_once_is_refused() {
    let rejection = Rejection::ExpiresInThePast { order_id: order(1), expires_at: quarter_past() };
    let late = Reservation::decide(None, &reserve(1, [line(1, 2)]), &at(quarter_past()));
    assert_eq!(late, Decision::Refuse(rejection));
}

#[test]
fn what_is_unknown_cant_be_confirmed() {
    assert_eq!(first(&confirm(1)), Decision::Refuse(Rejection::NotFound { order_id: order(1) }));
}

#[test]
fn what_is_unknown_cant_expire() {
    assert_eq!(first(&expire(1)), Decision::Refuse(Rejection::NotFound { order_id: order(1) }));
}

#[test]
fn a_release_that_comes_first_is_recorded() {
    assert_eq!(first(&release(1)), Decision::RecordRelease);
}

#[test]
fn a_repeated_reserve_keeps_what_is_active_or_confirmed() {
    for status in [Status::Active, Status::Confirmed] {
        assert_eq!(decide(&in_status(status), &reserve(1, [line(1, 2)])), Decision::Keep);
    }
}

#[test]
fn a_repeated_reserve_is_rejected_as_the_first_was() {
    let rejection = Rejection::Rejected { order_id: order(1), shortages: vec![shortage()] };
    assert_eq!(decide(&in_status(Status::Rejected), &reserve(1, [line(1, 2)])), Decision::Refuse(rejection));
}

#[test]
fn a_repeated_reserve_learns_that_the_stock_is_no_longer_kept() {
    let order_id = order(1);
    let again = reserve(1, [line(1, 2)]);
    assert_eq!(
        decide(&in_status(Status::Released), &again),
        Decision::Refuse(Rejection::Released { order_id })
    );
    assert_eq!(
        decide(&in_status(Status::Expired), &again),
        Decision::Refuse(Rejection::Expired { order_id })
    );
}

#[test]
fn a_reserve_of_something_else_is_refused_in_every_status() {
    for status in [Status::Active, Status::Confirmed, Status::Released, Status::Expired, Status::Rejected] {
        let other = reserve(1, [line(1, 3)]);
        let rejection = Rejection::Differs { order_id: order(1) };
        assert_eq!(decide(&in_status(status), &other), Decision::Refuse(rejection));
    }
}

#[test]
fn a_reserve_after_its_release_is_refused_whatever_it_asks_for() {
    let rejection = Rejection::ReleasedBeforeReserved { order_id: order(1) };
    assert_eq!(rejection.code(), "released_before_reserved");
    assert_eq!(decide(&released_first(), &reserve(1, [line(1, 2)])), Decision::Refuse(rejection));
}

#[test]
fn confirm_hands_out_what_is_active_even_if_it_is_due() {
    assert!(in_status(Status::Active).is_due(quarter_past()));
    assert_eq!(decide(&in_status(Status::Active), &confirm(1)), Decision::Confirm);
}

#[test]
fn a_repeated_confirm_keeps_what_is_confirmed() {
    assert_eq!(decide(&in_status(Status::Confirmed), &confirm(1)), Decision::Keep);
}

#[test]
fn what_has_ended_otherwise_cant_be_confirmed_and_the_code_says_how_it_ended() {
    let cases = [
        (in_status(Status::Released), "reservation_released"),
        (released_first(), "reservation_released"),
        (in_status(Status::Expired), "reservation_expired"),
        (in_status(Status::Rejected), "insufficient_stock"),
    ];
    for (record, code) in cases {
        let Decision::Refuse(rejection) = decide(&record, &confirm(1)) else { panic!("{record:?}") };
        assert_eq!((rejection.code(), rejection.kind()), (code, Kind::Conflict));
    }
}

#[test]
fn release_gives_back_what_is_active_and_puts_back_what_is_confirmed() {
    assert_eq!(decide(&in_status(Status::Active), &release(1)), Decision::Release);
    assert_eq!(decide(&in_status(Status::Confirmed), &release(1)), Decision::Restock);
}

#[test]
fn release_has_nothing_to_do_where_nothing_is_kept() {
    for status in [Status::Released, Status::Expired, Status::Rejected] {
        assert_eq!(decide(&in_status(status), &release(1)), Decision::Keep);
    }
    assert_eq!(decide(&released_first(), &release(1)), Decision::Keep);
}

#[test]
fn expire_gives_back_what_is_active_and_due() {
    assert_eq!(decide(&in_status(Status::Active), &expire(1)), Decision::Expire);
}

#[test]
fn expire_comes_too_early_a_moment_before() {
    let early = Timestamp::from_micros(quarter_past().as_micros() - 1);
    let record = in_status(Status::Active);
    assert!(!record.is_due(early));
    let rejection = Rejection::NotDue { order_id: order(1), expires_at: quarter_past() };
    assert_eq!((rejection.code(), rejection.kind()), ("reservation_not_due", Kind::Retryable));
    assert_eq!(Reservation::decide(Some(&record), &expire(1), &at(early)), Decision::Refuse(rejection));
}

#[test]
fn expire_does_nothing_to_what_is_confirmed_or_has_ended() {
    for status in [Status::Confirmed, Status::Released, Status::Expired, Status::Rejected] {
        assert_eq!(decide(&in_status(status), &expire(1)), Decision::Keep);
        assert!(!in_status(status).is_due(minutes_after(60)));
    }
    assert_eq!(decide(&released_first(), &expire(1)), Decision::Keep);
}

#[test]
fn a_request_knows_its_order() {
    for request in [reserve(3, [line(1, 1)]), confirm(3), release(3), expire(3)] {
        assert_eq!(request.order_id(), order(3));
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    for status in [Status::Active, Status::Confirmed, Status::Released, Status::Expired, Status::Rejected] {
        let record = in_status(status);
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Reservation>(&text).unwrap(), record);
    }
}

#[test]
fn a_record_says_its_status_in_lower_case_and_leaves_out_what_it_has_not() {
    let value = serde_json::to_value(released_first()).unwrap();
    let expected = serde_json::json!({
        "order_id": "00000000-0000-0000-0000-000000000001", "status": "released", "lines": []
    });
    assert_eq!(value, expected);
}

#[test]
fn a_request_travels_as_json() {
    for request in [reserve(3, [line(1, 1)]), confirm(3), release(3), expire(3)] {
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(serde_json::from_str::<ReservationRequest>(&text).unwrap(), request);
    }
}

#[test]
fn a_rejection_of_several_lines_has_the_code_that_stands_for_too_little_stock_if_any_does() {
    let unknown = Shortage::ProductUnknown { product_id: product(7), requested: 1 };
    let code = |shortages| Rejection::Rejected { order_id: order(1), shortages }.code();
    assert_eq!(code(vec![unknown.clone(), shortage()]), "insufficient_stock");
    assert_eq!(code(vec![shortage(), unknown.clone()]), "insufficient_stock");
    assert_eq!(code(vec![unknown.clone(), unknown]), "product_unknown");
}

#[test]
fn every_refusal_has_a_code_a_kind_and_a_sentence_that_names_the_order() {
    let order_id = order(1);
    let line = RefusedLine { product_id: product(1), rejection: StockRejection::NotFound };
    let all = [
        (Rejection::NotFound { order_id }, "reservation_not_found", Kind::NotFound),
        (Rejection::Rejected { order_id, shortages: vec![shortage()] }, "insufficient_stock", Kind::Conflict),
        (Rejection::ReleasedBeforeReserved { order_id }, "released_before_reserved", Kind::Conflict),
        (Rejection::Released { order_id }, "reservation_released", Kind::Conflict),
        (Rejection::Expired { order_id }, "reservation_expired", Kind::Conflict),
        (Rejection::Differs { order_id }, "reservation_differs", Kind::Conflict),
        (Rejection::ExpiresInThePast { order_id, expires_at: noon() }, "expires_in_the_past", Kind::Invalid),
        (Rejection::NotDue { order_id, expires_at: noon() }, "reservation_not_due", Kind::Retryable),
        (Rejection::ItemsRefuse { order_id, lines: vec![line] }, "items_refuse", Kind::Conflict),
    ];
    for (rejection, code, kind) in &all {
        assert_eq!((rejection.code(), rejection.kind()), (*code, *kind));
        assert!(rejection.to_string().contains(&order_id.to_string()), "{rejection}");
    }
}
