//! A test's database: there, empty, its own, and gone afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // also outside of #[test] functions

use commerce_test_postgres::database;
use sqlx::{Connection, PgConnection};

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn it_is_empty_and_gone_once_dropped() {
    let began = std::time::Instant::now();
    let (kept, dropped) = (database().await, database().await);
    println!("two databases after {:?}", began.elapsed());
    let mut connection = kept.connect().await;
    let tables: i64 =
        sqlx::query_scalar("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
            .fetch_one(&mut connection)
            .await
            .unwrap();
    assert_eq!(tables, 0);

    let name = dropped.name().to_owned();
    assert!(exists(&mut connection, &name).await);
    drop(dropped);
    assert!(!exists(&mut connection, &name).await);
}

#[tokio::test]
async fn it_is_gone_although_someone_is_connected() {
    let (kept, dropped) = (database().await, database().await);
    let mut connected = dropped.connect().await;
    let name = dropped.name().to_owned();
    drop(dropped);
    assert!(connected.ping().await.is_err());
    assert!(!exists(&mut kept.connect().await, &name).await);
}

#[tokio::test]
async fn it_is_gone_after_a_panic() {
    let (kept, dropped) = (database().await, database().await);
    let name = dropped.name().to_owned();
    let test = tokio::spawn(async move {
        let _held = dropped;
        panic!("on purpose");
    });
    assert!(test.await.unwrap_err().is_panic());
    assert!(!exists(&mut kept.connect().await, &name).await);
}

#[tokio::test]
async fn two_in_parallel_do_not_see_each_other() {
    let (one, other) = tokio::join!(database(), database());
    assert_ne!(one.name(), other.name());
    one.execute("CREATE TABLE t (i int); INSERT INTO t VALUES (1)").await;
    other.execute("CREATE TABLE t (i int)").await;
    let count = |url: String| async move {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM t").fetch_one(&mut connection).await.unwrap()
    };
    assert_eq!((count(one.url().into()).await, count(other.url().into()).await), (1, 0));
}

#[tokio::test]
async fn twenty_at_once_are_created() {
    let tasks: Vec<_> = (0..20).map(|_| tokio::spawn(database())).collect();
    let mut names = Vec::new();
    for task in tasks {
        names.push(task.await.unwrap().name().to_owned());
    }
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 20);
}
