use serde::Serialize;

use super::{Analytics, ConversionFunnel, Health, OrdersSummary, Revenue, TopSelling};
use crate::analytics::{Day, DayRange, Error};
use crate::time::Timestamp;

/// How many days the parts of a dashboard look back that aren't of today.
const DAYS: u32 = 30;
const PRODUCTS: usize = 5;

/// What one wants to see first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dashboard {
    /// When it was made.
    pub generated_at: Timestamp,
    /// Today's revenue, for each currency.
    pub revenue_today: Vec<Revenue>,
    /// This ISO week's.
    pub revenue_this_week: Vec<Revenue>,
    /// This month's.
    pub revenue_this_month: Vec<Revenue>,
    /// The orders that were placed today.
    pub orders_today: OrdersSummary,
    /// The way from a look to a delivery, over the last 30 days.
    pub conversion_funnel: ConversionFunnel,
    /// The five products that sold best in the last 30 days.
    pub top_selling: TopSelling,
    /// How current all this is.
    pub health: Health,
}

impl Analytics {
    /// What one wants to see first.
    ///
    /// # Errors
    /// [`Error::Money`] when a sum is beyond what money can say; otherwise when the store can't be read.
    pub async fn dashboard(&self, now: Timestamp) -> Result<Dashboard, Error> {
        let today = Day::of(now);
        let lately = DayRange::last(DAYS, today);
        Ok(Dashboard {
            generated_at: now,
            revenue_today: self.revenue_of(&format!("day/{today}")).await?,
            revenue_this_week: self.revenue_weekly(today).await?,
            revenue_this_month: self.revenue_of(&format!("month/{}", today.month())).await?,
            orders_today: self.orders_summary(DayRange::last(1, today)).await?,
            conversion_funnel: self.conversion_funnel(lately).await?,
            top_selling: self.top_selling(lately, PRODUCTS).await?,
            health: self.health(now).await?,
        })
    }
}
