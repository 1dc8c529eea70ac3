//! Connections are bounded: two that write for each store, those that read, and one that listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_adapters::postgres::{PgDatabase, PgStore, sqlx};
use commerce_core::store::{Query, ReadMessages, Store};
use commerce_test_postgres::database;
use futures_util::future::join_all;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::support::{append, number, numbered, stream, within};

const STORES: usize = 5;
const PARTITIONS: u32 = 16;
/// How many connections read, unless set.
const READERS: i64 = 8;
/// How many there are beside the one that asks.
const CONNECTED: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                         AND backend_type = 'client backend' AND pid <> pg_backend_pid()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stores_partitions_and_readers_do_not_add_up_to_connections() {
    within(60, async {
        let home = database().await;
        let database = PgDatabase::new(home.url()).unwrap();
        let mut stores = Vec::new();
        for n in 0..STORES {
            let options = database.store(format!("service_{n}")).partitions(PARTITIONS);
            stores.push(Arc::new(options.migrate().await.unwrap()));
        }
        let stop = Arc::new(AtomicBool::new(false));
        let mut users = JoinSet::new();
        for (n, store) in stores.iter().enumerate() {
            for partition in 0..PARTITIONS {
                let (store, stop) = (store.clone(), stop.clone());
                users.spawn(async move {
                    let mut number = 0;
                    while !stop.load(Ordering::SeqCst) {
                        number += 1;
                        let key = format!("{n}-{partition}");
                        store.commit(append(&stream(&key)).message(numbered(&key, number))).await.unwrap();
                        let request = ReadMessages { partition, after: 0, topics: &[], limit: 10 };
                        store.read_messages(request).await.unwrap();
                        store.read_log(0, 10).await.unwrap();
                        store.outcome(crate::support::fresh_id()).await.unwrap();
                    }
                });
            }
        }
        let mut db = home.connect().await;
        let mut most = 0;
        for _ in 0..200 {
            most = most.max(number(&mut db, CONNECTED).await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        stop.store(true, Ordering::SeqCst);
        users.join_all().await;
        let bound = 2 * STORES as i64 + READERS + 1;
        println!("{most} connections, of {bound}");
        assert!(most <= bound, "{most} connections, more than {bound}");
        assert!(most > bound / 2, "{most}: nothing was tried");

        // They go with the stores.
        drop(stores);
        drop(database);
        crate::support::until("all are closed", async || number(&mut db, CONNECTED).await == 0).await;
    })
    .await;
}

/// A process of the server that waits for a lock does not see by itself that no one waits for it any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_who_give_up_on_a_locked_table_leave_no_connections_behind() {
    within(60, async {
        let home = database().await;
        let store = PgStore::connect(home.url()).schema("shop").migrate().await.unwrap();
        let (mut locking, mut db) = (home.connect().await, home.connect().await);
        let lock = "BEGIN; LOCK TABLE shop.commerce_documents IN ACCESS EXCLUSIVE MODE";
        sqlx::raw_sql(lock).execute(&mut locking).await.unwrap();
        let (mut most, mut given_up) = (0, 0);
        for _ in 0..60 {
            let all = Query::all_tenants("any");
            let reads = (0..READERS).map(|_| timeout(Duration::from_millis(100), store.documents(&all)));
            given_up += join_all(reads).await.iter().filter(|read| read.is_err()).count();
            // Without the one that locks.
            most = most.max(number(&mut db, CONNECTED).await - 1);
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut locking).await.unwrap();
        println!("{most} connections, {given_up} gave up");
        assert!(given_up as i64 > 10 * READERS, "{given_up}: nothing was tried");
        assert!(most <= 2 + READERS + 1, "{most} connections");
        store.documents(&Query::all_tenants("any")).await.unwrap();
    })
    .await;
}
