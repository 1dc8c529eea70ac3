//! A lease that a member asks for.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::store::{Lease, Store, StoreError};
use tokio::task::{JoinError, JoinHandle};
use uuid::Uuid;

/// It is asked for by a task of its own. The wait for it may be dropped, and then the store may still come to it: after the
/// lease was given back, if no one waited.
pub(super) struct AskedLease {
    state: Asking,
}

enum Asking {
    UnderWay(JoinHandle<Result<Option<Lease>, StoreError>>),
    Answered(Option<Lease>),
}

impl AskedLease {
    pub(super) fn ask(store: Arc<dyn Store>, name: String, holder: Uuid, length: Duration) -> Self {
        let task = tokio::spawn(async move { store.acquire_lease(&name, holder, length).await });
        Self { state: Asking::UnderWay(task) }
    }

    /// The answer, as often as it is asked for; after a failure that there is none.
    pub(super) async fn answer(&mut self) -> Result<Option<Lease>, StoreError> {
        let task = match &mut self.state {
            Asking::UnderWay(task) => task,
            Asking::Answered(lease) => return Ok(lease.clone()),
        };
        let broken = |broken: JoinError| Err(StoreError::Unavailable { source: broken.into() });
        let answer = task.await.unwrap_or_else(broken);
        self.state = Asking::Answered(answer.as_ref().ok().cloned().flatten());
        answer
    }
}
