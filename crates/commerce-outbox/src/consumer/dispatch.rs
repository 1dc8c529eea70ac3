use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::worker::{KeyName, Worker};
use crate::bus::{Delivery, Receipt, Subscription};
use crate::error::BusError;

/// So many messages may be taken and wait for their key, for each that is handled.
const AHEAD: usize = 4;
/// How long messages under way may take to finish after a shutdown began.
const GRACE: Duration = Duration::from_secs(10);

/// Hands messages to workers: one of a key at a time, in order.
pub(super) struct Dispatcher {
    worker: Arc<Worker>,
    subscription: Box<dyn Subscription>,
    lanes: HashMap<KeyName, VecDeque<Delivery>>,
    ready: VecDeque<KeyName>,
    running: JoinSet<(KeyName, Receipt)>,
    taken: usize,
    epoch: u64,
}

impl Dispatcher {
    pub(super) fn new(worker: Arc<Worker>, subscription: Box<dyn Subscription>) -> Self {
        Self {
            worker,
            subscription,
            lanes: HashMap::new(),
            ready: VecDeque::new(),
            running: JoinSet::new(),
            taken: 0,
            epoch: 0,
        }
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Result<(), BusError> {
        let most = self.worker.options.concurrency * AHEAD;
        loop {
            self.start();
            let room = most.saturating_sub(self.taken);
            tokio::select! {
                () = shutdown.cancelled() => break,
                Some(done) = self.running.join_next() => self.finish(done).await?,
                deliveries = self.subscription.next(room), if room > 0 => match deliveries {
                    Ok(deliveries) => self.take(deliveries).await,
                    Err(error) if error.kind() == Kind::Retryable => {
                        warn!(group = self.worker.held.group, %error, "the bus is out of reach");
                        tokio::time::sleep(Duration::from_millis(500)).await;
                    }
                    Err(error) => return Err(error),
                },
            }
        }
        self.leave().await
    }

    async fn take(&mut self, deliveries: Vec<Delivery>) {
        let epoch = deliveries.iter().map(|delivery| delivery.epoch).max().unwrap_or(0);
        if epoch > self.epoch {
            while let Err(error) = self.worker.refresh_held_keys().await {
                warn!(group = self.worker.held.group, %error, "the store is out of reach");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            self.epoch = epoch;
        }
        self.taken += deliveries.len();
        for delivery in deliveries {
            let key = (delivery.envelope.tenant.clone(), delivery.envelope.key.clone());
            let lane = self.lanes.entry(key.clone()).or_insert_with(|| {
                self.ready.push_back(key);
                VecDeque::new()
            });
            lane.push_back(delivery);
        }
    }

    /// Starts what may run. A key is in `ready` or running, never both.
    fn start(&mut self) {
        while self.running.len() < self.worker.options.concurrency
            && let Some(key) = self.ready.pop_front()
        {
            let Some(delivery) = self.lanes.get_mut(&key).and_then(VecDeque::pop_front) else {
                self.lanes.remove(&key);
                continue;
            };
            let worker = self.worker.clone();
            self.running.spawn(async move {
                worker.settle(&delivery).await;
                (key, delivery.receipt)
            });
        }
    }

    async fn finish(
        &mut self,
        done: Result<(KeyName, Receipt), tokio::task::JoinError>,
    ) -> Result<(), BusError> {
        let (key, receipt) = match done {
            Ok(done) => done,
            // A handler that panics takes the consumer with it, as a crash would: the message counts as taken.
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Ok(()),
            },
        };
        self.taken -= 1;
        if self.lanes.get(&key).is_some_and(|lane| !lane.is_empty()) {
            self.ready.push_back(key);
        } else {
            self.lanes.remove(&key);
        }
        self.subscription.ack(&[receipt]).await
    }

    /// Lets what runs finish, and leaves the rest to others.
    async fn leave(mut self) -> Result<(), BusError> {
        let deadline = tokio::time::Instant::now() + GRACE;
        self.ready.clear();
        while let Ok(Some(done)) = tokio::time::timeout_at(deadline, self.running.join_next()).await {
            if let Ok((_, receipt)) = done {
                self.subscription.ack(&[receipt]).await?;
            }
        }
        self.subscription.close().await
    }
}
