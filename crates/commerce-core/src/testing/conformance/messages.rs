//! The outbox log.

use std::collections::HashSet;

use super::fixture::{ALL, Fixture, message, numbers, send};
use crate::commit::Commit;
use crate::context::Context;
use crate::host::Host;
use crate::id::Tenant;
use crate::store::{ReadMessages, RecordedMessage, Store, partition_of};

pub(super) async fn a_message_is_read_as_it_was_sent(f: Fixture<impl Store>) {
    let context = Context::new(f.host.now(), f.host.new_id())
        .with_tenant(Tenant::new("acme"))
        .with_actor("alice")
        .with_causation(f.host.new_id());
    let id = f.commit_id();
    let sent = message("orders", "order-1", 42).of_type("order.placed").header("a", "1").header("b", "2");
    let plain = message("orders", "order-1", 43);
    f.ok(Commit::within(&context).with_id(id).message(sent).message(plain)).await;
    let read = f.messages().await;
    assert_eq!(read.len(), 2, "the messages of a commit are in the outbox log");
    let expected = RecordedMessage {
        position: read[0].position,
        id: id.message_id(0),
        tenant: Tenant::new("acme"),
        topic: "orders".into(),
        key: "order-1".into(),
        message_type: "order.placed".into(),
        payload: b"42".to_vec(),
        headers: [("a", "1"), ("b", "2")].map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        recorded_at: f.host.now(),
        metadata: context.metadata().into(),
    };
    assert_eq!(read[0], expected, "a message is read as it was sent");
    assert_eq!(read[1].id, id.message_id(1), "the ids of messages count over the commit");
    assert_eq!(&*read[1].message_type, "orders", "a message has the type of its topic unless it has its own");
    assert!(read[1].headers.is_empty(), "a message has the headers it was given, and no others");
}

/// Sixty messages of twelve keys, in commits of three.
async fn send_some(f: &Fixture<impl Store>) {
    for n in 0..20 {
        let commit = (0..3).fold(Commit::new(), |commit, m| {
            let body = n * 3 + m;
            commit.message(message(["a", "b"][n % 2], &format!("key-{}", body % 12), body))
        });
        f.ok(commit).await;
    }
}

pub(super) async fn messages_of_one_key_keep_their_order(f: Fixture<impl Store>) {
    assert!(f.store.partitions() >= 1, "an outbox has at least one partition");
    send_some(&f).await;
    let mut seen = 0;
    for partition in 0..f.store.partitions() {
        let messages = f.batch(partition, 0, &[], ALL).await.messages;
        let rise = messages.is_sorted_by(|a, b| a.position < b.position);
        assert!(rise && messages.iter().all(|message| message.position > 0), "positions of a partition rise");
        assert!(numbers(&messages).is_sorted(), "a partition keeps the order in which messages were sent");
        for message in &messages {
            let home = partition_of(&message.key, f.store.partitions());
            assert_eq!(partition, home, "a message lies in the partition of its key");
        }
        seen += messages.len();
    }
    assert_eq!(seen, 60, "every message lies in exactly one partition");
}

pub(super) async fn other_topics_are_passed_over(f: Fixture<impl Store>) {
    for (body, topic) in ["a", "a", "b", "a", "c", "c"].into_iter().enumerate() {
        f.ok(send(topic, "k", body)).await;
    }
    let partition = partition_of("k", f.store.partitions());
    let positions: Vec<_> = f.messages().await.iter().map(|message| message.position).collect();
    let batch = f.batch(partition, 0, &["b"], 10).await;
    assert_eq!(numbers(&batch.messages), [2], "only messages of the wanted topics are read");
    assert_eq!(batch.next, positions[5], "the reader goes on behind messages of other topics it passed over");
    let batch = f.batch(partition, 0, &["b", "c"], 2).await;
    assert_eq!(numbers(&batch.messages), [2, 4], "messages of several topics are read in order");
    assert!(
        batch.next >= positions[4] && batch.next < positions[5],
        "where a limit ends a batch, the reader goes on with the message that follows"
    );
    let batch = f.batch(partition, positions[2], &["b"], 10).await;
    assert!(batch.messages.is_empty(), "nothing is read of topics without messages");
    assert_eq!(batch.next, positions[5], "a batch without messages still moves its reader on");
    assert_eq!(
        f.batch(partition, 0, &["none"], 10).await.next,
        positions[5],
        "an unknown topic is passed over"
    );
}

