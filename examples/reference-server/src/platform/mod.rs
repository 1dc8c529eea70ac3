//! All services and the gateway, assembled in one process.

use std::sync::Arc;

use axum::Router;
use commerce_adapters::http::{Check, Tokens};
use commerce_core::store::StoreError;
use commerce_outbox::BusError;
use commerce_saga::BuildError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::gateway::{self, GatewayOptions};
use crate::http::analytics::AnalyticsApi;
use crate::http::catalog::CatalogApi;
use crate::http::identity::IdentityApi;
use crate::http::inventory::InventoryApi;
use crate::http::notification::NotificationApi;
use crate::http::orders::OrdersApi;
use crate::http::payment::PaymentApi;
use crate::http::shipping::ShippingApi;
use crate::http::{Common, Service};
use crate::services::identity::{Identity, IdentityOptions, OpenIdentityError};
use crate::services::notification::NotificationOptions;
use crate::shop::{Followers, Shop, ShopOptions, Stores};
use crate::views::View;

/// How the platform works.
#[derive(Clone)]
pub struct PlatformOptions {
    /// How the services work.
    pub shop: ShopOptions,
    /// What access tokens say of themselves.
    pub identity: IdentityOptions,
    /// Whose tokens are whose; those that the identity service signs, if there is none.
    pub tokens: Option<Arc<dyn Tokens>>,
    /// How notifications reach people.
    pub notification: NotificationOptions,
    /// How the gateway works.
    pub gateway: GatewayOptions,
}

/// Why the platform can't be assembled.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The definitions of the sagas make no sense.
    #[error(transparent)]
    Sagas(#[from] BuildError),
    /// The identity service can't start.
    #[error(transparent)]
    Identity(#[from] OpenIdentityError),
}

/// Eight services and the gateway in front of them.
pub struct Platform {
    /// The services that the checkout runs through.
    pub shop: Shop,
    /// The services that follow what those do.
    pub followers: Followers,
    catalog: CatalogApi,
    orders: OrdersApi,
    inventory: InventoryApi,
    shipping: ShippingApi,
    identity: IdentityApi,
    payment: PaymentApi,
    common: Common,
    gateway: GatewayOptions,
}

impl Platform {
    /// On these stores. The services do nothing by themselves until they [`run`](Self::run).
    ///
    /// # Errors
    /// When the keys of access tokens can't be read or made.
    pub async fn new(stores: Stores, options: &PlatformOptions) -> Result<Self, PlatformError> {
        let host = options.shop.host.clone();
        let identity = Identity::open(stores.identity.clone(), host.clone(), &options.identity).await?;
        let tokens = options.tokens.clone().unwrap_or_else(|| identity.keys.clone());
        let common = Common { host: host.clone(), tokens };
        let shop = Shop::new(stores.clone(), &options.shop)?.publishing();
        Ok(Self {
            identity: IdentityApi::new(identity),
            followers: Followers::new(&stores, &host, &options.notification),
            catalog: CatalogApi::new(stores.catalog),
            orders: OrdersApi::new(shop.orders.clone(), stores.order),
            inventory: InventoryApi::new(stores.inventory, shop.inventory.clone()),
            shipping: ShippingApi::new(stores.shipping),
            payment: PaymentApi::new(
                shop.payments.clone(),
                options.shop.stripe_webhook_secrets.clone(),
                options.shop.stripe_livemode,
            ),
            shop,
            common,
            gateway: options.gateway.clone(),
        })
    }

    /// What all services share.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// The identity service.
    pub fn identity(&self) -> &Identity {
        self.identity.identity()
    }

    /// Whether anyone has ever been a user here.
    ///
    /// # Errors
    /// When the identity service's store can't be read.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(!self.identity().store().read_log(0, 1).await?.is_empty())
    }

    /// Each service over HTTP.
    pub fn services(&self) -> Vec<Service> {
        let services = [
            self.catalog.clone().service(&self.common),
            self.orders.clone().service(&self.common),
            self.inventory.clone().service(&self.common),
            self.shipping.clone().service(&self.common),
            self.identity.clone().service(&self.common),
            self.payment.clone().service(&self.common),
            NotificationApi::new(self.followers.notification.clone(), self.identity.clone())
                .service(&self.common),
            AnalyticsApi::new(self.followers.analytics.clone(), self.shop.stores().clone())
                .service(&self.common),
        ];
        services.into_iter().map(|service| self.on_its_bus(service)).collect()
    }

    /// The service is ready when its bus is well, too.
    fn on_its_bus(&self, service: Service) -> Service {
        let bus = self.shop.bus_health(service.name);
        service.needs(Check::new("bus", move || {
            let bus = bus.clone();
            async move { bus.look().await }
        }))
    }

    /// The gateway, with all services behind it in this process.
    pub fn router(&self) -> Router {
        gateway::in_process(self.services(), &self.common, &self.gateway)
    }

    /// What the services keep up to date of their own events: lists and figures.
    pub fn views(&self) -> Vec<View> {
        vec![
            self.catalog.view().clone(),
            self.orders.view().clone(),
            self.inventory.view().clone(),
            self.shipping.view().clone(),
            self.payment.view().clone(),
            self.followers.analytics.view().clone(),
        ]
    }

    /// Runs what the services do by themselves until `shutdown`, then lets what is under way finish.
    ///
    /// # Errors
    /// When something on the bus can't be read.
    pub async fn run(&self, shutdown: CancellationToken) -> Result<(), BusError> {
        let mut views = JoinSet::new();
        for view in self.views() {
            views.spawn(view.run(shutdown.clone()));
        }
        views.spawn(self.shop.figures().run(shutdown.clone()));
        views.spawn(self.catalog.search().clone().run(shutdown.clone()));
        views.spawn(self.identity().clone().run(shutdown.clone()));
        // Whichever ends first ends the other.
        let (shop, followers) = tokio::join!(
            ending(self.shop.run(shutdown.clone()), &shutdown),
            ending(self.followers.run(&self.shop, shutdown.clone()), &shutdown),
        );
        while views.join_next().await.is_some() {}
        shop.and(followers)
    }
}

/// Ends the others once it has ended.
async fn ending<T>(work: impl Future<Output = T>, shutdown: &CancellationToken) -> T {
    let ended = work.await;
    shutdown.cancel();
    ended
}
