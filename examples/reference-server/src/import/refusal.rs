//! Rows that make neither a line nor a refund, and why.

use std::fmt;
use std::sync::Arc;

/// Why a row was refused: the first reason that holds, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// Its invoice's number has a tab or another control character in it, by which its order could be taken for another's.
    InvoiceNoInvalid,
    /// It has no stock code.
    SkuMissing,
    /// Its stock code is no SKU.
    SkuInvalid,
    /// A sale of nothing, or of less.
    QuantityNotPositive,
    /// A return of nothing, or of less.
    QuantityNotNegative,
    /// A sale for nothing, or for less.
    PriceNotPositive,
    /// A return of what the customer had not ordered by then, or has returned already.
    NoMatchingOrder,
    /// A sale of more than a line of an order can be of.
    QuantityTooLarge,
    /// A sale at a price with a fraction of a penny.
    PriceNotInPence,
    /// A line beyond those that an order can have.
    OrderTooLong,
}

impl RefusalReason {
    /// Every reason, in the order in which they are checked.
    pub const ALL: [Self; 10] = [
        Self::InvoiceNoInvalid,
        Self::SkuMissing,
        Self::SkuInvalid,
        Self::QuantityNotPositive,
        Self::QuantityNotNegative,
        Self::PriceNotPositive,
        Self::NoMatchingOrder,
        Self::QuantityTooLarge,
        Self::PriceNotInPence,
        Self::OrderTooLong,
    ];

    /// Its stable code, as summaries have it: `sku_missing`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvoiceNoInvalid => "invoice_no_invalid",
            Self::SkuMissing => "sku_missing",
            Self::SkuInvalid => "sku_invalid",
            Self::QuantityNotPositive => "quantity_not_positive",
            Self::QuantityNotNegative => "quantity_not_negative",
            Self::PriceNotPositive => "price_not_positive",
            Self::NoMatchingOrder => "no_matching_order",
            Self::QuantityTooLarge => "quantity_too_large",
            Self::PriceNotInPence => "price_not_in_pence",
            Self::OrderTooLong => "order_too_long",
        }
    }
}

impl fmt::Display for RefusalReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedRow {
    /// The line of the file in which it starts; the header's is 1.
    pub line: u64,
    /// The invoice it is of.
    pub invoice_no: Arc<str>,
    /// Why.
    pub reason: RefusalReason,
}
