//! What the SQLite store promises beyond being a store: its file, its group commit, and joining an application's own
//! transaction.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used)] // helpers of tests may fail as loudly as tests

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::sqlite::{OpenError, SqliteOptions, SqliteStore, rusqlite};
use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, CommitError, Conflict, Expected, NewEvent, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::store::{ReadMessages, Store};
use commerce_core::stream::StreamId;
use commerce_outbox::SystemHost;
use rusqlite::TransactionBehavior;

fn open(path: &Path) -> SqliteStore {
    SqliteOptions::new(path).without_sync().open().unwrap()
}

fn event(payload: &str) -> NewEvent {
    NewEvent { event_type: "Happened".into(), schema: 1, payload: payload.as_bytes().to_vec() }
}

async fn messages(store: &SqliteStore) -> usize {
    let all = ReadMessages { partition: 0, after: 0, topics: &[], limit: 100 };
    store.read_messages(all).await.unwrap().messages.len()
}

#[tokio::test]
async fn an_applications_rows_and_a_commit_are_one_transaction() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = open(&path);
    let mut own = rusqlite::Connection::open(&path).unwrap();
    own.busy_timeout(Duration::from_secs(5)).unwrap();
    own.execute_batch("CREATE TABLE invoices (number TEXT)").unwrap();
    let sent = || Commit::new().message(NewMessage::new("invoice.sent", "7"));

    let tx = own.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    tx.execute("INSERT INTO invoices VALUES ('7')", []).unwrap();
    store.apply_in(&tx, &sent()).unwrap();
    tx.rollback().unwrap();
    assert_eq!(messages(&store).await, 0, "what is rolled back is not sent");

    let tx = own.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    tx.execute("INSERT INTO invoices VALUES ('7')", []).unwrap();
    store.apply_in(&tx, &sent()).unwrap();
    tx.commit().unwrap();
    assert_eq!(messages(&store).await, 1, "what is committed is sent");
}

#[tokio::test]
async fn a_conflict_leaves_the_applications_transaction_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = open(&path);
    store.commit(Commit::new().claim(Claim::new("sku", "A"))).await.unwrap();
    let mut own = rusqlite::Connection::open(&path).unwrap();
    own.busy_timeout(Duration::from_secs(5)).unwrap();
    own.execute_batch("CREATE TABLE invoices (number TEXT)").unwrap();

    let tx = own.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
    tx.execute("INSERT INTO invoices VALUES ('7')", []).unwrap();
    let taken = Commit::new().message(NewMessage::new("t", "k")).claim(Claim::new("sku", "A"));
    let error = store.apply_in(&tx, &taken).unwrap_err();
    assert!(matches!(error, CommitError::Conflict(Conflict::Claim { .. })), "{error}");
    tx.commit().unwrap();
    let rows: u32 = own.query_row("SELECT count(*) FROM invoices", [], |row| row.get(0)).unwrap();
    assert_eq!((rows, messages(&store).await), (1, 0));
}

#[tokio::test]
async fn another_process_is_kept_out_of_an_exclusive_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = SqliteOptions::new(&path).exclusive().without_sync().open().unwrap();
    let refused = SqliteOptions::new(&path).exclusive().open().err().unwrap();
    assert!(matches!(refused, OpenError::InUse { .. }), "{refused}");
    drop(store);
    SqliteOptions::new(&path).exclusive().without_sync().open().unwrap();
}

#[tokio::test]
async fn leases_of_a_process_that_died_are_free_for_the_next_exclusive_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let (first, second) = (SystemHost.new_id(), SystemHost.new_id());
    let hour = Duration::from_secs(3_600);
    let store = SqliteOptions::new(&path).exclusive().without_sync().open().unwrap();
    let old = store.acquire_lease("work", first, hour).await.unwrap().unwrap();
    drop(store);
    let store = SqliteOptions::new(&path).exclusive().without_sync().open().unwrap();
    let new = store.acquire_lease("work", second, hour).await.unwrap().unwrap();
    assert!(new.token > old.token);
    let late = store.commit(Commit::new().message(NewMessage::new("t", "k")).fenced_by(&old)).await;
    assert!(matches!(late, Err(CommitError::Conflict(Conflict::Fenced { .. }))));
}

#[tokio::test]
async fn what_was_handed_over_is_written_although_no_one_waits_and_the_store_is_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = open(&path);
    for number in 0..500 {
        drop(store.commit(Commit::new().message(NewMessage::new("t", number.to_string()))));
    }
    drop(store);
    assert_eq!(open(&path).last_message().await.unwrap(), 500);
}

