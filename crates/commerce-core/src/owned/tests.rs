//! The store of these tests takes commits into a queue and applies them when it is told to, so that each test chooses
//! what is in flight, what fails, and who is answered when.

use std::cell::Cell;
use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use proptest::prelude::*;

use super::*;
use crate::commit::{Claim, CommitId};
use crate::error::Kind;
use crate::fixture::{Empty, Jar, JarEvent, block_on, memory, poll_once};
use crate::host::Host;
use crate::memory::MemoryStore;
use crate::store::*;
use crate::stream::{Position, RecordedEvent, StreamId, Version};
use crate::testing::TestHost;
use crate::time::Timestamp;

mod interleavings;
mod slow;

use slow::SlowStore;

type Answer = Result<((), Committed), OwnedError<Empty>>;
type Caller<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

struct Bench {
    store: Arc<SlowStore>,
    host: Arc<TestHost>,
    owned: Owned<Jar>,
}

fn bench(capacity: usize) -> Bench {
    let (inner, host) = memory();
    let store = Arc::new(SlowStore::new(inner));
    let owned = Owned::new(Repository::new(store.clone()), host.clone(), capacity);
    Bench { store, host, owned }
}

impl Bench {
    /// Someone who is no owner fills a jar.
    fn stranger_fills(&self, jar: u32, amount: u64) {
        let jars = Repository::<Jar>::new(self.store.inner.clone());
        block_on(jars.execute(&jar, crate::fixture::JarCommand::Fill(amount), &self.host.context())).unwrap();
    }

    /// One sweet from each of the jars, or from none; `base` goes with it.
    fn take<'a>(&'a self, by: u32, jars: &'a [u32], base: Commit) -> Caller<'a> {
        let context = self.host.context();
        Box::pin(async move {
            self.owned
                .decide(&context, jars, |held| {
                    let mut decision = Decision::new(()).with(base.clone());
                    for jar in jars {
                        let left = held.get(jar).unwrap().left.checked_sub(1).ok_or(Empty)?;
                        decision = decision.events(*jar, vec![JarEvent::Taken { by, left }]);
                    }
                    Ok(decision)
                })
                .await
        })
    }

    fn left(&self, jar: u32) -> u64 {
        let jars = Repository::<Jar>::new(self.store.inner.clone());
        block_on(jars.load(&Tenant::default(), &jar)).unwrap().state.left
    }

    /// Lets everything happen until the caller is answered.
    fn finish<T>(&self, caller: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> T {
        for _ in 0..1_000 {
            if let Some(answer) = poll_once(caller) {
                return answer;
            }
            self.store.apply_next(false);
        }
        panic!("the caller waits for ever");
    }
}

#[test]
fn later_decisions_build_on_earlier_ones_that_are_still_in_flight() {
    let bench = bench(10);
    bench.stranger_fills(1, 2);
    let mut callers: Vec<_> = (0..3).map(|by| bench.take(by, &[1], Commit::new())).collect();
    for caller in &mut callers {
        assert!(poll_once(caller).is_none());
    }
    assert_eq!(bench.store.waiting(), 3);
    let answers: Vec<_> = callers.iter_mut().map(|caller| bench.finish(caller)).collect();
    assert!(matches!(answers[..], [Ok(_), Ok(_), Err(OwnedError::Rejected(Empty))]), "{answers:?}");
    assert_eq!(bench.left(1), 0);
}

#[test]
fn what_builds_on_a_commit_that_fails_is_decided_again() {
    let bench = bench(10);
    bench.stranger_fills(1, 1);
    let mut first = bench.take(1, &[1], Commit::new());
    let mut second = bench.take(2, &[1], Commit::new());
    assert!(poll_once(&mut first).is_none() && poll_once(&mut second).is_none());
    bench.store.apply_next(true);
    assert_eq!(bench.finish(&mut first).unwrap_err().kind(), Kind::Retryable);
    // It was about to be refused for the sake of a commit that never happened.
    assert!(bench.finish(&mut second).is_ok());
    assert_eq!(bench.left(1), 0);
}

#[test]
fn a_stranger_who_brings_the_version_but_not_the_state_is_found_out() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let mut first = bench.take(1, &[1], Commit::new());
    let mut second = bench.take(2, &[1], Commit::new());
    assert!(poll_once(&mut first).is_none() && poll_once(&mut second).is_none());
    // The stream is now at the version that the second expects, by an event that it doesn't know.
    bench.stranger_fills(1, 10);
    assert!(bench.finish(&mut second).is_ok());
    assert!(bench.finish(&mut first).is_ok());
    assert_eq!(bench.left(1), 13);
}

