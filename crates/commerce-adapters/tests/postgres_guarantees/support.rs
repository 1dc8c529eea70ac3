//! What the tests share.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use commerce_adapters::postgres::{PgDatabase, PgStore, sqlx};
use commerce_core::Host;
use commerce_core::commit::{Claim, Commit, CommitId, DocumentWrite, Expected, NewEvent, NewMessage};
use commerce_core::id::Tenant;
use commerce_core::store::{MessageBatch, ReadMessages, Store};
use commerce_core::stream::{Position, StreamId, Version};
use commerce_outbox::SystemHost;
use commerce_test_postgres::{Cluster, TestDatabase};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::JoinHandle;

/// A condition that does not come about within this time is not met.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The schema of a store, unless it is named.
pub(crate) const SCHEMA: &str = "commerce";

/// Fails if the work takes longer.
pub(crate) async fn within<T>(seconds: u64, work: impl Future<Output = T>) -> T {
    let limit = Duration::from_secs(seconds);
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| panic!("it took longer than {limit:?}"))
}

/// Waits until a condition is met.
pub(crate) async fn until(what: &str, mut is_met: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_met().await {
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("still not so: {what}"));
}

/// A store as one more process has it: with connections of its own. Its schema is made if it is not there yet.
pub(crate) async fn process(url: &str) -> Arc<PgStore> {
    Arc::new(PgDatabase::new(url).unwrap().store(SCHEMA).migrate().await.unwrap())
}

/// A server of this test's own, and the address of an empty database in it.
pub(crate) async fn own_server() -> (Cluster, String) {
    own_server_with(&[]).await
}

/// The same with settings, as in `postgresql.conf`.
pub(crate) async fn own_server_with(settings: &[(&str, &str)]) -> (Cluster, String) {
    let cluster = Cluster::start_with(settings, false).await;
    let url = cluster.create_database("shop").await;
    (cluster, url)
}

/// A connection of the application, or of whoever else uses the database.
pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Executes statements, separated by semicolons.
pub(crate) async fn execute(db: &mut PgConnection, sql: &str) {
    let done = db.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await;
    done.unwrap_or_else(|error| panic!("{error}, in: {sql}"));
}

/// The one number that a query answers.
pub(crate) async fn number(db: &mut PgConnection, sql: &str) -> i64 {
    let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(db).await;
    found.unwrap_or_else(|error| panic!("{error}, in: {sql}"))
}

/// An id for a commit that is to be found again.
pub(crate) fn fresh_id() -> CommitId {
    CommitId(SystemHost.new_id())
}

pub(crate) fn event() -> NewEvent {
    event_of("Happened")
}

pub(crate) fn event_of(kind: &'static str) -> NewEvent {
    NewEvent { event_type: kind.into(), schema: 1, payload: b"{}".to_vec() }
}

/// One event for a stream that does not exist yet.
pub(crate) fn begin(stream: &StreamId) -> Commit {
    Commit::new().append(stream.clone(), Expected::ABSENT, vec![event()])
}

/// One event for a stream, whatever is there.
pub(crate) fn append(stream: &StreamId) -> Commit {
    Commit::new().append(stream.clone(), Expected::Any, vec![event()])
}

pub(crate) fn stream(id: impl std::fmt::Display) -> StreamId {
    StreamId::new("thing", id)
}

/// How many events a stream has.
pub(crate) async fn length(store: &PgStore, stream: &StreamId) -> usize {
    store.read_stream(&Tenant::default(), stream, 0, 100_000).await.unwrap().len()
}

/// An application's transaction that has written this, and is open.
pub(crate) async fn written_and_open(store: &PgStore, url: &str, commit: &Commit) -> PgConnection {
    let mut host = connect(url).await;
    execute(&mut host, "BEGIN").await;
    store.apply_in(&mut host, commit).await.unwrap();
    host
}

