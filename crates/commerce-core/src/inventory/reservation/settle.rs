//! From a request to what is written and answered.

use super::decision::{Decision, ReservationRequest};
use super::demand::Demand;
use super::items::{
    Changes, RefusedLine, confirm_all, expire_all, record_shortages, release_all, reserve_all, restock_all,
};
use super::record::{Reservation, ReservationStatus};
use super::rejection::ReservationRejection;
use super::shortage::Shortage;
use crate::context::Context;
use crate::id::{OrderId, ProductId};
use crate::inventory::StockItem;
use crate::time::Timestamp;

/// What a request comes to. Changes and record belong in one commit.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing has happened until it is committed"]
pub struct Settlement {
    /// The events to append to the items; often none.
    pub changes: Changes,
    /// The order's record to write; none when it stays as it is. A refusal may have one: a rejection is recorded.
    pub record: Option<Reservation>,
    /// Where the reservation stands now, or why the request was refused.
    pub answer: Result<ReservationStatus, ReservationRejection>,
}

/// Decides a request for an order's stock: pure, whole, and the same however often it is repeated.
///
/// `existing` is the record of the order the request is about; `items` looks up the stock of a product, `None` where it
/// was never in stock.
pub fn settle<'a>(
    existing: Option<&Reservation>,
    request: &ReservationRequest,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    context: &Context,
) -> Settlement {
    settle_with(existing, request, items, |_| 0, context)
}

/// The same where some may have been handed out to the order already, item by item: so many of a product as
/// `handed_out` says. A Reserve that is granted takes it over: its record item by item ends in the same commit
/// ([`Reservation::taken_over`]).
pub fn settle_with<'a>(
    existing: Option<&Reservation>,
    request: &ReservationRequest,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    handed_out: impl Fn(ProductId) -> u64,
    context: &Context,
) -> Settlement {
    let order_id = request.order_id();
    let decision = Reservation::decide(existing, request, context);
    match (decision, existing, request) {
        (Decision::Refuse(rejection), _, _) => Settlement::refused(rejection),
        (Decision::Reserve, _, ReservationRequest::Reserve { demand, expires_at, .. }) => {
            let changes = reserve_all(order_id, demand, items, handed_out, *expires_at, context);
            reserved(order_id, demand, changes, *expires_at)
        }
        (Decision::RecordRelease, _, _) => Settlement::recorded(Changes::new(), Reservation::never(order_id)),
        (Decision::Confirm, Some(record), _) => {
            moved(record, confirm_all(record, items), ReservationStatus::Confirmed)
        }
        (Decision::Release, Some(record), ReservationRequest::Release { reason, .. }) => {
            moved(record, Ok(release_all(record, items, reason)), ReservationStatus::Released)
        }
        (Decision::Restock, Some(record), ReservationRequest::Release { reason, .. }) => {
            moved(record, restock_all(record, items, reason, context), ReservationStatus::Released)
        }
        (Decision::Expire, Some(record), _) => {
            moved(record, Ok(expire_all(record, items)), ReservationStatus::Expired)
        }
        (Decision::Keep, Some(record), _) => Settlement::kept(record),
        // decide() gives no other pairs: what is left is a decision about a record that isn't there.
        _ => Settlement::refused(ReservationRejection::NotFound { order_id }),
    }
}

fn reserved(
    order_id: OrderId,
    demand: &Demand,
    changes: Result<Changes, Vec<Shortage>>,
    expires_at: Timestamp,
) -> Settlement {
    match changes {
        Ok(changes) => Settlement::recorded(changes, Reservation::active(order_id, demand, expires_at)),
        Err(shortages) => Settlement {
            changes: record_shortages(order_id, &shortages),
            record: Some(Reservation::rejected(order_id, demand, shortages.clone())),
            answer: Err(ReservationRejection::Rejected { order_id, shortages }),
        },
    }
}

fn moved(
    record: &Reservation,
    changes: Result<Changes, Vec<RefusedLine>>,
    status: ReservationStatus,
) -> Settlement {
    match changes {
        Ok(changes) => Settlement::recorded(changes, record.now(status)),
        Err(lines) => {
            Settlement::refused(ReservationRejection::ItemsRefuse { order_id: record.order_id(), lines })
        }
    }
}

impl Settlement {
    fn recorded(changes: Changes, record: Reservation) -> Self {
        Self { changes, answer: Ok(record.status()), record: Some(record) }
    }

    fn kept(record: &Reservation) -> Self {
        Self { changes: Changes::new(), record: None, answer: Ok(record.status()) }
    }

    pub(super) fn refused(rejection: ReservationRejection) -> Self {
        Self { changes: Changes::new(), record: None, answer: Err(rejection) }
    }
}
