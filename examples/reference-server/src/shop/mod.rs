//! The services, assembled.

mod carriers;
mod figures;
mod followers;
mod heard;
mod members;
mod migrate;
mod owner;
mod rest;
mod stores;
mod url;
mod wiring;

use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::stripe::webhook::WebhookSecrets;
use commerce_core::Host;
use commerce_core::payment::{FakeProvider, PaymentProvider};
use commerce_core::store::{Store, StoreError};
use commerce_outbox::{Bus, BusError, Consumer, Publication, Retention, RetryPolicy, StoreBus, SystemHost};
use commerce_saga::{BuildError, Orchestrator};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use carriers::{BusAilment, BusHealth};
pub use figures::Figures;
pub use followers::Followers;
pub use migrate::{Done, Migrated, migrate};
pub use stores::{OpenError, SERVICES, Stores};
pub use url::{PgUrl, StoreUrl};
pub use wiring::{PUBLICATIONS, ROUTES, Route, is_follower, readers};

use carriers::Carriers;
use owner::Owner;

use crate::sagas::{cancel_order, place_order, return_goods};
use crate::services::catalog::Catalog;
use crate::services::inventory::Inventory;
use crate::services::order::Orders;
use crate::services::payment::{PAYING_OUT, Payments};
use crate::services::shipping::Shipping;

/// So often what has served its time is deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// When a store is out of reach, it is asked again so soon.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How the services work.
#[derive(Clone)]
pub struct ShopOptions {
    /// How long a saga awaits each answer.
    pub step_timeout: Duration,
    /// How long a checkout awaits its payment, with all its tries: the customer may have to act. As long as any other
    /// answer, if there is none.
    pub customer_action: Option<Duration>,
    /// How often it is tried to give back what was paid for an order that fails or is cancelled, and to put back its goods.
    pub giving_back: RetryPolicy,
    /// How often the payment service has its provider pay out what is given back, as long as it doesn't answer.
    pub paying_out: RetryPolicy,
    /// How long the payment service awaits its provider.
    pub provider_timeout: Duration,
    /// How long after a start nothing is expired: what was under way when the last process ended is carried on first.
    pub expiry_grace: Duration,
    /// Who takes the money.
    pub provider: Arc<dyn PaymentProvider>,
    /// By what Stripe's webhooks are known. Without any, none is taken.
    pub stripe_webhook_secrets: WebhookSecrets,
    /// Whether these webhooks are of real money; not looked at if there is none.
    pub stripe_livemode: Option<bool>,
    /// The clock, and the source of ids.
    pub host: Arc<dyn Host>,
}

impl Default for ShopOptions {
    fn default() -> Self {
        Self {
            step_timeout: Duration::from_secs(30),
            customer_action: None,
            giving_back: place_order::GIVING_BACK,
            paying_out: PAYING_OUT,
            provider_timeout: Duration::from_secs(10),
            expiry_grace: Duration::from_secs(60),
            provider: Arc::new(FakeProvider),
            stripe_webhook_secrets: WebhookSecrets::new([]),
            stripe_livemode: None,
            host: Arc::new(SystemHost),
        }
    }
}

/// The services that the checkout runs through, on their stores.
pub struct Shop {
    /// What the shop sells.
    pub catalog: Catalog,
    /// What it has in stock.
    pub inventory: Inventory,
    /// What was ordered.
    pub orders: Orders,
    pub(crate) payments: Payments,
    shipping: Shipping,
    stores: Stores,
    host: Arc<dyn Host>,
    expiry_grace: Duration,
    publishes: bool,
    carriers: Carriers,
}

impl Shop {
    /// The services on these stores. They do nothing until they [`run`](Self::run).
    ///
    /// # Errors
    /// Never, as long as the definitions of the sagas make sense.
    pub fn new(stores: Stores, options: &ShopOptions) -> Result<Self, BuildError> {
        let host = options.host.clone();
        let orchestrator = orchestrator(&stores, options)?;
        Ok(Self {
            catalog: Catalog::new(stores.catalog.clone(), host.clone()),
            inventory: Inventory::new(stores.inventory.clone(), host.clone()),
            orders: Orders::new(stores.order.clone(), host.clone(), orchestrator),
            payments: Payments::new(
                stores.payment.clone(),
                host.clone(),
                options.provider.clone(),
                options.provider_timeout,
            )
            .paying_out(options.paying_out),
            shipping: Shipping::new(stores.shipping.clone(), host.clone()),
            stores,
            host,
            expiry_grace: options.expiry_grace,
            publishes: false,
            carriers: Carriers::new(),
        })
    }

    /// The stores beneath.
    pub fn stores(&self) -> &Stores {
        &self.stores
    }

    /// The bus on which a service hears what is meant for it.
    pub(crate) fn bus(&self, group: &str) -> Arc<dyn Bus> {
        let bus = StoreBus::new(self.host.clone());
        let sources = self.sources_of(group).into_iter();
        Arc::new(sources.fold(bus, |bus, (name, store)| bus.source(&format!("/{name}"), store)))
    }

    /// The stores whose outbox logs a group reads, with the services that they are of.
    fn sources_of(&self, group: &str) -> Vec<(&'static str, Arc<dyn Store>)> {
        let read =
            |source: &str| ROUTES.iter().any(|route| route.group == group && route.sources.contains(&source));
        let stores = self.stores.all().into_iter().filter(|(name, _)| read(name));
        stores.map(|(name, store)| (name, store.clone())).collect()
    }

    /// Whether what carries a service's messages is well: what it hears and, if it is [`publishing`](Self::publishing), what
    /// it tells.
    pub fn bus_health(&self, service: &str) -> BusHealth {
        self.carriers.bus(service, self.publishes, self.sources_of(service))
    }

