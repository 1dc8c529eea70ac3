//! What an order needs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::Kind;
use crate::id::ProductId;

/// How many lines an order may have.
pub const MAX_LINES: usize = 1_000;

/// So many pieces of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Of which product.
    pub product_id: ProductId,
    /// How many pieces, at least one.
    pub quantity: u64,
}

/// What an order needs: 1–1,000 lines, each of another product, each of at least one piece, in the order of the
/// products' ids. Two orders thus touch the items they share in the same order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Line>", into = "Vec<Line>")]
pub struct Demand(Vec<Line>);

/// Lines that are no demand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DemandError {
    /// No lines.
    #[error("an order needs at least one line")]
    Empty,
    /// More lines than an order may have.
    #[error("an order has at most {MAX_LINES} lines, not {lines}")]
    TooManyLines {
        /// How many there are.
        lines: usize,
    },
    /// A line of nothing.
    #[error("the quantity of product {product_id} must be at least one")]
    NotPositive {
        /// Of which product.
        product_id: ProductId,
    },
    /// The lines of one product add up to more than a number holds.
    #[error("the lines of product {product_id} add up to more than can be counted")]
    TooLarge {
        /// Of which product.
        product_id: ProductId,
    },
}

impl DemandError {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::TooManyLines { .. } => "too_many_lines",
            Self::NotPositive { .. } => "must_be_positive",
            Self::TooLarge { .. } => "too_large",
        }
    }

    /// Always invalid: the request must change.
    pub fn kind(&self) -> Kind {
        Kind::Invalid
    }
}

impl Demand {
    /// Adds up the lines of each product.
    ///
    /// # Errors
    /// The first reason why the lines are no demand.
    pub fn new(lines: impl IntoIterator<Item = Line>) -> Result<Self, DemandError> {
        let mut count = 0_usize;
        let mut by_product = BTreeMap::<ProductId, u64>::new();
        for Line { product_id, quantity } in lines {
            count = count.saturating_add(1);
            if quantity == 0 {
                return Err(DemandError::NotPositive { product_id });
            }
            let sum = by_product.entry(product_id).or_default();
            *sum = sum.checked_add(quantity).ok_or(DemandError::TooLarge { product_id })?;
        }
        match count {
            0 => Err(DemandError::Empty),
            lines if lines > MAX_LINES => Err(DemandError::TooManyLines { lines }),
            _ => Ok(Self(
                by_product.into_iter().map(|(product_id, quantity)| Line { product_id, quantity }).collect(),
            )),
        }
    }

    /// The lines, by product.
    pub fn lines(&self) -> &[Line] {
        &self.0
    }
}

impl TryFrom<Vec<Line>> for Demand {
    type Error = DemandError;

    fn try_from(lines: Vec<Line>) -> Result<Self, DemandError> {
        Self::new(lines)
    }
}

impl From<Demand> for Vec<Line> {
    fn from(demand: Demand) -> Self {
        demand.0
    }
}
