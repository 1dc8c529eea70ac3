//! A dump that is restored: cursors go on where they stood, or are refused with what to do.

use commerce_adapters::postgres::{OpenError, PgDatabase, PgStore};
use commerce_core::commit::{Commit, DocumentWrite, Expected};
use commerce_core::store::Store;
use commerce_test_postgres::Cluster;

use crate::support::{
    EventReader, MessageReader, SCHEMA, append, connect, event, execute, numbered, own_server, process,
    stream, within,
};

/// A reader of each log that writes down how far it has come.
struct Readers {
    events: EventReader,
    messages: Vec<MessageReader>,
}

impl Readers {
    fn new(store: &PgStore) -> Self {
        let messages = (0..store.partitions()).map(|n| MessageReader::new(n, &[])).collect();
        Self { events: EventReader::default(), messages }
    }

    async fn read(&mut self, store: &PgStore) -> (usize, usize) {
        store.caught_up().await.unwrap();
        while self.events.read(store).await > 0 {}
        for reader in &mut self.messages {
            while reader.read(store).await > 0 {}
        }
        (self.events.seen, self.messages.iter().map(|reader| reader.seen).sum())
    }

    /// Moves the checkpoints that are kept with the data.
    async fn keep(&self, store: &PgStore) {
        let mut moves =
            Commit::new().checkpoint("events", store.checkpoint("events").await.unwrap(), self.events.after);
        for reader in &self.messages {
            let name = format!("messages/{}", reader.partition);
            moves = moves.checkpoint(name.clone(), store.checkpoint(&name).await.unwrap(), reader.after);
        }
        store.commit(moves).await.unwrap();
    }

    /// Whether they stand where the checkpoints are.
    async fn are_kept(&self, store: &PgStore) -> bool {
        let mut kept = store.checkpoint("events").await.unwrap() == self.events.after;
        for reader in &self.messages {
            let name = format!("messages/{}", reader.partition);
            kept &= store.checkpoint(&name).await.unwrap() == reader.after;
        }
        kept
    }
}

/// Events of one stream and messages of one key, numbered from what was written before.
async fn write(store: &PgStore, from: u64, to: u64) {
    for number in from..to {
        let next = Commit::new().append(stream(1), Expected::Version(number), vec![event()]);
        store.commit(next.message(numbered("1", number + 1))).await.unwrap();
    }
}

async fn open_error(url: &str, adopt: bool) -> OpenError {
    let options = PgDatabase::new(url).unwrap().store(SCHEMA);
    let opened = if adopt { options.adopt().await } else { options.open().await };
    opened.expect_err("it opens as if nothing were wrong")
}

async fn adopt(url: &str) -> PgStore {
    PgDatabase::new(url).unwrap().store(SCHEMA).adopt().await.unwrap()
}

