//! Takes messages from a bus and has each handled once.

mod dispatch;
mod handler;
mod held_keys;
mod observe;
mod retries;
mod scope;
mod worker;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use commerce_core::Host;
use commerce_core::error::Kind;
use commerce_core::store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::warn;

pub use handler::{Handler, Message};
pub use scope::{Handled, Scope};

use crate::bus::{Bus, READING, Subscription};
use crate::envelope::Envelope;
use crate::error::{BusError, HandleError};
use crate::health::Health;
use crate::retry::RetryPolicy;
use dispatch::Dispatcher;
use handler::{Ignore, Typed};
use worker::Worker;

/// So many messages may be handled at a time at most: more than any bus hands out, and a number that can be multiplied.
const MOST_AT_A_TIME: usize = 65_536;
/// So long a lease of the retries lasts at least and at most.
const RETRY_LEASE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(24 * 60 * 60));

/// A member of a consumer group.
///
/// Messages of one key are handled one after the other, in order; messages of other keys at the same time. What a
/// handler adds to its [`Scope`] is committed to the consumer's own store together with the claim that makes the
/// message take effect once.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use commerce_core::{Host, store::Store};
/// # use commerce_core::commit::{DocumentWrite, Expected};
/// # use commerce_outbox::{Consumer, Message, StoreBus, SystemHost};
/// # use serde::{Deserialize, Serialize};
/// # use tokio_util::sync::CancellationToken;
/// #[derive(Serialize, Deserialize)]
/// struct InvoiceSent { invoice: String }
///
/// impl Message for InvoiceSent {
///     const TOPIC: &'static str = "invoices";
///     const TYPE: &'static str = "invoice.sent";
///     fn key(&self) -> String {
///         self.invoice.clone()
///     }
/// }
///
/// # async fn run(shop: Arc<dyn Store>, mail: Arc<dyn Store>) -> Result<(), commerce_outbox::BusError> {
/// let bus = StoreBus::new(Arc::new(SystemHost)).source("/shop", shop);
/// Consumer::new("mailer", Arc::new(bus), mail, Arc::new(SystemHost))
///     .on(|sent: InvoiceSent, mut scope| async move {
///         let letter = DocumentWrite::json("letters", sent.invoice.clone(), Expected::ABSENT, &sent)?;
///         scope.write(|commit| commit.document(letter));
///         Ok(scope.finish())
///     })
///     .run(CancellationToken::new())
///     .await
/// # }
/// ```
pub struct Consumer {
    group: String,
    bus: Arc<dyn Bus>,
    store: Arc<dyn Store>,
    host: Arc<dyn Host>,
    handlers: Handlers,
    options: Options,
    health: Health,
}

/// Who handles what, by topic.
#[derive(Default)]
struct Handlers(BTreeMap<String, OfTopic>);

#[derive(Default)]
struct OfTopic {
    by_type: HashMap<String, Arc<dyn Handler>>,
    others: Option<Arc<dyn Handler>>,
}

impl Handlers {
    fn of_topic(&mut self, topic: &str) -> &mut OfTopic {
        self.0.entry(topic.to_owned()).or_default()
    }

    fn of(&self, envelope: &Envelope) -> Option<&Arc<dyn Handler>> {
        let of_topic = self.0.get(&*envelope.topic)?;
        of_topic.by_type.get(&*envelope.message_type).or(of_topic.others.as_ref())
    }
}

#[derive(Clone, Debug)]
struct Options {
    concurrency: usize,
    retry: RetryPolicy,
    timeout: Duration,
    skip_dead: Vec<String>,
    retry_lease: Duration,
}

impl Consumer {
    /// A member of `group` that takes messages from `bus` and writes to `store`.
    ///
    /// It reads the topics that handlers are given for. All members of a group have to handle the same topics: one that
    /// joins with others waits, and says so, until those that were there before have gone. A topic that a group begins to
    /// read is read from where the group stands; what came before is passed over. A message that comes in several topics, as
    /// an event does that is [published](crate::Publication::new) to each, is handled in one of them.
    pub fn new(group: &str, bus: Arc<dyn Bus>, store: Arc<dyn Store>, host: Arc<dyn Host>) -> Self {
        Self {
            group: group.to_owned(),
            bus,
            store,
            host,
            handlers: Handlers::default(),
            options: Options {
                concurrency: 64,
                retry: RetryPolicy::default(),
                timeout: Duration::from_secs(60),
                skip_dead: Vec::new(),
                retry_lease: Duration::from_secs(10),
            },
            health: Health::new(),
        }
    }