    /// The consumers of the services that any number of processes share.
    fn consumers(&self) -> [Consumer; 3] {
        [
            self.reporting("order", |bus| self.orders.consumer(bus)),
            self.reporting("payment", |bus| self.payments.consumer(bus)),
            self.reporting("shipping", |bus| self.shipping.consumer(bus)),
        ]
    }

    /// The consumer of a service on its bus, which tells how it is getting on.
    pub(super) fn reporting(
        &self,
        service: &str,
        consumer: impl FnOnce(Arc<dyn Bus>) -> Consumer,
    ) -> Consumer {
        consumer(self.bus(service)).report_to(&self.carriers.consumer(service))
    }

    /// Decides about the stock while it is this process's turn: two that hold the same items in memory would spend
    /// their time finding out what the other has decided.
    fn own_stock(&self, shutdown: CancellationToken) -> impl Future<Output = Result<(), BusError>> + use<> {
        let (inventory, bus) = (self.inventory.clone(), self.bus("inventory"));
        let holder = self.host.new_id();
        let health = self.carriers.consumer("inventory");
        let store = self.stores.inventory.clone();
        let owner = Owner { store, name: "inventory/stock", holder, health: health.clone() };
        let consumer = move || inventory.consumer(bus.clone()).report_to(&health);
        async move { owner.run(&shutdown, |turn| consumer().run(turn)).await }
    }

    /// The services' events are published too, for those that follow them.
    pub fn publishing(mut self) -> Self {
        self.publishes = true;
        self
    }

    /// What tells the others of each service's events.
    fn publications(&self) -> Vec<Publication> {
        let topics = PUBLICATIONS.iter().filter(|_| self.publishes);
        let stores = self.stores.all();
        topics
            .filter_map(|(service, topic)| {
                let (_, store) = stores.iter().find(|(name, _)| name == service)?;
                let health = self.carriers.publication(service);
                Some(Publication::new((*store).clone(), *topic).report_to(&health))
            })
            .collect()
    }

    /// What is measured of the services' stores now and then: their backlog, above all.
    pub fn figures(&self) -> Figures {
        Figures::new(self.stores.clone(), self.host.clone(), self.publishes)
    }

    /// Waits, while the services run, until every message for them has been handled or is a dead letter. What [`Followers`]
    /// have yet to take in is not awaited: they may not run.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn rest(&self) -> Result<(), StoreError> {
        rest::rest(&self.stores).await
    }

    /// Runs all services until `shutdown`, then lets what is under way finish.
    ///
    /// # Errors
    /// When something on the bus can't be read.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), BusError> {
        let mut tasks = JoinSet::new();
        for consumer in self.consumers() {
            tasks.spawn(consumer.run(shutdown.clone()));
        }
        tasks.spawn(self.own_stock(shutdown.clone()));
        let (orchestrator, token) = (self.orders.orchestrator().clone(), shutdown.clone());
        tasks.spawn(async move {
            orchestrator.run_timers(token).await;
            Ok(())
        });
        let (inventory, token, grace) = (self.inventory.clone(), shutdown.clone(), self.expiry_grace);
        tasks.spawn(async move {
            inventory.run_expiry(grace, token).await;
            Ok(())
        });
        let (payments, token) = (self.payments.clone(), shutdown.clone());
        tasks.spawn(async move {
            payments.run_follow_up(token).await;
            Ok(())
        });
        for publication in self.publications() {
            tasks.spawn(publication.run(shutdown.clone()));
        }
        for (source, store) in self.stores.all() {
            let (store, publishes, token) = (store.clone(), self.publishes, shutdown.clone());
            tasks.spawn(async move {
                keep_small(source, store, publishes, token).await;
                Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    shutdown.cancel();
                    return Err(error);
                }
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        Ok(())
    }
}

/// Keeps a service's store from growing with what no one needs any more, until `shutdown`.
async fn keep_small(source: &str, store: Arc<dyn Store>, publishes: bool, shutdown: CancellationToken) {
    let retention = async {
        loop {
            match retention_of(source, &store, publishes).await {
                Ok(retention) => return retention,
                Err(error) => warn!(source, %error, "who reads this store is not known yet"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        retention = retention => retention.run(PRUNE_EVERY, shutdown.clone()).await,
    }
}

/// Groups that follow published events alone hold nothing back as long as nothing was ever published.
async fn retention_of(
    source: &str,
    store: &Arc<dyn Store>,
    publishes: bool,
) -> Result<Retention, StoreError> {
    let published = match PUBLICATIONS.iter().find(|(service, _)| *service == source) {
        Some((_, topic)) => Publication::new(store.clone(), *topic).position().await? > 0,
        None => true,
    };
    let readers = readers(source).filter(|route| publishes || published || !route.follows_events());
    Ok(readers.fold(Retention::new(store.clone()), |retention, route| retention.group(route.group)))
}

/// The order service's sagas, for the services and for operators.
///
/// # Errors
/// Never, as long as the definitions of the sagas make sense.
pub fn orchestrator(stores: &Stores, options: &ShopOptions) -> Result<Orchestrator, BuildError> {
    let each_try = |action: Duration| action / place_order::PAYMENT_TRIES;
    let paid_within = options.customer_action.map_or(options.step_timeout, each_try);
    Ok(Orchestrator::new(stores.order.clone(), options.host.clone())
        .register(place_order::definition(options.step_timeout, paid_within, options.giving_back)?)
        .register(cancel_order::definition(options.step_timeout, options.giving_back)?)
        .register(return_goods::definition(options.step_timeout)?))
}