/// Durable is from now on what a second server has confirmed, and there is none. The connection itself waits for no one.
pub(crate) async fn wait_for_nobody(url: &str) -> PgConnection {
    let mut db = connect(url).await;
    execute(&mut db, "SET synchronous_commit = off").await;
    execute(&mut db, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'").await;
    execute(&mut db, "SELECT pg_reload_conf()").await;
    db
}

/// Lets an event of the type `Held` wait, in the middle of its transaction, as long as a [`Gate`] is closed.
pub(crate) async fn build_gate(db: &mut PgConnection) {
    execute(
        db,
        "CREATE FUNCTION public.wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_advisory_xact_lock_shared(7); RETURN NEW; END $$;
         CREATE TRIGGER wait_at_gate BEFORE INSERT ON commerce.commerce_events
         FOR EACH ROW WHEN (NEW.type = 'Held') EXECUTE FUNCTION public.wait_at_gate()",
    )
    .await;
}

/// Closed until it is opened: see [`build_gate`].
pub(crate) struct Gate(PgConnection);

impl Gate {
    pub(crate) async fn close(url: &str) -> Self {
        let mut db = connect(url).await;
        execute(&mut db, "SELECT pg_advisory_lock(7)").await;
        Self(db)
    }

    /// Waits until so many statements wait at the gate.
    pub(crate) async fn holds(&mut self, count: i64) {
        let query = format!("{WAITING} AND wait_event = 'advisory'");
        until("they wait at the gate", async || number(&mut self.0, &query).await == count).await;
    }

    pub(crate) async fn open(self) {
        self.0.close().await.unwrap();
    }
}

const WAITING: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/// Waits until a statement in this database waits for what another has locked or written; or until the task has ended
/// without that.
pub(crate) async fn stuck_or_done<T>(url: &str, task: &JoinHandle<T>) {
    // Not in a transaction, which would see the same each time.
    let mut db = connect(url).await;
    let query = format!("{WAITING} AND wait_event <> 'advisory'");
    until("it is stuck or done", async || task.is_finished() || number(&mut db, &query).await > 0).await;
}

/// Something of everything, under an id, all of which is there or not.
pub(crate) fn whole(id: CommitId) -> Commit {
    Commit::new()
        .with_id(id)
        .append(stream(id), Expected::ABSENT, vec![event(), event()])
        .document(DocumentWrite::put("things", id.to_string(), Expected::ABSENT, b"{}".to_vec()))
        .message(numbered(&id.to_string(), 1))
        .claim(Claim::new("once", id.to_string()))
}

/// Numbers that look random and are the same in every run (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % limit
    }

    /// True in so many of a hundred cases.
    pub(crate) fn percent(&mut self, share: u64) -> bool {
        self.below(100) < share
    }

    /// Waits for a while, up to so many milliseconds.
    pub(crate) async fn pause(&mut self, most: u64) {
        tokio::time::sleep(Duration::from_micros(self.below(most * 1_000 + 1))).await;
    }
}

/// Follows the log of events as a projection does, and fails if an event comes twice, out of order, or is missing before
/// another of its stream.
#[derive(Default)]
pub(crate) struct EventReader {
    pub(crate) after: Position,
    pub(crate) seen: usize,
    versions: HashMap<StreamId, Version>,
}

impl EventReader {
    /// Reads what is there, and answers how much that was.
    pub(crate) async fn read(&mut self, store: &PgStore) -> usize {
        let events = store.read_log(self.after, 2_000).await.unwrap();
        for event in &events {
            assert!(event.position > self.after, "{} was passed already", event.position);
            self.after = event.position;
            let version = self.versions.entry(event.stream.clone()).or_default();
            assert_eq!(event.version, *version + 1, "an event of {} is missing", event.stream);
            *version = event.version;
        }
        self.seen += events.len();
        events.len()
    }
}

/// Follows one partition of the outbox log, and fails if a message comes twice or out of the order of its key. The payload
/// is the message's number within its key, from 1.
pub(crate) struct MessageReader {
    pub(crate) partition: u32,
    pub(crate) topics: &'static [&'static str],
    pub(crate) after: Position,
    pub(crate) seen: usize,
    numbers: HashMap<Arc<str>, u64>,
}

impl MessageReader {
    pub(crate) fn new(partition: u32, topics: &'static [&'static str]) -> Self {
        Self { partition, topics, after: 0, seen: 0, numbers: HashMap::new() }
    }

    pub(crate) fn request(&self) -> ReadMessages<'static> {
        ReadMessages { partition: self.partition, after: self.after, topics: self.topics, limit: 2_000 }
    }

    /// Reads what is there, and answers how much that was.
    pub(crate) async fn read(&mut self, store: &PgStore) -> usize {
        let batch = store.read_messages(self.request()).await.unwrap();
        self.take(batch)
    }

    pub(crate) fn take(&mut self, batch: MessageBatch) -> usize {
        for message in &batch.messages {
            assert!(message.position > self.after, "{} was passed already", message.position);
            self.after = message.position;
            let number: u64 = std::str::from_utf8(&message.payload).unwrap().parse().unwrap();
            let last = self.numbers.insert(message.key.clone(), number).unwrap_or_default();
            assert_eq!(number, last + 1, "a message of {} is missing", message.key);
        }
        assert!(batch.next >= self.after);
        self.after = batch.next;
        self.seen += batch.messages.len();
        batch.messages.len()
    }
}

/// A message with its number within its key, as [`MessageReader`] expects it.
pub(crate) fn numbered(key: &str, number: u64) -> NewMessage {
    NewMessage::new("numbered", key).payload(number.to_string().into_bytes())
}

/// What the server has counted by the time the store's connections have gone.
pub(crate) async fn counted(home: &TestDatabase, store: Arc<PgStore>, query: &str) -> i64 {
    store.close().await;
    drop(store);
    let mut db = home.connect().await;
    let others = "SELECT count(*) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    until("the store's connections have gone", async || number(&mut db, others).await == 0).await;
    number(&mut db, query).await
}

/// How often streams were looked for.
pub(crate) const LOOKS: &str =
    "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'commerce_events_by_stream'";
