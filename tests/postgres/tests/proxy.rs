//! What the proxy does to a request, seen from both of its ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside of #[test] functions

use std::time::Duration;

use commerce_test_postgres::{CutMode, Proxy, TestDatabase, database};
use sqlx::{Connection, Executor, PgConnection};
use tokio::time::timeout;

const INSERT: &str = "INSERT INTO t VALUES ($1) /* the-insert */";

async fn set_up() -> (TestDatabase, Proxy, PgConnection) {
    let database = database().await;
    database.execute("CREATE TABLE t (i int)").await;
    let proxy = Proxy::before_database(&database).await;
    let connection = connect(&proxy, &database).await.unwrap();
    (database, proxy, connection)
}

async fn connect(proxy: &Proxy, database: &TestDatabase) -> sqlx::Result<PgConnection> {
    PgConnection::connect(&proxy.url(database.name())).await
}

async fn insert(connection: &mut PgConnection, number: i32) -> sqlx::Result<()> {
    sqlx::query(INSERT).bind(number).execute(connection).await.map(drop)
}

/// What is in the table, once nobody else is connected who could still change it.
async fn rows(database: &TestDatabase) -> Vec<i32> {
    let mut connection = database.connect().await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let alone = async {
        while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), alone).await.expect("the proxy has closed the server's side");
    sqlx::query_scalar("SELECT i FROM t ORDER BY i").fetch_all(&mut connection).await.unwrap()
}

#[tokio::test]
async fn what_is_cut_before_the_server_is_not_there() {
    let (database, proxy, mut connection) = set_up().await;
    proxy.cut_before_server("the-insert", 3);
    insert(&mut connection, 1).await.unwrap();
    insert(&mut connection, 2).await.unwrap();
    assert_eq!(proxy.cuts(), 0);
    assert!(matches!(insert(&mut connection, 3).await, Err(sqlx::Error::Io(_))));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(rows(&database).await, [1, 2]);
}