/// A cluster whose transaction ids are far ahead of those of a new one.
async fn old_cluster() -> (Cluster, String) {
    let (cluster, url) = own_server().await;
    let mut db = connect(&url).await;
    execute(
        &mut db,
        "CREATE PROCEDURE age() LANGUAGE plpgsql AS $$ BEGIN
           FOR n IN 1..3000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$",
    )
    .await;
    execute(&mut db, "CALL age()").await;
    (cluster, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_another_cluster_it_is_refused_until_it_is_adopted_and_then_cursors_go_on() {
    within(90, async {
        let (old, url) = old_cluster().await;
        let store = process(&url).await;
        write(&store, 0, 40).await;
        let mut readers = Readers::new(&store);
        assert_eq!(readers.read(&store).await, (40, 40));
        readers.keep(&store).await;
        // Some that they have not read when the dump is made.
        write(&store, 40, 50).await;
        let dump = old.dump("shop").await;
        drop(old);

        // Restored twice, each time into a cluster that knows nothing of the others.
        let mut dump = Some(dump);
        let mut written = 50;
        for _ in 0..2 {
            let (new, _) = own_server().await;
            let url = new.create_database("restored").await;
            new.restore("restored", &dump.take().unwrap()).await;
            for error in [open_error(&url, false).await, migrate_error(&url).await] {
                assert!(matches!(error, OpenError::OtherCluster { .. }), "{error}");
                let said = error.to_string();
                assert!(said.contains("another database cluster") && said.contains("adopt"), "{said}");
            }
            let store = adopt(&url).await;
            assert!(readers.are_kept(&store).await);
            write(&store, written, written + 30).await;
            written += 30;
            assert_eq!(readers.read(&store).await, (written as usize, written as usize));
            readers.keep(&store).await;

            // Adopted once, it is like any other; adopting again changes nothing.
            let again = adopt(&url).await;
            write(&again, written, written + 5).await;
            let third = process(&url).await;
            write(&third, written + 5, written + 10).await;
            written += 10;
            assert_eq!(readers.read(&third).await, (written as usize, written as usize));
            readers.keep(&third).await;
            dump = Some(new.dump("restored").await);
        }
    })
    .await;
}

async fn migrate_error(url: &str) -> OpenError {
    let migrated = PgDatabase::new(url).unwrap().store(SCHEMA).migrate().await;
    migrated.expect_err("it is migrated as if nothing were wrong")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_dump_in_the_same_cluster_works_as_it_is() {
    within(60, async {
        let (cluster, url) = own_server().await;
        let store = process(&url).await;
        write(&store, 0, 20).await;
        let mut readers = Readers::new(&store);
        readers.read(&store).await;
        readers.keep(&store).await;
        write(&store, 20, 25).await;
        let dump = cluster.dump("shop").await;
        write(&store, 25, 60).await;

        let url = cluster.create_database("restored").await;
        cluster.restore("restored", &dump).await;
        let restored = PgDatabase::new(&url).unwrap().store(SCHEMA).open().await.unwrap();
        assert!(readers.are_kept(&restored).await);
        write(&restored, 25, 40).await;
        assert_eq!(readers.read(&restored).await, (40, 40));
        restored.commit(append(&stream(1))).await.unwrap();
        assert_eq!(
            open_error(&cluster.url("postgres"), true).await.kind(),
            commerce_core::error::Kind::NotFound
        );
    })
    .await;
}

/// Documents have positions too, by which an application's transactions are told from those that came before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn documents_written_after_the_last_event_are_not_from_the_future() {
    within(60, async {
        let (old, url) = old_cluster().await;
        let store = process(&url).await;
        let put = || Commit::new().document(DocumentWrite::put("d", "1", Expected::Any, b"{}".to_vec()));
        store.commit(put()).await.unwrap();
        store.close().await;
        let dump = old.dump("shop").await;
        drop(old);

        let (new, url) = own_server().await;
        new.restore("shop", &dump).await;
        let store = adopt(&url).await;
        let mut host = connect(&url).await;
        execute(&mut host, "BEGIN").await;
        store.apply_in(&mut host, &put()).await.unwrap();
        execute(&mut host, "COMMIT").await;
        write(&store, 0, 5).await;
        assert_eq!(Readers::new(&store).read(&store).await, (5, 5));
    })
    .await;
}

/// A cluster that was set back, say to yesterday's base backup, while the database was brought along: its identity is the
/// same, but its transaction ids are behind what is stored.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transaction_ids_that_are_behind_what_is_stored_are_noticed() {
    within(60, async {
        let (_cluster, url) = own_server().await;
        let store = process(&url).await;
        write(&store, 0, 5).await;
        store.close().await;
        let mut db = connect(&url).await;
        let ahead = "UPDATE commerce.commerce_events SET position = position + (1000000::int8 << 20);
                     UPDATE commerce.commerce_messages SET position = position + (1000000::int8 << 20)";
        execute(&mut db, ahead).await;
        assert!(matches!(open_error(&url, false).await, OpenError::OtherCluster { .. }));
        let store = adopt(&url).await;
        write(&store, 5, 10).await;
        assert_eq!(Readers::new(&store).read(&store).await, (10, 10));
    })
    .await;
}
