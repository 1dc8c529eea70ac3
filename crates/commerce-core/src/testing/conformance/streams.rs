//! Streams: versions, expectations, reads.

use std::collections::HashSet;

use super::fixture::{ALL, Fixture, append, event, events, number, stream};
use crate::commit::{Commit, Conflict, Expected, NewEvent};
use crate::context::Context;
use crate::host::Host;
use crate::id::Tenant;
use crate::store::Store;
use crate::stream::{RecordedEvent, StateEvent};

pub(super) async fn an_unknown_stream_is_empty(f: Fixture<impl Store>) {
    assert!(f.stream(&stream("none")).await.is_empty(), "a stream that was never written has no events");
}

pub(super) async fn versions_count_events_from_one(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 3)).await;
    f.ok(append("b", Expected::ABSENT, 1)).await;
    f.ok(append("a", Expected::Version(3), 2)).await;
    let read = f.stream(&stream("a")).await;
    let versions: Vec<_> = read.iter().map(|event| event.version).collect();
    assert_eq!(versions, [1, 2, 3, 4, 5], "versions of a stream count its events from one");
    let numbers: Vec<_> = read.iter().map(|event| number(&event.payload)).collect();
    assert_eq!(numbers, [1, 2, 3, 1, 2], "a stream keeps the order of its events");
}

pub(super) async fn an_event_is_read_as_it_was_written(f: Fixture<impl Store>) {
    let context = Context::new(f.host.now(), f.host.new_id())
        .with_tenant(Tenant::new("acme"))
        .with_actor("alice")
        .with_correlation(f.host.new_id())
        .with_causation(f.host.new_id())
        .with_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    let (id, written) = (f.commit_id(), NewEvent { event_type: "Paid".into(), schema: 7, ..event(42) });
    let commit = Commit::within(&context).with_id(id).append(stream("a"), Expected::ABSENT, vec![written]);
    let committed = f.ok(commit).await;
    let expected = RecordedEvent {
        position: committed.position,
        tenant: Tenant::new("acme"),
        stream: stream("a"),
        version: 1,
        event_type: "Paid".into(),
        schema: 7,
        payload: b"42".to_vec(),
        id: id.event_id(0),
        commit: id,
        recorded_at: f.host.now(),
        metadata: context.metadata().into(),
    };
    assert_eq!(
        f.log().await,
        std::slice::from_ref(&expected),
        "the log gives an event back as it was written"
    );
    let read = f.store.read_stream(context.tenant(), &stream("a"), 0, ALL).await.unwrap();
    assert_eq!(read, [expected], "a stream gives an event back as it was written");
}

pub(super) async fn a_stream_is_read_after_a_version_up_to_a_limit(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 5)).await;
    let cases: [(u64, usize, &[u64]); 9] = [
        (0, 2, &[1, 2]),
        (2, 2, &[3, 4]),
        (4, 2, &[5]),
        (5, 2, &[]),
        (6, 2, &[]),
        (u64::MAX, 2, &[]),
        (0, 0, &[]),
        (1, usize::MAX, &[2, 3, 4, 5]),
        (0, 5, &[1, 2, 3, 4, 5]),
    ];
    for (after, limit, expected) in cases {
        let read = f.store.read_stream(&f.tenant, &stream("a"), after, limit).await.unwrap();
        let versions: Vec<_> = read.iter().map(|event| event.version).collect();
        assert_eq!(versions, expected, "a stream is read after version {after}, {limit} events at most");
    }
}

pub(super) async fn a_state_is_rebuilt_from_the_same_events(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 3)).await;
    f.ok(append("b", Expected::ABSENT, 1)).await;
    let opened = NewEvent { event_type: "Opened".into(), schema: 7, ..event(42) };
    let elsewhere = Commit { tenant: Tenant::new("other"), ..append("a", Expected::ABSENT, 1) };
    f.ok(elsewhere).await;
    f.ok(append("b", Expected::Version(1), 1).append(stream("a"), Expected::Version(3), vec![opened])).await;
    for tenant in [f.tenant.clone(), Tenant::new("other")] {
        for (id, after, limit) in [
            ("a", 0, ALL),
            ("a", 0, 2),
            ("a", 2, 2),
            ("a", 4, 2),
            ("a", u64::MAX, 2),
            ("a", 0, 0),
            ("b", 1, ALL),
            ("c", 0, ALL),
        ] {
            let read = f.store.read_stream(&tenant, &stream(id), after, limit).await.unwrap();
            let whole: Vec<_> = read.into_iter().map(StateEvent::from).collect();
            let found = f.store.read_for_state(&tenant, &stream(id), after, limit).await.unwrap();
            assert_eq!(
                found, whole,
                "a state is rebuilt from the events of its stream, after {after}, {limit} at most"
            );
        }
    }
}

