//! Why a line can't be reserved.

use serde::{Deserialize, Serialize};

use crate::id::ProductId;
use crate::value::Sku;

/// Why a line of an order can't be reserved. Written with its `code`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "code", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Shortage {
    /// There is less than the order asks for.
    #[error("{requested} of {sku} were asked for, but {available} are available")]
    InsufficientStock {
        /// Of which product.
        product_id: ProductId,
        /// Under which sku.
        sku: Sku,
        /// How many were asked for.
        requested: u64,
        /// How many there are.
        available: u64,
    },
    /// No such product has ever been in stock.
    #[error("product {product_id} is not in stock")]
    ProductUnknown {
        /// Which product.
        product_id: ProductId,
        /// How many were asked for.
        requested: u64,
    },
    /// The item was reserved for this order by itself, in another quantity: release that first.
    #[error("{held} of product {product_id} are reserved for the order already, {requested} were asked for")]
    ReservedDifferently {
        /// Which product.
        product_id: ProductId,
        /// How many were asked for.
        requested: u64,
        /// How many the order holds.
        held: u64,
    },
}

impl Shortage {
    /// Stable, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InsufficientStock { .. } => "insufficient_stock",
            Self::ProductUnknown { .. } => "product_unknown",
            Self::ReservedDifferently { .. } => "reserved_differently",
        }
    }

    /// The product that the line asked for.
    pub fn product_id(&self) -> ProductId {
        match self {
            Self::InsufficientStock { product_id, .. }
            | Self::ProductUnknown { product_id, .. }
            | Self::ReservedDifferently { product_id, .. } => *product_id,
        }
    }
}
