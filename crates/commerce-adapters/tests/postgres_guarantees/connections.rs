//! Connections are bounded: two that write for each store, those that read, and one that listens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use commerce_adapters::postgres::PgDatabase;
use commerce_core::store::{ReadMessages, Store};
use commerce_test_postgres::database;
use tokio::task::JoinSet;

use crate::support::{append, number, numbered, stream, within};

const STORES: usize = 5;
const PARTITIONS: u32 = 16;
/// How many connections read, unless set.
const READERS: i64 = 8;

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
        let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                         AND backend_type = 'client backend' AND pid <> pg_backend_pid()";
        let mut most = 0;
        for _ in 0..200 {
            most = most.max(number(&mut db, connected).await);
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
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
        crate::support::until("all are closed", async || number(&mut db, connected).await == 0).await;
    })
    .await;
}
