//! Making the tables: by several processes at once, and beside those of an application.

use commerce_adapters::postgres::{OpenError, PgDatabase};
use commerce_core::commit::{Commit, CommitError, DocumentWrite, Expected};
use commerce_core::id::Tenant;
use commerce_core::store::{CommitOutcome, Prune, Store};
use commerce_core::stream::StreamId;
use commerce_test_postgres::database;
use tokio::task::JoinSet;

use crate::support::{
    SCHEMA, append, connect, event, execute, number, numbered, own_server, process, stream, within,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_processes_that_start_at_once_make_one_store() {
    within(60, async {
        for round in 0..3 {
            let home = database().await;
            let mut processes = JoinSet::new();
            for _ in 0..8 {
                let database = PgDatabase::new(home.url()).unwrap();
                processes.spawn(async move { database.store(SCHEMA).partitions(5).migrate().await });
            }
            for (n, store) in processes.join_all().await.into_iter().enumerate() {
                let store = store.unwrap_or_else(|error| panic!("round {round}: {error}"));
                assert_eq!(store.partitions(), 5);
                store.commit(append(&stream(n)).message(numbered("a", 1))).await.unwrap();
            }
            let mut db = home.connect().await;
            assert_eq!(number(&mut db, "SELECT count(*) FROM commerce.commerce_events").await, 8);
            assert_eq!(number(&mut db, "SELECT count(*) FROM commerce.commerce_settings").await, 4);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_applications_own_tables_are_not_touched() {
    within(30, async {
        let home = database().await;
        let mut db = home.connect().await;
        // With the names that one would fear for.
        execute(
            &mut db,
            "CREATE TABLE events (id int PRIMARY KEY, position text); INSERT INTO events VALUES (1, 'theirs');
             CREATE TABLE messages (id int); CREATE TABLE settings (name text); CREATE TABLE documents (id int);
             CREATE TABLE commits (id int); CREATE TABLE claims (id int); CREATE TABLE leases (id int)",
        )
        .await;
        let database = PgDatabase::new(home.url()).unwrap();
        let store = database.store("public").migrate().await.unwrap();
        store.commit(append(&stream(1)).message(numbered("1", 1))).await.unwrap();
        execute(&mut db, "BEGIN; INSERT INTO events VALUES (2, 'theirs')").await;
        store.apply_in(&mut db, &append(&stream(1))).await.unwrap();
        execute(&mut db, "COMMIT").await;

        assert_eq!(crate::support::length(&store, &stream(1)).await, 2);
        assert_eq!(number(&mut db, "SELECT count(*) FROM events").await, 2);
        let ours = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                    AND relname NOT LIKE 'commerce\\_%'";
        assert_eq!(number(&mut db, ours).await, 7, "a table of ours is not named as such");
        let functions = "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
                         AND proname NOT LIKE 'commerce\\_%'";
        assert_eq!(number(&mut db, functions).await, 0);
    })
    .await;
}

/// Before, streams were found by their names.
const AS_IN_VERSION_4: &str = "
    ALTER TABLE commerce.commerce_events DROP COLUMN stream_key;
    ALTER TABLE commerce.commerce_events RENAME COLUMN json TO payload;
    ALTER TABLE commerce.commerce_commits RENAME COLUMN waiting TO scheduled;
    DROP FUNCTION commerce.commerce_stream_key;
    CREATE UNIQUE INDEX commerce_events_by_stream ON commerce.commerce_events (stream, tenant, version);
    UPDATE commerce.commerce_settings SET value = 4 WHERE name = 'version'";
/// And before that, what was deleted or given back left nothing behind.
const AS_IN_VERSION_3: &str = "
    ALTER TABLE commerce.commerce_documents RENAME COLUMN json TO body;
    ALTER TABLE commerce.commerce_documents RENAME COLUMN base TO position;
    ALTER TABLE commerce.commerce_claims RENAME COLUMN name TO key;
    ALTER TABLE commerce.commerce_claims RENAME COLUMN held_until TO expires_at;
    DROP TABLE commerce.commerce_gone_documents;
    UPDATE commerce.commerce_settings SET value = 3 WHERE name = 'version'";
/// And before that, a trigger on the events gave places back that are held.
const AS_IN_VERSION_2: &str = "
    ALTER TABLE commerce.commerce_events RENAME COLUMN at TO recorded_at;
    DROP TABLE commerce.commerce_held_places;
    CREATE TRIGGER commerce_give_back_place AFTER INSERT ON commerce.commerce_events
        FOR EACH ROW WHEN (NEW.ordinal = -1) EXECUTE FUNCTION commerce.commerce_give_back_place();
    UPDATE commerce.commerce_settings SET value = 2 WHERE name = 'version'";
/// And before that, each commit had a row.
const AS_IN_VERSION_1: &str = "
    ALTER TABLE commerce.commerce_commits ADD COLUMN position bigint;
    ALTER TABLE commerce.commerce_commits RENAME COLUMN at TO recorded_at;
    INSERT INTO commerce.commerce_commits (id, recorded_at, position, scheduled)
    SELECT commit_id, recorded_at, position, 0 FROM commerce.commerce_events WHERE ordinal = 0;
    CREATE INDEX commerce_commits_without_events ON commerce.commerce_commits (id)
        WHERE position IS NULL AND scheduled = 0;
    DROP INDEX commerce.commerce_events_by_commit;
    UPDATE commerce.commerce_settings SET value = 1 WHERE name = 'version'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_an_older_store_are_known_after_it_was_brought_up_to_date() {
    within(30, async {
        let home = database().await;
        let database = PgDatabase::new(home.url()).unwrap();
        let store = database.store(SCHEMA).migrate().await.unwrap();
        let with_events = store.commit(append(&stream(1))).await.unwrap().id;
        let without = store.commit(Commit::new().message(numbered("a", 1))).await.unwrap().id;
        store.close().await;
        let mut db = home.connect().await;
        for step in [AS_IN_VERSION_4, AS_IN_VERSION_3, AS_IN_VERSION_2, AS_IN_VERSION_1] {
            execute(&mut db, step).await;
        }

        let opened = database.store(SCHEMA).open().await;
        assert!(
            matches!(opened, Err(OpenError::Older { found: 1, .. })),
            "it is not changed without being asked"
        );
        let store = database.store(SCHEMA).migrate().await.unwrap();
        assert_eq!(number(&mut db, "SELECT count(*) FROM commerce.commerce_commits").await, 1);
        for id in [with_events, without] {
            assert!(matches!(store.outcome(id).await.unwrap(), CommitOutcome::Committed));
            let again = store.commit(append(&stream(2)).with_id(id)).await.unwrap_err();
            assert!(matches!(again, CommitError::Invalid(_)), "{again}");
            store.commit(append(&stream(3)).requires(id)).await.unwrap();
        }
        let unwritten = Commit::new().append(stream(1), Expected::Version(1), vec![]);
        store.commit(unwritten.append(stream(4), Expected::ABSENT, vec![event()])).await.unwrap();
        assert_eq!(
            number(&mut db, "SELECT count(*) FROM commerce.commerce_events WHERE ordinal < 0").await,
            0
        );
    })
    .await;
}

/// Names that might be taken apart in two ways, of tenants and streams.
const NAMES: [(&str, &str); 18] = [
    ("default", "order/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("other", "order/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "payment/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "order/0190A6F2-1C3D-7ABC-8DEF-0123456789AB"),
    ("default", "order/0190a6f21c3d7abc8def0123456789ab"),
    ("default", "order/{0190a6f2-1c3d-7abc-8def-0123456789a}"),
    ("default", "order/0190a6f2-1c3d-7abc-8def-0123456789ab/line"),
    ("default", "order/0190a6f2-1c3d-7abc-8def-0123456789ab\n"),
    ("default", "a\nb/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "stock/x/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "/0190a6f2-1c3d-7abc-8def-0123456789ab"),
    ("default", "order/0190a6f2-1c3d-7abc-8def-0123456789aB"),
    ("default", "order/0190a6f2-1c3d-7abc-8def-01234567\u{ff11}b"),
    ("default", ""),
    ("a", "a/b"),
    ("aa", "/b"),
    ("größe", "stock/ß \\ ' \u{1F600}"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_of_an_older_store_are_found_and_go_on_after_it_was_brought_up_to_date() {
    within(30, async {
        let home = database().await;
        let database = PgDatabase::new(home.url()).unwrap();
        let to = |(tenant, name): (&str, &str), expected| {
            let commit = Commit { tenant: Tenant::new(tenant), ..Commit::new() };
            commit.append(StreamId::from(name), expected, vec![event(), event()])
        };
        let store = database.store(SCHEMA).migrate().await.unwrap();
        for name in NAMES {
            store
                .commit(to(name, Expected::ABSENT))
                .await
                .unwrap_or_else(|error| panic!("{name:?}: {error}"));
        }
        store.close().await;
        let mut db = home.connect().await;
        let others = "SELECT count(*) FROM commerce.commerce_events
                      WHERE stream_key <> commerce.commerce_stream_key(tenant, stream)";
        assert_eq!(number(&mut db, others).await, 0, "the function says the same as the program");
        let different = "SELECT count(DISTINCT stream_key) FROM commerce.commerce_events";
        assert_eq!(number(&mut db, different).await, NAMES.len() as i64);
        execute(&mut db, AS_IN_VERSION_4).await;
        // Whatever is set where it is migrated.
        let odd = "CREATE SCHEMA odd;
            CREATE FUNCTION odd.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT decode(repeat(''00'', 32), ''hex'')';
            DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = odd, pg_catalog', current_database());
                        EXECUTE format('ALTER DATABASE %I SET standard_conforming_strings = off', current_database()); END $$";
        execute(&mut db, odd).await;
        let database = PgDatabase::new(home.url()).unwrap();
        let store = database.store(SCHEMA).migrate().await.unwrap();
        for name in NAMES {
            let (tenant, stream) = (Tenant::new(name.0), StreamId::from(name.1));
            let events = store.read_stream(&tenant, &stream, 0, 10).await.unwrap();
            assert_eq!(events.len(), 2, "{name:?}");
            assert!(events.iter().all(|event| event.stream == stream && event.tenant == tenant), "{name:?}");
            let again = store.commit(to(name, Expected::ABSENT)).await.unwrap_err();
            assert!(matches!(again, CommitError::Conflict(_)), "{name:?}: {again}");
            store.commit(to(name, Expected::Version(2))).await.unwrap();
        }
    })
    .await;
}

/// Roles belong to a cluster: here to one of this test alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_could_write_before_a_migration_can_afterwards() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let mut db = connect(&url).await;
        process(&url).await.close().await;
        let grants = "CREATE ROLE shop LOGIN; GRANT USAGE ON SCHEMA commerce TO shop;
                      GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA commerce TO shop";
        for step in [AS_IN_VERSION_4, AS_IN_VERSION_3, AS_IN_VERSION_2, grants] {
            execute(&mut db, step).await;
        }
        process(&url).await.close().await;

        let as_shop = PgDatabase::new(&url.replace("postgres@", "shop@")).unwrap();
        let store = as_shop.store(SCHEMA).open().await.unwrap();
        let unwritten = Commit::new().append(stream(1), Expected::ABSENT, vec![]);
        store.commit(unwritten.append(stream(2), Expected::ABSENT, vec![event()])).await.unwrap();
        let put = DocumentWrite::put("things", "a", Expected::ABSENT, b"{}".to_vec());
        store.commit(Commit::new().document(put)).await.unwrap();
        let delete = DocumentWrite::delete("things", "a", Expected::Version(1));
        store.commit(Commit::new().document(delete)).await.unwrap();
        store.prune(Prune::ExpiredClaims).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schemas_of_any_name_are_apart() {
    within(60, async {
        let home = database().await;
        let database = PgDatabase::new(home.url()).unwrap();
        let mut stores = Vec::new();
        for name in ["a", "A", "with \"quotes\"", "with space", "sélect", "{schema}", "{s}"] {
            stores.push((name, database.store(name).migrate().await.unwrap()));
        }
        for (n, (name, store)) in stores.iter().enumerate() {
            for _ in 0..=n {
                let sent = append(&stream(1)).message(numbered("1", 1));
                store.commit(sent).await.unwrap_or_else(|error| panic!("{name}: {error}"));
            }
        }
        for (n, (name, store)) in stores.iter().enumerate() {
            assert_eq!(crate::support::length(store, &stream(1)).await, n + 1, "{name}");
        }
    })
    .await;
}

/// A place that is held is given back where it was taken.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_may_be_renamed_and_another_take_its_name() {
    within(30, async {
        let home = database().await;
        drop(process(home.url()).await);
        home.execute("ALTER SCHEMA commerce RENAME TO moved").await;
        for another_is_there in [false, true] {
            if another_is_there {
                drop(process(home.url()).await);
            }
            let store = PgDatabase::new(home.url()).unwrap().store("moved").open().await.unwrap();
            let counted = stream(format!("counted-{another_is_there}"));
            store.commit(append(&counted)).await.unwrap();
            let counts = Commit::new().append(counted.clone(), Expected::Version(1), vec![]);
            store
                .commit(counts.append(stream(another_is_there), Expected::ABSENT, vec![event()]))
                .await
                .unwrap();
            store.commit(Commit::new().append(counted, Expected::Version(1), vec![event()])).await.unwrap();
        }
    })
    .await;
}