pub(super) async fn next_stays_when_nothing_is_new(f: Fixture<impl Store>) {
    for partition in 0..f.store.partitions() {
        let batch = f.batch(partition, 0, &[], 10).await;
        assert_eq!((batch.messages.len(), batch.next), (0, 0), "an empty outbox moves no reader");
    }
    send_some(&f).await;
    for partition in 0..f.store.partitions() {
        for after in [f.last_message().await, f.last_message().await + 5, u64::MAX] {
            for topics in [&[][..], &["a"][..]] {
                let batch = f.batch(partition, after, topics, 10).await;
                assert!(batch.messages.is_empty(), "nothing lies behind the last message");
                assert_eq!(batch.next, after, "a reader with nothing new stays where it stands");
            }
        }
        let batch = f.batch(partition, 0, &[], 0).await;
        assert_eq!(
            (batch.messages.len(), batch.next),
            (0, 0),
            "a limit of zero reads and passes over nothing"
        );
    }
}

pub(super) async fn paging_sees_every_message_exactly_once(f: Fixture<impl Store>) {
    send_some(&f).await;
    for topics in [&[][..], &["a"][..], &["b", "none"][..]] {
        for limit in [1, 2, 7, 60, usize::MAX] {
            let mut seen = Vec::new();
            for partition in 0..f.store.partitions() {
                let mut after = 0;
                loop {
                    let batch = f.batch(partition, after, topics, limit).await;
                    assert!(batch.messages.len() <= limit, "a batch of messages keeps its limit");
                    let behind = batch.messages.last().is_none_or(|last| last.position <= batch.next);
                    assert!(behind && batch.next >= after, "a reader never goes back");
                    if batch.messages.is_empty() {
                        break;
                    }
                    after = batch.next;
                    seen.extend(batch.messages);
                }
            }
            let distinct: HashSet<_> = seen.iter().map(|message| message.id).collect();
            let expected = if topics.is_empty() { 60 } else { 30 };
            let rule = "pages show every message exactly once";
            assert_eq!(
                (seen.len(), distinct.len()),
                (expected, expected),
                "{rule} (limit {limit}, {topics:?})"
            );
        }
    }
}

pub(super) async fn partitions_are_read_together_as_one_by_one(f: Fixture<impl Store>) {
    send_some(&f).await;
    f.caught_up().await;
    let none = f.store.read_partitions(&[]).await.expect("read_partitions answers");
    assert!(none.is_empty(), "without a request there is no batch");
    for topics in [&[][..], &["a"][..], &["none"][..]] {
        for limit in [0, 1, 3, 60] {
            // Backwards, the first one twice, and from different places.
            let mut requests = Vec::new();
            for partition in (0..f.store.partitions()).rev().chain([0]) {
                let after = if partition % 2 == 0 { 0 } else { f.last_message().await / 2 };
                requests.push(ReadMessages { partition, after, topics, limit });
            }
            let together = f.store.read_partitions(&requests).await.expect("read_partitions answers");
            let mut one_by_one = Vec::new();
            for request in &requests {
                one_by_one.push(f.store.read_messages(*request).await.expect("read_messages answers"));
            }
            assert_eq!(together, one_by_one, "partitions are read together as one by one");
        }
    }
}

/// Readers mark how far they are about to take messages: after a crash, what lies beyond the mark counts as never taken.
pub(super) async fn a_position_ahead_covers_as_many_messages(f: Fixture<impl Store>) {
    let ahead = |from, messages| f.store.position_ahead(from, messages);
    for n in 0..10 {
        let hundred = (0..100).map(|body| message("topic", "k", n * 100 + body));
        f.ok(hundred.fold(Commit::new(), Commit::message)).await;
    }
    let partition = partition_of("k", f.store.partitions());
    let messages = f.batch(partition, 0, &[], ALL).await.messages;
    let last = messages[999].position;
    // Up to the half: of a few messages a store knows less well where they will lie.
    for (message, left) in messages.iter().zip((500..1_000).rev()) {
        let from = message.position;
        assert!(ahead(from, 0) >= from, "a position ahead of {from} lies not before it");
        assert!(ahead(from, 1) <= ahead(from, left), "the more messages, the farther ahead");
        let mark = ahead(from, left);
        assert!(mark >= last, "{left} messages after {from} reach to {last}, not only to {mark}");
    }
    for many in [1 << 20, 1 << 41, 1 << 50, u64::MAX] {
        assert!(ahead(last, many) >= ahead(last, 500), "the more messages, the farther ahead: {many}");
    }
}

pub(super) async fn the_last_message_is_where_the_log_ends(f: Fixture<impl Store>) {
    assert_eq!(f.last_message().await, 0, "an empty outbox ends at zero");
    for body in 0..10 {
        f.ok(send("a", &body.to_string(), body)).await;
        let last = f.messages().await.pop().expect("the message is there");
        assert_eq!(last.payload, body.to_string().into_bytes(), "what is sent later lies behind");
        assert_eq!(f.last_message().await, last.position, "the outbox ends with its last message");
    }
}
