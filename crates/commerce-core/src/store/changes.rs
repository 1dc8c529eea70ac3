use std::iter::repeat_with;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use event_listener::{Event, EventListener};

use super::partition_of;
use crate::commit::Commit;

/// Wakes whoever waits for something new. Cloned handles share the waiters.
#[derive(Clone, Debug, Default)]
pub struct Changes(Arc<Waiters>);

#[derive(Debug)]
struct Waiters {
    any: Event,
    events: Event,
    messages: Event,
    /// How often messages came, by slot.
    arrivals: Box<[AtomicU64]>,
}

impl Default for Waiters {
    fn default() -> Self {
        let arrivals = repeat_with(AtomicU64::default).take(Slots::COUNT).collect();
        Self { any: Event::new(), events: Event::new(), messages: Event::new(), arrivals }
    }
}

/// A wait for the next change. Made before the look that finds nothing new, so that no change falls between.
pub type ChangeListener = EventListener;

/// Which of a store's logs have something new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct News {
    /// The event log.
    events: bool,
    /// The outbox log, or the messages that are to enter it later.
    messages: Slots,
}

/// A set of slots. Each partition has one for each topic and one for all topics; slots are few, and shared: whoever shares
/// one looks in vain now and then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Slots([u64; Slots::COUNT / 64]);

impl Changes {
    /// From now on: the future is ready once something was committed after this call.
    pub fn listen(&self) -> ChangeListener {
        self.0.any.listen()
    }

    /// As [`listen`](Self::listen), for commits with events alone: most commits of a busy store may be none of a
    /// reader's.
    pub fn listen_for_events(&self) -> ChangeListener {
        self.0.events.listen()
    }

    /// As [`listen`](Self::listen), for commits with messages alone.
    pub fn listen_for_messages(&self) -> ChangeListener {
        self.0.messages.listen()
    }

    /// How often messages of any of these topics came into a partition, or of any topic if none is named. It may count
    /// some that did not; if it is what it was, none came. Whoever listens first, then asks for this, and then reads,
    /// misses nothing, and need not read where nothing came.
    ///
    /// ```
    /// # use commerce_core::commit::{Commit, NewMessage};
    /// # use commerce_core::store::{Changes, News};
    /// let changes = Changes::default();
    /// let before = changes.arrivals(0, &["invoices"]);
    /// changes.notify_of(News::of(&Commit::new().message(NewMessage::new("invoices", "order-1")), 1));
    /// assert!(changes.arrivals(0, &["invoices"]) > before);
    /// ```
    pub fn arrivals<T: AsRef<str>>(&self, partition: u32, topics: &[T]) -> u64 {
        let count = |topic: &str| self.0.arrivals[Slots::slot(partition, topic)].load(Ordering::Acquire);
        match topics {
            [] => count(ALL_TOPICS),
            topics => topics.iter().map(|topic| count(topic.as_ref())).fold(0, u64::wrapping_add),
        }
    }

    /// Anything may have been committed: wakes all. For stores to call.
    pub fn notify(&self) {
        self.notify_of(News::ALL);
    }

    /// Something was committed, with such news in the logs. For stores to call that know.
    pub fn notify_of(&self, news: News) {
        // Counted before anyone is woken, who would look in vain.
        for slot in news.messages.iter() {
            self.0.arrivals[slot].fetch_add(1, Ordering::Release);
        }
        self.0.any.notify(usize::MAX);
        if news.events {
            self.0.events.notify(usize::MAX);
        }
        if news.messages != Slots::default() {
            self.0.messages.notify(usize::MAX);
        }
    }
}

impl News {
    /// Something new in both.
    pub const ALL: Self = Self { events: true, messages: Slots::ALL };
    /// New events.
    pub const EVENTS: Self = Self { events: true, messages: Slots([0; Slots::COUNT / 64]) };
    /// New messages, of any topic in any partition.
    pub const MESSAGES: Self = Self { events: false, messages: Slots::ALL };

    /// What this commit brings to a store of so many partitions.
    pub fn of(commit: &Commit, partitions: u32) -> Self {
        let events = commit.appends.iter().any(|append| !append.events.is_empty());
        let mut messages = Slots::default();
        for message in &commit.messages {
            let partition = partition_of(&message.key, partitions);
            messages.insert(Slots::slot(partition, ALL_TOPICS));
            messages.insert(Slots::slot(partition, &message.topic));
        }
        Self { events, messages }
    }

    /// What either brings.
    pub fn and(self, other: Self) -> Self {
        Self { events: self.events || other.events, messages: self.messages.and(other.messages) }
    }
}

/// Stands for all topics.
const ALL_TOPICS: &str = "";

impl Slots {
    const COUNT: usize = 256;
    const ALL: Self = Self([u64::MAX; Self::COUNT / 64]);

    fn slot(partition: u32, topic: &str) -> usize {
        let topic = partition_of(topic, Self::COUNT as u32);
        // An odd factor, so that the partitions of one topic have slots of their own.
        (topic.wrapping_add(partition.wrapping_mul(37)) as usize) % Self::COUNT
    }

    fn insert(&mut self, slot: usize) {
        self.0[slot / 64] |= 1 << (slot % 64);
    }

    fn and(mut self, other: Self) -> Self {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word |= other);
        self
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        self.0.into_iter().enumerate().flat_map(|(word, mut left)| {
            std::iter::from_fn(move || {
                let lowest = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(word * 64 + lowest)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::NewMessage;

    /// A message of a key that belongs to the partition.
    fn message(topic: &'static str, partition: u32, partitions: u32) -> Commit {
        let mut keys = (0..).map(|number: u32| number.to_string());
        let key = keys.find(|key| partition_of(key, partitions) == partition).expect("keys are endless");
        Commit::new().message(NewMessage::new(topic, key))
    }

    #[test]
    fn arrivals_are_counted_where_messages_came() {
        const PARTITIONS: u32 = 8;
        let changes = Changes::default();
        for (topic, partition) in [("orders", 0), ("orders", 7), ("invoices", 3)] {
            let count = |partition| changes.arrivals(partition, &[topic]);
            let of_any_topic = |partition| changes.arrivals::<&str>(partition, &[]);
            let before: Vec<_> =
                (0..PARTITIONS).map(|number| (count(number), of_any_topic(number))).collect();
            changes.notify_of(News::of(&message(topic, partition, PARTITIONS), PARTITIONS));
            for (number, before) in (0..PARTITIONS).zip(before) {
                let after = (count(number), of_any_topic(number));
                assert_eq!(
                    after.0 > before.0,
                    number == partition,
                    "{topic} in {partition}, asked of {number}"
                );
                assert_eq!(
                    after.1 > before.1,
                    number == partition,
                    "any topic in {partition}, asked of {number}"
                );
            }
        }
    }

    #[test]
    fn other_topics_of_a_partition_are_not_counted() {
        let changes = Changes::default();
        let asked = ["orders", "invoices"];
        let before = changes.arrivals(0, &asked);
        changes.notify_of(News::of(&message("parcels", 0, 1), 1));
        assert_eq!(changes.arrivals(0, &asked), before);
        changes.notify_of(News::of(&message("invoices", 0, 1), 1));
        assert!(changes.arrivals(0, &asked) > before);
    }

    #[test]
    fn whatever_may_have_come_is_counted_everywhere() {
        let changes = Changes::default();
        for (number, news) in (1..).zip([News::ALL, News::MESSAGES]) {
            changes.notify_of(news);
            assert_eq!(
                (changes.arrivals(200, &["orders"]), changes.arrivals::<&str>(5, &[])),
                (number, number)
            );
        }
    }
}
