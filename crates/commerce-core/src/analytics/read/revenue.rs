use serde::Serialize;

use super::Analytics;
use crate::analytics::figures::{REVENUE, RevenueFigures, count, money};
use crate::analytics::{Day, Error, Month};
use crate::store::StoreError;
use crate::value::{Currency, Money, MoneyError};

/// Revenue of one period in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Revenue {
    /// The currency of the amounts.
    pub currency: Currency,
    /// What was captured in the period.
    pub gross: Money,
    /// What was given back in the period, whenever it was captured.
    pub refunded: Money,
    /// Gross without refunds. Below zero where more was given back.
    pub net: Money,
    /// Payments captured in the period.
    pub count: u64,
    /// Gross for each of these payments, rounded half to even; none without payments.
    pub average: Option<Money>,
}

/// Revenue of one day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevenueDaily {
    /// The day.
    pub date: Day,
    /// Revenue of the day, one entry for each currency.
    pub totals: Vec<Revenue>,
    /// Revenue of its hours, as far as there was any.
    pub hours: Vec<RevenueHour>,
}

/// Revenue of one hour in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevenueHour {
    /// The hour, from 0 to 23.
    pub hour: u8,
    /// What it brought.
    #[serde(flatten)]
    pub revenue: Revenue,
}

/// Revenue of one month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevenueMonthly {
    /// The year.
    pub year: i32,
    /// The month, from 1 to 12.
    pub month: u8,
    /// Revenue of the month, one entry for each currency.
    pub totals: Vec<Revenue>,
    /// Revenue of its days, as far as there was any.
    pub days: Vec<RevenueDay>,
}

/// Revenue of one day in one currency.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RevenueDay {
    /// The day.
    pub date: Day,
    /// What it brought.
    #[serde(flatten)]
    pub revenue: Revenue,
}

impl Analytics {
    /// Revenue of a day and its hours.
    ///
    /// # Errors
    /// [`Error::Money`] when a sum is beyond what money can say; otherwise when the store can't be read.
    pub async fn revenue_daily(&self, date: Day) -> Result<RevenueDaily, Error> {
        let day = format!("day/{date}");
        let mut hours = Vec::new();
        for (period, revenue) in self.revenue_where("within", &day).await? {
            let hour = period.rsplit_once('T').and_then(|(_, hour)| hour.parse().ok());
            hours.push(RevenueHour { hour: hour.ok_or_else(|| damaged(&period))?, revenue });
        }
        Ok(RevenueDaily { date, totals: self.revenue_of(&day).await?, hours })
    }

    /// Revenue of a month and its days.
    ///
    /// # Errors
    /// See [`revenue_daily`](Self::revenue_daily).
    pub async fn revenue_monthly(&self, month: Month) -> Result<RevenueMonthly, Error> {
        let name = format!("month/{month}");
        let mut days = Vec::new();
        for (period, revenue) in self.revenue_where("within", &name).await? {
            let date = period.strip_prefix("day/").and_then(|day| Day::parse("", day).ok());
            days.push(RevenueDay { date: date.ok_or_else(|| damaged(&period))?, revenue });
        }
        let totals = self.revenue_of(&name).await?;
        Ok(RevenueMonthly { year: month.year(), month: month.month(), totals, days })
    }

    /// Revenue of the ISO 8601 week that a day is in, one entry for each currency.
    ///
    /// # Errors
    /// See [`revenue_daily`](Self::revenue_daily).
    pub async fn revenue_weekly(&self, day: Day) -> Result<Vec<Revenue>, Error> {
        self.revenue_of(&format!("week/{}", day.week())).await
    }

    pub(super) async fn revenue_of(&self, period: &str) -> Result<Vec<Revenue>, Error> {
        let found = self.revenue_where("period", period).await?;
        Ok(found.into_iter().map(|(_, revenue)| revenue).collect())
    }

    /// Periods and their revenue, by period and currency.
    async fn revenue_where(&self, field: &'static str, value: &str) -> Result<Vec<(String, Revenue)>, Error> {
        let mut found = Vec::new();
        self.each(self.ask(REVENUE).equals(field, value), |id, figures: RevenueFigures| {
            let (period, code) = id.rsplit_once('/').ok_or_else(|| damaged(id))?;
            let currency = Currency::parse(code).map_err(|_| damaged(id))?;
            found.push((period.to_owned(), revenue(&figures, currency)?));
            Ok(())
        })
        .await?;
        Ok(found)
    }
}

fn revenue(figures: &RevenueFigures, currency: Currency) -> Result<Revenue, MoneyError> {
    Ok(Revenue {
        currency,
        gross: money(figures.gross, currency)?,
        refunded: money(figures.refunded, currency)?,
        net: money(figures.gross - figures.refunded, currency)?,
        count: count(figures.count),
        average: average(figures.gross, count(figures.count), currency)?,
    })
}

/// An amount for each of so many, rounded half to even.
pub(super) fn average(minor: i128, parts: u64, currency: Currency) -> Result<Option<Money>, MoneyError> {
    let parts = i128::from(parts);
    if parts == 0 {
        return Ok(None);
    }
    let (below, twice) = (minor.div_euclid(parts), minor.rem_euclid(parts) * 2);
    let up = twice > parts || (twice == parts && below.rem_euclid(2) == 1);
    money(below + i128::from(up), currency).map(Some)
}

fn damaged(id: &str) -> StoreError {
    StoreError::Damaged { what: format!("revenue of {id:?}"), source: "its id names no period".into() }
}
