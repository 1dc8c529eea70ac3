use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use commerce_core::commit::Commit;
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_outbox::*;

use crate::support::*;

/// Fails as long as the flag is set.
fn consumer(world: &World, failing: &Arc<AtomicBool>) -> Running {
    let failing = failing.clone();
    Running::consumer(world.consumer().retry(quick(2)).on(move |job: Job, scope| {
        let failing = failing.clone();
        async move {
            if failing.load(Ordering::SeqCst) {
                return Err(HandleError::retryable("not now"));
            }
            record(job, scope).await
        }
    }))
}

async fn parked(keys: &[&str], behind: u32) -> (World, Running, Arc<AtomicBool>) {
    let world = World::new(1).await;
    let failing = Arc::new(AtomicBool::new(true));
    let running = consumer(&world, &failing);
    for number in 1..=behind + 1 {
        for key in keys {
            world.send(job(key, number)).await;
        }
    }
    world.until_dead(keys.len()).await;
    let letters = world.dead_letters();
    let waiting = keys.len() * behind as usize;
    until(async || letters.unfinished(None).await.unwrap().waiting == waiting).await;
    (world, running, failing)
}

fn of_key(key: &str) -> DeadLetterFilter {
    DeadLetterFilter { key: Some(key.to_owned()), ..DeadLetterFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_listed_shown_and_counted_by_what_they_are() {
    let (world, running, _) = parked(&["a", "b"], 2).await;
    let letters = world.dead_letters();
    let filter = DeadLetterFilter {
        tenant: Some(Tenant::default()),
        group: Some("workers".to_owned()),
        topic: Some("jobs".to_owned()),
        key: Some("b".to_owned()),
    };
    let found = letters.list(&filter, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].envelope.body::<Job>().unwrap().number, 1);
    assert_eq!(letters.show(&Tenant::default(), &found[0].id()).await.unwrap().attempts.len(), 2);
    assert_eq!(letters.list(&DeadLetterFilter::default(), 1).await.unwrap().len(), 1);
    for other in [
        DeadLetterFilter { tenant: Some(Tenant::new("other")), ..filter.clone() },
        DeadLetterFilter { group: Some("other".to_owned()), ..filter.clone() },
        DeadLetterFilter { topic: Some("other".to_owned()), ..filter.clone() },
    ] {
        assert!(letters.list(&other, 10).await.unwrap().is_empty());
    }
    let keys = letters.parked(&DeadLetterFilter::default(), 10).await.unwrap();
    assert_eq!(keys.iter().map(|key| (&*key.key, key.waiting)).collect::<Vec<_>>(), [("a", 2), ("b", 2)]);
    let unfinished = Unfinished { waiting: 4, retrying: 0, dead: 2 };
    assert_eq!(letters.unfinished(Some("workers")).await.unwrap(), unfinished);
    assert_eq!(letters.unfinished(Some("other")).await.unwrap(), Unfinished::default());
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_runs_in_order_at_the_head_of_its_key_and_keeps_the_history() {
    let (world, running, failing) = parked(&["a"], 3).await;
    let letters = world.dead_letters();
    let letter = world.until_dead(1).await.remove(0);
    letters.replay(letter.tenant(), &letter.id(), "ada", "try").await.unwrap();
    // It fails again, and has as many attempts as a new one.
    until(async || letters.show(letter.tenant(), &letter.id()).await.unwrap().attempts.len() == 4).await;
    let letter = world.until_dead(1).await.remove(0);
    assert_eq!((letter.replays[0].actor.as_str(), letter.replays[0].reason.as_str()), ("ada", "try"));
    assert!(world.effects("a").await.is_empty());
    failing.store(false, Ordering::SeqCst);
    letters.replay(letter.tenant(), &letter.id(), "ada", "now").await.unwrap();
    world.until_effects("a", &[1, 2, 3, 4]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_replayed_by_filter_not_faster_than_asked_and_dry_first() {
    let (world, running, failing) = parked(&["a", "b", "c", "d"], 1).await;
    failing.store(false, Ordering::SeqCst);
    let letters = world.dead_letters();
    let all = DeadLetterFilter::default();
    let dry = ReplayOptions { dry_run: true, per_second: Some(1) };
    let report = letters.replay_all(&all, dry, "ada", "look").await.unwrap();
    assert_eq!((report.dry_run, report.replayed.len()), (true, 4));
    assert_eq!(letters.unfinished(None).await.unwrap().dead, 4);
    let report = letters.replay_all(&of_key("b"), ReplayOptions::default(), "ada", "one").await.unwrap();
    assert_eq!(report.replayed.len(), 1);
    world.until_effects("b", &[1, 2]).await;
    assert_eq!(letters.unfinished(None).await.unwrap().dead, 3);
    let start = Instant::now();
    let slowly = ReplayOptions { per_second: Some(20), dry_run: false };
    assert_eq!(letters.replay_all(&all, slowly, "ada", "rest").await.unwrap().replayed.len(), 3);
    assert!(start.elapsed() >= Duration::from_millis(100));
    for key in ["a", "c", "d"] {
        world.until_effects(key, &[1, 2]).await;
    }
    running.stop().await;
}

/// Those of one commit have ids that count down.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_skipped_is_replayed_in_the_order_in_which_it_came() {
    let world = World::new(1).await;
    let host = world.host.clone();
    let consumer = world.consumer().retry(quick(1)).skip_dead_letters_of("jobs");
    let running = Running::consumer(consumer.on(move |_: Job, _| {
        host.advance(Duration::from_millis(1));
        async { Err(HandleError::retryable("poison")) }
    }));
    for first in [1, 4] {
        let messages = (first..first + 3).map(|number| job("a", number).to_message().unwrap());
        world.shop.commit(messages.fold(Commit::new(), Commit::message)).await.unwrap();
    }
    world.until_dead(6).await;
    running.stop().await;
    let letters = world.dead_letters();
    let all = ReplayOptions::default();
    let report = letters.replay_all(&DeadLetterFilter::default(), all, "ada", "again").await.unwrap();
    let mut numbers = Vec::new();
    for (tenant, id) in &report.replayed {
        numbers.push(letters.show(tenant, id).await.unwrap().envelope.body::<Job>().unwrap().number);
    }
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_discarded_is_kept_with_who_and_why_and_never_handled() {
    let (world, running, failing) = parked(&["a"], 1).await;
    let letters = world.dead_letters();
    failing.store(false, Ordering::SeqCst);
    let letter = world.until_dead(1).await.remove(0);
    letters.discard(letter.tenant(), &letter.id(), "ada", "a test order").await.unwrap();
    world.until_effects("a", &[2]).await;
    running.stop().await;
    let kept = letters.discarded(&of_key("a"), 10).await.unwrap();
    assert_eq!((kept.len(), kept[0].actor.as_str(), kept[0].reason.as_str()), (1, "ada", "a test order"));
    assert_eq!(kept[0].at, now(&world));
    assert_eq!((kept[0].message.attempts.len(), kept[0].message.envelope.id), (2, letter.envelope.id));
    // The bus brings it once more.
    world.bus().publish(std::slice::from_ref(&letter.envelope)).await.remove(0).unwrap();
    world.send(job("a", 3)).await;
    let running = consumer(&world, &failing);
    world.until_effects("a", &[2, 3]).await;
    running.stop().await;
}

/// A program that an outage has left with more than it has room for must be able to say so.
#[tokio::test(flavor = "multi_thread")]
async fn however_many_there_are_few_are_read_at_a_time() {
    let keys: Vec<String> = (0..700).map(|number| format!("key-{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    let (world, running, _) = parked(&keys, 1).await;
    running.stop().await;
    let store = Yielding::new(world.store.clone());
    let most = store.most.clone();
    let letters = DeadLetters::new(Arc::new(store), world.host.clone());
    assert_eq!(letters.unfinished(None).await.unwrap(), Unfinished { waiting: 700, retrying: 0, dead: 700 });
    let all = DeadLetterFilter::default();
    let found = letters.parked(&all, 600).await.unwrap();
    let by_key: BTreeSet<_> = found.iter().map(|parked| (&*parked.key, parked.waiting)).collect();
    assert_eq!((by_key.len(), by_key.iter().all(|(_, waiting)| *waiting == 1)), (600, true));
    let report = letters.replay_all(&all, ReplayOptions::default(), "ada", "it is over").await.unwrap();
    let replayed: BTreeSet<_> = report.replayed.iter().map(|(_, id)| id).collect();
    assert_eq!((report.replayed.len(), replayed.len()), (700, 700));
    assert_eq!(letters.unfinished(None).await.unwrap(), Unfinished { waiting: 700, retrying: 700, dead: 0 });
    assert_eq!(most.load(Ordering::SeqCst), 256);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_any_length_is_counted() {
    let (world, running, _) = parked(&["a", "b", "c"], 300).await;
    running.stop().await;
    let letters = world.dead_letters();
    assert_eq!(letters.unfinished(None).await.unwrap(), Unfinished { waiting: 900, retrying: 0, dead: 3 });
    let keys = letters.parked(&DeadLetterFilter::default(), 10).await.unwrap();
    assert_eq!(
        keys.iter().map(|key| (&*key.key, key.waiting)).collect::<Vec<_>>(),
        [("a", 300), ("b", 300), ("c", 300)]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_operators_only_one_acts() {
    for round in 0..20 {
        let (world, running, _) = parked(&["a"], 1).await;
        running.stop().await;
        let letter = world.until_dead(1).await.remove(0);
        let yielding = DeadLetters::new(Arc::new(Yielding::new(world.store.clone())), world.host.clone());
        let (id, tenant) = (letter.id(), letter.tenant());
        let replay = yielding.replay(tenant, &id, "ada", "again");
        let discard = async {
            if round % 2 == 0 {
                yielding.discard(tenant, &id, "bob", "away").await
            } else {
                yielding.replay(tenant, &id, "bob", "again").await
            }
        };
        let (one, other) = tokio::join!(replay, discard);
        assert_eq!(u32::from(one.is_ok()) + u32::from(other.is_ok()), 1, "{one:?} {other:?}");
        let error = one.err().or(other.err()).unwrap();
        assert!(matches!(error.kind(), Kind::Conflict | Kind::NotFound), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_dead_is_left_alone() {
    let (world, running, _) = parked(&["a"], 1).await;
    running.stop().await;
    let letters = world.dead_letters();
    let head = world.until_dead(1).await.remove(0);
    let behind = head.id().replace("/0000000000", "/0000000001");
    let tenant = head.tenant();
    let error = letters.discard(tenant, &behind, "ada", "the wrong one").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Conflict);
    assert!(error.to_string().contains("waiting"), "{error}");
    assert_eq!(letters.replay(tenant, "workers/x/0", "ada", "?").await.unwrap_err().kind(), Kind::NotFound);
    letters.replay(tenant, &head.id(), "ada", "again").await.unwrap();
    assert_eq!(letters.replay(tenant, &head.id(), "ada", "again").await.unwrap_err().kind(), Kind::Conflict);
}
