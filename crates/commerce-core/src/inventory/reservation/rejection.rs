//! Why a request for an order's stock is refused.

use super::items::RefusedLine;
use super::shortage::Shortage;
use crate::error::Kind;
use crate::id::OrderId;
use crate::time::Timestamp;

/// Why a request for an order's stock is refused. No stock has moved then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReservationRejection {
    /// Nothing was ever asked for on behalf of this order.
    #[error("order {order_id} has no reservation")]
    NotFound {
        /// Which order.
        order_id: OrderId,
    },
    /// Some lines can't be reserved, so none was. The record says the same.
    #[error("order {order_id} can't be reserved: {}", sentences(.shortages))]
    Rejected {
        /// Which order.
        order_id: OrderId,
        /// All that is wrong, line by line.
        shortages: Vec<Shortage>,
    },
    /// The release came first: whoever asked has given up already.
    #[error("order {order_id} was released before it was reserved")]
    ReleasedBeforeReserved {
        /// Which order.
        order_id: OrderId,
    },
    /// The stock was given back.
    #[error("the reservation of order {order_id} was released")]
    Released {
        /// Which order.
        order_id: OrderId,
    },
    /// The time was up and the stock was given back.
    #[error("the reservation of order {order_id} has expired")]
    Expired {
        /// Which order.
        order_id: OrderId,
    },
    /// The order has asked for something else before. An order's stock is asked for once.
    #[error("order {order_id} has asked for other stock before")]
    Differs {
        /// Which order.
        order_id: OrderId,
    },
    /// The reservation would be over before it began.
    #[error("the reservation of order {order_id} would have expired at {expires_at} already")]
    ExpiresInThePast {
        /// Which order.
        order_id: OrderId,
        /// When it would have expired.
        expires_at: Timestamp,
    },
    /// The time isn't up yet: ask again when it is.
    #[error("the reservation of order {order_id} is good until {expires_at}")]
    NotDue {
        /// Which order.
        order_id: OrderId,
        /// When it will be.
        expires_at: Timestamp,
    },
    /// The item is kept as part of the whole order: its checkout alone decides what becomes of it.
    #[error("the stock of order {order_id} is reserved as a whole, and can't be changed item by item")]
    ReservedAsAWhole {
        /// Which order.
        order_id: OrderId,
    },
    /// The items don't agree with the record: somebody has worked on them one by one.
    #[error("the items of order {order_id} don't allow it: {}", sentences(.lines))]
    ItemsRefuse {
        /// Which order.
        order_id: OrderId,
        /// All that refuse.
        lines: Vec<RefusedLine>,
    },
}

impl ReservationRejection {
    /// Stable, for programs. Of shortages it is `insufficient_stock` if any is, or else that of the first.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "reservation_not_found",
            Self::Rejected { shortages, .. } => {
                let mut codes = shortages.iter().map(Shortage::code);
                let first = codes.next().unwrap_or("insufficient_stock");
                codes.find(|code| *code == "insufficient_stock").unwrap_or(first)
            }
            Self::ReleasedBeforeReserved { .. } => "released_before_reserved",
            Self::Released { .. } => "reservation_released",
            Self::Expired { .. } => "reservation_expired",
            Self::Differs { .. } => "reservation_differs",
            Self::ExpiresInThePast { .. } => "expires_in_the_past",
            Self::NotDue { .. } => "reservation_not_due",
            Self::ReservedAsAWhole { .. } => "reserved_as_a_whole",
            Self::ItemsRefuse { .. } => "items_refuse",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound { .. } => Kind::NotFound,
            Self::ExpiresInThePast { .. } => Kind::Invalid,
            Self::NotDue { .. } => Kind::Retryable,
            Self::Rejected { .. }
            | Self::ReleasedBeforeReserved { .. }
            | Self::Released { .. }
            | Self::Expired { .. }
            | Self::Differs { .. }
            | Self::ReservedAsAWhole { .. }
            | Self::ItemsRefuse { .. } => Kind::Conflict,
        }
    }
}

fn sentences(parts: &[impl ToString]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
