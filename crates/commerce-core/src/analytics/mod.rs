//! Figures over what every other service has done: orders, revenue, products, customers, the way from a look to a
//! delivery.
//!
//! ```text
//!   events of other services ──▶ Analytics::take_in ──▶ log of facts ──▶ Figures (projection) ──▶ documents
//!          (messages)             with the inbox claim                                              │
//!                                                            Analytics: summaries, revenue, … ◀─────┘
//! ```
//!
//! What holds:
//! 1. The same facts give the same figures, in whatever order and batches they arrive, and after a rebuild.
//! 2. Amounts in two currencies are never added. Sums are exact; what money can't say is an error, not another number.
//! 3. Days and all other periods are in UTC. What is asked for a range includes both its ends, 366 days at most.
//!
//! What is counted when:
//! - **orders** and the **funnel** follow the day an order was *placed*: "paid" and "delivered" tell what became of the
//!   orders of that day, so no later stage is larger than an earlier one;
//! - **revenue** follows the moment money was captured, or given back;
//! - **products** are viewed and put into orders when that happens. A purchase is an order with the product in it
//!   that was paid and not called off since, on the day of its payment.

mod calendar;
mod error;
mod fact;
mod figures;
mod intake;
mod ratio;
mod read;
mod segment;
#[cfg(test)]
mod tests;

pub use calendar::{Day, DayRange, MAX_DAYS, Month};
pub use error::{Error, TakeInError};
pub use fact::{FACT_KIND, Fact, FactLine};
pub use figures::Figures;
pub use intake::PublishedEvent;
pub use ratio::Ratio;
pub use read::{
    Analytics, ConversionFunnel, CurrencyValue, Dashboard, DayOrders, Health, LifetimeValue, MAX_LIMIT,
    OrdersSummary, ProductSales, Revenue, RevenueDaily, RevenueDay, RevenueHour, RevenueMonthly, TopSelling,
};
pub use segment::Segment;

use crate::value::Violation;

/// The first three faults as a sentence.
fn faults_as_sentence(violations: &[Violation]) -> String {
    let shown: Vec<_> = violations.iter().take(3).map(Violation::to_string).collect();
    format!("the question is invalid: {}", shown.join("; "))
}
