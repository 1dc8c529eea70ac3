//! A commit is handed over by the call, not by polling.

use futures_util::FutureExt;
use futures_util::future::join_all;

use super::fixture::{Fixture, append, event, message, number, numbers, stream};
use crate::commit::{Commit, Expected};
use crate::store::Store;

fn next(n: usize) -> Commit {
    let commit = Commit::new().append(stream("a"), Expected::Version(n as u64), vec![event(n)]);
    commit.message(message("topic", "k", n))
}

async fn holds(f: &Fixture<impl Store>, rule: &str, count: usize) {
    let expected: Vec<_> = (0..count).collect();
    let events: Vec<_> = f.stream(&stream("a")).await.iter().map(|event| number(&event.payload)).collect();
    assert_eq!(events, expected, "{rule}: events");
    assert_eq!(numbers(&f.messages().await), expected, "{rule}: messages");
}

pub(super) async fn commits_apply_in_the_order_of_the_calls(f: Fixture<impl Store>) {
    let rule = "commits apply in the order of the calls, in whatever order their futures are polled";
    let futures: Vec<_> = (0..50).map(|n| f.store.commit(next(n))).collect();
    for (n, future) in futures.into_iter().enumerate().rev() {
        if let Err(error) = future.await {
            panic!("{rule}: commit {n} got {error}");
        }
    }
    // Called in reverse, only the last call finds the version it expects.
    let calls: Vec<_> = (50..100).rev().map(|n| f.store.commit(next(n))).collect();
    let answers = join_all(calls).await;
    let first = answers.iter().position(Result::is_ok);
    assert_eq!(first, Some(49), "{rule}, and not in the order that would fit");
    holds(&f, rule, 51).await;
}

pub(super) async fn a_dropped_future_cancels_nothing(f: Fixture<impl Store>) {
    let rule = "a future that is dropped neither cancels nor halves its commit";
    for n in 0..20 {
        let future = f.store.commit(next(n));
        if n % 2 == 0 {
            drop(future);
        } else {
            // Polled once, then dropped: a caller that hung up while it waited.
            let _ = future.now_or_never();
        }
    }
    if let Err(error) = f.store.commit(next(20)).await {
        panic!("{rule}: the commit after them got {error}");
    }
    holds(&f, rule, 21).await;
}

pub(super) async fn the_log_keeps_the_order_of_what_is_related(f: Fixture<impl Store>) {
    // Streams of their own, so that only the key of their messages relates them.
    let commit = |n: usize| append(n, Expected::ABSENT, 1).message(message("topic", "k", n));
    let mut futures: Vec<_> = (0..50).map(|n| f.store.commit(commit(n))).collect();
    futures.reverse();
    for answer in join_all(futures).await {
        answer.expect("commits of different streams don't conflict");
    }
    let expected: Vec<_> = (0..50).collect();
    let rule = "messages of one key are in the order in which their commits were handed over";
    assert_eq!(numbers(&f.messages().await), expected, "{rule}");
    // One that is answered lies before all that are handed over afterwards, whatever they write.
    let mut last = f.log().await.last().expect("there are events").position;
    for n in 50..70 {
        let position = f.ok(append(n, Expected::ABSENT, 1)).await.position;
        assert!(position > last, "what was answered lies before what is handed over afterwards");
        last = position;
    }
    let log = f.log().await;
    assert_eq!(log.len(), 70, "every event is in the log once");
    assert!(log.is_sorted_by(|a, b| a.position < b.position), "positions rise");
}

/// Hands all of them over before any is waited for, and waits for the last one first. Tells which were applied.
async fn applied(f: &Fixture<impl Store>, commits: impl IntoIterator<Item = Commit>) -> Vec<bool> {
    let mut futures: Vec<_> = commits.into_iter().map(|commit| f.store.commit(commit)).collect();
    futures.reverse();
    let mut applied = Vec::with_capacity(futures.len());
    for future in futures {
        let answer = future.await;
        let conflict = answer.as_ref().is_err_and(|error| error.conflict().is_some());
        assert!(answer.is_ok() || conflict, "an assertion holds or is a conflict, not: {answer:?}");
        applied.push(answer.is_ok());
    }
    applied.reverse();
    applied
}

pub(super) async fn appends_without_events_assert_in_the_order_of_the_calls(f: Fixture<impl Store>) {
    // Each version is asserted before and after the event that leads to it.
    let commits = (0..20).flat_map(|version| {
        let states = |version| append("a", Expected::Version(version), 0);
        [
            states(version),
            states(version + 1),
            append("a", Expected::Version(version), 1),
            states(version + 1),
        ]
    });
    let expected = [true, false, true, true].repeat(20);
    let rule = "an append without events asserts the version that the commits called before have led to";
    assert_eq!(applied(&f, commits).await, expected, "{rule}");
    assert_eq!(f.stream(&stream("a")).await.len(), 20, "an assertion writes no event");
}

pub(super) async fn checkpoints_that_stay_assert_in_the_order_of_the_calls(f: Fixture<impl Store>) {
    let moved = |from, to| Commit::new().checkpoint("r", from, to);
    let states = |at, n: u64| moved(at, at).and(append(n, Expected::ABSENT, 1));
    let commits = (0..20).flat_map(|n| {
        [states(n, 4 * n), states(n + 1, 4 * n + 1), moved(n, n + 1), states(n + 1, 4 * n + 2)]
    });
    let expected = [true, false, true, true].repeat(20);
    let rule = "a checkpoint that stays asserts where the commits called before have moved it";
    assert_eq!(applied(&f, commits).await, expected, "{rule}");
    assert_eq!(f.checkpoint("r").await, 20, "a checkpoint that stays moves no reader");
    assert_eq!(f.log().await.len(), 40, "what is committed with an assertion that fails is not written");
}
