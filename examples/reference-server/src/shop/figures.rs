//! What is measured of the stores now and then, for `/metrics`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::store::{Query, ReadMessages, Store, StoreError};
use commerce_saga::{Instance, SagaStatus};
use metrics::{Unit, describe_counter, describe_gauge, gauge};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::Stores;
use super::rest::HELD;
use super::wiring::{ROUTES, Route};

/// So often it is measured.
const EVERY: Duration = Duration::from_secs(5);
/// So many are counted at most, of messages in a partition and of documents: a backlog must not become slower by being
/// looked at.
const AT_MOST: usize = 1_000;
/// Where the order service keeps its sagas.
const SAGAS: &str = "sagas";
/// How a saga that has not ended can stand.
const LIVE: [SagaStatus; 3] = [SagaStatus::Running, SagaStatus::Compensating, SagaStatus::Stuck];

/// Measures the services' stores.
pub struct Figures {
    stores: Stores,
    host: Arc<dyn Host>,
    publishes: bool,
}

impl Figures {
    pub(super) fn new(stores: Stores, host: Arc<dyn Host>, publishes: bool) -> Self {
        Self { stores, host, publishes }
    }

    /// Measures until `shutdown`. A store that is out of reach keeps its last figures.
    pub async fn run(self, shutdown: CancellationToken) {
        describe();
        while !shutdown.is_cancelled() {
            self.look().await;
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Measures now.
    pub async fn look(&self) {
        for (service, store) in self.stores.all() {
            if let Err(error) = self.look_at(service, &**store).await {
                warn!(service, %error, "a store can't be measured now");
            }
        }
    }

    async fn look_at(&self, service: &'static str, store: &dyn Store) -> Result<(), StoreError> {
        for route in ROUTES.iter().filter(|route| route.sources.contains(&service)) {
            if self.publishes || !route.follows_events() {
                self.look_at_backlog(service, route, store).await?;
            }
        }
        for state in ["retrying", "waiting", "dead"] {
            let query = Query::all_tenants(HELD).equals("state", state).limit(AT_MOST);
            let count = number(store.documents(&query).await?.len());
            if state == "dead" {
                gauge!("dead_letters", "service" => service).set(count);
            } else {
                gauge!("held_messages", "service" => service, "state" => state).set(count);
            }
        }
        let age = store.oldest_writer().await?.unwrap_or_default();
        gauge!("store_oldest_writer_seconds", "service" => service).set(age.as_secs_f64());
        if service == "order" {
            look_at_sagas(store).await?;
        }
        Ok(())
    }

    async fn look_at_backlog(
        &self,
        service: &'static str,
        route: &'static Route,
        store: &dyn Store,
    ) -> Result<(), StoreError> {
        let (mut behind, mut oldest) = (0, None);
        for partition in 0..store.partitions() {
            let after = store.checkpoint(&format!("group/{}/{partition}", route.group)).await?;
            let request = ReadMessages { partition, after, topics: route.topics, limit: AT_MOST };
            let messages = store.read_messages(request).await?.messages;
            behind += messages.len();
            let first = messages.first().map(|message| message.recorded_at);
            oldest = oldest.into_iter().chain(first).min();
        }
        let now = self.host.now();
        let age = oldest.map(|oldest| now.since(oldest)).unwrap_or_default();
        gauge!("outbox_messages_behind", "service" => service, "group" => route.group).set(number(behind));
        gauge!("outbox_oldest_message_seconds", "service" => service, "group" => route.group)
            .set(age.as_secs_f64());
        Ok(())
    }
}

async fn look_at_sagas(store: &dyn Store) -> Result<(), StoreError> {
    for status in LIVE {
        let query = Query::all_tenants(SAGAS).equals("status", status.as_str()).limit(AT_MOST);
        let mut counts: BTreeMap<String, usize> =
            crate::sagas::NAMES.into_iter().map(|name| (name.to_owned(), 0)).collect();
        for document in store.documents(&query).await? {
            // One that can't be read is told of when it is carried on.
            if let Ok(instance) = document.json::<Instance>() {
                *counts.entry(instance.saga).or_default() += 1;
            }
        }
        for (saga, count) in counts {
            gauge!("saga_instances", "saga" => saga, "status" => status.as_str()).set(number(count));
        }
    }
    Ok(())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn describe() {
    describe_counter!(
        "commands_total",
        "What aggregates were asked, by kind and outcome: accepted, rejected."
    );
    describe_counter!(
        "notifications_total",
        "Attempts to deliver a notification, by channel and outcome: sent, retried, failed, broken, cancelled."
    );
    describe_gauge!(
        "outbox_messages_behind",
        "Messages in a service's outbox that a consumer group has not passed, by service and group; 1000 a partition at most."
    );
    describe_gauge!(
        "outbox_oldest_message_seconds",
        Unit::Seconds,
        "Age of the oldest message that a consumer group has not passed, by service and group."
    );
    describe_gauge!(
        "held_messages",
        "Messages to be tried again, or behind such ones, by service and state; 1000 at most."
    );
    describe_gauge!(
        "dead_letters",
        "Messages that can't be handled and await an operator, by service; 1000 at most."
    );
    describe_gauge!(
        "saga_instances",
        "Sagas that have not ended, by saga and status; 1000 of each status at most."
    );
    describe_gauge!(
        "store_oldest_writer_seconds",
        Unit::Seconds,
        "How long the oldest open transaction that has written has held up the readers of a service's logs."
    );
}
