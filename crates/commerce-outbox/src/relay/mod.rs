//! Moves messages from a store's outbox log to another bus.
//!
//! A relay reads the log as a consumer group does, with a member for each core: partitions are shared by lease, and a cursor that a fencing token
//! guards moves only past what was published. After a crash some messages are published again, under the same ids:
//! consumers tell by them.

mod plan;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::error::Kind;
use commerce_core::store::Store;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::bus::{Bus, Delivery, READING, Receipt, StoreBus, StoreBusOptions, Subscription, stay};
use crate::envelope::Envelope;
use crate::error::BusError;
use crate::health::Health;
use crate::retry::{RetryPolicy, chance};
use plan::Plan;

/// So many messages are published in one go.
const BATCH: usize = 256;
/// So many may be taken, of whatever keys, and wait to be published; of a partition 64 times as many may have been published
/// since the first that waits.
const TAKEN: usize = 16_384;
/// How long a batch under way may take to finish after a shutdown began.
const GRACE: Duration = Duration::from_secs(10);
/// How long a bus may take to answer before the relay is ill. It goes on waiting: what was sent may have arrived.
const SILENCE: Duration = Duration::from_secs(10);
/// At most so many tasks share a relay's partitions; more than there are cores would not help.
const WORKERS: usize = 4;
/// How long to wait for a store that is out of reach.
const PATIENCE: Duration = Duration::from_millis(500);
/// What may fail, and be tried again.
const PUBLISHING: &str = "publishing messages";

/// Moves a store's messages to another bus: none lost, those of a key in order.
///
/// A key whose message can't be published waits, and is tried again after the [`RetryPolicy`]'s waits for as long as it
/// takes. Other keys go on, until 16,384 messages wait, or a million of the partition were published since the first that
/// waits: those are published again once another relay takes over, or this one starts anew.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use commerce_core::store::Store;
/// # use commerce_outbox::{Bus, BusError, Relay, SystemHost};
/// # use tokio_util::sync::CancellationToken;
/// # async fn run(store: Arc<dyn Store>, broker: Arc<dyn Bus>) -> Result<(), BusError> {
/// Relay::new(("/shop", store), broker, Arc::new(SystemHost)).run(CancellationToken::new()).await
/// # }
/// ```
pub struct Relay {
    name: String,
    source: StoreBus,
    partitions: usize,
    to: Arc<dyn Bus>,
    host: Arc<dyn Host>,
    policy: RetryPolicy,
    health: Health,
}

type Publication = Pin<Box<dyn Future<Output = (Vec<Delivery>, Vec<Result<(), BusError>>)> + Send>>;

impl Relay {
    /// Moves what this store, under the name of its service, writes to its outbox.
    pub fn new(from: (&str, Arc<dyn Store>), to: Arc<dyn Bus>, host: Arc<dyn Host>) -> Self {
        let (source, store) = from;
        let options = StoreBusOptions { window: TAKEN, ..StoreBusOptions::default() };
        Self {
            name: "relay".to_owned(),
            partitions: store.partitions() as usize,
            // Nothing of a relay dies over a message: what was taken and not published is just published.
            source: StoreBus::new(host.clone()).source(source, store).options(options).without_marks(),
            to,
            host,
            policy: RetryPolicy::default(),
            health: Health::new(),
        }
    }

    /// Under another name than `relay`: its cursor's. Two relays from one store to different buses need two.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Waits as this policy says before it tries a message again. It never gives one up.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Reads the store with these options. Unless it is called those are the default ones, but for a window of 16,384.
    pub fn options(mut self, options: StoreBusOptions) -> Self {
        self.source = self.source.options(options);
        self
    }

    /// Tells this handle how it is getting on while it [`run`](Self::run)s. A bus that gives no answer for ten seconds fails;
    /// the answer is waited for all the same.
    pub fn report_to(mut self, health: &Health) -> Self {
        self.health = health.clone();
        self
    }

