//! Transactions of one row on a raw SQLite file, with the settings of our own store.

use std::sync::Arc;
use std::time::Instant;

use commerce_adapters::sqlite::rusqlite;

use crate::basket::Item;
use crate::bench::Bench;
use crate::harness::Measure;

pub(super) fn measures() -> Vec<Measure> {
    let run = |bench| async { tokio::task::spawn_blocking(|| transactions(bench)).await.unwrap() };
    vec![
        Measure::rate("raw/sqlite/one-row", "commits", run)
            .about("**Raw SQLite**: one thread, one prepared INSERT, a transaction for each row.")
            .beside("raw/disk/fdatasync", None),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "it moves to the thread")]
fn transactions(bench: Arc<Bench>) -> f64 {
    let folder = tempfile::tempdir_in(&bench.folder).unwrap();
    let db = rusqlite::Connection::open(folder.path().join("raw.db")).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;
         CREATE TABLE t (id INTEGER PRIMARY KEY, payload BLOB)",
    )
    .unwrap();
    let mut insert = db.prepare("INSERT INTO t (payload) VALUES (?)").unwrap();
    let payload = Item::number(7).json();
    let start = Instant::now();
    let mut count = 0;
    while start.elapsed() < bench.seconds {
        insert.execute([&payload]).unwrap();
        count += 1;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
