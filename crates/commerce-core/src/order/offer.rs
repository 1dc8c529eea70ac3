//! What the shop offers, and what an order takes of it: prices are the shop's.

use std::collections::BTreeSet;

use crate::id::ProductId;
use crate::value::{Currency, Money, Quantity, Sku, Violation};

use super::place::count_is_allowed;
use super::{OrderLine, OrderRejection, PlacedOrder};

/// A product that can be ordered, as the catalog has it now.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// Its stock keeping unit.
    pub sku: Sku,
    /// Its name.
    pub name: String,
    /// What one costs.
    pub price: Money,
}

/// So many of a product, at whatever it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The product.
    pub product_id: ProductId,
    /// How many.
    pub quantity: Quantity,
}

impl Wanted {
    /// What a customer asks for: 1 to [`MAX_LINES`](super::MAX_LINES) items of 1 to 100,000 each.
    ///
    /// # Errors
    /// All that is wrong, with pointers such as `/items/0/quantity`.
    pub fn all(items: impl IntoIterator<Item = (ProductId, u32)>) -> Result<Vec<Self>, Vec<Violation>> {
        let (mut wanted, mut violations, mut count) = (Vec::new(), Vec::new(), 0);
        for (index, (product_id, quantity)) in items.into_iter().enumerate() {
            count += 1;
            match Quantity::new(quantity) {
                Ok(quantity) => wanted.push(Self { product_id, quantity }),
                Err(error) => violations.push(error.at(format!("/items/{index}/quantity"))),
            }
        }
        violations.extend(count_is_allowed(count).err());
        if violations.is_empty() { Ok(wanted) } else { Err(violations) }
    }

    fn at(self, offer: Offer) -> OrderLine {
        let Offer { sku, name, price } = offer;
        OrderLine { product_id: self.product_id, sku, name, unit_price: price, quantity: self.quantity }
    }
}

/// The lines of an order, at the prices of what is offered, and the currency of them all.
///
/// # Errors
/// [`OrderRejection::ProductUnavailable`], naming all products that are not offered;
/// [`OrderRejection::MixedCurrencies`] when not all are priced in one currency;
/// [`OrderRejection::Invalid`] when nothing is wanted.
pub fn priced(
    wanted: &[Wanted],
    offer: impl Fn(ProductId) -> Option<Offer>,
) -> Result<(Vec<OrderLine>, Currency), OrderRejection> {
    let (mut lines, mut unavailable) = (Vec::with_capacity(wanted.len()), BTreeSet::new());
    for item in wanted {
        match offer(item.product_id) {
            Some(offer) => lines.push(item.at(offer)),
            None => {
                unavailable.insert(item.product_id);
            }
        }
    }
    if !unavailable.is_empty() {
        return Err(OrderRejection::ProductUnavailable { product_ids: unavailable.into_iter().collect() });
    }
    let Some(currency) = lines.first().map(|line| line.unit_price.currency()) else {
        return Err(OrderRejection::Invalid(count_is_allowed(0).err().into_iter().collect()));
    };
    one_currency(&lines, currency)?;
    Ok((lines, currency))
}

impl PlacedOrder {
    /// One more line for this order, at the price of what is offered.
    ///
    /// # Errors
    /// [`OrderRejection::ProductUnavailable`] when it is not offered, [`OrderRejection::MixedCurrencies`] when it is priced
    /// in another currency than the order.
    pub fn line_for(&self, wanted: Wanted, offer: Option<Offer>) -> Result<OrderLine, OrderRejection> {
        let (lines, _) = priced(&[wanted], |_| offer.clone())?;
        one_currency(&lines, self.currency())?;
        let unavailable = || OrderRejection::ProductUnavailable { product_ids: vec![wanted.product_id] };
        lines.into_iter().next().ok_or_else(unavailable)
    }
}

fn one_currency(lines: &[OrderLine], currency: Currency) -> Result<(), OrderRejection> {
    match lines.iter().map(|line| line.unit_price.currency()).find(|other| *other != currency) {
        Some(other) => Err(OrderRejection::MixedCurrencies { currency, other }),
        None => Ok(()),
    }
}