    /// Moves messages until `shutdown`, then lets the batch under way finish. A store or bus that is out of reach is
    /// waited for.
    ///
    /// # Errors
    /// When the log holds something that can't be read.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), BusError> {
        self.health.watch(self.relay(shutdown)).await
    }

    async fn relay(&self, shutdown: CancellationToken) -> Result<(), BusError> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let workers = WORKERS.min(cores).min(self.partitions).max(1);
        let all = shutdown.child_token();
        let mut running = JoinSet::new();
        for _ in 0..workers {
            running.spawn(self.worker().await?.run(all.clone()));
        }
        let mut result = Ok(());
        while let Some(ended) = running.join_next().await {
            match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => result = result.and(Err(error)),
                Err(error) => {
                    if let Ok(panic) = error.try_into_panic() {
                        std::panic::resume_unwind(panic);
                    }
                }
            }
            // One that can't go on, or was asked to stop, takes the others with it.
            all.cancel();
        }
        result
    }

    /// One member of the group that reads the outbox. Each publishes what its own partitions hold.
    async fn worker(&self) -> Result<Run, BusError> {
        let mut subscription = self.source.subscribe(&self.name, &[]).await?;
        subscription.report_to(&self.health);
        Ok(Run {
            name: self.name.clone(),
            subscription,
            plan: Plan::new(self.policy),
            to: self.to.clone(),
            host: self.host.clone(),
            publishing: None,
            silent_at: Instant::now(),
            health: self.health.clone(),
        })
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("name", &self.name)
            .field("source", &self.source)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

struct Run {
    name: String,
    subscription: Box<dyn Subscription>,
    plan: Plan,
    to: Arc<dyn Bus>,
    host: Arc<dyn Host>,
    publishing: Option<Publication>,
    /// When to take note that what is being published has no answer yet.
    silent_at: Instant,
    health: Health,
}

/// What happened first.
enum Step {
    Published((Vec<Delivery>, Vec<Result<(), BusError>>)),
    Taken(Result<Vec<Delivery>, BusError>),
    /// Something is to be published again, or what is being published is without an answer.
    Due,
}

impl Run {
    async fn run(mut self, shutdown: CancellationToken) -> Result<(), BusError> {
        loop {
            self.give_back().await?;
            self.publish();
            let step = tokio::select! {
                () = shutdown.cancelled() => break,
                step = self.step() => step,
            };
            match step {
                Step::Published((batch, results)) => self.settle(batch, results).await?,
                Step::Taken(Ok(deliveries)) => self.plan.take(deliveries),
                Step::Taken(Err(error)) if error.kind() == Kind::Retryable => {
                    warn!(relay = self.name, %error, "the store is out of reach");
                    let _ = tokio::time::timeout(PATIENCE, shutdown.cancelled()).await;
                }
                Step::Taken(Err(error)) => return Err(error),
                Step::Due => self.note_silence(),
            }
        }
        self.leave().await
    }

    /// What waits of partitions that are to go to others is for them: they wait for those partitions.
    async fn give_back(&mut self) -> Result<(), BusError> {
        let leaving = self.subscription.leaving();
        if leaving.is_empty() {
            return Ok(());
        }
        self.subscription.nack(&self.plan.drop_those_of(&leaving)).await
    }

    /// Hands the next batch to the bus, if none is on its way.
    fn publish(&mut self) {
        if self.publishing.is_some() {
            return;
        }
        let now = Instant::now();
        let batch = self.plan.batch(now, BATCH);
        if batch.is_empty() {
            return;
        }
        self.silent_at = now + SILENCE;
        let to = self.to.clone();
        self.publishing = Some(Box::pin(async move {
            let apart = batch
                .into_iter()
                .map(|d| (d.envelope, (d.receipt, d.redelivered, d.may_be_handled, d.epoch)));
            let (envelopes, places): (Vec<Envelope>, Vec<_>) = apart.unzip();
            let results = to.publish(&envelopes).await;
            let together = envelopes.into_iter().zip(places);
            let delivery = |(envelope, (receipt, redelivered, may_be_handled, epoch))| Delivery {
                envelope,
                receipt,
                redelivered,
                may_be_handled,
                epoch,
            };
            (together.map(delivery).collect(), results)
        }));
    }

    async fn step(&mut self) -> Step {
        let room = TAKEN.saturating_sub(self.plan.taken()).min(BATCH * 4);
        let due = if self.publishing.is_some() { Some(self.silent_at) } else { self.plan.next_due() };
        tokio::select! {
            published = wait_for(&mut self.publishing) => Step::Published(published),
            taken = self.subscription.next(room) => {
                self.health.note(READING, &taken);
                Step::Taken(taken)
            }
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => Step::Due,
        }
    }

    fn note_silence(&mut self) {
        if self.publishing.is_some() {
            warn!(relay = self.name, "the bus does not answer");
            self.health.ill(PUBLISHING);
            self.silent_at = Instant::now() + SILENCE;
        }
    }

    async fn settle(
        &mut self,
        batch: Vec<Delivery>,
        results: Vec<Result<(), BusError>>,
    ) -> Result<(), BusError> {
        self.publishing = None;
        let receipts = self.note(batch, results);
        self.subscription.ack(&receipts).await
    }

    fn note(&mut self, batch: Vec<Delivery>, results: Vec<Result<(), BusError>>) -> Vec<Receipt> {
        let now = Instant::now();
        let mut receipts = Vec::with_capacity(batch.len());
        // A bus that takes some is in reach; those of keys that it refuses wait.
        match results.iter().any(Result::is_ok) {
            true => self.health.well(PUBLISHING),
            false => self.health.ill(PUBLISHING),
        }
        let mut results = results.into_iter();
        for delivery in batch {
            let result = results.next().unwrap_or_else(|| Err(unanswered()));
            match self.plan.settle(&delivery, result, now, chance(&*self.host)) {
                Ok(receipt) => receipts.push(receipt),
                Err((failures, error)) => {
                    let envelope = &delivery.envelope;
                    warn!(relay = self.name, message_id = %envelope.id, key = %envelope.key, failures, %error, "a message was not published");
                }
            }
        }
        receipts
    }

    async fn leave(mut self) -> Result<(), BusError> {
        if self.publishing.is_some() {
            let published = async {
                tokio::select! {
                    published = wait_for(&mut self.publishing) => published,
                    never = stay(&mut *self.subscription) => match never {},
                }
            };
            if let Ok((batch, results)) = tokio::time::timeout(GRACE, published).await {
                self.settle(batch, results).await?;
            }
        }
        let receipts = self.plan.clear();
        self.subscription.nack(&receipts).await?;
        self.subscription.close().await
    }
}

async fn wait_for(publishing: &mut Option<Publication>) -> (Vec<Delivery>, Vec<Result<(), BusError>>) {
    match publishing {
        Some(publication) => publication.await,
        None => std::future::pending().await,
    }
}

fn unanswered() -> BusError {
    BusError::Unavailable { source: "the bus gave no answer for the message".into() }
}
