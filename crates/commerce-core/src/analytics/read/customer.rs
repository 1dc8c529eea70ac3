use serde::Serialize;

use super::Analytics;
use super::revenue::average;
use crate::analytics::figures::{CUSTOMERS, CustomerFigures, Spent, count, money};
use crate::analytics::{Error, Segment};
use crate::id::CustomerId;
use crate::time::Timestamp;
use crate::value::{Currency, Money, MoneyError};

/// What a customer has ordered and paid.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LifetimeValue {
    /// The customer.
    pub customer_id: CustomerId,
    /// What kind of customer they are now.
    pub segment: Segment,
    /// Orders that were placed, whatever became of them.
    pub orders_placed: u64,
    /// Orders that were paid and not called off.
    pub orders: u64,
    /// When the first order was placed.
    pub first_order_at: Option<Timestamp>,
    /// When the last order was placed.
    pub last_order_at: Option<Timestamp>,
    /// Whole days since the last order.
    pub days_since_last_order: Option<u64>,
    /// What was spent, one entry for each currency.
    pub values: Vec<CurrencyValue>,
}

/// What a customer has spent in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurrencyValue {
    /// The currency of the amounts.
    pub currency: Currency,
    /// Orders that were paid and not called off.
    pub orders: u64,
    /// What was captured.
    pub gross: Money,
    /// What was given back.
    pub refunded: Money,
    /// Gross without refunds.
    pub lifetime_value: Money,
    /// Lifetime value for each of the orders, rounded half to even; none without orders.
    pub average_order_value: Option<Money>,
}

impl Analytics {
    /// What a customer has ordered and paid. One who never ordered has zeros and is new: analytics knows customers
    /// by their orders alone.
    ///
    /// # Errors
    /// [`Error::Money`] when a sum is beyond what money can say; otherwise when the store can't be read.
    pub async fn lifetime_value(
        &self,
        customer_id: CustomerId,
        now: Timestamp,
    ) -> Result<LifetimeValue, Error> {
        let figures: CustomerFigures = self.get(CUSTOMERS, &customer_id.to_string()).await?;
        let values = figures.spent.iter().map(|(currency, spent)| value(*currency, spent));
        let days_since = |last| now.since(last).as_secs() / (24 * 60 * 60);
        Ok(LifetimeValue {
            customer_id,
            segment: Segment::of(&figures, now),
            orders_placed: count(figures.placed),
            orders: figures.spent.values().map(|spent| count(spent.orders)).sum(),
            first_order_at: figures.first_order_at,
            last_order_at: figures.last_order_at,
            days_since_last_order: figures.last_order_at.map(days_since),
            values: values.collect::<Result<_, _>>()?,
        })
    }
}

fn value(currency: Currency, spent: &Spent) -> Result<CurrencyValue, MoneyError> {
    let (orders, net) = (count(spent.orders), spent.gross - spent.refunded);
    Ok(CurrencyValue {
        currency,
        orders,
        gross: money(spent.gross, currency)?,
        refunded: money(spent.refunded, currency)?,
        lifetime_value: money(net, currency)?,
        average_order_value: average(net, orders, currency)?,
    })
}
