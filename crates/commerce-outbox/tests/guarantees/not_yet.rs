//! What is too early is no failure.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use commerce_outbox::*;

use crate::flowing::*;
use crate::support::{Job, Running, World, job, quick, record, until};
use crate::waiting::Seen;

const HOUR: u64 = 60 * 60;

/// It comes again for as long as it takes, ever more rarely, with those of its key behind it, in order.
#[tokio::test(start_paused = true)]
async fn a_message_that_comes_too_early_waits_for_hours_and_is_not_given_up() {
    let (world, seen) = (FlowingWorld::new(), Seen::default());
    let (open, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let consumer = world.consumer().on({
        let (seen, open, asked) = (seen.clone(), open.clone(), asked.clone());
        move |job: Job, scope: Scope| {
            let (seen, open, asked) = (seen.clone(), open.clone(), asked.clone());
            async move {
                if job.key == "early" && !open.load(Ordering::SeqCst) {
                    asked.fetch_add(1, Ordering::SeqCst);
                    return Err(HandleError::not_yet("the shop is closed"));
                }
                seen.lock().unwrap().push((job.key, job.number));
                Ok(scope.finish())
            }
        }
    });
    let running = Running::consumer(consumer);
    world.send([job("early", 1), job("early", 2), job("other", 1)]).await;
    seconds(6 * HOUR).await;
    assert_eq!(*seen.lock().unwrap(), [("other".to_owned(), 1)]);
    assert_eq!(world.unfinished().await, Unfinished { waiting: 1, retrying: 1, dead: 0 });
    // Seven hundred if each wait were the longest; a hundred thousand if each were the first.
    let asked = asked.load(Ordering::SeqCst);
    assert!((700..10_000).contains(&asked), "asked {asked} times in six hours");
    let held = world.held("early").await;
    assert_eq!(held.attempts.len(), 1, "{:?}", held.attempts);
    assert_eq!((&*held.attempts[0].error, held.begun), ("the shop is closed", 0));
    open.store(true, Ordering::SeqCst);
    seconds(60).await;
    assert_eq!(seen.lock().unwrap()[1..], [("early".to_owned(), 1), ("early".to_owned(), 2)]);
    assert_eq!(world.unfinished().await, Unfinished::default());
    running.stop().await;
}

/// Having waited uses up none of a message's attempts.
#[tokio::test(flavor = "multi_thread")]
async fn what_fails_after_it_has_waited_has_all_its_attempts() {
    let world = World::new(1).await;
    let (tried, failures) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(0)));
    let consumer = world.consumer().retry(quick(3)).on({
        let (tried, failures) = (tried.clone(), failures.clone());
        move |job: Job, scope| {
            let (tried, failures) = (tried.clone(), failures.clone());
            async move {
                if job.key != "bad" {
                    return record(job, scope).await;
                }
                if tried.fetch_add(1, Ordering::SeqCst) < 20 {
                    return Err(HandleError::not_yet("wait"));
                }
                *failures.lock().unwrap() += 1;
                Err(HandleError::retryable("poison"))
            }
        }
    });
    let running = Running::consumer(consumer);
    world.send(job("bad", 1)).await;
    world.send(job("good", 1)).await;
    let letters = world.until_dead(1).await;
    let errors: Vec<_> = letters[0].attempts.iter().map(|attempt| &*attempt.error).collect();
    assert_eq!(errors, ["wait", "poison", "poison", "poison"]);
    assert_eq!(*failures.lock().unwrap(), 3);
    world.until_effects("good", &[1]).await;
    running.stop().await;
}

/// One that waits and takes its worker with it is not tried for ever.
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_waits_for_ever_still_counts() {
    let world = World::new(1).await;
    let consumer = world.consumer().retry(quick(2)).handler_timeout(Duration::from_millis(20));
    let tried = Arc::new(AtomicU32::new(0));
    let counted = tried.clone();
    let running = Running::consumer(consumer.on(move |_: Job, _| {
        let early = counted.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if !early {
                std::future::pending::<()>().await;
            }
            Err(HandleError::not_yet("wait"))
        }
    }));
    world.send(job("a", 1)).await;
    until(async || world.dead_letters().unfinished(None).await.unwrap().dead == 1).await;
    assert_eq!(tried.load(Ordering::SeqCst), 3);
    running.stop().await;
}
