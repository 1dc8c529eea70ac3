use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, Expected};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_core::owned::{Decision, Owned};
use commerce_core::repository::{self, Repository};
use commerce_core::{Aggregate, Context, Event};
use commerce_outbox::*;
use serde::{Deserialize, Serialize};

use crate::support::*;

/// Fails one time in four in one of five ways, before or after it decided.
async fn stumble(dice: &Dice, job: Job, scope: Scope) -> Result<Handled, HandleError> {
    if !dice.hit(4) {
        if dice.hit(3) {
            tokio::time::sleep(Duration::from_micros(u64::from(dice.roll() % 900))).await;
        }
        return record(job, scope).await;
    }
    match dice.roll() % 4 {
        0 => Err(HandleError::retryable("the provider is away")),
        1 => panic!("a handler fell over"),
        2 => {
            std::future::pending::<()>().await;
            unreachable!()
        }
        _ => {
            let mut commit = scope.into_commit();
            commit.documents.push(commerce_core::commit::DocumentWrite::put(
                "nothing",
                "here",
                Expected::Version(9),
                b"{}".to_vec(),
            ));
            Ok(Handled::Commit(Box::new(commit)))
        }
    }
}

async fn a_thousand_messages(world: World, crashes: bool) {
    for number in 0..1_000 {
        world.send(job(&format!("key-{}", number % 50), number)).await;
    }
    let dice = Arc::new(Dice::new(11));
    let start = || {
        let dice = dice.clone();
        let consumer = world.consumer().retry(quick(40)).handler_timeout(Duration::from_millis(20));
        Running::consumer(consumer.on(move |job, scope| {
            let dice = dice.clone();
            async move { stumble(&dice, job, scope).await }
        }))
    };
    let mut running = start();
    if crashes {
        for round in 0..4 {
            tokio::time::sleep(Duration::from_millis(20 + round * 10)).await;
            running.crash().await;
            world.host.advance(LATER);
            running = start();
        }
    }
    for key in 0..50 {
        let expected: Vec<u32> = (0..1_000).filter(|number| number % 50 == key).collect();
        world.until_effects(&format!("key-{key}"), &expected).await;
    }
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_take_effect_once_and_in_order_though_handlers_fail() {
    a_thousand_messages(World::new(4).await, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_messages_take_effect_once_and_in_order_though_workers_crash() {
    a_thousand_messages(World::new(4).await.yielding(), true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_delivers_twice_causes_no_second_effect() {
    let world = World::new(1).await;
    for number in 0..200 {
        world.send(job(&format!("key-{}", number % 5), number)).await;
    }
    let running = Running::consumer(world.consumer_on(Arc::new(Stammering(world.bus()))).on(record));
    for key in 0..5 {
        let expected: Vec<u32> = (0..200).filter(|number| number % 5 == key).collect();
        world.until_effects(&format!("key-{key}"), &expected).await;
    }
    running.stop().await;
    for key in 0..5 {
        assert_eq!(world.effects(&format!("key-{key}")).await.len(), 40);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_finds_what_a_crashed_one_has_handled() {
    let mut world = World::new(1).await;
    // So that nothing is written down before the crash.
    world.options.window = 1_000;
    let runs = Arc::new(Mutex::new(HashMap::<u32, u32>::new()));
    let blocked = Arc::new(tokio::sync::Notify::new());
    let start = |block: bool| {
        let (runs, blocked) = (runs.clone(), blocked.clone());
        Running::consumer(world.consumer().on(move |job: Job, scope| {
            *runs.lock().unwrap().entry(job.number).or_default() += 1;
            let blocked = blocked.clone();
            async move {
                if block && job.key == "first" {
                    blocked.notify_one();
                    std::future::pending::<()>().await;
                }
                record(job, scope).await
            }
        }))
    };
    world.send(job("first", 0)).await;
    for number in 1..=20 {
        world.send(job("others", number)).await;
    }
    let running = start(true);
    blocked.notified().await;
    let expected: Vec<u32> = (1..=20).collect();
    world.until_effects("others", &expected).await;
    running.crash().await;
    world.host.advance(LATER);
    let running = start(false);
    world.until_effects("first", &[0]).await;
    running.stop().await;
    assert_eq!(world.effects("others").await, expected);
    let runs = runs.lock().unwrap();
    assert!((1..=20).all(|number| runs[&number] == 1), "{runs:?}");
    assert_eq!(runs[&0], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_lost_its_race_is_decided_anew_at_once() {
    let world = World::new(1).await;
    let runs = Arc::new(AtomicU32::new(0));
    let count = runs.clone();
    world.send(job("a", 1)).await;
    let consumer = world.consumer().retry(quick(1)).on(move |job: Job, mut scope: Scope| {
        let lost = count.fetch_add(1, Ordering::SeqCst) < 3;
        async move {
            if lost {
                scope.write(|commit| {
                    commit.document(commerce_core::commit::DocumentWrite::put(
                        "stock",
                        "1",
                        Expected::Version(4),
                        b"{}".to_vec(),
                    ))
                });
            }
            record(job, scope).await
        }
    });
    let running = Running::consumer(consumer);
    world.until_effects("a", &[1]).await;
    running.stop().await;
    assert_eq!(runs.load(Ordering::SeqCst), 4);
}

/// How many jobs of a key were done.
#[derive(Clone, Default)]
struct Tally(u32);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Counted {
    Counted { number: u32 },
}

impl Event for Counted {}

impl Aggregate for Tally {
    const KIND: &'static str = "tally";
    type Id = String;
    type Command = u32;
    type Event = Counted;
    type Rejection = std::fmt::Error;
    fn decide(&self, number: u32, _: &Context) -> Result<Vec<Counted>, std::fmt::Error> {
        Ok(vec![Counted::Counted { number }])
    }
    fn apply(&mut self, _: &Counted) {
        self.0 += 1;
    }
}

/// A message is delivered twice, and handled by what commits by itself: the second time its claim is in the way of that.
async fn counts_once<F>(handle: impl Fn(Repository<Tally>, Job, Scope) -> F + Send + Sync + 'static)
where
    F: Future<Output = Result<Handled, HandleError>> + Send + 'static,
{
    let world = World::new(1).await;
    let tallies = Repository::<Tally>::new(world.store.clone());
    let (ours, handle) = (tallies.clone(), Arc::new(handle));
    let consumer = world.consumer_on(Arc::new(Stammering(world.bus())));
    let running = Running::consumer(consumer.on(move |job: Job, scope| handle(ours.clone(), job, scope)));
    for number in 0..10 {
        world.send(job("a", number)).await;
    }
    let count = async || tallies.load(&Tenant::default(), &"a".to_owned()).await.unwrap().state.0;
    until(async || count().await == 10 || world.dead_letters().unfinished(None).await.unwrap().dead > 0)
        .await;
    world.send(job("last", 0)).await;
    let last = async || tallies.load(&Tenant::default(), &"last".to_owned()).await.unwrap().version;
    until(async || last().await == 1).await;
    running.stop().await;
    world.until_nothing_held().await;
    assert_eq!(count().await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_in_memory_takes_effect_once() {
    counts_once(async |tallies: Repository<Tally>, job: Job, scope: Scope| {
        let host = Arc::new(SystemHost);
        let (context, commit) = (scope.context().clone(), scope.into_commit());
        let tallies = Owned::new(tallies, host, 10);
        tallies
            .decide(&context, std::slice::from_ref(&job.key), |_| {
                let counted = Counted::Counted { number: job.number };
                let decision = Decision::new(()).events(job.key.clone(), vec![counted]);
                Ok::<_, std::fmt::Error>(decision.with(commit.clone()))
            })
            .await?;
        Ok(Handled::Committed)
    })
    .await;
}

async fn count(
    tallies: &Repository<Tally>,
    job: Job,
    scope: Scope,
) -> Result<(), repository::Error<std::fmt::Error>> {
    let decided = tallies.decide(&job.key, job.number, scope.context()).await?;
    tallies.store().commit(decided.write_to(scope.into_commit())?).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_decided_on_what_was_read_takes_effect_once() {
    counts_once(async |tallies: Repository<Tally>, job: Job, scope: Scope| {
        count(&tallies, job, scope).await?;
        Ok(Handled::Committed)
    })
    .await;
}

#[derive(Debug, thiserror::Error)]
#[error("the job can't be counted")]
struct NotCounted(#[source] CommitError);

#[tokio::test(flavor = "multi_thread")]
async fn what_has_the_conflict_as_its_source_takes_effect_once() {
    counts_once(async |tallies: Repository<Tally>, job: Job, scope: Scope| {
        match count(&tallies, job, scope).await {
            Ok(()) => Ok(Handled::Committed),
            Err(repository::Error::Commit(error)) => Err(HandleError::terminal(NotCounted(error))),
            Err(error) => Err(error.into()),
        }
    })
    .await;
}

/// Nothing is written, and whoever wrote the handler learns why.
#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_drops_the_claim_of_its_message_has_failed() {
    let world = World::new(1).await;
    let running = Running::consumer(world.consumer().on(|job: Job, mut scope: Scope| async move {
        scope.write(|_| Commit::new());
        record(job, scope).await
    }));
    world.send(job("a", 1)).await;
    let letters = world.until_dead(1).await;
    assert_eq!((letters[0].attempts.len(), letters[0].attempts[0].kind), (1, Kind::Bug));
    assert!(letters[0].attempts[0].error.contains("Scope::write"), "{:?}", letters[0].attempts);
    assert_eq!(world.effects("a").await, [0; 0]);
    running.stop().await;
}
