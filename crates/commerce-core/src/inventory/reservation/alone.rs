//! An item that is kept for an order by itself.

use super::decision::ReservationRequest;
use super::record::Reservation;
use super::record::ReservationStatus;
use super::rejection::ReservationRejection;
use super::settle::{Settlement, settle};
use crate::context::Context;
use crate::id::ProductId;
use crate::inventory::StockItem;

/// Decides a request for one item of an order: `existing` is the record of that order and item, and a Reserve asks for
/// that item alone.
///
/// It is as [`settle`], but for people, who see the answer and may ask again, instead of messages that come late:
/// - What came to nothing can be reserved anew, in another quantity too. So a request that is rejected leaves no record,
///   only its StockReservationRejected.
/// - A Release of what was never reserved is refused, and bars nothing.
/// - What is kept or was handed out as part of the whole order, whose record is `whole`, is left to its checkout.
pub fn settle_alone(
    existing: Option<&Reservation>,
    whole: Option<&Reservation>,
    product_id: ProductId,
    request: &ReservationRequest,
    item: Option<&StockItem>,
    context: &Context,
) -> Settlement {
    let order_id = request.order_id();
    let is_expiry = matches!(request, ReservationRequest::Expire { .. });
    let is_kept = item.is_some_and(|item| item.hold(order_id).is_some());
    let is_of_whole = whole.is_some_and(|record| record.has(product_id));
    let status = existing.map(Reservation::status);
    let keeps = status == Some(ReservationStatus::Active);
    let has = keeps || status == Some(ReservationStatus::Confirmed);
    if !is_expiry && ((is_kept && !keeps) || (is_of_whole && !has)) {
        return Settlement::refused(ReservationRejection::ReservedAsAWhole { order_id });
    }
    match (existing, request) {
        (None, ReservationRequest::Reserve { .. }) => first(request, item, context),
        (Some(record), ReservationRequest::Reserve { .. }) if record.came_to_nothing() => {
            first(request, item, context)
        }
        (None, ReservationRequest::Release { .. }) => {
            Settlement::refused(ReservationRejection::NotFound { order_id })
        }
        _ => settle(existing, request, |_| item, context),
    }
}

fn first(request: &ReservationRequest, item: Option<&StockItem>, context: &Context) -> Settlement {
    let settlement = settle(None, request, |_| item, context);
    Settlement { record: settlement.record.filter(|record| !record.came_to_nothing()), ..settlement }
}
