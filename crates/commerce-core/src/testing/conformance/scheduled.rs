//! Messages that wait for their moment.

use std::time::Duration;

use super::fixture::{ALL, Fixture, MINUTE, message, numbers, send};
use crate::commit::{Commit, CommitId};
use crate::host::Host;
use crate::id;
use crate::store::{Released, Store};
use crate::time::Timestamp;

fn timer(at: Timestamp, body: usize) -> Commit {
    Commit::new().message(message("timers", "k", body).not_before(at))
}

pub(super) async fn a_message_waits_until_it_is_due(f: Fixture<impl Store>) {
    let nothing = Released { count: 0, next_due: None };
    assert_eq!(f.release_due(ALL).await, nothing, "where nothing waits nothing is due");
    let due = f.later(MINUTE);
    f.ok(timer(due, 1)).await;
    let waiting = Released { count: 0, next_due: Some(due) };
    for early in [Duration::ZERO, MINUTE - Duration::from_micros(1)] {
        f.host.advance(early);
        assert_eq!(f.release_due(ALL).await, waiting, "a message is not released before it is due");
        assert!(f.messages().await.is_empty(), "a message that waits is not in the outbox log");
        assert_eq!(f.last_message().await, 0, "a message that waits has no position");
    }
    f.host.advance(Duration::from_micros(1));
    assert!(f.messages().await.is_empty(), "a message that is due waits for its release");
    assert_eq!(f.release_due(ALL).await, Released { count: 1, next_due: None }, "at its moment it is due");
    assert_eq!(numbers(&f.messages().await), [1], "a released message is in the outbox log");
    assert_eq!(f.release_due(ALL).await, nothing, "a message is released once");
}

pub(super) async fn what_is_due_already_goes_at_once(f: Fixture<impl Store>) {
    f.ok(timer(f.host.now(), 1)).await;
    f.ok(timer(f.host.now().minus(MINUTE), 2)).await;
    f.ok(timer(Timestamp::from_micros(0), 3)).await;
    let rule = "a message that is due already goes into the log at once";
    assert_eq!(numbers(&f.messages().await), [1, 2, 3], "{rule}");
    assert_eq!(f.release_due(ALL).await, Released::default(), "{rule}, and waits for no release");
}

pub(super) async fn due_messages_go_to_the_end_in_order_of_time(f: Fixture<impl Store>) {
    let mut ids: Vec<_> =
        (1..=4).map(|n| CommitId(id::v7(f.host.now(), &[0, 0, n, 0, 0, 0, 0, 0, 0, 0]))).collect();
    ids.reverse();
    let (soon, later) = (f.later(MINUTE), f.later(MINUTE * 2));
    // Within one moment the higher commit id is committed first, and each sends two messages.
    for (n, id) in ids.into_iter().enumerate() {
        let at = if n % 2 == 0 { later } else { soon };
        f.ok(timer(at, n * 10).and(timer(at, n * 10 + 1)).with_id(id)).await;
    }
    f.ok(send("timers", "k", 99)).await;
    f.host.advance(MINUTE * 3);
    f.ok(send("timers", "k", 100)).await;
    let before = f.last_message().await;
    assert_eq!(
        f.release_due(ALL).await,
        Released { count: 8, next_due: None },
        "all that is due is released"
    );
    let rule = "due messages go to the end of the log by due time, commit id and ordinal";
    let messages = f.messages().await;
    assert_eq!(numbers(&messages), [99, 100, 30, 31, 10, 11, 20, 21, 0, 1], "{rule}");
    assert!(messages[2..].iter().all(|message| message.position > before), "{rule}, in new positions");
    assert_eq!(f.last_message().await, messages[9].position, "the log ends with what was released last");
}

pub(super) async fn a_release_keeps_its_limit(f: Fixture<impl Store>) {
    let start = f.host.now();
    let at = |minutes: u32| start.plus(MINUTE * minutes);
    for minutes in [5, 3, 1, 4, 2] {
        f.ok(timer(at(minutes), minutes as usize)).await;
    }
    f.host.advance(MINUTE * 4);
    let steps = [(0, 0, Some(at(1))), (1, 1, Some(at(2))), (2, 2, Some(at(4))), (usize::MAX, 1, Some(at(5)))];
    for (limit, count, next_due) in steps {
        let released = f.release_due(limit).await;
        let expected = Released { count, next_due };
        assert_eq!(released, expected, "a release keeps its limit of {limit} and says when the next is due");
    }
    f.host.advance(MINUTE);
    assert_eq!(f.release_due(9).await, Released { count: 1, next_due: None }, "the last one is due");
    assert_eq!(numbers(&f.messages().await), [1, 2, 3, 4, 5], "releases with a limit keep the order of time");
}

pub(super) async fn a_released_message_is_as_it_was_sent(f: Fixture<impl Store>) {
    let (sent_at, id) = (f.host.now(), f.commit_id());
    let at = f.later(MINUTE);
    let waits = message("timers", "k", 1).of_type("timeout").header("saga", "7").not_before(at);
    f.ok(Commit::new().with_id(id).message(message("now", "k", 0)).message(waits)).await;
    f.host.advance(MINUTE * 2);
    f.release_due(ALL).await;
    let released = f.messages().await.pop().expect("the message is there");
    let rule = "a released message is as it was sent";
    assert_eq!(released.id, id.message_id(1), "{rule}: its id");
    assert_eq!(
        (&*released.topic, &*released.key, &*released.message_type),
        ("timers", "k", "timeout"),
        "{rule}"
    );
    assert_eq!(released.headers.get("saga").map(String::as_str), Some("7"), "{rule}: its headers");
    assert_eq!(released.payload, b"1", "{rule}: its body");
    assert_eq!(released.recorded_at, sent_at, "{rule}: it was written when its commit was");
}