#[test]
fn a_refusal_that_rests_on_an_old_state_is_decided_again() {
    let bench = bench(10);
    bench.stranger_fills(1, 1);
    assert!(bench.finish(&mut bench.take(1, &[1], Commit::new())).is_ok());
    bench.stranger_fills(1, 1);
    assert!(bench.finish(&mut bench.take(2, &[1], Commit::new())).is_ok());
}

#[test]
fn a_caller_who_goes_away_leaves_nothing_ahead_of_the_log() {
    let bench = bench(10);
    bench.stranger_fills(1, 2);
    let mut gone = bench.take(1, &[1], Commit::new());
    assert!(poll_once(&mut gone).is_none());
    drop(gone);
    assert!(bench.owned.is_empty());
    bench.store.apply_next(true);
    assert!(bench.finish(&mut bench.take(2, &[1], Commit::new())).is_ok());
    assert_eq!(bench.left(1), 1);
}

#[test]
fn an_aggregate_dropped_while_its_commits_are_in_flight_is_found_again() {
    let bench = bench(10);
    bench.stranger_fills(1, 2);
    let mut first = bench.take(1, &[1], Commit::new());
    assert!(poll_once(&mut first).is_none());
    bench.owned.clear();
    assert!(bench.finish(&mut bench.take(2, &[1], Commit::new())).is_ok());
    assert!(bench.finish(&mut first).is_ok());
    assert_eq!(bench.left(1), 0);
}

#[test]
fn several_aggregates_change_together_or_not_at_all() {
    let bench = bench(10);
    bench.stranger_fills(1, 1);
    let answer = bench.finish(&mut bench.take(1, &[1, 2], Commit::new()));
    assert!(matches!(answer, Err(OwnedError::Rejected(Empty))));
    bench.stranger_fills(2, 1);
    assert!(bench.finish(&mut bench.take(1, &[1, 2], Commit::new())).is_ok());
    assert_eq!((bench.left(1), bench.left(2)), (0, 0));
}

#[test]
fn an_aggregate_may_be_asked_for_twice() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let context = bench.host.context();
    let mut caller: Pin<Box<dyn Future<Output = _>>> =
        Box::pin(bench.owned.decide(&context, &[1, 1], |held| {
            let left = held.get(&1).unwrap().left;
            Ok::<_, Empty>(
                Decision::new(held.version(&1))
                    .events(1, vec![JarEvent::Taken { by: 1, left: left - 1 }])
                    .events(1, vec![JarEvent::Taken { by: 1, left: left - 2 }]),
            )
        }));
    assert_eq!(bench.finish(&mut caller).unwrap().0, Some(1));
    assert_eq!(bench.left(1), 3);
}

#[test]
fn only_what_was_asked_for_is_seen_and_changed() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    bench.stranger_fills(2, 5);
    assert!(bench.finish(&mut bench.take(1, &[1, 2], Commit::new())).is_ok());
    let context = bench.host.context();
    let mut caller: Pin<Box<dyn Future<Output = _>>> = Box::pin(bench.owned.decide(&context, &[1], |held| {
        assert!(held.get(&2).is_none());
        Ok::<_, Empty>(Decision::new(()).events(2, vec![JarEvent::Taken { by: 1, left: 0 }]))
    }));
    let error = bench.finish(&mut caller).unwrap_err();
    assert!(error.to_string().contains("jar/2") && error.kind() == Kind::Bug, "{error}");
    assert_eq!(bench.left(2), 4);
}

#[test]
fn tenants_are_kept_apart() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    assert!(bench.finish(&mut bench.take(1, &[1], Commit::new())).is_ok());
    let context = bench.host.context().with_tenant(Tenant::new("other"));
    let mut caller: Pin<Box<dyn Future<Output = _>>> =
        Box::pin(bench.owned.decide(&context, &[1], |held| Ok::<_, Empty>(Decision::new(held.version(&1)))));
    assert_eq!(bench.finish(&mut caller).unwrap().0, Some(0));
}

#[test]
fn a_taken_claim_is_the_callers_answer_and_changes_nothing() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let claimed = || Commit::new().claim(Claim::new("inbox", "message-1"));
    assert!(bench.finish(&mut bench.take(1, &[1], claimed())).is_ok());
    let error = bench.finish(&mut bench.take(1, &[1], claimed())).unwrap_err();
    assert!(matches!(error, OwnedError::Commit(CommitError::Conflict(Conflict::Claim { .. }))), "{error}");
    assert_eq!(bench.left(1), 4);
    assert!(bench.finish(&mut bench.take(1, &[1], Commit::new())).is_ok());
}