#[tokio::test]
async fn what_is_cut_after_the_server_is_there_although_the_client_got_an_error() {
    let (database, proxy, mut connection) = set_up().await;
    insert(&mut connection, 1).await.unwrap();
    // Armed once the statement is prepared.
    proxy.cut_after_server("the-insert", 2);
    insert(&mut connection, 2).await.unwrap();
    assert!(matches!(insert(&mut connection, 3).await, Err(sqlx::Error::Io(_))));
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(rows(&database).await, [1, 2, 3]);

    let mut connection = connect(&proxy, &database).await.unwrap();
    insert(&mut connection, 4).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(rows(&database).await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn the_first_execution_may_be_cut_though_it_is_prepared_just_before() {
    for (mode, expected) in [(CutMode::BeforeServer, vec![]), (CutMode::AfterServer, vec![1])] {
        let (database, proxy, mut connection) = set_up().await;
        proxy.cut_randomly_at("the-insert", 1.0, mode, 0);
        assert!(insert(&mut connection, 1).await.is_err());
        assert_eq!((rows(&database).await, proxy.cuts()), (expected, 1), "{mode:?}");
    }
}

#[tokio::test]
async fn the_commit_of_a_transaction_is_cut() {
    for (mode, expected) in [(CutMode::BeforeServer, vec![]), (CutMode::AfterServer, vec![1])] {
        let (database, proxy, mut connection) = set_up().await;
        proxy.cut_randomly_at("COMMIT", 1.0, mode, 0);
        let mut transaction = connection.begin().await.unwrap();
        insert(&mut transaction, 1).await.unwrap();
        assert!(transaction.commit().await.is_err());
        assert_eq!((rows(&database).await, proxy.cuts()), (expected, 1), "{mode:?}");
    }
}

#[tokio::test]
async fn what_is_cut_in_flight_is_an_error_whatever_came_of_it() {
    let (database, proxy, mut connection) = set_up().await;
    for number in 0..30 {
        proxy.cut_in_flight("the-insert", 2);
        insert(&mut connection, -1).await.unwrap();
        assert!(insert(&mut connection, number).await.is_err());
        connection = connect(&proxy, &database).await.unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(proxy.cuts(), 30);
    let (first, second): (Vec<_>, Vec<_>) = rows(&database).await.into_iter().partition(|row| *row == -1);
    assert!(first.len() == 30 && second.len() <= 30);
}

#[tokio::test]
async fn random_cuts_lose_no_answer_but_those_counted() {
    let (database, proxy, connection) = set_up().await;
    connection.close().await.unwrap();
    proxy.cut_randomly_at("the-insert", 0.3, CutMode::AfterServer, 7);
    let (mut lost, mut connection) = (0, None);
    for number in 0..100 {
        let mut current = match connection.take() {
            Some(current) => current,
            None => connect(&proxy, &database).await.unwrap(),
        };
        match insert(&mut current, number).await {
            Ok(()) => connection = Some(current),
            Err(_) => lost += 1,
        }
    }
    drop(connection);
    assert_eq!(proxy.cuts(), lost);
    assert!((15..45).contains(&lost), "{lost}");
    assert_eq!(rows(&database).await, (0..100).collect::<Vec<_>>());

    proxy.disarm();
    let mut connection = connect(&proxy, &database).await.unwrap();
    for number in 100..120 {
        insert(&mut connection, number).await.unwrap();
    }
}

#[tokio::test]
async fn all_connections_are_cut_and_new_ones_refused() {
    let (database, proxy, mut connection) = set_up().await;
    proxy.cut_all();
    assert!(insert(&mut connection, 1).await.is_err());

    let mut connection = connect(&proxy, &database).await.unwrap();
    proxy.refuse(true);
    assert!(connect(&proxy, &database).await.is_err());
    insert(&mut connection, 2).await.unwrap();
    proxy.refuse(false);
    connect(&proxy, &database).await.unwrap().close().await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(rows(&database).await, [2]);
    assert_eq!(proxy.cuts(), 0);
}

#[tokio::test]
async fn a_black_hole_swallows_all_and_lets_go_on_what_lost_nothing() {
    let (database, proxy, mut sending) = set_up().await;
    let mut idle = connect(&proxy, &database).await.unwrap();
    insert(&mut sending, 1).await.unwrap();
    insert(&mut idle, 2).await.unwrap();

    proxy.blackhole(true);
    let wait = Duration::from_millis(200);
    assert!(timeout(wait, insert(&mut sending, 3)).await.is_err());
    assert!(timeout(wait, connect(&proxy, &database)).await.is_err());
    proxy.blackhole(false);

    insert(&mut idle, 4).await.unwrap();
    assert!(timeout(wait, sending.ping()).await.is_err());
    proxy.cut_all();
    assert!(idle.ping().await.is_err());
    assert_eq!(rows(&database).await, [1, 2, 4]);
}

#[tokio::test]
async fn the_server_does_not_notice_a_client_that_gives_up_in_a_black_hole() {
    let (database, proxy, mut connection) = set_up().await;
    connection.execute("BEGIN; LOCK TABLE t").await.unwrap();
    proxy.blackhole(true);
    drop(connection);
    let mut other = database.connect().await;
    assert!(
        timeout(Duration::from_millis(200), other.execute("LOCK TABLE t NOWAIT")).await.unwrap().is_err()
    );
    proxy.blackhole(false);
    timeout(Duration::from_secs(10), other.execute("BEGIN; LOCK TABLE t"))
        .await
        .expect("the lock is free")
        .unwrap();
}

#[tokio::test]
async fn large_rows_and_many_clients_pass() {
    let (database, proxy, mut connection) = set_up().await;
    let text = "x".repeat(3_000_000);
    let query = sqlx::query_scalar::<_, String>("SELECT $1 FROM generate_series(1, 4)").bind(&text);
    let answer = query.fetch_all(&mut connection).await.unwrap();
    assert!(answer.len() == 4 && answer.iter().all(|row| *row == text));

    let url = proxy.url(database.name());
    let clients = (0..20).map(|number| {
        let url = url.clone();
        tokio::spawn(async move {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            insert(&mut connection, number).await.unwrap();
            connection.close().await.unwrap();
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    connection.close().await.unwrap();
    assert_eq!(rows(&database).await, (0..20).collect::<Vec<_>>());
}
