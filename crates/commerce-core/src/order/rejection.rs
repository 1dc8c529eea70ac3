//! Why an order refuses a command.

use crate::error::Kind;
use crate::id::{PaymentId, ProductId, ShipmentId};
use crate::shipping::{Carrier, TrackingNumber};
use crate::value::{Currency, Violation};

use super::{MAX_LINES, OrderStatus};

/// Why an order refused a command. Nothing has changed then.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderRejection {
    /// No such order was placed. The caller has a wrong id.
    #[error("the order doesn't exist")]
    NotFound,
    /// An order of this id was placed before. The caller must use a fresh id.
    #[error("the order was already placed")]
    AlreadyExists,
    /// The request can't be right. The caller must change what each violation points at.
    #[error("the request is invalid: {}", sentence(.0))]
    Invalid(Vec<Violation>),
    /// The order's state doesn't allow the command.
    #[error("an order that is {status} can't take the command {command}")]
    WrongState {
        /// The state it is in.
        status: OrderStatus,
        /// What was asked.
        command: &'static str,
    },
    /// The order has as many lines as an order can have.
    #[error("the order already has {MAX_LINES} lines, the most there can be")]
    Full,
    /// Products are not for sale now. The caller leaves them out.
    #[error("not for sale now: {}", names(.product_ids))]
    ProductUnavailable {
        /// Which, each once.
        product_ids: Vec<ProductId>,
    },
    /// Not all products are priced in one currency. The caller places an order for each.
    #[error("an order has one currency: products priced in {currency} and {other} need an order each")]
    MixedCurrencies {
        /// The order's.
        currency: Currency,
        /// Another product's.
        other: Currency,
    },
    /// Another payment has paid for the order: one of the two must be refunded.
    #[error("the order was paid by payment {recorded}, not {given}")]
    PaymentMismatch {
        /// The payment the order knows.
        recorded: PaymentId,
        /// The one that was named.
        given: PaymentId,
    },
    /// Another shipment was made for the order: one of the two must be cancelled.
    #[error("the order was confirmed with shipment {recorded}, not {given}")]
    ShipmentMismatch {
        /// The shipment the order knows.
        recorded: ShipmentId,
        /// The one that was named.
        given: ShipmentId,
    },
    /// The order was shipped under another tracking number or by another carrier.
    #[error("the order was shipped as {recorded} by {recorded_carrier}, not as {given} by {given_carrier}")]
    TrackingMismatch {
        /// The number the order knows.
        recorded: TrackingNumber,
        /// The carrier the order knows.
        recorded_carrier: Carrier,
        /// The number that was named.
        given: TrackingNumber,
        /// The carrier that was named.
        given_carrier: Carrier,
    },
}

impl OrderRejection {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "order_not_found",
            Self::AlreadyExists => "already_exists",
            Self::Invalid(_) => "invalid",
            Self::WrongState { .. } => "wrong_state",
            Self::Full => "too_many_lines",
            Self::ProductUnavailable { .. } => "product_unavailable",
            Self::MixedCurrencies { .. } => "mixed_currencies",
            Self::PaymentMismatch { .. } => "payment_mismatch",
            Self::ShipmentMismatch { .. } => "shipment_mismatch",
            Self::TrackingMismatch { .. } => "tracking_mismatch",
        }
    }

    /// What the caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::Invalid(_) => Kind::Invalid,
            Self::AlreadyExists
            | Self::WrongState { .. }
            | Self::Full
            | Self::ProductUnavailable { .. }
            | Self::MixedCurrencies { .. }
            | Self::PaymentMismatch { .. }
            | Self::ShipmentMismatch { .. }
            | Self::TrackingMismatch { .. } => Kind::Conflict,
        }
    }

    /// All that is wrong with the request, when that is why.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(violations) => violations,
            _ => &[],
        }
    }
}

/// The first three products.
fn names(product_ids: &[ProductId]) -> String {
    let shown: Vec<_> = product_ids.iter().take(3).map(ToString::to_string).collect();
    match product_ids.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The first three faults: a request can have thousands, and the sentence ends up in logs.
fn sentence(violations: &[Violation]) -> String {
    let shown: Vec<_> = violations.iter().take(3).map(Violation::to_string).collect();
    match violations.len().saturating_sub(shown.len()) {
        0 => shown.join("; "),
        more => format!("{}; and {more} more", shown.join("; ")),
    }
}
