//! What an order's request does to its items: to all, or to none.
//!
//! `items` looks up the stock of a product, `None` where it was never in stock. Each function answers with the events by
//! product, only for products that have any; nothing is applied.

use super::demand::{Demand, Line};
use super::record::Reservation;
use super::shortage::Shortage;
use crate::context::Context;
use crate::id::{OrderId, ProductId};
use crate::inventory::{Reason, StockEvent, StockItem, StockRejection};
use crate::time::Timestamp;

/// The events to append, by product, in the order of their ids.
pub type Changes = Vec<(ProductId, Vec<StockEvent>)>;

/// An item that contradicts the order's record, or can't take back its goods.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("product {product_id}: {rejection}")]
pub struct RefusedLine {
    /// Which item.
    pub product_id: ProductId,
    /// Why it refused.
    pub rejection: StockRejection,
}

/// Reserves every line, or none. A line that the order holds already is no obstacle and has no event. What was handed
/// out to the order by itself, so many of a product as `handed_out` says, is put back and counts towards its line, so
/// that all of the line is reserved once.
///
/// # Errors
/// All lines that can't be reserved, and why.
pub fn reserve_all<'a>(
    order_id: OrderId,
    demand: &Demand,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    handed_out: impl Fn(ProductId) -> u64,
    expires_at: Timestamp,
    context: &Context,
) -> Result<Changes, Vec<Shortage>> {
    all(demand.lines(), |Line { product_id, quantity }| {
        let item = items(product_id).ok_or(Shortage::ProductUnknown { product_id, requested: quantity })?;
        let reserved = match handed_out(product_id) {
            0 => item.reserve(order_id, quantity, expires_at),
            out => item.reserve_again(order_id, out, quantity, expires_at, context.now()),
        };
        reserved.map_err(|rejection| shortage(product_id, quantity, rejection))
    })
}

/// What the shortages leave in the log: a StockReservationRejected on each item that is there but had too little.
pub fn record_shortages(order_id: OrderId, shortages: &[Shortage]) -> Changes {
    let rejected = shortages.iter().filter_map(|shortage| match *shortage {
        Shortage::InsufficientStock { product_id, requested, available, .. } => {
            Some((product_id, vec![StockEvent::StockReservationRejected { order_id, requested, available }]))
        }
        Shortage::ProductUnknown { .. } | Shortage::ReservedDifferently { .. } => None,
    });
    rejected.collect()
}

/// Hands out every line of the reservation, or none.
///
/// # Errors
/// All items that don't hold what the record says: somebody released or changed them one by one.
pub fn confirm_all<'a>(
    reservation: &Reservation,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
) -> Result<Changes, Vec<RefusedLine>> {
    let order_id = reservation.order_id();
    all(reservation.lines(), |Line { product_id, quantity }| {
        let confirmed = match items(product_id) {
            None => Err(StockRejection::NotFound),
            Some(item) => match item.hold(order_id) {
                Some(hold) if hold.quantity != quantity => Err(StockRejection::ReservedDifferently {
                    order_id,
                    held: hold.quantity,
                    requested: quantity,
                }),
                _ => item.confirm(order_id),
            },
        };
        confirmed.map_err(|rejection| RefusedLine { product_id, rejection })
    })
}

/// Gives back all that is still kept for the order. Lines that are no longer kept have no event.
pub fn release_all<'a>(
    reservation: &Reservation,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    reason: &Reason,
) -> Changes {
    each(reservation, items, |item| item.release(reservation.order_id(), reason))
}

/// Gives back all that is still kept for the order since its time is up, which is the caller's to check.
pub fn expire_all<'a>(
    reservation: &Reservation,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
) -> Changes {
    each(reservation, items, |item| item.expire(reservation.order_id()))
}

/// Puts every line of a confirmed reservation back on the shelf, or none: a StockAdjusted that names the order.
///
/// # Errors
/// All items that can't take it back.
pub fn restock_all<'a>(
    reservation: &Reservation,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    reason: &Reason,
    context: &Context,
) -> Result<Changes, Vec<RefusedLine>> {
    all(reservation.lines(), |Line { product_id, quantity }| {
        items(product_id)
            .ok_or(StockRejection::NotFound)
            .and_then(|item| item.take_back(reservation.order_id(), quantity, reason, context.now()))
            .map_err(|rejection| RefusedLine { product_id, rejection })
    })
}

/// The events of all lines, or every line's refusal.
fn all<E>(lines: &[Line], decide: impl Fn(Line) -> Result<Vec<StockEvent>, E>) -> Result<Changes, Vec<E>> {
    let mut changes = Changes::with_capacity(lines.len());
    let mut refused = Vec::new();
    for line in lines {
        match decide(*line) {
            Ok(events) if events.is_empty() => {}
            Ok(events) => changes.push((line.product_id, events)),
            Err(refusal) => refused.push(refusal),
        }
    }
    if refused.is_empty() { Ok(changes) } else { Err(refused) }
}

fn each<'a>(
    reservation: &Reservation,
    items: impl Fn(ProductId) -> Option<&'a StockItem>,
    decide: impl Fn(&StockItem) -> Vec<StockEvent>,
) -> Changes {
    let lines = reservation.lines().iter();
    let changes = lines.filter_map(|line| Some((line.product_id, decide(items(line.product_id)?))));
    changes.filter(|(_, events)| !events.is_empty()).collect()
}

fn shortage(product_id: ProductId, requested: u64, rejection: StockRejection) -> Shortage {
    match rejection {
        StockRejection::InsufficientStock { sku, requested, available } => {
            Shortage::InsufficientStock { product_id, sku, requested, available }
        }
        StockRejection::ReservedDifferently { held, .. } => {
            Shortage::ReservedDifferently { product_id, requested, held }
        }
        // The demand has no empty lines, so what is left is an item before its first event.
        _ => Shortage::ProductUnknown { product_id, requested },
    }
}
