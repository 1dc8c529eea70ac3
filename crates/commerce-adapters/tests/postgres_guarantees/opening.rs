//! A store that can't be opened says why, where, and what to do.

use std::time::{Duration, Instant};

use commerce_adapters::postgres::{OpenError, PgDatabase, PgOptions};
use commerce_core::commit::{Claim, Commit, CommitError, DocumentWrite, Expected};
use commerce_core::error::Kind;
use commerce_core::store::{Prune, Store};
use commerce_test_postgres::{Proxy, database};

use crate::support::{
    SCHEMA, append, begin, connect, execute, length, number, numbered, own_server, process, stream, within,
};

fn store(url: &str) -> PgOptions {
    PgDatabase::new(url).unwrap().store(SCHEMA)
}

async fn refused(options: PgOptions, migrate: bool) -> OpenError {
    let opened = if migrate { options.migrate().await } else { options.open().await };
    opened.expect_err("it can't be opened")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_named() {
    within(30, async {
        let (cluster, url) = own_server().await;
        cluster.stop().await;
        let error = refused(store(&url), true).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Retryable);
        let at = format!("127.0.0.1:{}/shop", cluster.port());
        assert!(error.to_string().contains(&at), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_answer_is_given_up() {
    within(30, async {
        let home = database().await;
        let proxy = Proxy::before_database(&home).await;
        proxy.blackhole(true);
        let began = Instant::now();
        let error = refused(store(&proxy.url(home.name())), true).await;
        assert!(matches!(error, OpenError::Unreachable { .. }), "{error}");
        assert!(error.to_string().contains("no answer within 5s"), "{error}");
        assert!(began.elapsed() < Duration::from_secs(8));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_is_told_apart() {
    within(30, async {
        let home = database().await;
        let absent = refused(store(home.url()), false).await;
        assert!(matches!(absent, OpenError::Absent { .. }), "{absent}");
        assert!(absent.to_string().contains("migrate it first"), "{absent}");
        assert_eq!(absent.kind(), Kind::NotFound);
        let made = "SELECT count(*) FROM pg_namespace WHERE nspname = 'commerce'";
        assert_eq!(number(&mut home.connect().await, made).await, 0, "opening makes nothing");

        drop(store(home.url()).partitions(7).migrate().await.unwrap());
        let partitions = refused(store(home.url()).partitions(8), true).await;
        assert!(matches!(partitions, OpenError::Partitions { found: 7, asked: 8, .. }), "{partitions}");
        assert_eq!(store(home.url()).open().await.unwrap().partitions(), 7, "unless asked for, any is right");
        // Before anything is brought up to date.
        home.execute("UPDATE commerce.commerce_settings SET value = 1 WHERE name = 'version'").await;
        let partitions = refused(store(home.url()).partitions(8), true).await;
        assert!(matches!(partitions, OpenError::Partitions { found: 7, asked: 8, .. }), "{partitions}");
        let version = "SELECT value FROM commerce.commerce_settings WHERE name = 'version'";
        assert_eq!(number(&mut home.connect().await, version).await, 1, "nothing was changed");

        for name in ["", "a\0b", &"x".repeat(64)] {
            let error = refused(store(home.url()).schema(name), true).await;
            assert!(matches!(error, OpenError::SchemaName { .. }), "{error}");
        }
        home.execute("UPDATE commerce.commerce_settings SET value = 99 WHERE name = 'version'").await;
        for migrate in [false, true] {
            let newer = refused(store(home.url()), migrate).await;
            assert!(matches!(newer, OpenError::Newer { found: 99, .. }), "{newer}");
            assert!(newer.to_string().contains("upgrade"), "{newer}");
        }
        let nowhere = home.url().replace(home.name(), "no_such_database");
        let error = refused(store(&nowhere), true).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error}");
        assert!(error.to_string().contains("no_such_database"), "{error}");
        assert!(matches!(PgDatabase::new("mysql://host/db"), Err(OpenError::Address { .. })));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_is_told_apart() {
    within(30, async {
        let home = database().await;
        process(home.url()).await.close().await;
        let read_only =
            |on| format!("ALTER DATABASE \"{}\" SET default_transaction_read_only = {on}", home.name());
        home.execute(&read_only("on")).await;
        for migrate in [false, true] {
            let error = refused(store(home.url()), migrate).await;
            assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
            assert!(error.to_string().contains("name the primary"), "{error}");
        }
    })
    .await;
}

const GRANTS: &str = "GRANT USAGE ON SCHEMA commerce TO shop;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA commerce TO shop";

/// Roles belong to a cluster: here to one of this test alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_lacks_is_named_and_few_are_needed() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let mut owner = connect(&url).await;
        execute(&mut owner, "CREATE ROLE shop LOGIN; CREATE ROLE nobody").await;
        let as_shop = url.replace("postgres@", "shop@");
        let error = refused(store(&url.replace("postgres@", "nobody@")), true).await;
        assert!(matches!(error, OpenError::Refused { .. }), "{error}");

        let error = refused(store(&as_shop), true).await;
        assert!(matches!(error, OpenError::Forbidden { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("lacks a right") && said.contains("permission denied"), "{said}");
        drop(store(&url).migrate().await.unwrap());
        let error = refused(store(&as_shop), false).await;
        assert!(matches!(error, OpenError::Forbidden { .. }), "{error}");

        // May look, but not write.
        execute(
            &mut owner,
            "GRANT USAGE ON SCHEMA commerce TO shop; GRANT SELECT ON ALL TABLES IN SCHEMA commerce TO shop",
        )
        .await;
        let looking = store(&as_shop).open().await.unwrap();
        let error = looking.commit(append(&stream(1))).await.unwrap_err();
        assert!(matches!(error, CommitError::RolledBack { .. }), "what waits for it is tried again: {error}");
        assert!(error.to_string().contains("does not allow it"), "{error}");
        assert_eq!(length(&looking, &stream(1)).await, 0);

        // All that it needs, afterwards, is to read and write rows.
        execute(&mut owner, GRANTS).await;
        let all = begin(&stream(1))
            .append(stream(2), Expected::ABSENT, vec![])
            .document(DocumentWrite::put("d", "1", Expected::ABSENT, b"{}".to_vec()).field("f", 1))
            .message(numbered("1", 1))
            .claim(Claim::new("once", "1"))
            .checkpoint("reader", 0, 1);
        let committed = looking.commit(all).await.unwrap();
        looking.outcome(committed.id).await.unwrap();
        let lease = looking.acquire_lease("l", uuid::Uuid::nil(), Duration::ZERO).await.unwrap().unwrap();
        looking.commit(Commit::new().fenced_by(&lease)).await.unwrap();
        looking.prune(Prune::Messages { up_to: u64::MAX }).await.unwrap();
        looking.caught_up().await.unwrap();
        store(&as_shop).migrate().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_may_have_almost_any_name() {
    within(60, async {
        let home = database().await;
        for name in ["a'b", "a\"b", "a b", "{s}", "{schema}", "a\\b", "ä.ö", "%I", "a$1b"] {
            let store = PgDatabase::new(home.url()).unwrap().store(name).migrate().await;
            let store = store.unwrap_or_else(|error| panic!("{name}: {error}"));
            store.commit(begin(&stream(1)).append(stream(2), Expected::ABSENT, vec![])).await.unwrap();
            store.caught_up().await.unwrap();
            assert_eq!(store.read_log(0, 10).await.unwrap().len(), 1, "{name}");
        }
        let error = refused(PgDatabase::new(home.url()).unwrap().store("a$$b"), true).await;
        assert!(matches!(error, OpenError::SchemaName { .. }), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_with_a_default_role_writes_like_any_other() {
    within(60, async {
        let (cluster, url) = own_server().await;
        let mut db = connect(&url).await;
        execute(
            &mut db,
            "CREATE ROLE owner NOLOGIN; CREATE ROLE shop LOGIN IN ROLE owner;
             ALTER ROLE shop SET role = 'owner'; GRANT ALL ON DATABASE shop TO owner",
        )
        .await;
        let store = self::store(&format!("postgres://shop@127.0.0.1:{}/shop", cluster.port()));
        let store = store.migrate().await.unwrap();
        store.commit(append(&stream(1))).await.unwrap();
    })
    .await;
}
