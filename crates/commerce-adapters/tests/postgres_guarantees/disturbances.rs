//! What may befall a running store: it says so, loses nothing, and goes on when it is over.

use std::time::{Duration, Instant};

use commerce_adapters::postgres::PgStore;
use commerce_core::commit::CommitError;
use commerce_core::id::Tenant;
use commerce_core::store::{Store, StoreError};
use commerce_test_postgres::{Proxy, database};

use crate::support::{append, connect, execute, length, number, own_server, process, stream, until, within};

/// Commits until one is refused, and answers why.
async fn until_refused(store: &PgStore) -> CommitError {
    let began = Instant::now();
    while began.elapsed() < crate::support::PATIENCE {
        if let Err(error) = store.commit(append(&stream(1))).await {
            return error;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it was never refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_becomes_read_only_refuses_and_recovers() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        let mut operator = connect(&url).await;
        store.commit(append(&stream(1))).await.unwrap();
        execute(&mut operator, "ALTER SYSTEM SET default_transaction_read_only = on").await;
        execute(&mut operator, "SELECT pg_reload_conf()").await;

        let error = until_refused(&store).await;
        assert!(matches!(error, CommitError::RolledBack { .. }), "{error}");
        assert!(error.to_string().contains("the database is read-only"), "{error}");
        let before = length(&store, &stream(1)).await;
        assert!(store.commit(append(&stream(1))).await.is_err());
        let leased = store.acquire_lease("l", uuid::Uuid::nil(), Duration::ZERO).await.unwrap_err();
        assert!(leased.to_string().contains("read-only"), "{leased}");

        execute(&mut operator, "SET default_transaction_read_only = off").await;
        execute(&mut operator, "ALTER SYSTEM RESET default_transaction_read_only").await;
        execute(&mut operator, "SELECT pg_reload_conf()").await;
        until("it writes again", async || store.commit(append(&stream(1))).await.is_ok()).await;
        assert_eq!(length(&store, &stream(1)).await, before + 1);
    })
    .await;
}

/// Sessions that began while it was so stay so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_began_while_a_database_was_read_only_are_given_up() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        let turn =
            |to| format!("ALTER DATABASE \"{}\" SET default_transaction_read_only = {to}", home.name());
        let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                       WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let mut operator = connect(home.url()).await;
        execute(&mut operator, &turn("on")).await;
        execute(&mut operator, end_all).await;
        until_refused(&store).await;
        let lease = async || store.acquire_lease("l", uuid::Uuid::nil(), Duration::ZERO).await;
        until("a lease is refused", async || {
            lease().await.is_err_and(|error| error.to_string().contains("read-only"))
        })
        .await;
        futures_util::future::join_all((0..4).map(|_| store.read_log(0, 1))).await;

        execute(&mut operator, &turn("off")).await;
        until("it writes again", async || store.commit(append(&stream(1))).await.is_ok()).await;
        for _ in 0..8 {
            until("a lease is given again", async || lease().await.is_ok()).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_that_are_dropped_are_missed_and_found_again() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        store.commit(append(&stream(1))).await.unwrap();
        home.execute("DROP SCHEMA commerce CASCADE").await;

        let error = store.commit(append(&stream(1))).await.unwrap_err();
        assert!(matches!(error, CommitError::RolledBack { .. }), "what waits for it is tried again: {error}");
        assert!(error.to_string().contains("tables are gone, restore them"), "{error}");
        let error = store.read_log(0, 1).await.unwrap_err();
        assert!(error.to_string().contains("tables are gone, restore them"), "{error}");
        process(home.url()).await.close().await;
        store.commit(append(&stream(1))).await.unwrap();
        assert_eq!(length(&store, &stream(1)).await, 1);
    })
    .await;
}

/// The server's answer to a full disk, given by a trigger.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_and_over_when_there_is_room() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        home.execute(
            "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
             CREATE TRIGGER fill BEFORE INSERT ON commerce.commerce_events EXECUTE FUNCTION fill()",
        )
        .await;
        let handed: Vec<_> = (0..20).map(|n| store.commit(append(&stream(n)))).collect();
        for answer in handed {
            let error = answer.await.unwrap_err();
            assert!(matches!(error, CommitError::RolledBack { .. }), "{error}");
            assert!(error.to_string().contains("free some disk space"), "{error}");
        }
        home.execute("DROP TRIGGER fill ON commerce.commerce_events").await;
        store.commit(append(&stream(1))).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_an_operator_ends_are_made_again() {
    within(60, async {
        let home = database().await;
        let store = process(home.url()).await;
        let mut operator = home.connect().await;
        let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";
        for round in 0..20 {
            let handed: Vec<_> = (0..10).map(|n| store.commit(append(&stream(n)))).collect();
            if round % 2 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            assert!(number(&mut operator, end).await > 0);
            // Reads go on as if nothing had been.
            store.document(&Tenant::default(), "any", "thing").await.unwrap();
            for answer in handed {
                match answer.await {
                    Ok(_) | Err(CommitError::RolledBack { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            until("it writes", async || store.commit(append(&stream(1))).await.is_ok()).await;
        }
    })
    .await;
}

/// A network that swallows everything and says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_network_that_swallows_everything_callers_are_told_in_time() {
    within(150, async {
        let home = database().await;
        let proxy = Proxy::before_database(&home).await;
        let store = process(&proxy.url(home.name())).await;
        store.commit(append(&stream(1))).await.unwrap();
        assert_eq!(length(&store, &stream(1)).await, 1);
        proxy.blackhole(true);
        let began = Instant::now();
        let (read, commit) = tokio::join!(store.read_log(0, 1), store.commit(append(&stream(1))));
        println!("after {:?}: {:?}, {:?}", began.elapsed(), read.is_err(), commit.is_err());
        assert!(matches!(read, Err(StoreError::Unavailable { .. })));
        assert!(matches!(commit, Err(CommitError::Unknown { .. } | CommitError::RolledBack { .. })));
        assert!(began.elapsed() < Duration::from_secs(70), "{:?}", began.elapsed());
        proxy.blackhole(false);
        proxy.cut_all();
        until("it is back", async || store.commit(append(&stream(1))).await.is_ok()).await;
        until("it reads", async || store.read_log(0, 1).await.is_ok()).await;
    })
    .await;
}
