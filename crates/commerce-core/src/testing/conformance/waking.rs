//! The store's clock, and how it wakes readers.

use futures_util::FutureExt;

use super::fixture::{ALL, Fixture, MINUTE, append, message, put};
use crate::commit::{Commit, Expected};
use crate::host::Host;
use crate::store::{ChangeListener, Store, partition_of};

pub(super) async fn the_clock_is_the_hosts(f: Fixture<impl Store>) {
    for _ in 0..3 {
        assert_eq!(f.store.now().await.unwrap(), f.host.now(), "the store's clock is that of its host");
        let recorded_at = f.ok(append("a", Expected::Any, 1)).await.recorded_at;
        assert_eq!(recorded_at, f.host.now(), "a commit is recorded at the time of the store's clock");
        f.host.advance(MINUTE);
    }
    let log = f.log().await;
    assert!(log.is_sorted_by(|a, b| a.recorded_at < b.recorded_at), "events keep the time of their commit");
}

/// Whether it is woken. The wake may come a little after the answer, so the store gets some time.
async fn is_woken(f: &Fixture<impl Store>, mut listener: ChangeListener) -> bool {
    for _ in 0..1_000 {
        if (&mut listener).now_or_never().is_some() {
            return true;
        }
        f.store.now().await.expect("now answers");
    }
    false
}

pub(super) async fn a_commit_wakes_readers(f: Fixture<impl Store>) {
    for commit in [append("a", Expected::Any, 1), put("a", Expected::Any, "1")] {
        let shared = f.store.changes().clone();
        let (one, other) = (f.store.changes().listen(), shared.listen());
        f.ok(commit).await;
        assert!(is_woken(&f, one).await, "a commit wakes whoever listened before it");
        assert!(is_woken(&f, other).await, "a commit wakes all who listen");
    }
}

pub(super) async fn readers_of_a_log_are_woken_by_its_news(f: Fixture<impl Store>) {
    let events = f.store.changes().listen_for_events();
    f.ok(append("a", Expected::Any, 1)).await;
    assert!(is_woken(&f, events).await, "events wake whoever listened for events before them");
    for key in ["a", "b", "c", "d"] {
        let messages = f.store.changes().listen_for_messages();
        let before = arrivals(&f, key);
        f.ok(Commit::new().message(message("topic", key, 1))).await;
        assert!(is_woken(&f, messages).await, "messages wake whoever listened for messages before them");
        assert_counted(before, arrivals(&f, key));
    }
}

/// How often messages came into a key's partition: of the topic, and of any.
fn arrivals(f: &Fixture<impl Store>, key: &str) -> (u64, u64) {
    let partition = partition_of(key, f.store.partitions());
    let changes = f.store.changes();
    (changes.arrivals(partition, &["topic"]), changes.arrivals::<&str>(partition, &[]))
}

fn assert_counted(before: (u64, u64), after: (u64, u64)) {
    assert!(after.0 > before.0, "a message counts among the arrivals of its partition and topic");
    assert!(after.1 > before.1, "a message counts among the arrivals of its partition");
}

pub(super) async fn a_release_wakes_readers(f: Fixture<impl Store>) {
    f.ok(Commit::new().message(message("topic", "k", 1).not_before(f.later(MINUTE)))).await;
    f.host.advance(MINUTE);
    let before = arrivals(&f, "k");
    let (one, other) = (f.store.changes().listen(), f.store.changes().listen_for_messages());
    f.release_due(ALL).await;
    assert!(is_woken(&f, one).await, "the release of a message wakes whoever listened before it");
    assert!(
        is_woken(&f, other).await,
        "the release of a message wakes whoever listened for messages before it"
    );
    assert_counted(before, arrivals(&f, "k"));
}
