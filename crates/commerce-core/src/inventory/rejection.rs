//! Why a stock item refuses a command.

use crate::error::Kind;
use crate::id::OrderId;
use crate::time::Timestamp;
use crate::value::{Sku, Violation};

/// Why a stock item refuses a command. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StockRejection {
    /// The product is in stock already: adjust it instead.
    #[error("{sku} is in stock already")]
    AlreadyExists {
        /// The sku it is in stock under.
        sku: Sku,
    },
    /// The product has never been taken into stock.
    #[error("the product is not in stock")]
    NotFound,
    /// The input can't be right: all that is wrong with it.
    #[error("{}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The quantity to reserve is zero.
    #[error("the quantity to reserve must be at least one")]
    QuantityNotPositive,
    /// The reservation would be over before it began.
    #[error("the reservation would have expired at {expires_at} already")]
    ExpiresInThePast {
        /// When it would have expired.
        expires_at: Timestamp,
    },
    /// There is less than the order asks for.
    #[error("{requested} of {sku} were asked for, but {available} are available")]
    InsufficientStock {
        /// Of what.
        sku: Sku,
        /// How many were asked for.
        requested: u64,
        /// How many there are.
        available: u64,
    },
    /// The order holds another quantity: release that first.
    #[error("{held} are reserved for order {order_id} already, {requested} were asked for")]
    ReservedDifferently {
        /// Which order.
        order_id: OrderId,
        /// How many it holds.
        held: u64,
        /// How many were asked for.
        requested: u64,
    },
    /// Nothing is kept for the order: it never was, or the reservation has ended.
    #[error("nothing is reserved for order {order_id}")]
    ReservationNotFound {
        /// Which order.
        order_id: OrderId,
    },
    /// The reservation's time isn't up yet: ask again when it is.
    #[error("the reservation of order {order_id} is good until {expires_at}")]
    NotDue {
        /// Which order.
        order_id: OrderId,
        /// When it will be.
        expires_at: Timestamp,
    },
    /// An adjustment by nothing.
    #[error("an adjustment must add or take away at least one")]
    NothingToAdjust,
    /// Fewer would be on hand than are reserved.
    #[error("{on_hand} are on hand, {reserved} of them reserved: {quantity} would fall below that")]
    BelowReserved {
        /// How many are on hand.
        on_hand: u64,
        /// How many of them are reserved.
        reserved: u64,
        /// The adjustment.
        quantity: i64,
    },
    /// More would have been taken in than can be counted exactly.
    #[error("{quantity} more would pass the {limit} that can be counted")]
    TooMuchStock {
        /// How many would be added.
        quantity: u64,
        /// [`MAX_STOCK`](super::MAX_STOCK).
        limit: u64,
    },
}

impl StockRejection {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AlreadyExists { .. } => "already_exists",
            Self::NotFound => "stock_item_not_found",
            Self::Invalid(_) => "invalid",
            Self::QuantityNotPositive => "must_be_positive",
            Self::ExpiresInThePast { .. } => "expires_in_the_past",
            Self::InsufficientStock { .. } => "insufficient_stock",
            Self::ReservedDifferently { .. } => "reserved_differently",
            Self::ReservationNotFound { .. } => "reservation_not_found",
            Self::NotDue { .. } => "reservation_not_due",
            Self::NothingToAdjust => "must_not_be_zero",
            Self::BelowReserved { .. } => "below_reserved",
            Self::TooMuchStock { .. } => "too_much_stock",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound | Self::ReservationNotFound { .. } => Kind::NotFound,
            Self::Invalid(_)
            | Self::QuantityNotPositive
            | Self::ExpiresInThePast { .. }
            | Self::NothingToAdjust
            | Self::TooMuchStock { .. } => Kind::Invalid,
            Self::AlreadyExists { .. }
            | Self::InsufficientStock { .. }
            | Self::ReservedDifferently { .. }
            | Self::BelowReserved { .. } => Kind::Conflict,
            Self::NotDue { .. } => Kind::Retryable,
        }
    }
}

impl StockRejection {
    /// All that is wrong with the input, when that is why.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

fn sentence(violations: &[Violation]) -> String {
    violations.iter().map(Violation::to_string).collect::<Vec<_>>().join("; ")
}
