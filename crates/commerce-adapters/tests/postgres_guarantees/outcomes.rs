//! What became of a commit is never told before it is certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use commerce_adapters::postgres::{OpenError, PgDatabase};
use commerce_core::commit::{Claim, Commit, CommitError, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{CommitOutcome, Store};
use commerce_test_postgres::database;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    SCHEMA, append, connect, execute, fresh_id, length, number, numbered, own_server, process, stream, until,
    wait_for_nobody, whole, within, written_and_open,
};

/// A commit that has begun may wait for any of its tables, as where an index is being made.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_elsewhere_waits_for_a_commit_that_waits_for_a_table() {
    within(60, async {
        for table in ["events", "commits", "documents", "messages", "claims", "checkpoints"] {
            let home = database().await;
            let (store, other) = (process(home.url()).await, process(home.url()).await);
            let id = fresh_id();
            let commit = match table {
                "events" => whole(id),
                _ => Commit::new()
                    .with_id(id)
                    .document(DocumentWrite::put("d", "x", Expected::Any, b"1".to_vec()))
                    .claim(Claim::new("c", "c"))
                    .message(numbered("k", 1))
                    .checkpoint("r", 0, 1),
            };
            let mut operator = home.connect().await;
            execute(&mut operator, &format!("BEGIN; LOCK TABLE commerce.commerce_{table} IN SHARE MODE"))
                .await;
            let answer = tokio::spawn(store.commit(commit));
            let mut db = home.connect().await;
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'relation'";
            until("it waits", async || number(&mut db, waiting).await > 0).await;
            let outcome = tokio::spawn(async move { other.outcome(id).await });
            tokio::time::sleep(Duration::from_millis(200)).await;
            assert!(!outcome.is_finished(), "{table}: it is not known yet");
            execute(&mut operator, "COMMIT").await;
            answer.await.unwrap().unwrap();
            assert_eq!(outcome.await.unwrap().unwrap(), CommitOutcome::Committed, "{table}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_for_an_outcome_keeps_no_one_from_reading() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        let mut host = written_and_open(&store, &url, &append(&stream("b"))).await;
        let asked: Vec<_> = (0..16)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.outcome(fresh_id()).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(asked.iter().all(|one| !one.is_finished()), "what is being written may be any of them");
        let tenant = Tenant::default();
        let read = store.document(&tenant, "a", "b");
        tokio::time::timeout(Duration::from_secs(5), read).await.expect("there is room").unwrap();
        execute(&mut host, "COMMIT").await;
        for one in asked {
            assert_eq!(one.await.unwrap().unwrap(), CommitOutcome::RolledBack);
        }
    })
    .await;
}

/// It may lag behind what was answered, and be promoted with it a moment later.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_is_asked_for_nothing() {
    within(60, async {
        let (cluster, url) = own_server().await;
        let store = process(&url).await;
        let id = store.commit(append(&stream(1)).with_id(fresh_id())).await.unwrap().id;
        cluster.stop().await;
        std::fs::write(cluster.folder().join("data/standby.signal"), "").unwrap();
        cluster.start_again().await;

        let asked = store.outcome(fresh_id()).await;
        assert!(asked.as_ref().is_err_and(|error| error.to_string().contains("standby")), "{asked:?}");
        let read = store.read_log(0, 1).await;
        assert!(read.as_ref().is_err_and(|error| error.to_string().contains("standby")), "{read:?}");
        match store.commit(append(&stream(2))).await {
            // Perhaps it was sent to the server that was there before.
            Err(CommitError::RolledBack { .. } | CommitError::Unknown { .. }) => {}
            other => panic!("{other:?}"),
        }
        match PgDatabase::new(&url).unwrap().store(SCHEMA).open().await {
            Err(OpenError::ReadOnly { .. }) => {}
            other => panic!("{:?}", other.err()),
        }
        execute(&mut connect(&url).await, "SELECT pg_promote()").await;
        until("it is a primary", async || store.commit(append(&stream(3))).await.is_ok()).await;
        assert_eq!(store.outcome(id).await.unwrap(), CommitOutcome::Committed);
    })
    .await;
}

/// The wait for it can be cut short, and then what was written is seen on this server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_second_server_did_not_confirm_is_not_committed() {
    within(120, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        store.commit(append(&stream("warm"))).await.unwrap();
        let mut db = wait_for_nobody(&url).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        match store.commit(append(&stream("x"))).await {
            Err(CommitError::Unknown { .. }) => {}
            other => panic!("{other:?}"),
        }
        execute(&mut db, "ALTER SYSTEM RESET synchronous_standby_names").await;
        execute(&mut db, "SELECT pg_reload_conf()").await;
        store.close().await;
    })
    .await;
}

/// A network that holds back what comes on connections there are, and lets no one new in for a while.
struct Net {
    port: u16,
    holds: Arc<AtomicBool>,
    refuses: Arc<AtomicBool>,
}

impl Net {
    async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (holds, refuses) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let net = Self { port: listener.local_addr().unwrap().port(), holds, refuses };
        let (holds, refuses) = (net.holds.clone(), net.refuses.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if refuses.load(Ordering::SeqCst) {
                    continue;
                }
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                // A route that is found while others hold back is free.
                let holds = if holds.load(Ordering::SeqCst) { Arc::default() } else { holds.clone() };
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(forward(from_client, to_server, holds));
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            }
        });
        net
    }
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    holds: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 65_536];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        while holds.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_unknown_does_not_happen_once_its_outcome_was_told() {
    within(120, async {
        let (cluster, url) = own_server().await;
        let net = Net::before(cluster.port()).await;
        let store = process(&format!("postgres://postgres@127.0.0.1:{}/shop", net.port)).await;
        // Statements are prepared: what comes late needs no answer to be run.
        for n in 0..40 {
            store.commit(append(&stream(format!("warm-{n}"))).with_id(fresh_id())).await.unwrap();
        }
        net.holds.store(true, Ordering::SeqCst);
        net.refuses.store(true, Ordering::SeqCst);
        let id = fresh_id();
        match store.commit(append(&stream("late")).with_id(id)).await {
            Err(CommitError::Unknown { .. }) => {}
            other => panic!("{other:?}"),
        }
        net.refuses.store(false, Ordering::SeqCst);
        assert_eq!(store.outcome(id).await.unwrap(), CommitOutcome::RolledBack);
        until("it is written under another id", async || store.commit(append(&stream("late"))).await.is_ok())
            .await;
        net.holds.store(false, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let other = process(&url).await;
        assert_eq!(other.outcome(id).await.unwrap(), CommitOutcome::RolledBack, "it has not come late");
        assert_eq!(length(&other, &stream("late")).await, 1);
    })
    .await;
}
