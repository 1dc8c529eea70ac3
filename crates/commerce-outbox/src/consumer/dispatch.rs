use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use commerce_core::error::Kind;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

use super::held_keys::KeyName;
use super::worker::Worker;
use crate::bus::{Delivery, READING, Receipt, Subscription, drop_from, stay};
use crate::error::BusError;

/// So many messages may be taken and wait for their turn, for each that may be handled at a time.
const AHEAD: usize = 4;
/// So many may be taken where all that are not handled wait for their key, and workers for something to do.
const MOST: usize = 4_096;
/// How long messages under way may take to finish after a shutdown began.
pub(super) const GRACE: Duration = Duration::from_secs(10);
/// How long what is done may wait to be acknowledged: each time, reading on is interrupted.
const ACK: Duration = Duration::from_millis(10);
/// How long to wait for a bus or store that is out of reach.
const PATIENCE: Duration = Duration::from_millis(500);
/// What may fail, and be tried again.
const FINDING_HELD: &str = "finding out which keys are held";
/// What may fail, and be tried again.
const TELLING: &str = "telling the bus what is done";
/// What fails once, and is not made good in this task.
const WORKERS: &str = "a worker that broke down";

/// Reads from the bus, and acknowledges what is done.
pub(super) struct Dispatcher {
    worker: Arc<Worker>,
    subscription: Box<dyn Subscription>,
    lanes: Lanes,
    untold: Untold,
    epoch: u64,
}

/// What the bus has not been told yet.
#[derive(Default)]
struct Untold {
    done: Vec<Receipt>,
    given_back: Vec<Receipt>,
}

impl Untold {
    fn is_empty(&self) -> bool {
        self.done.is_empty() && self.given_back.is_empty()
    }

    /// Takes note of what has ended. What can't be settled is given back.
    fn note(&mut self, finished: Finished) -> Result<(), BusError> {
        match finished {
            Finished::Settled(receipt) => self.done.push(receipt),
            Finished::Stuck(receipt, error) => {
                self.given_back.push(receipt);
                return Err(error);
            }
            Finished::BrokenDown => {}
        }
        Ok(())
    }
}

impl Dispatcher {
    pub(super) fn new(worker: Arc<Worker>, subscription: Box<dyn Subscription>) -> Self {
        let lanes = Lanes::new(worker.clone());
        Self { worker, subscription, lanes, untold: Untold::default(), epoch: 0 }
    }

    pub(super) async fn run(mut self, shutdown: CancellationToken) -> Result<(), BusError> {
        while !shutdown.is_cancelled() {
            let deliveries = self.read(&shutdown).await;
            self.tell().await?;
            let taken = match deliveries {
                Ok(deliveries) => self.take(deliveries, &shutdown).await,
                Err(error) => Err(error),
            };
            match taken {
                Ok(()) => {}
                Err(error) if error.kind() == Kind::Retryable => {
                    warn!(group = self.worker.held.group, %error, "no messages can be had");
                    pause(&shutdown).await;
                }
                Err(error) => {
                    error!(group = self.worker.held.group, %error, "the consumer ends");
                    // In good order: what else is under way is not to blame, and no one is to suspect it.
                    let _ = self.leave().await;
                    return Err(error);
                }
            }
        }
        self.leave().await
    }

    /// Waits for deliveries while the lanes run, until something is to be acknowledged. Even where there is no room for
    /// more the subscription is asked: that keeps the membership alive.
    async fn read(&mut self, shutdown: &CancellationToken) -> Result<Vec<Delivery>, BusError> {
        self.lanes.start();
        let room = self.lanes.room();
        let mut ack_at = (!self.untold.is_empty()).then(|| Instant::now() + PATIENCE);
        let mut next = self.subscription.next(room);
        loop {
            let until = ack_at.unwrap_or_else(Instant::now);
            tokio::select! {
                () = shutdown.cancelled() => return Ok(Vec::new()),
                Some(finished) = self.lanes.finished() => {
                    self.untold.note(finished)?;
                    ack_at.get_or_insert_with(|| Instant::now() + ACK);
                    self.lanes.start();
                    if room == 0 && self.lanes.room() > 0 {
                        return Ok(Vec::new());
                    }
                }
                () = tokio::time::sleep_until(until), if ack_at.is_some() => return Ok(Vec::new()),
                deliveries = &mut next => {
                    self.worker.health.note(READING, &deliveries);
                    return deliveries;
                }
            }
        }
    }

    /// Tells the bus what is done, and what it gets back: what has not begun of partitions that are to go to others is for
    /// them, and they wait for those partitions. A bus that is out of reach is told later.
    async fn tell(&mut self) -> Result<(), BusError> {
        let leaving = self.subscription.leaving();
        if !leaving.is_empty() {
            self.untold.given_back.extend(self.lanes.drop_those_of(&leaving));
        }
        let told = self.try_to_tell().await;
        self.worker.health.note(TELLING, &told);
        match told {
            Err(error) if error.kind() == Kind::Retryable => {
                warn!(group = self.worker.held.group, %error, "the bus can't be told what is done");
                Ok(())
            }
            told => told,
        }
    }

    async fn try_to_tell(&mut self) -> Result<(), BusError> {
        self.subscription.ack(&self.untold.done).await?;
        self.untold.done.clear();
        if !self.untold.given_back.is_empty() {
            self.subscription.nack(&self.untold.given_back).await?;
            self.untold.given_back.clear();
        }
        Ok(())
    }

