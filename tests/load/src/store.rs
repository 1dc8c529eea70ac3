//! Commits per second on one SQLite file.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use commerce_adapters::sqlite::{SqliteStore, rusqlite};
use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, DocumentWrite, Expected, NewEvent, NewMessage};
use commerce_core::store::Store;
use commerce_core::stream::StreamId;
use commerce_outbox::SystemHost;

use crate::row;

const PAYLOAD: &[u8] = br#"{"order_id":"0190a5c4-7e1b-7c3e-8a64-0d3a5c1f0000","quantity":12}"#;

pub(crate) async fn measure(folder: &Path, seconds: Duration, raw: f64) {
    for (callers, goal) in [(1, 0.7), (8, 3.0), (64, 6.0), (256, 6.0)] {
        let rate = commits(folder, callers, seconds, one_event).await;
        row(&format!("one event, {callers} callers"), rate, Some(raw), Some(goal));
    }
    for (callers, goal) in [(1, None), (64, Some(2.5))] {
        let rate = commits(folder, callers, seconds, full).await;
        row(&format!("event, document, message, claim, {callers} callers"), rate, Some(raw), goal);
    }
    let rate = commits(folder, 32, seconds, twenty_events).await;
    row("twenty events on twenty streams, 32 callers", rate, Some(raw), None);
}

pub(crate) fn raw_transactions(folder: &Path, duration: Duration) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let db = rusqlite::Connection::open(folder.path().join("raw.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE t (id INTEGER PRIMARY KEY, payload BLOB)",
    )
    .unwrap();
    let mut insert = db.prepare("INSERT INTO t (payload) VALUES (?)").unwrap();
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < duration {
        insert.execute([PAYLOAD]).unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}

async fn commits(folder: &Path, callers: usize, duration: Duration, make: fn(&SystemHost) -> Commit) -> f64 {
    let folder = tempfile::tempdir_in(folder).unwrap();
    let store = Arc::new(SqliteStore::open(folder.path().join("store.db")).unwrap());
    let count = Arc::new(AtomicU64::new(0));
    let start = Instant::now();
    let callers: Vec<_> = (0..callers)
        .map(|_| {
            let (store, count) = (store.clone(), count.clone());
            tokio::spawn(async move {
                while start.elapsed() < duration {
                    store.commit(make(&SystemHost)).await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}

fn event() -> NewEvent {
    NewEvent { event_type: "StockReserved".into(), schema: 1, payload: PAYLOAD.to_vec() }
}

fn one_event(host: &SystemHost) -> Commit {
    let stream = StreamId::new("order", host.new_id());
    Commit::within(&host.context()).append(stream, Expected::ABSENT, vec![event()])
}

fn full(host: &SystemHost) -> Commit {
    let id = host.new_id().to_string();
    one_event(host)
        .document(DocumentWrite::put("orders", id.clone(), Expected::ABSENT, PAYLOAD.repeat(3)))
        .message(NewMessage::new("inventory.commands", id.clone()).payload(PAYLOAD.to_vec()))
        .claim(Claim::new("inbox/orders", id).until(host.now().plus(Duration::from_secs(604_800))))
}

fn twenty_events(host: &SystemHost) -> Commit {
    let id = host.new_id();
    let commit = Commit::within(&host.context())
        .document(DocumentWrite::put("reservations", id.to_string(), Expected::ABSENT, PAYLOAD.repeat(6)))
        .message(NewMessage::new("order.replies", id.to_string()).payload(PAYLOAD.to_vec()));
    (0..20).fold(commit, |commit, n| {
        let stream = StreamId::new("stock-item", commerce_core::id::derive(id, n));
        commit.append(stream, Expected::ABSENT, vec![event()])
    })
}
