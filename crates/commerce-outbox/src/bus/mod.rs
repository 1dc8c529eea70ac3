//! What carries messages from one service to the others.

mod store_bus;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use async_trait::async_trait;
use tracing::warn;

pub(crate) use store_bus::cursor_name;
pub use store_bus::{StoreBus, StoreBusOptions};

use crate::envelope::Envelope;
use crate::error::BusError;
use crate::health::Health;

/// What a reader of a bus does over and over: see [`Health::well`].
pub const READING: &str = "reading messages";
/// How long a member that only stays waits for a bus that is out of reach.
const PATIENCE: Duration = Duration::from_millis(500);

/// A bus: a broker, or the store itself.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Publishes a batch. Each message has its own result, in the same order; one that failed may be published again.
    /// Whoever needs order hands over one message of a key at a time: a later one may succeed where an earlier failed.
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>>;

    /// Joins a consumer group. Each message of the topics goes to one member of the group at a time, messages of one
    /// key in order.
    async fn subscribe(&self, group: &str, topics: &[&str]) -> Result<Box<dyn Subscription>, BusError>;
}

/// Membership in a consumer group.
#[async_trait]
pub trait Subscription: Send {
    /// The next messages, `max` at most; waits until there is one. Dropping the future loses nothing. The wait keeps the
    /// membership alive: a member that has no room for more asks for none (`max` is zero) and goes on waiting. Meanwhile it keeps
    /// its partitions, and takes over no others. The wait also ends, without a message, where there is something new to give
    /// back: see [`leaving`](Self::leaving).
    async fn next(&mut self, max: usize) -> Result<Vec<Delivery>, BusError>;

    /// These messages are done with. Until then they are delivered again after a crash.
    async fn ack(&mut self, receipts: &[Receipt]) -> Result<(), BusError>;

    /// These messages are to be delivered again, in order, and nothing else is. Whoever needs order within a key gives
    /// back those behind them as well.
    async fn nack(&mut self, receipts: &[Receipt]) -> Result<(), BusError>;

    /// The partitions that are to go to other members, once nothing of them is under way. No one reads them meanwhile: whoever
    /// has messages of theirs and has not begun with them gives those back.
    fn leaving(&self) -> Vec<usize> {
        Vec::new()
    }

    /// Tells this handle that [`READING`] succeeds, each time that `next` has reached the bus and found nothing. Whoever waits
    /// for a message learns of a bus that is back by nothing else; without it, with the next message.
    fn report_to(&mut self, _health: &Health) {}

    /// Leaves the group: what was acknowledged is kept, the rest goes to other members.
    async fn close(&mut self) -> Result<(), BusError>;
}

/// Stays a member without taking any more: whoever takes over from one that seems to be gone has to suspect what that still
/// has under way. Dropping the future loses nothing.
pub(crate) async fn stay(subscription: &mut dyn Subscription) -> Infallible {
    loop {
        if let Err(error) = subscription.next(0).await {
            warn!(%error, "the membership may end before what is under way is done");
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

/// A message, and how to say that it is done.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The message.
    pub envelope: Envelope,
    /// For [`Subscription::ack`].
    pub receipt: Receipt,
    /// Whoever took it before may have died over it: it counts as an attempt.
    pub redelivered: bool,
    /// Another member may have handled it, and ended in good order: whether it has is to be found out before it is handled.
    pub may_be_handled: bool,
    /// Rises each time this member is given a partition: what it remembers of the partition's keys is out of date.
    pub epoch: u64,
}

/// Names a delivery to its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// Which of the subscription's partitions.
    pub partition: usize,
    /// The message's place in it.
    pub position: u64,
}

/// Drops what is of these partitions; the rest stays in order.
pub(crate) fn drop_from(queue: &mut VecDeque<Delivery>, partitions: &[usize]) -> Vec<Receipt> {
    let (dropped, kept): (VecDeque<_>, VecDeque<_>) =
        queue.drain(..).partition(|delivery| partitions.contains(&delivery.receipt.partition));
    *queue = kept;
    dropped.into_iter().map(|delivery| delivery.receipt).collect()
}
