//! Questions, and the figures that answer them.

mod customer;
mod dashboard;
mod funnel;
mod health;
mod orders;
mod products;
mod revenue;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub use customer::{CurrencyValue, LifetimeValue};
pub use dashboard::Dashboard;
pub use funnel::ConversionFunnel;
pub use health::Health;
pub use orders::{DayOrders, OrdersSummary};
pub use products::{MAX_LIMIT, ProductSales, TopSelling};
pub use revenue::{Revenue, RevenueDaily, RevenueDay, RevenueHour, RevenueMonthly};

use super::{DayRange, Error, figures};
use crate::id::Tenant;
use crate::projection::ProjectionReader;
use crate::store::{Query, Store};

/// How many documents are read at once.
const STEP: usize = 500;

/// Answers from the figures of one tenant, as far as [`Figures`](super::Figures) has come.
#[derive(Clone)]
pub struct Analytics {
    store: Arc<dyn Store>,
    reader: ProjectionReader,
    tenant: Tenant,
}

impl Analytics {
    /// Reads the figures of the default tenant in this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        let reader = ProjectionReader::new(store.clone(), figures::NAME);
        Self { store, reader, tenant: Tenant::default() }
    }

    /// Reads those of this tenant.
    pub fn of_tenant(self, tenant: Tenant) -> Self {
        Self { tenant, ..self }
    }

    async fn get<T: DeserializeOwned + Default>(&self, collection: &str, id: &str) -> Result<T, Error> {
        Ok(self.reader.get(&self.tenant, collection, id).await?.unwrap_or_default())
    }

    fn ask(&self, collection: &'static str) -> Query {
        Query::of(&self.tenant, collection).limit(STEP)
    }

    fn ask_range(&self, collection: &'static str, range: DayRange) -> Query {
        let (from, to) = (range.from().to_string(), range.to().to_string());
        self.ask(collection).at_least("day", from).at_most("day", to)
    }

    /// Hands each document that a query finds to `see`, with its id, reading so many at a time as the query says.
    async fn each<T: DeserializeOwned>(
        &self,
        mut query: Query,
        mut see: impl FnMut(&str, T) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        loop {
            let found = self.reader.query(&query).await?;
            for document in &found {
                see(&document.id, document.json()?)?;
            }
            match found.last() {
                Some(last) if found.len() == query.limit => query = query.after(last.id.clone()),
                _ => return Ok(()),
            }
        }
    }
}

impl fmt::Debug for Analytics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Analytics").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}
