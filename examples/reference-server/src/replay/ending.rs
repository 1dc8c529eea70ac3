//! Waits for sagas to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use commerce_core::id::Tenant;
use commerce_core::store::{Store, StoreError};
use commerce_outbox::HandleError;
use commerce_saga::{Orchestrator, SagaStatus};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use uuid::Uuid;

use super::ReplayError;
use super::retry::Retries;
use crate::shop::Stores;

/// How long the word that a saga has ended is awaited before the store is asked, at first and at most: it may have been
/// lost, or spoken in another process.
const LOOK: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));
/// So often is checked whether the stores still can be written to.
const CHECK: Duration = Duration::from_secs(1);

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<SagaStatus>>>>;

/// Waits for sagas to end.
pub(super) struct Endings<'a> {
    orchestrator: Orchestrator,
    stores: Stores,
    retries: Retries<'a>,
    waiting: Waiting,
    listener: JoinHandle<()>,
    checked: AsyncMutex<Instant>,
}

impl<'a> Endings<'a> {
    pub(super) fn listen(orchestrator: &Orchestrator, stores: &Stores, retries: Retries<'a>) -> Self {
        let waiting = Waiting::default();
        let mut ended = orchestrator.ended();
        let told = waiting.clone();
        let listener = tokio::spawn(async move {
            loop {
                match ended.recv().await {
                    Ok(finished) => {
                        let waits = told.lock().unwrap_or_else(PoisonError::into_inner).remove(&finished.id);
                        if let Some(waits) = waits {
                            let _ = waits.send(finished.status);
                        }
                    }
                    // Whoever waits looks for itself.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return,
                }
            }
        });
        Self {
            orchestrator: orchestrator.clone(),
            stores: stores.clone(),
            retries,
            waiting,
            listener,
            checked: AsyncMutex::new(Instant::now()),
        }
    }

    /// To be called before the saga can end.
    pub(super) fn expect(&self, id: &str) -> oneshot::Receiver<SagaStatus> {
        let (tell, told) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), tell);
        told
    }

    /// No one waits for it any more.
    pub(super) fn forget(&self, id: &str) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Until the saga has ended, or is stuck.
    pub(super) async fn wait(
        &self,
        saga: &str,
        id: &str,
        mut told: oneshot::Receiver<SagaStatus>,
    ) -> Result<SagaStatus, ReplayError> {
        let mut look = LOOK.0;
        loop {
            if let Ok(Ok(status)) = tokio::time::timeout(look, &mut told).await {
                return Ok(status);
            }
            if let Some(status) = self.ended(saga, id).await? {
                return Ok(status);
            }
            self.check_stores().await?;
            look = (look * 2).min(LOOK.1);
        }
    }

    /// How a saga has ended, if it has.
    pub(super) async fn ended(&self, saga: &str, id: &str) -> Result<Option<SagaStatus>, ReplayError> {
        let look = || async {
            let instance = self.orchestrator.instance(&Tenant::default(), saga, id).await;
            instance.map(|instance| instance.status).map_err(HandleError::from)
        };
        let status = self.retries.read(look).await?;
        Ok((status.is_final() || status == SagaStatus::Stuck).then_some(status))
    }

    /// Consumers wait for a store that fails; whoever waits for them must not wait for ever. One of them checks for all.
    async fn check_stores(&self) -> Result<(), ReplayError> {
        let Ok(mut checked) = self.checked.try_lock() else { return Ok(()) };
        if checked.elapsed() < CHECK {
            return Ok(());
        }
        for (_, store) in self.stores.all() {
            self.retries.read(|| write_something(&**store)).await?;
        }
        *checked = Instant::now();
        Ok(())
    }
}

/// A lease that no one else wants.
async fn write_something(store: &dyn Store) -> Result<(), StoreError> {
    let lease = store.acquire_lease("replay-looks", Uuid::nil(), Duration::from_millis(1)).await?;
    match lease {
        Some(lease) => store.release_lease(&lease).await,
        None => Ok(()),
    }
}

impl Drop for Endings<'_> {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
