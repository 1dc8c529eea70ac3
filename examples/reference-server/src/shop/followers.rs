//! The services that follow what the others do.

use std::sync::Arc;

use commerce_core::Host;
use commerce_outbox::BusError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Shop, Stores};
use crate::services::analytics::AnalyticsService;
use crate::services::notification::{NotificationOptions, NotificationService};

/// Notification and analytics. They ask nothing of the others, and are asked nothing: they follow published events.
#[derive(Clone)]
pub struct Followers {
    /// Tells people.
    pub notification: NotificationService,
    /// Counts.
    pub analytics: AnalyticsService,
}

impl Followers {
    /// On these stores. They do nothing by themselves until they [`run`](Self::run).
    pub fn new(stores: &Stores, host: &Arc<dyn Host>, options: &NotificationOptions) -> Self {
        Self {
            notification: NotificationService::new(stores.notification.clone(), host.clone(), options),
            analytics: AnalyticsService::new(stores.analytics.clone(), host.clone()),
        }
    }

    /// Follows the events of this shop until `shutdown`, then lets what is under way finish.
    ///
    /// # Errors
    /// When something on the bus can't be read; the other tasks are ended then.
    pub async fn run(&self, shop: &Shop, shutdown: CancellationToken) -> Result<(), BusError> {
        let mut tasks = JoinSet::new();
        let notification = shop.reporting("notification", |bus| self.notification.consumer(bus));
        let analytics = shop.reporting("analytics", |bus| self.analytics.consumer(bus));
        tasks.spawn(notification.run(shutdown.clone()));
        tasks.spawn(analytics.run(shutdown.clone()));
        let (notification, token) = (self.notification.clone(), shutdown.clone());
        tasks.spawn(async move {
            notification.run_deliveries(token).await;
            Ok(())
        });
        let mut outcome = Ok(());
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    shutdown.cancel();
                    outcome = Err(error);
                }
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
        }
        outcome
    }
}
