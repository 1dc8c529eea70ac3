//! Whether a service's bus is well: the tasks that carry its messages, and the stores that it reads them from.

use std::collections::BTreeMap;
use std::sync::Arc;

use commerce_core::store::Store;
use commerce_outbox::{Ailment, Health};
use futures_util::future::join_all;
use tracing::warn;

use super::wiring::{PUBLICATIONS, ROUTES};

/// How each service's consumer and publication are, in this process.
#[derive(Clone)]
pub(super) struct Carriers {
    consumers: BTreeMap<&'static str, Health>,
    publications: BTreeMap<&'static str, Health>,
}

impl Carriers {
    pub(super) fn new() -> Self {
        Self {
            consumers: ROUTES.iter().map(|route| (route.group, Health::new())).collect(),
            publications: PUBLICATIONS.iter().map(|(service, _)| (*service, Health::new())).collect(),
        }
    }

    /// Where the consumer of this service reports.
    pub(super) fn consumer(&self, service: &str) -> Health {
        self.consumers.get(service).cloned().unwrap_or_default()
    }

    /// Where the publication of this service reports.
    pub(super) fn publication(&self, service: &str) -> Health {
        self.publications.get(service).cloned().unwrap_or_default()
    }

    /// The bus of a service that reads these stores, and may tell others of its events.
    pub(super) fn bus(
        &self,
        service: &str,
        publishes: bool,
        sources: Vec<(&'static str, Arc<dyn Store>)>,
    ) -> BusHealth {
        BusHealth {
            consumer: self.consumers.get(service).cloned(),
            publication: self.publications.get(service).filter(|_| publishes).cloned(),
            sources,
        }
    }
}

/// A service's bus, to be looked at.
#[derive(Clone)]
pub struct BusHealth {
    consumer: Option<Health>,
    publication: Option<Health>,
    sources: Vec<(&'static str, Arc<dyn Store>)>,
}

/// Why a service's bus does not carry its messages. What a store said is in the log, and not for everyone.
#[derive(Debug, thiserror::Error)]
pub enum BusAilment {
    /// The service does not take what is meant for it.
    #[error("of its consumer: {0}")]
    Consumer(#[source] Ailment),
    /// Others don't learn of the service's events.
    #[error("of what tells others of its events: {0}")]
    Publication(#[source] Ailment),
    /// A store that it reads does not answer.
    #[error("the {0} store, which it reads, does not answer")]
    Source(&'static str),
}

impl BusHealth {
    /// Whether what carries the service's messages in this process runs and gets on, and the stores that it reads answer.
    ///
    /// # Errors
    /// The first that does not.
    pub async fn look(&self) -> Result<(), BusAilment> {
        check(self.consumer.as_ref()).map_err(BusAilment::Consumer)?;
        check(self.publication.as_ref()).map_err(BusAilment::Publication)?;
        let answers = self.sources.iter().map(|(source, store)| async move {
            store.now().await.map_err(|error| {
                warn!(source, %error, "a store does not answer");
                BusAilment::Source(source)
            })
        });
        join_all(answers).await.into_iter().try_for_each(|answer| answer.map(|_| ()))
    }
}

fn check(health: Option<&Health>) -> Result<(), Ailment> {
    health.map_or(Ok(()), Health::check)
}
