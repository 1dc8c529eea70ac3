//! A row that commits late is stepped over by no reader.

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Commit, Expected, NewMessage};
use commerce_core::store::Store;
use commerce_test_postgres::Cluster;

use crate::support::{
    EventReader, Gate, MessageReader, append, build_gate, connect, event_of, execute, numbered, own_server,
    process, stream, within,
};

/// How many commits overtake the late one.
const OTHERS: u64 = 60;

/// Readers of both logs, some on each of two processes, some of certain topics only.
struct Readers {
    events: [EventReader; 2],
    messages: Vec<MessageReader>,
}

impl Readers {
    fn new(partitions: u32) -> Self {
        let messages = (0..partitions)
            .flat_map(|n| [MessageReader::new(n, &[]), MessageReader::new(n, &["numbered"])])
            .collect();
        Self { events: Default::default(), messages }
    }

    /// Reads until nothing is new.
    async fn read(&mut self, stores: [&PgStore; 2]) {
        for (reader, store) in self.events.iter_mut().zip(stores) {
            while reader.read(store).await > 0 {}
        }
        for (n, reader) in self.messages.iter_mut().enumerate() {
            while reader.read(stores[n % 2]).await > 0 {}
        }
    }

    fn seen(&self) -> ([usize; 2], [usize; 2]) {
        let of_topics = |some: bool| {
            self.messages
                .iter()
                .filter(move |reader| reader.topics.is_empty() != some)
                .map(|reader| reader.seen)
        };
        ([self.events[0].seen, self.events[1].seen], [of_topics(false).sum(), of_topics(true).sum()])
    }
}

fn with_message(commit: Commit, key: u64, number: u64) -> Commit {
    commit.message(numbered(&key.to_string(), number))
}

async fn set_up() -> (Cluster, String) {
    let (cluster, url) = own_server().await;
    process(&url).await.close().await;
    build_gate(&mut connect(&url).await).await;
    (cluster, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_overtaken_is_seen_once_and_in_its_place() {
    within(60, async {
        let (_cluster, url) = set_up().await;
        let (slow, fast) = (process(&url).await, process(&url).await);
        let mut readers = Readers::new(fast.partitions());
        fast.commit(with_message(append(&stream("first")), 0, 1)).await.unwrap();
        fast.caught_up().await.unwrap();
        readers.read([&slow, &fast]).await;
        assert_eq!(readers.seen(), ([1, 1], [1, 1]));

        // Given one that has begun and waits.
        let mut gate = Gate::close(&url).await;
        let late = Commit::new().append(stream("late"), Expected::ABSENT, vec![event_of("Held")]);
        let late = slow.commit(with_message(late, 0, 2));
        gate.holds(1).await;
        // When others overtake it.
        for number in 1..=OTHERS {
            fast.commit(with_message(append(&stream(number % 7)), 1 + number % 9, 1 + (number - 1) / 9))
                .await
                .unwrap();
        }
        // Then they are hidden as long as it is.
        readers.read([&slow, &fast]).await;
        assert_eq!(readers.seen(), ([1, 1], [1, 1]), "a reader has gone past the one that is late");

        gate.open().await;
        late.await.unwrap();
        fast.caught_up().await.unwrap();
        slow.caught_up().await.unwrap();
        readers.read([&slow, &fast]).await;
        let all = OTHERS as usize + 2;
        assert_eq!(readers.seen(), ([all, all], [all, all]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_application_commits_late_is_stepped_over_by_no_reader() {
    within(60, async {
        let (_cluster, url) = set_up().await;
        let (one, other) = (process(&url).await, process(&url).await);
        let mut readers = Readers::new(one.partitions());

        // Given a transaction of the application that has written, and others that come later and commit.
        let mut host = connect(&url).await;
        execute(&mut host, "BEGIN").await;
        one.apply_in(&mut host, &with_message(append(&stream("late")), 0, 1)).await.unwrap();
        for number in 1..=OTHERS {
            let store = if number % 2 == 0 { &one } else { &other };
            store.commit(with_message(append(&stream(number)), number, 1)).await.unwrap();
        }
        readers.read([&one, &other]).await;
        assert_eq!(readers.seen(), ([0, 0], [0, 0]), "a reader has gone past the transaction");

        // When it goes on, and commits.
        one.apply_in(&mut host, &with_message(append(&stream("late")), 0, 2)).await.unwrap();
        execute(&mut host, "COMMIT").await;
        other
            .commit(Commit::new().message(NewMessage::new("numbered", "last").payload(b"1".to_vec())))
            .await
            .unwrap();
        other.caught_up().await.unwrap();

        readers.read([&one, &other]).await;
        let all = OTHERS as usize + 2;
        assert_eq!(readers.seen(), ([all, all], [all + 1, all + 1]));
    })
    .await;
}