    async fn take(
        &mut self,
        deliveries: Vec<Delivery>,
        shutdown: &CancellationToken,
    ) -> Result<(), BusError> {
        let epoch = deliveries.iter().map(|delivery| delivery.epoch).max().unwrap_or(0);
        self.lanes.take(deliveries);
        while epoch > self.epoch && !shutdown.is_cancelled() {
            let worker = self.worker.clone();
            let refreshed = tokio::select! {
                refreshed = self.meanwhile(worker.refresh_held_keys()) => refreshed,
                () = shutdown.cancelled() => return Ok(()),
            };
            self.worker.health.note(FINDING_HELD, &refreshed);
            match refreshed {
                Ok(()) => self.epoch = epoch,
                Err(error) if error.kind() == Kind::Retryable => {
                    warn!(group = self.worker.held.group, %error, "the store is out of reach");
                    self.meanwhile(pause(shutdown)).await;
                }
                Err(error) => {
                    let what = "it can't be found out which keys are held";
                    return Err(self.worker.stuck(what.to_owned(), error));
                }
            }
        }
        Ok(())
    }

    /// Stays a member while it waits for something else: whoever took over would have to suspect what no one has begun.
    async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            never = stay(&mut *self.subscription) => match never {},
        }
    }

    /// Lets what runs finish, and leaves the rest to others, who need not suspect it.
    async fn leave(mut self) -> Result<(), BusError> {
        self.untold.given_back.extend(self.lanes.clear());
        self.tell().await?;
        let finished = tokio::time::timeout(GRACE, self.finish()).await.unwrap_or(Ok(()));
        self.cut_off();
        let told = self.tell().await;
        self.subscription.close().await.and(told).and(finished)
    }

    /// Ends what still runs, before others take it over: it must not run twice at once.
    fn cut_off(&mut self) {
        let count = self.lanes.running.len();
        if count > 0 {
            warn!(
                group = self.worker.held.group,
                count, "handlers were cut off, as they took too long to finish: their messages come again"
            );
        }
        self.lanes.running.abort_all();
    }

    /// Until nothing runs any more.
    async fn finish(&mut self) -> Result<(), BusError> {
        let mut result = Ok(());
        loop {
            let finished = tokio::select! {
                finished = self.lanes.finished() => finished,
                never = stay(&mut *self.subscription) => match never {},
            };
            let Some(finished) = finished else { return result };
            result = result.and(self.untold.note(finished));
            self.tell().await?;
        }
    }
}

pub(super) async fn pause(shutdown: &CancellationToken) {
    let _ = tokio::time::timeout(PATIENCE, shutdown.cancelled()).await;
}

/// Hands messages to workers: one of a key at a time, in order.
struct Lanes {
    worker: Arc<Worker>,
    lanes: HashMap<KeyName, VecDeque<Delivery>>,
    ready: VecDeque<KeyName>,
    running: JoinSet<(KeyName, Receipt, Result<(), BusError>)>,
    taken: usize,
}

/// How the handling of a message has ended.
enum Finished {
    /// It is done.
    Settled(Receipt),
    /// It can't be.
    Stuck(Receipt, BusError),
    /// Its task has panicked.
    BrokenDown,
}

impl Lanes {
    fn new(worker: Arc<Worker>) -> Self {
        Self { worker, lanes: HashMap::new(), ready: VecDeque::new(), running: JoinSet::new(), taken: 0 }
    }

    /// How many more may be taken. None until there is room for a fair number: each read costs.
    fn room(&self) -> usize {
        let usual = self.worker.options.concurrency * AHEAD;
        let most = if self.has_idle_workers() { usual.max(MOST) } else { usual };
        let room = most.saturating_sub(self.taken).min(usual);
        if room >= usual / 4 { room } else { 0 }
    }

    /// Whether nothing that was taken can be handled beside what is.
    fn has_idle_workers(&self) -> bool {
        self.ready.is_empty() && self.running.len() < self.worker.options.concurrency
    }

    fn take(&mut self, deliveries: Vec<Delivery>) {
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

    /// Starts what may run. A key that has a lane is in `ready` or running, never both.
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
                let settled = worker.settle(&delivery).await;
                (key, delivery.receipt, settled)
            });
        }
    }

    /// The next that has ended; nothing once none runs. Dropping the future loses nothing.
    async fn finished(&mut self) -> Option<Finished> {
        let (key, receipt, settled) = match self.running.join_next().await? {
            Ok(done) => done,
            // Handlers that panic are caught, so the fault lies here or in the store. The message is not done: its
            // lane stands still, and whoever takes the partition next suspects it.
            Err(error) => {
                error!(group = self.worker.held.group, %error, "a worker broke down");
                self.worker.health.ill(WORKERS);
                return Some(Finished::BrokenDown);
            }
        };
        // Nor is this one: those behind it must not overtake it.
        if let Err(error) = settled {
            return Some(Finished::Stuck(receipt, error));
        }
        self.taken -= 1;
        if self.lanes.get(&key).is_some_and(|lane| !lane.is_empty()) {
            self.ready.push_back(key);
        } else {
            self.lanes.remove(&key);
        }
        Some(Finished::Settled(receipt))
    }

    /// Gives up what has not begun of these partitions. A lane stays, though it be empty: what comes again must not overtake
    /// what runs.
    fn drop_those_of(&mut self, partitions: &[usize]) -> Vec<Receipt> {
        let lanes = self.lanes.values_mut();
        let dropped: Vec<_> = lanes.flat_map(|lane| drop_from(lane, partitions)).collect();
        self.taken -= dropped.len();
        dropped
    }

    /// Gives up what has not begun.
    fn clear(&mut self) -> Vec<Receipt> {
        self.ready.clear();
        self.lanes.drain().flat_map(|(_, lane)| lane).map(|delivery| delivery.receipt).collect()
    }
}