pub(super) async fn a_wrong_version_is_a_conflict_that_names_the_actual(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 2)).await;
    for (id, expected, actual) in
        [("a", 0, 2), ("a", 1, 2), ("a", 3, 2), ("a", 1 << 40, 2), ("a", u64::MAX, 2), ("b", 1, 0)]
    {
        let rule = "an append with a wrong version is a conflict";
        let conflict = f.conflict(rule, append(id, Expected::Version(expected), 1)).await;
        let expected = Conflict::Stream { stream: stream(id), expected, actual };
        assert_eq!(conflict, expected, "a conflict names the stream, the expected and the actual version");
    }
    assert_eq!(f.log().await.len(), 2, "an append with a wrong version writes nothing");
    f.ok(append("a", Expected::Version(2), 1)).await;
}

pub(super) async fn any_version_appends_at_the_end(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::Any, 2)).await;
    f.ok(append("a", Expected::Any, 1)).await;
    let last = f.stream(&stream("a")).await.pop().map(|event| event.version);
    assert_eq!(last, Some(3), "an append that accepts any version goes to the end of the stream");
}

pub(super) async fn no_events_still_check_their_expectation(f: Fixture<impl Store>) {
    f.ok(append("a", Expected::ABSENT, 1)).await;
    let rule = "an append without events still checks its expectation";
    for (id, expected) in [("a", 0), ("a", 2), ("b", 1)] {
        let conflict = f.conflict(rule, append(id, Expected::Version(expected), 0)).await;
        assert!(matches!(conflict, Conflict::Stream { .. }), "{rule}: {conflict}");
    }
    for (id, expected) in [("a", Expected::Version(1)), ("a", Expected::Any), ("b", Expected::ABSENT)] {
        f.ok(append(id, expected, 0)).await;
    }
    assert_eq!(f.log().await.len(), 1, "an append without events writes nothing");
    f.ok(append("b", Expected::ABSENT, 1)).await;
}

pub(super) async fn many_streams_in_one_commit(f: Fixture<impl Store>) {
    let commit = (0..20).fold(Commit::new(), |commit, n| {
        commit.append(stream(n), Expected::ABSENT, vec![event(n), event(n + 100)])
    });
    let id = f.ok(commit).await.id;
    for n in 0..20 {
        let read = f.stream(&stream(n)).await;
        let numbers: Vec<_> = read.iter().map(|event| number(&event.payload)).collect();
        assert_eq!(numbers, [n, n + 100], "one commit appends to many streams");
        assert_eq!([read[0].version, read[1].version], [1, 2], "each stream counts its own versions");
    }
    let ids: Vec<_> = f.log().await.iter().map(|event| event.id).collect();
    let expected: Vec<_> = (0..40).map(|n| id.event_id(n)).collect();
    assert_eq!(ids, expected, "the ids of events count over the whole commit, in its order");
}

pub(super) async fn a_thousand_events_have_their_own_ids(f: Fixture<impl Store>) {
    let commit = Commit::new().append(stream("a"), Expected::ABSENT, events(300)).append(
        stream("b"),
        Expected::ABSENT,
        events(700),
    );
    let id = f.ok(commit).await.id;
    let log = f.log().await;
    assert_eq!(log.len(), 1_000, "a commit holds a thousand events");
    for (ordinal, event) in (0..).zip(&log) {
        assert_eq!(event.id, id.event_id(ordinal), "event {ordinal} of a commit has the id of its ordinal");
    }
    assert_eq!(log.iter().map(|event| event.id).collect::<HashSet<_>>().len(), 1_000, "ids are unique");
}
