//! The store's clock, and how it wakes readers.

use futures_util::FutureExt;

use super::fixture::{ALL, Fixture, MINUTE, append, message, put};
use crate::commit::{Commit, Expected};
use crate::host::Host;
use crate::store::{ChangeListener, Store};

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
    let messages = f.store.changes().listen_for_messages();
    f.ok(Commit::new().message(message("topic", "k", 1))).await;
    assert!(is_woken(&f, messages).await, "messages wake whoever listened for messages before them");
}

pub(super) async fn a_release_wakes_readers(f: Fixture<impl Store>) {
    f.ok(Commit::new().message(message("topic", "k", 1).not_before(f.later(MINUTE)))).await;
    f.host.advance(MINUTE);
    let (one, other) = (f.store.changes().listen(), f.store.changes().listen_for_messages());
    f.release_due(ALL).await;
    assert!(is_woken(&f, one).await, "the release of a message wakes whoever listened before it");
    assert!(
        is_woken(&f, other).await,
        "the release of a message wakes whoever listened for messages before it"
    );
}
