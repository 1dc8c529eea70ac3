//! The log of all events.

use std::collections::BTreeSet;

use super::fixture::{Fixture, append, events, stream};
use crate::commit::{Commit, Expected};
use crate::host::Host;
use crate::id::Tenant;
use crate::store::Store;
use crate::stream::RecordedEvent;

pub(super) async fn an_empty_log_has_no_events(f: Fixture<impl Store>) {
    assert!(f.log().await.is_empty(), "a new store has an empty log");
    f.ok(Commit::new()).await;
    assert!(f.log().await.is_empty(), "a commit without events leaves the log empty");
}

/// Twelve commits over three streams of two tenants, each by an actor of its own, 1 to 3 events each: 24 in all.
async fn write_some(f: &Fixture<impl Store>) {
    for n in 0..12 {
        let tenant = Tenant::new(if n % 2 == 0 { "even" } else { "odd" });
        let context = f.host.context().with_tenant(tenant).with_actor(n.to_string());
        let append = Commit::within(&context).append(stream(n % 3), Expected::Any, events(n % 3 + 1));
        f.ok(append).await;
    }
}

pub(super) async fn positions_rise_over_all_streams(f: Fixture<impl Store>) {
    write_some(&f).await;
    let log = f.log().await;
    assert_eq!(log.len(), 24, "the log holds the events of all streams and tenants");
    assert!(log[0].position > 0, "zero lies before the first event");
    assert!(log.is_sorted_by(|a, b| a.position < b.position), "positions of the log rise");
}

pub(super) async fn the_log_holds_what_the_streams_hold(f: Fixture<impl Store>) {
    write_some(&f).await;
    let log = f.log().await;
    for tenant in ["even", "odd"].map(Tenant::new) {
        for id in 0..3 {
            let of_stream = |event: &&RecordedEvent| event.tenant == tenant && event.stream == stream(id);
            let expected: Vec<_> = log.iter().filter(of_stream).cloned().collect();
            let read = f.store.read_stream(&tenant, &stream(id), 0, 1_000).await.unwrap();
            assert!(!read.is_empty(), "streams hold what was appended");
            assert_eq!(read, expected, "a stream and the log tell the same, in the same order");
        }
    }
}

pub(super) async fn paging_sees_every_event_exactly_once(f: Fixture<impl Store>) {
    write_some(&f).await;
    let log = f.log().await;
    let actors: BTreeSet<_> = log.iter().map(|event| (event.commit, &event.metadata.actor)).collect();
    assert_eq!(actors.len(), 12, "each event has its commit's metadata");
    for limit in [1, 2, 3, 7, 23, 24, 25, usize::MAX] {
        let (mut seen, mut after) = (Vec::new(), 0);
        loop {
            let page = f.store.read_log(after, limit).await.unwrap();
            assert!(page.len() <= limit, "a page of the log keeps its limit");
            let Some(last) = page.last() else { break };
            assert!(last.position > after, "a page of the log lies behind the position it was asked for");
            after = last.position;
            seen.extend(page);
        }
        assert_eq!(seen, log, "pages of {limit} show every event exactly once");
    }
    assert!(f.store.read_log(0, 0).await.unwrap().is_empty(), "a limit of zero reads nothing");
    assert!(f.store.read_log(u64::MAX, 9).await.unwrap().is_empty(), "nothing lies behind the last position");
}

pub(super) async fn a_commit_answers_its_last_position(f: Fixture<impl Store>) {
    let none = f.ok(Commit::new()).await;
    assert_eq!(none.position, 0, "before the first event, a commit without events answers position zero");
    let some = f.ok(append("a", Expected::ABSENT, 3)).await;
    let last = f.log().await.pop().map(|event| event.position);
    assert_eq!(Some(some.position), last, "a commit answers the position of its last event");
    let after = f.ok(append("a", Expected::Version(3), 0)).await;
    assert_eq!(
        Some(after.position),
        last,
        "a commit without events answers that of the last event before it"
    );
}