    /// Handles messages of type `M` with a function of the body. Other types of its topic need handlers as well, or to be
    /// [ignored](Self::ignore_others_of): a message that no one handles becomes a dead letter, and parks its key.
    ///
    /// # Panics
    /// When the type has a handler in this topic already.
    pub fn on<M, F, Fut>(self, handle: F) -> Self
    where
        M: Message,
        F: Fn(M, Scope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Handled, HandleError>> + Send + 'static,
    {
        self.on_type(M::TOPIC, M::TYPE, Arc::new(Typed::<M, F>::new(handle)))
    }

    /// Handles messages of a type in a topic with a handler that sees the whole envelope; of other types as
    /// [`on`](Self::on) has it.
    ///
    /// # Panics
    /// When the type has a handler in this topic already.
    pub fn on_type(mut self, topic: &str, message_type: &str, handler: Arc<dyn Handler>) -> Self {
        let before = self.handlers.of_topic(topic).by_type.insert(message_type.to_owned(), handler);
        assert!(
            before.is_none(),
            "{message_type} in the topic {topic} was given two handlers: one would never run"
        );
        self
    }

    /// Handles whatever else comes in a topic, of any type.
    ///
    /// # Panics
    /// When the rest of this topic has a handler already.
    pub fn on_topic(mut self, topic: &str, handler: Arc<dyn Handler>) -> Self {
        let before = self.handlers.of_topic(topic).others.replace(handler);
        assert!(
            before.is_none(),
            "the rest of the topic {topic} was given two handlers: one would never run"
        );
        self
    }

    /// Passes over whatever else comes in a topic: done, without any effect.
    ///
    /// # Panics
    /// When the rest of this topic has a handler already.
    pub fn ignore_others_of(self, topic: &str) -> Self {
        self.on_topic(topic, Arc::new(Ignore))
    }

    /// So many messages at a time, of as many keys. 64 unless set; 65,536 at most.
    pub fn concurrency(mut self, concurrency: usize) -> Self {
        self.options.concurrency = concurrency.clamp(1, MOST_AT_A_TIME);
        self
    }

    /// Tries again after this policy.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.options.retry = policy;
        self
    }

    /// A handler that takes longer has failed, and is tried again. A minute unless set.
    pub fn handler_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = timeout;
        self
    }

    /// How long the member that does the group's retries may be silent before another does them. Ten seconds unless set; from
    /// a tenth of a second up to a day.
    pub fn retry_lease(mut self, lease: Duration) -> Self {
        self.options.retry_lease = lease.clamp(RETRY_LEASE.0, RETRY_LEASE.1);
        self
    }

    /// In this topic a dead letter does not park its key: later messages of the key overtake it. It has no place in the key's
    /// order any more, nor when it is [replayed](crate::DeadLetters::replay).
    pub fn skip_dead_letters_of(mut self, topic: &str) -> Self {
        self.options.skip_dead.push(topic.to_owned());
        self
    }

    /// Tells this handle how it is getting on while it [`run`](Self::run)s.
    pub fn report_to(mut self, health: &Health) -> Self {
        self.health = health.clone();
        self
    }

    /// Handles messages until `shutdown`, then lets those under way finish. A store or bus that is out of reach is
    /// waited for.
    ///
    /// Handlers under way have ten seconds to finish; what runs this has to wait for longer than that. A handler that takes
    /// longer is dropped where it stands, and a warning says how many were: each has cost its message an attempt, and the
    /// message comes again.
    ///
    /// # Errors
    /// When the bus holds something that can't be read, when a message can't be written down, or the store holds what can't be read
    /// ([`BusError::Stuck`]), and when nothing is handled. What runs has finished then, as after `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) -> Result<(), BusError> {
        let health = self.health.clone();
        health.watch(self.take_part(shutdown)).await
    }

    async fn take_part(self, shutdown: CancellationToken) -> Result<(), BusError> {
        let topics: Vec<&str> = self.handlers.0.keys().map(String::as_str).collect();
        if topics.is_empty() {
            // To a bus that would be all of them, and each message a dead letter.
            return Err(BusError::NoHandlers { group: self.group });
        }
        let Some(mut subscription) = self.join(&topics, &shutdown).await? else { return Ok(()) };
        subscription.report_to(&self.health);
        let worker =
            Worker::new(&self.group, self.store, self.host, self.handlers, self.options, self.health);
        let worker = Arc::new(worker);
        // In a set, so that it ends with this future, also where that is dropped.
        let (mut retries, ending) = (JoinSet::new(), shutdown.child_token());
        retries.spawn(retries::run(worker.clone(), ending.clone()));
        let result = Dispatcher::new(worker, subscription).run(shutdown).await;
        ending.cancel();
        while retries.join_next().await.is_some() {}
        result
    }

    async fn join(
        &self,
        topics: &[&str],
        shutdown: &CancellationToken,
    ) -> Result<Option<Box<dyn Subscription>>, BusError> {
        while !shutdown.is_cancelled() {
            let joined = self.bus.subscribe(&self.group, topics).await;
            self.health.note(READING, &joined);
            match joined {
                Err(error) if error.kind() == Kind::Retryable => {
                    warn!(group = self.group, %error, "the bus is out of reach");
                    dispatch::pause(shutdown).await;
                }
                result => return result.map(Some),
            }
        }
        Ok(None)
    }
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("group", &self.group)
            .field("topics", &self.handlers.0.keys())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
