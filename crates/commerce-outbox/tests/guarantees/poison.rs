use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use commerce_core::commit::{Commit, NewMessage};
use commerce_core::error::Kind;
use commerce_outbox::*;
use tokio::sync::Notify;

use crate::support::*;

/// A consumer that never succeeds with number 1 of the key "bad".
pub(crate) fn with_poison(consumer: Consumer) -> Running {
    Running::consumer(consumer.on(|job: Job, scope| async move {
        if job.key == "bad" && job.number == 1 {
            return Err(HandleError::retryable("poison"));
        }
        record(job, scope).await
    }))
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_its_key_and_other_keys_never_wait() {
    let world = World::new(1).await;
    let running = with_poison(world.consumer().retry(quick(3)));
    for number in 1..=4 {
        world.send(job("bad", number)).await;
        world.send(job("good", number)).await;
    }
    let letters = world.until_dead(1).await;
    assert_eq!(letters[0].attempts.len(), 3);
    assert!(letters[0].attempts.iter().all(|attempt| attempt.error == "poison"));
    world.until_effects("good", &[1, 2, 3, 4]).await;
    world.send(job("good", 5)).await;
    world.until_effects("good", &[1, 2, 3, 4, 5]).await;
    assert!(world.effects("bad").await.is_empty(), "the key is parked");
    world.dead_letters().discard(letters[0].tenant(), &letters[0].id(), "ada", "poison").await.unwrap();
    world.until_effects("bad", &[2, 3, 4]).await;
    world.send(job("bad", 5)).await;
    world.until_effects("bad", &[2, 3, 4, 5]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

/// The consumer dies in the handler, as often as it is started.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_kills_its_worker_is_dead_after_as_many_attempts_as_any_other() {
    let world = World::new(1).await;
    let (entered, count) = (Arc::new(Notify::new()), Arc::new(AtomicU32::new(0)));
    let start = || {
        let (entered, count) = (entered.clone(), count.clone());
        Running::consumer(world.consumer().retry(quick(3)).on(move |job: Job, scope| {
            let (entered, count) = (entered.clone(), count.clone());
            async move {
                if job.key == "killer" && job.number == 1 {
                    count.fetch_add(1, Ordering::SeqCst);
                    entered.notify_one();
                    std::future::pending::<()>().await;
                }
                record(job, scope).await
            }
        }))
    };
    for number in 1..=3 {
        for key in ["a", "killer", "z"] {
            world.send(job(key, number)).await;
        }
    }
    for _ in 0..3 {
        let running = start();
        entered.notified().await;
        running.crash().await;
        world.host.advance(LATER);
    }
    let running = start();
    let letters = world.until_dead(1).await;
    assert_eq!(count.load(Ordering::SeqCst), 3);
    assert_eq!((&*letters[0].envelope.key, letters[0].attempts.len()), ("killer", 3));
    assert!(letters[0].attempts.iter().all(|attempt| attempt.error.contains("lost")));
    for key in ["a", "z"] {
        world.until_effects(key, &[1, 2, 3]).await;
    }
    world.dead_letters().discard(letters[0].tenant(), &letters[0].id(), "ada", "it kills").await.unwrap();
    world.until_effects("killer", &[2, 3]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handler_that_panics_has_failed_and_takes_no_one_with_it() {
    let world = World::new(1).await;
    let running = Running::consumer(world.consumer().retry(quick(2)).on(|job: Job, scope| async move {
        assert!(job.key != "bad", "no way");
        record(job, scope).await
    }));
    world.send(job("bad", 1)).await;
    world.send(job("good", 1)).await;
    let letters = world.until_dead(1).await;
    assert!(letters[0].attempts[1].error.contains("no way"), "{:?}", letters[0].attempts);
    world.until_effects("good", &[1]).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_handler_has_failed() {
    let world = World::new(1).await;
    let count = Arc::new(AtomicU32::new(0));
    let consumer = world.consumer().handler_timeout(Duration::from_millis(30)).on(move |job: Job, scope| {
        let slow = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            if slow {
                std::future::pending::<()>().await;
            }
            record(job, scope).await
        }
    });
    let running = Running::consumer(consumer);
    world.send(job("a", 1)).await;
    world.until_effects("a", &[1]).await;
    running.stop().await;

    let world = World::new(1).await;
    let never = world.consumer().retry(quick(2)).handler_timeout(Duration::from_millis(10));
    let running = Running::consumer(never.on(|_: Job, _| std::future::pending()));
    world.send(job("a", 1)).await;
    let letters = world.until_dead(1).await;
    assert!(letters[0].attempts.iter().all(|attempt| attempt.error.contains("longer than 10ms")));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_read_is_dead_at_once_and_says_why() {
    let world = World::new(1).await;
    let send = async |key: &str, message_type: &'static str, body: &[u8]| {
        let message = NewMessage::new("jobs", key).of_type(message_type).payload(body.to_vec());
        world.shop.commit(Commit::new().message(message)).await.unwrap();
    };
    send("other-fields", "jobs.do", b"{\"x\": 1}").await;
    send("no-json", "jobs.do", b"{\"key\": ").await;
    send("no-text", "jobs.do", &[0xff, 0xfe]).await;
    send("unknown-type", "jobs.undo", b"{}").await;
    world.send(job("good", 1)).await;
    let running = Running::consumer(world.consumer().on(record));
    let letters = world.until_dead(4).await;
    world.until_effects("good", &[1]).await;
    running.stop().await;
    let said = |key: &str| {
        let letter = letters.iter().find(|letter| &*letter.envelope.key == key).unwrap();
        assert_eq!((letter.attempts.len(), letter.attempts[0].kind), (1, Kind::Invalid));
        letter.attempts[0].error.clone()
    };
    assert!(said("other-fields").contains("the body is no jobs.do: missing field `key`"));
    assert!(said("no-json").contains("the body can't be read: EOF"));
    assert!(said("no-text").contains("the body can't be read"));
    assert!(said("unknown-type").contains("no handler for jobs.undo"));
    let whole = letters.iter().find(|letter| &*letter.envelope.key == "no-text").unwrap();
    assert_eq!(whole.envelope.data.get(), "[255,254]");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_may_skip_its_dead_letters() {
    let world = World::new(1).await;
    let running = with_poison(world.consumer().retry(quick(2)).skip_dead_letters_of("jobs"));
    for number in 1..=3 {
        world.send(job("bad", number)).await;
    }
    world.until_effects("bad", &[2, 3]).await;
    let letters = world.until_dead(1).await;
    assert!(letters[0].skipped);
    assert_eq!(letters[0].attempts.len(), 2);
    assert!(world.dead_letters().parked(&DeadLetterFilter::default(), 10).await.unwrap().is_empty());
    world.dead_letters().replay(letters[0].tenant(), &letters[0].id(), "ada", "again").await.unwrap();
    let again = world.until_dead(1).await;
    until(async || {
        let letters = world.dead_letters().list(&DeadLetterFilter::default(), 1).await.unwrap();
        letters.first().is_some_and(|letter| letter.attempts.len() == 4)
    })
    .await;
    world.dead_letters().discard(again[0].tenant(), &again[0].id(), "ada", "no use").await.unwrap();
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_held_and_comes_again_is_held_once() {
    let world = World::new(1).await;
    let start = || with_poison(world.consumer_on(Arc::new(Stammering(world.bus()))).retry(quick(1)));
    let running = start();
    world.send(job("bad", 1)).await;
    world.send(job("bad", 2)).await;
    let letters = world.dead_letters();
    until(async || letters.unfinished(None).await.unwrap().waiting == 1).await;
    running.crash().await;
    world.host.advance(LATER);
    // The cursor may or may not have been written before the crash: both are right.
    let running = start();
    world.send(job("bad", 3)).await;
    until(async || letters.unfinished(None).await.unwrap().waiting == 2).await;
    assert_eq!(letters.unfinished(None).await.unwrap(), Unfinished { waiting: 2, retrying: 0, dead: 1 });
    let head = world.until_dead(1).await.remove(0);
    letters.discard(head.tenant(), &head.id(), "ada", "poison").await.unwrap();
    world.until_effects("bad", &[2, 3]).await;
    running.stop().await;
    world.until_nothing_held().await;
}

/// An orderly end is no attempt: also where there is only one, nothing dies of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_costs_no_message_an_attempt() {
    let world = World::new(1).await;
    for number in 0..60 {
        world.send(job(&format!("key-{}", number % 3), number)).await;
    }
    for _ in 0..200 {
        let running = Running::consumer(world.consumer().retry(quick(1)).concurrency(2).on(
            |job: Job, scope| async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                record(job, scope).await
            },
        ));
        tokio::time::sleep(Duration::from_millis(5)).await;
        running.stop().await;
        if world.effects("key-2").await.len() == 20 && world.effects("key-1").await.len() == 20 {
            break;
        }
    }
    let running = Running::consumer(world.consumer().retry(quick(1)).on(record));
    for key in 0..3 {
        let expected: Vec<u32> = (0..60).filter(|number| number % 3 == key).collect();
        world.until_effects(&format!("key-{key}"), &expected).await;
    }
    running.stop().await;
    world.until_nothing_held().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_also_skips_what_is_dead_at_once() {
    let world = World::new(1).await;
    let running = with_poison(world.consumer().retry(quick(1)).skip_dead_letters_of("jobs"));
    for number in 1..=3 {
        world.send(job("bad", number)).await;
    }
    world.until_effects("bad", &[2, 3]).await;
    assert!(world.until_dead(1).await[0].skipped);
    running.stop().await;
}

#[derive(Debug, thiserror::Error)]
#[error("the letter can't be sent")]
struct NotSent(#[source] Refused);

/// One that says of its source what that says itself.
#[derive(Debug, thiserror::Error)]
#[error("the provider refused it: {0}")]
struct Refused(#[source] std::io::Error);

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_says_what_was_behind_its_error_once_and_within_bounds() {
    let world = World::new(1).await;
    let running = Running::consumer(world.consumer().on(|job: Job, _| async move {
        let why = if job.key == "long" { "\u{e9}".repeat(10_000) } else { "no such mailbox".to_owned() };
        Err(HandleError::terminal(NotSent(Refused(std::io::Error::other(why)))))
    }));
    world.send(job("short", 1)).await;
    world.send(job("long", 1)).await;
    let letters = world.until_dead(2).await;
    running.stop().await;
    let said = |key: &str| {
        let letter = letters.iter().find(|letter| &*letter.envelope.key == key).unwrap();
        letter.attempts[0].error.clone()
    };
    assert_eq!(said("short"), "the letter can't be sent: the provider refused it: no such mailbox");
    assert!(said("long").starts_with("the letter can't be sent: the provider refused it: \u{e9}\u{e9}"));
    assert_eq!(said("long").chars().count(), 2_000);
}
