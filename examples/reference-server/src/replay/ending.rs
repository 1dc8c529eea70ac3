//! Waits for sagas to end.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use commerce_core::id::Tenant;
use commerce_outbox::HandleError;
use commerce_saga::{Orchestrator, SagaStatus};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::ReplayError;
use crate::shop::Stores;

/// So often the store is asked, should the word that a saga has ended be lost; and whether it still can be written to.
const LOOK: Duration = Duration::from_secs(1);

type Waiting = Arc<Mutex<HashMap<String, oneshot::Sender<SagaStatus>>>>;

/// Waits for sagas to end.
pub(super) struct Endings {
    orchestrator: Orchestrator,
    stores: Stores,
    waiting: Waiting,
    listener: JoinHandle<()>,
}

impl Endings {
    pub(super) fn listen(orchestrator: &Orchestrator, stores: &Stores) -> Self {
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
        Self { orchestrator: orchestrator.clone(), stores: stores.clone(), waiting, listener }
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
        loop {
            if let Ok(Ok(status)) = tokio::time::timeout(LOOK, &mut told).await {
                return Ok(status);
            }
            if let Some(status) = self.ended(saga, id).await? {
                return Ok(status);
            }
            self.check_stores().await?;
        }
    }

    /// How a saga has ended, if it has.
    pub(super) async fn ended(&self, saga: &str, id: &str) -> Result<Option<SagaStatus>, ReplayError> {
        let instance = self.orchestrator.instance(&Tenant::default(), saga, id).await;
        let status = instance.map_err(HandleError::from)?.status;
        Ok((status.is_final() || status == SagaStatus::Stuck).then_some(status))
    }

    /// Consumers wait for a store that fails; whoever waits for them must not, but say so.
    async fn check_stores(&self) -> Result<(), ReplayError> {
        for (_, store) in self.stores.all() {
            let lease = store.acquire_lease("replay-looks", Uuid::nil(), Duration::from_millis(1)).await?;
            if let Some(lease) = lease {
                store.release_lease(&lease).await?;
            }
        }
        Ok(())
    }
}

impl Drop for Endings {
    fn drop(&mut self) {
        self.listener.abort();
    }
}
