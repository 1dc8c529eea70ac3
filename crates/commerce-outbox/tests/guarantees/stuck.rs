use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected, FieldValue};
use commerce_core::error::Kind;
use commerce_core::id::Tenant;
use commerce_outbox::*;

use crate::support::*;

/// So much PostgreSQL takes into an index.
const INDEXED: usize = 2_704;

fn refused() -> CommitError {
    CommitError::Refused { source: "it can't be written".into() }
}

/// What PostgreSQL can't write of documents.
fn no_index_takes(commit: &Commit) -> Option<CommitError> {
    let is_too_long = commit.documents.iter().any(|write| {
        let DocumentWrite { collection, id, fields, .. } = write;
        let key = collection.len() + id.len() + commit.tenant.as_str().len() + 50;
        let texts = fields.iter().filter_map(|(name, value)| match value {
            FieldValue::Text(text) => Some((name.len() + text.len(), text)),
            FieldValue::Integer(_) => None,
        });
        let of_texts = texts.map(|(bytes, text)| (bytes, text.contains('\0')));
        [(0, id.contains('\0'))]
            .into_iter()
            .chain(of_texts)
            .any(|(bytes, has_nul)| has_nul || key + bytes > INDEXED)
    });
    is_too_long.then(refused)
}

/// A world whose consumers write to a store that can't write everything.
async fn that_refuses(refuses: fn(&Commit) -> Option<CommitError>) -> World {
    let mut world = World::new(1).await;
    let mut store = Yielding::new(world.store.clone());
    store.refuses = refuses;
    world.store = Arc::new(store);
    world
}

fn of_key(key: &str) -> DeadLetterFilter {
    DeadLetterFilter { key: Some(key.to_owned()), ..DeadLetterFilter::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_held_whatever_its_key_is() {
    let world = that_refuses(no_index_takes).await;
    let failing = Arc::new(AtomicBool::new(true));
    let fails = failing.clone();
    let running = Running::consumer(world.consumer().retry(quick(2)).on(move |job: Job, scope: Scope| {
        let fails = fails.clone();
        async move {
            if fails.load(Ordering::SeqCst) {
                return Err(HandleError::retryable("not now"));
            }
            record(Job { key: job.key.replace('\0', "0"), ..job }, scope).await
        }
    }));
    let (long, longer) = ("k".repeat(3_000), "k".repeat(3_001));
    let keys = [long.as_str(), longer.as_str(), "a\0b", "plain"];
    for number in 1..=3 {
        for key in keys {
            world.send(job(key, number)).await;
        }
    }
    let letters = world.until_dead(4).await;
    until(async || world.dead_letters().unfinished(None).await.unwrap().waiting == 8).await;
    assert!(letters.iter().any(|letter| letter.id() == "workers/plain/0000000000"));
    failing.store(false, Ordering::SeqCst);
    for key in keys {
        let letters = world.dead_letters();
        let letter = letters.list(&of_key(key), 10).await.unwrap().remove(0);
        assert_eq!((&*letter.envelope.key, letter.envelope.body::<Job>().unwrap().number), (key, 1));
        letters.discard(letter.tenant(), &letter.id(), "ada", "poison").await.unwrap();
        assert_eq!(letters.discarded(&of_key(key), 10).await.unwrap().len(), 1);
        world.until_effects(&key.replace('\0', "0"), &[2, 3]).await;
    }
    running.stop().await;
    world.until_nothing_held().await;
}

/// Of the key "bad" nothing can be held.
fn holds_all_but_bad(commit: &Commit) -> Option<CommitError> {
    let is_of_bad = commit.documents.iter().any(|write| write.id.starts_with("workers/bad"));
    is_of_bad.then(|| CommitError::Invalid("it can't be written".to_owned()))
}

/// As where a right was taken away.
static MAY_WRITE: AtomicBool = AtomicBool::new(false);

fn holds_nothing_for_a_while(commit: &Commit) -> Option<CommitError> {
    let holds = commit.documents.iter().any(|write| write.id.starts_with("workers/"));
    (holds && !MAY_WRITE.load(Ordering::SeqCst)).then(refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_store_refuses_to_hold_is_held_once_an_operator_has_mended_that() {
    let world = that_refuses(holds_nothing_for_a_while).await;
    let consumer = world.consumer().retry(quick(1));
    let running = Running::consumer(consumer.on(|_: Job, _| async { Err(HandleError::retryable("poison")) }));
    world.send(job("a", 1)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.dead_letters().unfinished(None).await.unwrap(), Unfinished::default());
    MAY_WRITE.store(true, Ordering::SeqCst);
    world.until_dead(1).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_neither_handled_nor_held_ends_its_consumer_and_is_not_lost() {
    let world = that_refuses(holds_all_but_bad).await;
    let slow = |consumer: Consumer| {
        Running::consumer(consumer.on(|job: Job, scope| async move {
            match &*job.key {
                "bad" if job.number == 1 => return Err(HandleError::retryable("poison")),
                "slow" => tokio::time::sleep(Duration::from_millis(300)).await,
                _ => {}
            }
            record(job, scope).await
        }))
    };
    world.send(job("slow", 1)).await;
    for number in 1..=3 {
        world.send(job("bad", number)).await;
    }
    let running = slow(world.consumer().retry(quick(1)));
    let error = tokio::time::timeout(Duration::from_secs(30), running.ended()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), Kind::Terminal);
    assert!(
        matches!(error, BusError::Stuck { .. }) && error.to_string().contains("neither handled nor held")
    );
    assert_eq!(world.effects("slow").await, [1], "what was under way has finished");
    assert_eq!(world.effects("bad").await, [0; 0], "and nothing overtook what could not be held");
    // Elsewhere it can be held, and nothing was suspected meanwhile: there is but one attempt, and its error is kept.
    let others = World { store: World::new(1).await.store, ..world };
    let running = slow(others.consumer().retry(quick(1)));
    let letter = others.until_dead(1).await.remove(0);
    assert_eq!(letter.attempts.iter().map(|attempt| &*attempt.error).collect::<Vec<_>>(), ["poison"]);
    others.dead_letters().discard(&Tenant::default(), &letter.id(), "ada", "poison").await.unwrap();
    others.until_effects("bad", &[2, 3]).await;
    running.stop().await;
}

/// Whoever does not know which keys are held would let messages overtake those that are.
#[tokio::test(flavor = "multi_thread")]
async fn a_queue_that_can_not_be_read_ends_its_consumer() {
    let world = World::new(1).await;
    let newer = DocumentWrite::put("held-keys", "workers/a", Expected::ABSENT, b"{}".to_vec());
    world.store.commit(Commit::new().document(newer.field("group", "workers"))).await.unwrap();
    world.send(job("b", 1)).await;
    let running = Running::consumer(world.consumer().on(record));
    let error = tokio::time::timeout(Duration::from_secs(30), running.ended()).await.unwrap().unwrap_err();
    assert!(matches!(error, BusError::Stuck { .. }), "{error}");
    assert!(error.to_string().contains("held-keys/workers/a"), "{error}");
}