#[test]
fn memory_is_bounded_and_what_was_dropped_is_loaded_again() {
    let bench = bench(4);
    let jars: Vec<u32> = (0..40).collect();
    for jar in &jars {
        bench.stranger_fills(*jar, 2);
        assert!(bench.finish(&mut bench.take(1, &[*jar], Commit::new())).is_ok());
        assert!(bench.owned.len() <= 4, "{}", bench.owned.len());
    }
    assert!(bench.finish(&mut bench.take(1, &jars, Commit::new())).is_ok());
    assert!(jars.iter().all(|jar| bench.left(*jar) == 0));
}

#[test]
fn how_many_are_held_is_known_whatever_comes_and_goes() {
    let bench = bench(100);
    for (tenant, fails, held) in
        [("one", false, 1), ("another", false, 2), ("one", false, 2), ("one", true, 1), ("third", true, 1)]
    {
        let context = bench.host.context().with_tenant(Tenant::new(tenant));
        let mut caller: Caller<'_> = Box::pin(bench.owned.decide(&context, &[1], |_| {
            Ok(Decision::new(()).events(1, vec![JarEvent::Filled { amount: 1, left: 1 }]))
        }));
        assert!(poll_once(&mut caller).is_none());
        bench.store.apply_next(fails);
        assert_eq!(bench.finish(&mut caller).is_err(), fails);
        assert_eq!(bench.owned.len(), held, "{tenant}");
    }
    bench.owned.clear();
    assert!(bench.owned.is_empty());
}

#[test]
fn a_decision_can_be_awaited_on_any_thread() {
    fn sendable<T: Send>(future: T) -> T {
        future
    }
    let bench = bench(4);
    let context = bench.host.context();
    let decide = |_: &Holding<'_, Jar>| Ok::<_, Empty>(Decision::new(()));
    drop(sendable(bench.owned.decide(&context, &[1], decide)));
}

#[test]
fn a_panic_while_deciding_leaves_the_others_be() {
    let bench = bench(4);
    bench.stranger_fills(1, 2);
    assert!(bench.finish(&mut bench.take(1, &[1], Commit::new())).is_ok());
    let context = bench.host.context();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        block_on(
            bench.owned.decide(&context, &[1], |_| -> Result<Decision<Jar, ()>, Empty> { panic!("bug") }),
        )
    }));
    assert!(panicked.is_err());
    assert!(bench.finish(&mut bench.take(1, &[1], Commit::new())).is_ok());
    assert_eq!(bench.left(1), 0);
}

/// The answer to the first of two is lost. How often the second is decided tells whether the store knew better.
fn after_a_lost_answer(happened: bool) -> (u32, u64) {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let mut first = bench.take(1, &[1], Commit::new());
    assert!(poll_once(&mut first).is_none());
    let (context, decided) = (bench.host.context(), Cell::new(0));
    let mut second: Pin<Box<dyn Future<Output = _>>> = Box::pin(bench.owned.decide(&context, &[1], |held| {
        decided.set(decided.get() + 1);
        let left = held.get(&1).unwrap().left - 1;
        Ok::<_, Empty>(Decision::new(()).events(1, vec![JarEvent::Taken { by: 2, left }]))
    }));
    assert!(poll_once(&mut second).is_none());
    bench.store.lose_next(!happened);
    let error = bench.finish(&mut first).unwrap_err();
    let OwnedError::Commit(CommitError::Unknown { id, .. }) = error else { panic!("{error}") };
    let outcome = block_on(bench.store.outcome(id)).unwrap();
    assert_eq!(outcome == CommitOutcome::Committed, happened, "the id in the answer is that of the commit");
    assert!(bench.finish(&mut second).is_ok());
    (decided.get(), bench.left(1))
}

#[test]
fn what_builds_on_a_commit_whose_answer_was_lost_is_told_right_by_the_store() {
    assert_eq!(after_a_lost_answer(true), (1, 3));
    assert_eq!(after_a_lost_answer(false), (2, 4));
}

#[test]
fn a_decision_that_requires_a_commit_of_others_is_told_if_it_is_missing() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let missing = CommitId(bench.host.new_id());
    let requires = || Commit::new().requires(missing);
    let error = bench.finish(&mut bench.take(1, &[1], requires())).unwrap_err();
    let expected = Conflict::Required { commit: missing };
    assert!(matches!(&error, OwnedError::Commit(CommitError::Conflict(c)) if *c == expected), "{error}");
    block_on(bench.store.inner.commit(Commit::new().with_id(missing))).unwrap();
    assert!(bench.finish(&mut bench.take(1, &[1], requires())).is_ok());
}

#[test]
fn each_attempt_has_an_id_of_its_own() {
    let bench = bench(10);
    bench.stranger_fills(1, 5);
    let mine = CommitId(bench.host.new_id());
    let take = || bench.finish(&mut bench.take(1, &[1], Commit::new().with_id(mine))).unwrap().1.id;
    let (one, other) = (take(), take());
    assert!(one != other && one != mine && other != mine);
}
