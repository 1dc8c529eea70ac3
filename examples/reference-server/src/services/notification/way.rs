//! Delivering by one channel. Each has slots of its own, so that a mail server that says nothing holds up mails alone.

use std::collections::HashSet;
use std::pin::Pin;
use std::time::Duration;

use commerce_core::id::NotificationId;
use commerce_core::notification::{
    ChannelKind, Channels, Due, Error, NotificationStatus, NotificationView, Notifications,
};
use commerce_core::store::ChangeListener;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

/// So often is looked for what is due, unless the store changes before.
const LOOK: Duration = Duration::from_secs(1);
/// So many are delivered at once.
const SLOTS: usize = 8;
/// Among so many, the longest due, the most urgent are found.
const LOOKED_AT: usize = 100;

type Outcome = Result<Option<NotificationView>, Error>;
type Attempt<'a> = Pin<Box<dyn Future<Output = (NotificationId, Outcome)> + Send + 'a>>;

/// A channel, and what goes by it.
pub(super) struct Way {
    notifications: Notifications,
    channels: Channels,
    channel: ChannelKind,
}

/// What is being delivered.
struct UnderWay<'a> {
    attempts: FuturesUnordered<Attempt<'a>>,
    ids: HashSet<NotificationId>,
    /// What came to nothing here, and is left alone until the next look by the clock: it may be found again at once.
    set_aside: HashSet<NotificationId>,
    looks_at: Instant,
}

impl Way {
    pub(super) fn new(notifications: Notifications, channels: Channels, channel: ChannelKind) -> Self {
        Self { notifications, channels, channel }
    }

    /// Delivers until `shutdown`, and then sees what is under way to its end.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        let mut under_way = UnderWay::default();
        while !shutdown.is_cancelled() {
            let change = self.notifications.store().changes().listen();
            under_way.look_again();
            self.begin(&mut under_way).await;
            let (has_slots, is_at_work) = (under_way.slots() > 0, !under_way.ids.is_empty());
            tokio::select! {
                Some((id, outcome)) = under_way.attempts.next(), if is_at_work => {
                    self.end(&mut under_way, id, outcome);
                    // What ends at once makes room at once.
                    while let Some(Some((id, outcome))) = under_way.attempts.next().now_or_never() {
                        self.end(&mut under_way, id, outcome);
                    }
                }
                () = next_look(change), if has_slots => {}
                () = shutdown.cancelled() => {}
            }
        }
        while let Some((id, outcome)) = under_way.attempts.next().await {
            self.end(&mut under_way, id, outcome);
        }
    }

    /// Fills the free slots with the most urgent of what is due.
    async fn begin<'a>(&'a self, under_way: &mut UnderWay<'a>) {
        if under_way.slots() == 0 {
            return;
        }
        match self.notifications.due_on(self.channel, LOOKED_AT).await {
            Ok(due) => due.into_iter().for_each(|due| under_way.begin(due, self)),
            Err(error) => warn!(channel = %self.channel, %error, "what is due can't be read now"),
        }
    }

    async fn attempt(&self, due: Due) -> (NotificationId, Outcome) {
        (due.id, self.notifications.deliver(&due, &self.channels).await)
    }

    fn end(&self, under_way: &mut UnderWay<'_>, id: NotificationId, outcome: Outcome) {
        under_way.ids.remove(&id);
        let outcome = match outcome {
            Ok(Some(view)) => told(&view),
            Ok(None) => {
                under_way.set_aside.insert(id);
                return;
            }
            Err(error) => {
                under_way.set_aside.insert(id);
                warn!(%id, channel = %self.channel, %error, "a notification can't be delivered now");
                "broken"
            }
        };
        let channel = self.channel.as_str();
        metrics::counter!("notifications_total", "channel" => channel, "outcome" => outcome).increment(1);
    }
}

async fn next_look(change: ChangeListener) {
    let _ = tokio::time::timeout(LOOK, change).await;
    // What comes close together is looked for together.
    tokio::time::sleep(Duration::from_millis(10)).await;
}

/// Says what became of an attempt, if an operator is to know; answers how it is counted. To whom it was to go stays
/// unsaid.
fn told(view: &NotificationView) -> &'static str {
    let (id, channel, attempts) = (view.id, view.channel, view.attempts);
    let code = view.failure_code.as_deref().unwrap_or_default();
    let detail = view.failure_detail.as_deref().unwrap_or_default();
    match view.status {
        NotificationStatus::Sent | NotificationStatus::Delivered => "sent",
        NotificationStatus::Pending => {
            warn!(%id, %channel, attempts, code, detail, "a notification was not delivered, and is tried again");
            "retried"
        }
        NotificationStatus::Failed => {
            warn!(%id, %channel, attempts, code, detail, "a notification is given up");
            "failed"
        }
        NotificationStatus::Cancelled => "cancelled",
    }
}

impl<'a> UnderWay<'a> {
    fn slots(&self) -> usize {
        SLOTS.saturating_sub(self.ids.len())
    }

    fn begin(&mut self, due: Due, way: &'a Way) {
        if self.slots() > 0 && !self.set_aside.contains(&due.id) && self.ids.insert(due.id) {
            self.attempts.push(Box::pin(way.attempt(due)));
        }
    }

    fn look_again(&mut self) {
        if self.looks_at <= Instant::now() {
            self.set_aside.clear();
            self.looks_at = Instant::now() + LOOK;
        }
    }
}

impl Default for UnderWay<'_> {
    fn default() -> Self {
        Self {
            attempts: FuturesUnordered::new(),
            ids: HashSet::new(),
            set_aside: HashSet::new(),
            looks_at: Instant::now() + LOOK,
        }
    }
}
