//! The logs under load: writers that overlap, wait and roll back, and readers that follow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::{Commit, CommitError, Expected};
use commerce_core::store::Store;
use tokio::task::JoinSet;

use crate::support::{
    EventReader, MessageReader, Random, connect, event, event_of, execute, numbered, own_server_with,
    process, stream, within,
};

const WRITERS: u64 = 64;
const EVENTS: u64 = 200_000;
/// How many events a commit has.
const BATCH: u64 = 50;
/// Readers look by themselves after this time, also if nobody wakes them.
const LOOK: Duration = Duration::from_millis(50);
const COMMITS_EACH: u64 = EVENTS / WRITERS / BATCH + 1;

/// What a writer has committed.
#[derive(Default)]
struct Progress {
    number: u64,
    own: u64,
}

/// Most events for the writer's own stream, some for one of which many write, and a message.
fn next(writer: u64, done: &Progress, random: &mut Random) -> Commit {
    let mut own: Vec<_> = (0..BATCH - 5).map(|_| event()).collect();
    if random.percent(5) {
        own[0] = event_of("Slow");
    }
    let shared = stream(format!("shared-{}", random.below(8)));
    Commit::new()
        .append(stream(writer), Expected::Version(done.own), own)
        .append(shared, Expected::Any, (0..5).map(|_| event()).collect())
        .message(numbered(&writer.to_string(), done.number + 1))
}

impl Progress {
    fn made(&mut self) {
        self.number += 1;
        self.own += BATCH - 5;
    }
}

/// A process's own commits, some of which are bound to conflict.
async fn write_by_store(writer: u64, store: Arc<PgStore>) {
    let (mut done, mut random) = (Progress::default(), Random(writer));
    while done.number < COMMITS_EACH {
        random.pause(3).await;
        let commit = next(writer, &done, &mut random);
        if random.percent(10) {
            let wrong = commit.append(stream(format!("{writer}-wrong")), Expected::Version(7), vec![event()]);
            assert!(matches!(store.commit(wrong).await, Err(CommitError::Conflict(_))));
        } else if store.commit(commit).await.is_ok() {
            done.made();
        }
    }
}

/// Transactions of an application, which takes its time and changes its mind.
async fn write_by_host(writer: u64, store: Arc<PgStore>, url: String) {
    let (mut done, mut random) = (Progress::default(), Random(writer));
    let mut db = connect(&url).await;
    while done.number < COMMITS_EACH {
        // Some have an id before they come to us.
        execute(&mut db, if random.percent(50) { "BEGIN; SELECT pg_current_xact_id()" } else { "BEGIN" })
            .await;
        random.pause(10).await;
        let commit = next(writer, &done, &mut random);
        match store.apply_in(&mut db, &commit).await {
            Ok(_) => {
                random.pause(10).await;
                if random.percent(25) {
                    execute(&mut db, "ROLLBACK").await;
                } else {
                    execute(&mut db, "COMMIT").await;
                    done.made();
                }
            }
            Err(CommitError::RolledBack { .. }) => execute(&mut db, "ROLLBACK").await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Reads until the writers are done and nothing is left.
async fn follow_events(store: Arc<PgStore>, done: Arc<AtomicBool>) -> usize {
    let mut reader = EventReader::default();
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let news = store.changes().listen();
        if reader.read(&store).await == 0 {
            if was_done {
                return reader.seen;
            }
            let _ = tokio::time::timeout(LOOK, news).await;
        }
    }
}

async fn follow_messages(
    store: Arc<PgStore>,
    topics: &'static [&'static str],
    done: Arc<AtomicBool>,
) -> usize {
    let mut readers: Vec<_> = (0..store.partitions()).map(|n| MessageReader::new(n, topics)).collect();
    loop {
        let was_done = done.load(Ordering::SeqCst);
        let news = store.changes().listen();
        let requests: Vec<_> = readers.iter().map(MessageReader::request).collect();
        let batches = store.read_partitions(&requests).await.unwrap();
        let found: usize = readers.iter_mut().zip(batches).map(|(reader, batch)| reader.take(batch)).sum();
        if found == 0 {
            if was_done {
                return readers.iter().map(|reader| reader.seen).sum();
            }
            let _ = tokio::time::timeout(LOOK, news).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_reader_sees_each_of_200_000_events_of_64_writers_once_and_in_order() {
    within(240, async {
        let (_cluster, url) = own_server_with(&[("deadlock_timeout", "20ms")]).await;
        let stores = [process(&url).await, process(&url).await, process(&url).await];
        let mut db = connect(&url).await;
        execute(
            &mut db,
            "CREATE FUNCTION public.take_time() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NEW; END $$;
             CREATE TRIGGER take_time BEFORE INSERT ON commerce.commerce_events
             FOR EACH ROW WHEN (NEW.type = 'Slow') EXECUTE FUNCTION public.take_time()",
        )
        .await;
        let done = Arc::new(AtomicBool::new(false));
        let readers = [
            tokio::spawn(follow_events(stores[0].clone(), done.clone())),
            tokio::spawn(follow_events(stores[1].clone(), done.clone())),
            tokio::spawn(follow_messages(stores[1].clone(), &[], done.clone())),
            tokio::spawn(follow_messages(stores[2].clone(), &["numbered"], done.clone())),
        ];
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (store, url) = (stores[writer as usize % 3].clone(), url.clone());
            writers.spawn(async move {
                if writer % 4 == 0 {
                    write_by_host(writer, store, url).await;
                } else {
                    write_by_store(writer, store).await;
                }
            });
        }
        while let Some(written) = writers.join_next().await {
            written.unwrap();
        }
        // A last one: what was committed before it is shown when it is.
        stores[0]
            .commit(Commit::new().append(stream("last"), Expected::ABSENT, vec![event()]))
            .await
            .unwrap();
        stores[0].caught_up().await.unwrap();
        done.store(true, Ordering::SeqCst);

        let events = (WRITERS * COMMITS_EACH * BATCH) as usize + 1;
        let messages = (WRITERS * COMMITS_EACH) as usize;
        assert!(events >= EVENTS as usize);
        for (reader, expected) in readers.into_iter().zip([events, events, messages, messages]) {
            assert_eq!(reader.await.unwrap(), expected);
        }
    })
    .await;
}
