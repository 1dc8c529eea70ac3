//! What one process at a time does.

use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use commerce_core::store::{Lease, Store, StoreError};
use commerce_outbox::{BusError, Health};
use tokio_util::sync::CancellationToken;
use tracing::warn;
use uuid::Uuid;

/// How long the process that does it may be silent before another takes over: as for partitions of the bus.
const LEASE: Duration = Duration::from_secs(10);
/// What may fail, and be tried again.
const ASKING: &str = "asking whose turn it is";
/// So often the others look whether it is their turn.
const LOOK: Duration = Duration::from_secs(1);

/// A turn that no one else has.
pub(super) struct Owner {
    pub(super) store: Arc<dyn Store>,
    pub(super) name: &'static str,
    pub(super) holder: Uuid,
    /// Where it reports, and its work within it: whoever waits for its turn is well.
    pub(super) health: Health,
}

impl Owner {
    /// Runs `work`, anew each time it is this process's turn, until `shutdown`. Should two do it for a moment, because
    /// one has lost its lease without knowing, that must do no harm.
    ///
    /// # Errors
    /// Those of `work` that do not pass: a turn that could not be left in good order ends by itself.
    pub(super) async fn run<F>(
        &self,
        shutdown: &CancellationToken,
        work: impl Fn(CancellationToken) -> F,
    ) -> Result<(), BusError>
    where
        F: Future<Output = Result<(), BusError>>,
    {
        self.health.watch(self.take_turns(shutdown, work)).await
    }

    async fn take_turns<F>(
        &self,
        shutdown: &CancellationToken,
        work: impl Fn(CancellationToken) -> F,
    ) -> Result<(), BusError>
    where
        F: Future<Output = Result<(), BusError>>,
    {
        while !shutdown.is_cancelled() {
            match self.take().await {
                Ok(Some(lease)) => match self.turn(&lease, shutdown.child_token(), &work).await {
                    Err(error) if error.kind() == Kind::Retryable => {
                        warn!(name = self.name, %error, "a turn was not left in good order");
                    }
                    ended => ended?,
                },
                Ok(None) => {}
                Err(error) => warn!(name = self.name, %error, "whose turn it is can't be asked"),
            }
            let _ = tokio::time::timeout(LOOK, shutdown.cancelled()).await;
        }
        Ok(())
    }

    async fn turn<F>(
        &self,
        lease: &Lease,
        turn: CancellationToken,
        work: impl Fn(CancellationToken) -> F,
    ) -> Result<(), BusError>
    where
        F: Future<Output = Result<(), BusError>>,
    {
        let working = async {
            let ended = work(turn.clone()).await;
            turn.cancel();
            ended
        };
        let (ended, ()) = tokio::join!(working, self.keep(&turn));
        self.give_back(lease).await;
        ended
    }

    async fn take(&self) -> Result<Option<Lease>, StoreError> {
        let taken = self.store.acquire_lease(self.name, self.holder, LEASE).await;
        match taken {
            Ok(_) => self.health.well(ASKING),
            Err(_) => self.health.ill(ASKING),
        }
        taken
    }

    /// Until the turn is over: cancels it if the lease has gone to another.
    async fn keep(&self, turn: &CancellationToken) {
        while tokio::time::timeout(LEASE / 3, turn.cancelled()).await.is_err() {
            match self.take().await {
                Ok(Some(_)) => {}
                Ok(None) => turn.cancel(),
                // If another takes over meanwhile, it is found out at the next look.
                Err(error) => warn!(name = self.name, %error, "the lease could not be prolonged"),
            }
        }
    }

    async fn give_back(&self, lease: &Lease) {
        if let Err(error) = self.store.release_lease(lease).await {
            warn!(name = self.name, %error, "the lease ends by itself");
        }
    }
}
