//! All services and the gateway, assembled in one process.

use std::sync::Arc;

use axum::Router;
use commerce_adapters::http::{RateLimit, Tokens};
use commerce_outbox::BusError;
use commerce_saga::BuildError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::gateway;
use crate::http::catalog::CatalogApi;
use crate::http::{Common, Service};
use crate::shop::{Shop, ShopOptions, Stores};
use crate::views::View;

/// How the platform works.
#[derive(Clone)]
pub struct PlatformOptions {
    /// How the services work.
    pub shop: ShopOptions,
    /// Whose tokens are whose.
    pub tokens: Arc<dyn Tokens>,
    /// What each client may ask; everything, if there is none.
    pub rate_limit: Option<RateLimit>,
}

/// Eight services and the gateway in front of them.
pub struct Platform {
    /// The services that the checkout runs through.
    pub shop: Shop,
    catalog: CatalogApi,
    common: Common,
    rate_limit: Option<RateLimit>,
}

impl Platform {
    /// On these stores. The services do nothing by themselves until they [`run`](Self::run).
    ///
    /// # Errors
    /// Never, as long as the definitions of the sagas make sense.
    pub fn new(stores: Stores, options: &PlatformOptions) -> Result<Self, BuildError> {
        let common = Common { host: options.shop.host.clone(), tokens: options.tokens.clone() };
        Ok(Self {
            catalog: CatalogApi::new(stores.catalog.clone()),
            shop: Shop::new(stores, &options.shop)?.publishing(),
            common,
            rate_limit: options.rate_limit.clone(),
        })
    }

    /// What all services share.
    pub fn common(&self) -> &Common {
        &self.common
    }

    /// Each service over HTTP.
    pub fn services(&self) -> Vec<Service> {
        vec![self.catalog.clone().service(&self.common)]
    }

    /// The gateway, with all services behind it in this process.
    pub fn router(&self) -> Router {
        gateway::in_process(self.services(), &self.common, self.rate_limit.clone())
    }

    fn views(&self) -> Vec<View> {
        vec![self.catalog.view().clone()]
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
        let ended = self.shop.run(shutdown.clone()).await;
        shutdown.cancel();
        while views.join_next().await.is_some() {}
        ended
    }
}