#[tokio::test]
async fn a_member_that_sqlite_refuses_does_not_take_its_group_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let store = Arc::new(open(&path));
    // A trigger stands for whatever SQLite itself may refuse midway through a commit.
    let own = rusqlite::Connection::open(&path).unwrap();
    own.execute_batch(
        "CREATE TRIGGER refuse BEFORE INSERT ON commerce_messages WHEN NEW.topic = 'bad'
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    )
    .unwrap();
    let commits: Vec<_> = (0..50)
        .map(|n| {
            let topic = if n == 25 { "bad" } else { "good" };
            let stream = StreamId::new("s", n);
            store.commit(
                Commit::new()
                    .append(stream, Expected::ABSENT, vec![event("{}")])
                    .message(NewMessage::new(topic, n.to_string())),
            )
        })
        .collect();
    let mut refused = 0;
    for commit in commits {
        refused += usize::from(commit.await.is_err());
    }
    assert_eq!((refused, messages(&store).await), (1, 49));
    let half = store.read_stream(&Tenant::default(), &StreamId::new("s", 25), 0, 10).await.unwrap();
    assert!(half.is_empty(), "a refused commit leaves nothing behind");
}

#[test]
fn a_file_that_is_no_database_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    std::fs::write(&path, "this is no database, whatever its name says; it is long enough to be looked at")
        .unwrap();
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Damaged { .. })));
}

#[tokio::test]
async fn an_applications_own_file_takes_our_tables_beside_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let own = rusqlite::Connection::open(&path).unwrap();
    own.execute_batch(
        "CREATE TABLE events (id INTEGER); INSERT INTO events VALUES (7); PRAGMA user_version = 42",
    )
    .unwrap();
    let store = open(&path);
    store
        .commit(Commit::new().append(StreamId::new("s", 1), Expected::ABSENT, vec![event("{}")]))
        .await
        .unwrap();
    drop(store);
    assert_eq!(open(&path).read_log(0, 10).await.unwrap().len(), 1);
    let theirs: u32 = own.query_row("SELECT id FROM events", [], |row| row.get(0)).unwrap();
    let version: u32 = own.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!((theirs, version), (7, 42));
}

#[test]
fn a_file_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(open(&path));
    let newer = "UPDATE commerce_settings SET value = 99 WHERE name = 'version'";
    assert_eq!(rusqlite::Connection::open(&path).unwrap().execute(newer, []).unwrap(), 1);
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Newer { found: 99, .. })));
}

#[test]
fn the_number_of_partitions_is_fixed_when_the_file_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(SqliteOptions::new(&path).partitions(4).open().unwrap());
    let other = SqliteOptions::new(&path).partitions(8).open().err().unwrap();
    assert!(matches!(other, OpenError::Partitions { found: 4, asked: 8, .. }), "{other}");
    assert_eq!(open(&path).partitions(), 4);
}

#[test]
fn a_folder_that_is_missing_is_an_error_that_names_the_file() {
    let error = SqliteStore::open("/nowhere/at/all/shop.db").err().unwrap();
    assert!(error.to_string().contains("/nowhere/at/all/shop.db"), "{error}");
}

/// Each connection would have a database of its own, in memory or elsewhere.
#[test]
fn what_names_no_file_is_refused() {
    for none in ["", ":memory:", "file:shop.db?mode=memory"] {
        let error = SqliteStore::open(none).unwrap_err();
        assert!(matches!(error, OpenError::NoFile { .. }), "{error}");
        assert!(error.to_string().contains("MemoryStore"), "{error}");
    }
}

/// What was answered would be gone with the process.
#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_to_a_file_that_was_removed_or_replaced() {
    use std::os::unix::fs::PermissionsExt;
    for replaced in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.db");
        let store = open(&path);
        let commit = || Commit::new().append(StreamId::new("s", 1), Expected::Any, vec![event("{}")]);
        store.commit(commit()).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let aside = folder.path().join("aside.db");
        std::fs::rename(&path, &aside).unwrap();
        if replaced {
            std::fs::copy(&aside, &path).unwrap();
        }
        let error = store.commit(commit()).await.unwrap_err();
        assert!(matches!(error, CommitError::RolledBack { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("shop.db was removed or replaced"), "{said}");
        assert!(store.now().await.is_err());
        std::fs::rename(&aside, &path).unwrap();
        store.now().await.unwrap();
        store.commit(commit()).await.unwrap();
    }
}

#[tokio::test]
async fn upkeep_makes_no_one_read_messages() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("shop.db"));
    let arrivals = || store.changes().arrivals(0, &["jobs"]);
    let before = arrivals();
    let lease = store.acquire_lease("lease", uuid::Uuid::nil(), Duration::from_secs(1)).await.unwrap();
    store.release_lease(&lease.unwrap()).await.unwrap();
    store.release_due(10).await.unwrap();
    store.prune(commerce_core::store::Prune::ExpiredClaims).await.unwrap();
    assert_eq!(arrivals(), before);
    store.commit(Commit::new().message(NewMessage::new("jobs", "key"))).await.unwrap();
    assert!(arrivals() > before);
}
