//! The lines of an order, and what they add up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::ProductId;
use crate::value::{Currency, Money, MoneyError, Quantity, Sku, Violation, text};

/// The most lines an order can have.
pub const MAX_LINES: usize = 1_000;

/// The longest name of a product, in characters: the catalog's own limit.
const MAX_NAME: usize = 200;

/// So many of one product at one price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrderLine {
    /// The product.
    pub product_id: ProductId,
    /// Its SKU when it was ordered.
    pub sku: Sku,
    /// Its name when it was ordered: 1 to 200 characters.
    pub name: String,
    /// The price of one, above zero.
    pub unit_price: Money,
    /// How many.
    pub quantity: Quantity,
}

impl OrderLine {
    /// Unit price × quantity.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when that is more than money can say.
    pub fn total(&self) -> Result<Money, MoneyError> {
        self.unit_price.checked_mul(self.quantity.get())
    }

    /// The line with its name trimmed, or all that is wrong with it, with pointers such as `/unit_price`.
    pub(super) fn checked(self, currency: Currency) -> Result<Self, Vec<Violation>> {
        let mut violations = Vec::new();
        if !self.unit_price.is_positive() {
            let detail = format!("must be above zero, is {}", self.unit_price);
            violations.push(Violation::new("/unit_price", "must_be_positive", detail));
        }
        if self.unit_price.currency() != currency {
            let error = MoneyError::CurrencyMismatch { left: currency, right: self.unit_price.currency() };
            violations.push(error.at("/unit_price"));
        }
        if let Err(error) = self.total() {
            violations.push(error.at("/quantity"));
        }
        match text("/name", &self.name, 1, MAX_NAME) {
            Ok(name) if violations.is_empty() => return Ok(Self { name, ..self }),
            Ok(_) => {}
            Err(violation) => violations.push(violation),
        }
        Err(violations)
    }
}

/// What lines add up to: the sum of their totals, zero for none.
///
/// # Errors
/// [`MoneyError::CurrencyMismatch`] when a line is priced in another currency, [`MoneyError::Overflow`] when the sum
/// is more than money can say.
pub fn subtotal(lines: &[OrderLine], currency: Currency) -> Result<Money, MoneyError> {
    lines.iter().try_fold(Money::zero(currency), |sum, line| sum.checked_add(line.total()?))
}

/// How many of each product lines ask for together: two lines of one product are one demand.
pub fn demand(lines: &[OrderLine]) -> BTreeMap<ProductId, u64> {
    let mut demand = BTreeMap::new();
    for line in lines {
        let quantity = demand.entry(line.product_id).or_insert(0_u64);
        // can't saturate: it would take more lines than fit in memory
        *quantity = quantity.saturating_add(u64::from(line.quantity.get()));
    }
    demand
}
