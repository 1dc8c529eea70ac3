//! An orderly end: whoever leaves lets what it has under way finish, and no one takes it over meanwhile.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use commerce_outbox::*;
use tracing::field::Field;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::flowing::*;
use crate::support::{Job, Running, job, quick, soon};
use crate::waiting::{Seen, that_writes_down};

/// Nearly as long as whoever leaves may take.
const LONG: Duration = Duration::from_millis(9_900);

/// How often a handler ran, and how many ran at once.
#[derive(Default)]
pub(crate) struct Runs {
    pub(crate) all: AtomicU32,
    now: AtomicU32,
    pub(crate) most: AtomicU32,
}

impl Runs {
    /// A handler that takes long, and fails so often before.
    pub(crate) fn slowly(self: &Arc<Self>, consumer: Consumer, fails: u32) -> Running {
        let runs = self.clone();
        Running::consumer(consumer.on(move |_: Job, scope: Scope| {
            let runs = runs.clone();
            async move {
                if runs.all.fetch_add(1, Ordering::SeqCst) < fails {
                    return Err(HandleError::retryable("not at first"));
                }
                runs.most.fetch_max(runs.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(LONG).await;
                runs.now.fetch_sub(1, Ordering::SeqCst);
                Ok(scope.finish())
            }
        }))
    }
}

/// Stops one of two members while it is at a message; answers how often that ran. With a lease at each age.
async fn stopped_at_work(attempts: u32, fails: u32) -> Vec<(u32, u32)> {
    let mut seen = Vec::new();
    for age in 30..34 {
        let (world, runs) = (FlowingWorld::new(), Arc::new(Runs::default()));
        let consumer = || world.consumer().retry(quick(attempts));
        let first = runs.slowly(consumer(), fails);
        seconds(1).await;
        let second = runs.slowly(consumer(), fails);
        seconds(age).await;
        world.send([job("a", 1)]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(runs.now.load(Ordering::SeqCst), 1);
        first.stop().await;
        seconds(30).await;
        second.stop().await;
        assert_eq!(world.unfinished().await, Unfinished::default());
        seen.push((runs.all.load(Ordering::SeqCst), runs.most.load(Ordering::SeqCst)));
    }
    seen
}

/// With one attempt, what is suspected is dead at once.
#[tokio::test(start_paused = true)]
async fn what_is_handled_while_its_member_leaves_is_neither_suspected_nor_handled_twice() {
    assert_eq!(stopped_at_work(1, 0).await, [(1, 1); 4]);
    assert_eq!(stopped_at_work(8, 0).await, [(1, 1); 4]);
}

#[tokio::test(start_paused = true)]
async fn what_is_tried_again_while_its_member_leaves_is_tried_by_no_other() {
    assert_eq!(stopped_at_work(8, 1).await, [(2, 1); 4]);
}

/// The cursor stays before the slow key: what was done behind it is read again, and would have other effects than the
/// store's twice. With one attempt, what is suspected is dead at once.
#[tokio::test(start_paused = true)]
async fn what_was_done_behind_a_slow_key_is_not_handled_again_by_whoever_is_next() {
    for is_end in [true, false] {
        let (world, seen) = (FlowingWorld::with_partitions(2), Seen::default());
        let member = || that_writes_down(world.consumer().retry(quick(1)), &seen);
        let (slow, fast) = (world.last_key("slow"), world.last_key("fast"));
        world.send((0..20).map(|number| job(&slow, number))).await;
        world.send((0..3_000).map(|number| job(&fast, number))).await;
        let first = member();
        seconds(3).await;
        assert!(seen.lock().unwrap().len() > 3_000);
        let second = if is_end {
            first.stop().await;
            member()
        } else {
            let second = member();
            seconds(10).await;
            first.stop().await;
            second
        };
        seconds(30).await;
        second.stop().await;
        let handled = seen.lock().unwrap().len();
        let distinct: BTreeSet<_> = seen.lock().unwrap().iter().cloned().collect();
        assert_eq!((handled, distinct.len()), (3_020, 3_020), "at an end: {is_end}");
        assert_eq!(world.unfinished().await, Unfinished::default());
    }
}

/// To look whether a message was handled is a question to the store: of a backlog no one asks it for nothing.
#[tokio::test(start_paused = true)]
async fn only_as_far_as_others_had_come_may_a_message_have_been_handled() {
    let world = FlowingWorld::new();
    world.send((0..100).map(|number| job(&number.to_string(), number))).await;
    let bus = StoreBus::new(world.host.clone()).source("/shop", world.shop.clone());
    // What each takes, how much of it is left undone, and how much of it may have been handled by those before.
    for (max, open, doubtful) in [(10, 0, 0), (20, 1, 0), (5, 0, 5), (100, 0, 15)] {
        let mut member = bus.subscribe("workers", &["jobs"]).await.unwrap();
        let taken = soon(&mut member, max).await;
        let seen: Vec<_> = taken.iter().map(|delivery| delivery.may_be_handled).collect();
        let expected: Vec<_> = (0..taken.len()).map(|place| place < doubtful).collect();
        assert_eq!(seen, expected, "of {max}");
        assert!(taken.iter().all(|delivery| !delivery.redelivered));
        let receipts: Vec<_> = taken.iter().map(|delivery| delivery.receipt).collect();
        member.ack(&receipts[open..]).await.unwrap();
        member.nack(&receipts[..open]).await.unwrap();
        member.close().await.unwrap();
    }
    assert_eq!(world.shop.checkpoint("group/workers/0").await.unwrap(), 100);
}

/// A broker that takes long for each batch.
#[derive(Default)]
struct SlowBroker(AtomicU32);

#[async_trait]
impl Bus for SlowBroker {
    async fn publish(&self, messages: &[Envelope]) -> Vec<Result<(), BusError>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(LONG).await;
        messages.iter().map(|_| Ok(())).collect()
    }
    async fn subscribe(&self, _: &str, _: &[&str]) -> Result<Box<dyn Subscription>, BusError> {
        Err(BusError::Unavailable { source: "no one listens".into() })
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_published_while_its_relay_leaves_is_published_by_no_other() {
    for age in 30..34 {
        let (world, broker) = (FlowingWorld::new(), Arc::new(SlowBroker::default()));
        let relay =
            || Relay::new(("/shop", world.shop.clone()), broker.clone() as Arc<dyn Bus>, world.host.clone());
        let first = Running::relay(relay());
        seconds(1).await;
        let second = Running::relay(relay());
        seconds(age).await;
        world.send([job("a", 1)]).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        first.stop().await;
        seconds(30).await;
        second.stop().await;
        assert_eq!(broker.0.load(Ordering::SeqCst), 1);
    }
}

/// Takes down what is logged as a warning, with the fields of it.
#[derive(Clone, Default)]
struct Warnings(Arc<Mutex<Vec<String>>>);

impl Subscriber for Warnings {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() == Level::WARN
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut said = String::new();
        event.record(&mut |field: &Field, value: &dyn Debug| said += &format!("{field}={value:?} "));
        self.0.lock().unwrap().push(said);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[tokio::test(start_paused = true)]
async fn whoever_leaves_says_how_many_handlers_it_cut_off() {
    let warnings = Warnings::default();
    let _guard = tracing::subscriber::set_default(warnings.clone());
    let world = FlowingWorld::new();
    world.send((0..5).map(|number| job(&number.to_string(), number))).await;
    let running = Running::consumer(world.consumer().on(|job: Job, scope: Scope| async move {
        seconds(if job.number < 3 { 60 } else { 5 }).await;
        Ok(scope.finish())
    }));
    seconds(1).await;
    running.stop().await;
    let said = warnings.0.lock().unwrap().join("\n");
    assert!(said.contains("cut off") && said.contains("count=3"), "{said}");
}
