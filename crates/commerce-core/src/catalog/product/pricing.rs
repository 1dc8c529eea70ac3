//! What a product costs.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::value::{Money, Violation};

/// What a product costs, and what it is compared with.
///
/// ```
/// use commerce_core::catalog::Pricing;
/// use commerce_core::value::{Currency, Money};
///
/// let ten = Money::from_minor(1_000, Currency::GBP);
/// let twelve = Money::from_minor(1_200, Currency::GBP);
/// assert!(Pricing::new(ten, Some(twelve)).is_ok());
/// assert!(Pricing::new(twelve, Some(ten)).is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pricing {
    price: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compare_at_price: Option<Money>,
}

impl Pricing {
    /// A price above zero, compared with a higher one in the same currency, or with none.
    ///
    /// # Errors
    /// Every violation of that, at `/price` and `/compare_at_price`.
    pub fn new(price: Money, compare_at_price: Option<Money>) -> Result<Self, Vec<Violation>> {
        let price_fault = (!price.is_positive())
            .then(|| Violation::new("/price", "must_be_positive", format!("must be above zero, is {price}")));
        let compared_fault = compare_at_price.and_then(|compared| compared_fault(price, compared));
        let faults: Vec<_> = price_fault.into_iter().chain(compared_fault).collect();
        if faults.is_empty() { Ok(Self { price, compare_at_price }) } else { Err(faults) }
    }

    /// What it costs.
    pub fn price(&self) -> Money {
        self.price
    }

    /// What it cost before, or costs elsewhere.
    pub fn compare_at_price(&self) -> Option<Money> {
        self.compare_at_price
    }

    /// From an event, which was checked before it happened.
    pub(super) fn recorded(price: Money, compare_at_price: Option<Money>) -> Self {
        Self { price, compare_at_price }
    }
}

fn compared_fault(price: Money, compared: Money) -> Option<Violation> {
    let fault = |code, detail| Some(Violation::new("/compare_at_price", code, detail));
    match compared.compare(price) {
        Err(mismatch) => Some(mismatch.at("/compare_at_price")),
        Ok(Ordering::Greater) if compared.is_positive() => None,
        Ok(Ordering::Greater) => fault("must_be_positive", format!("must be above zero, is {compared}")),
        Ok(_) => fault("must_exceed_price", format!("must be above the price of {price}, is {compared}")),
    }
}
