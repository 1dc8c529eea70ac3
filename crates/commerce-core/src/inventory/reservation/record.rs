//! What became of an order's request for stock.

use serde::{Deserialize, Serialize};

use super::demand::{Demand, Line};
use super::shortage::Shortage;
use crate::id::{OrderId, ProductId};
use crate::time::Timestamp;

/// What became of an order's request for stock: one document per order, beside the items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reservation {
    order_id: OrderId,
    status: ReservationStatus,
    lines: Vec<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    shortages: Vec<Shortage>,
}

/// Where a reservation stands. `Released`, `Expired` and `Rejected` are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationStatus {
    /// The stock is kept.
    Active,
    /// The stock was handed out.
    Confirmed,
    /// The stock was given back, or will never be kept since the release came first.
    Released,
    /// The stock was given back since the time was up.
    Expired,
    /// There was too little; nothing was kept.
    Rejected,
    /// The order has asked for nothing yet, but items were kept for it one by one, each under a record of its own. For
    /// what the order asks as a whole it is as if there were no record.
    ItemByItem,
}

impl Reservation {
    /// The order it is for.
    pub fn order_id(&self) -> OrderId {
        self.order_id
    }

    /// Where it stands.
    pub fn status(&self) -> ReservationStatus {
        self.status
    }

    /// What was asked for, by product. None when the release came before the request.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Until when the stock is kept; none if it never was.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Why it was rejected, line by line.
    pub fn shortages(&self) -> &[Shortage] {
        &self.shortages
    }

    /// Whether stock is kept and the time is up.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.status == ReservationStatus::Active
            && self.expires_at.is_some_and(|expires_at| expires_at <= now)
    }

    /// Whether the release came before the request.
    pub fn released_before_reserved(&self) -> bool {
        self.status == ReservationStatus::Released && self.lines.is_empty()
    }

    /// Whether nothing is kept and nothing was handed out: it was given back, or never kept.
    pub fn came_to_nothing(&self) -> bool {
        !matches!(self.status, ReservationStatus::Active | ReservationStatus::Confirmed)
    }

    /// Whether the product is kept for the order, or was handed out to it, as a part of this reservation.
    pub fn has(&self, product_id: ProductId) -> bool {
        !self.came_to_nothing() && self.lines.iter().any(|line| line.product_id == product_id)
    }

    /// The record of an order that has asked for nothing yet, and for which items are kept one by one. It is written
    /// whenever one is, so that the order's own request finds out.
    pub fn item_by_item(order_id: OrderId) -> Self {
        Self { status: ReservationStatus::ItemByItem, ..Self::never(order_id) }
    }

    /// The record of a single item once the whole order's reservation has taken over what it keeps.
    pub fn taken_over(&self) -> Self {
        self.now(ReservationStatus::Released)
    }

    pub(super) fn active(order_id: OrderId, demand: &Demand, expires_at: Timestamp) -> Self {
        Self {
            order_id,
            status: ReservationStatus::Active,
            lines: demand.lines().to_vec(),
            expires_at: Some(expires_at),
            shortages: Vec::new(),
        }
    }

    pub(super) fn rejected(order_id: OrderId, demand: &Demand, shortages: Vec<Shortage>) -> Self {
        Self {
            order_id,
            status: ReservationStatus::Rejected,
            lines: demand.lines().to_vec(),
            expires_at: None,
            shortages,
        }
    }

    pub(super) fn never(order_id: OrderId) -> Self {
        Self {
            order_id,
            status: ReservationStatus::Released,
            lines: Vec::new(),
            expires_at: None,
            shortages: Vec::new(),
        }
    }

    pub(super) fn now(&self, status: ReservationStatus) -> Self {
        Self { status, ..self.clone() }
    }
}
