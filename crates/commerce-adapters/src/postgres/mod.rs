//! A store in one schema of a PostgreSQL database, for one process or for many.
//!
//! - One statement writes a group of commits: whatever has queued up while a writer was busy. Each member is all or
//!   nothing, with its own answer, and a conflict costs its neighbours nothing.
//! - The logs have no holes: a position begins with the id of its transaction, and readers go only as far as no
//!   transaction under way can still write. The price: one long writing transaction, anywhere in the database cluster,
//!   delays all readers ([`PgStore::oldest_writer`]).
//! - A commit whose answer was lost is looked up on a new connection, after the server process that may still be at work
//!   on it was ended.
//! - Connections are bounded: two that write for each store, eight that read and one that listens for each
//!   [`PgDatabase`], whatever the number of readers, partitions and sagas.
//! - Leases, expiry and recorded times go by the database's clock alone.
//!
//! An application with its own tables in the same database joins in by [`PgStore::apply_in`].

mod answers;
mod caution;
mod check;
mod claims;
mod cluster;
mod connect;
mod database;
mod desk;
mod documents;
mod entry;
mod error;
mod field;
mod group;
mod heads;
mod job;
mod layout;
mod maintenance;
mod options;
mod queue;
mod read;
mod refused;
mod resolve;
mod rows;
mod schema;
mod statement;
mod stream_key;
mod streams;
mod together;
mod wake;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::commit::{Commit, CommitError, CommitId, Committed};
use commerce_core::id::Tenant;
use commerce_core::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, News, Prune, Query,
    ReadMessages, Released, Store, StoreError,
};
use commerce_core::stream::{Position, RecordedEvent, StateEvent, StreamId, Version};
use commerce_core::{Host, Timestamp};
use sqlx::{PgConnection, Row};
use tokio::task::JoinSet;
use uuid::Uuid;

pub use database::PgDatabase;
pub use error::OpenError;
pub use options::PgOptions;
/// The library whose connections [`PgStore::apply_in`] takes.
pub use sqlx;

use check::check;
use claims::Claims;
use database::Database;
use desk::Desk;
use documents::Documents;
use group::Group;
use job::Job;
use layout::Layout;
use maintenance::Maintenance;
use read::Reads;
use streams::Streams;
use wake::Wake;

/// The oldest major version of PostgreSQL that is supported.
pub const OLDEST: u32 = 14;
/// The newest major version of PostgreSQL that is supported.
pub const NEWEST: u32 = 18;

/// A store in one schema of a PostgreSQL database. Share it in an `Arc`. When the last is dropped, what was handed over is
/// still written as long as the runtime is there; [`close`](Self::close) waits for it.
pub struct PgStore {
    desk: Arc<Desk>,
    database: Database,
    reads: Reads,
    streams: Streams,
    claims: Claims,
    documents: Documents,
    maintenance: Maintenance,
    host: Arc<dyn Host>,
    /// Whether the host's clock counts instead of the database's.
    has_clock: bool,
    partitions: u32,
    wake: Arc<Wake>,
    /// They end with the store.
    tasks: JoinSet<()>,
}

impl PgStore {
    /// A store in the database at `postgres://USER:PASSWORD@HOST:PORT/NAME`. Several stores of one database should share a
    /// [`PgDatabase`].
    pub fn connect(url: &str) -> PgOptions {
        PgOptions::new(PgDatabase::new(url))
    }

    /// Applies a commit within a transaction that the application has begun in the same database, at READ COMMITTED,
    /// together with its own rows. It is written when that transaction commits. After that call [`Changes::notify`] on
    /// [`Store::changes`], so that readers need not wait for their next look.
    ///
    /// ```
    /// use commerce_adapters::postgres::{PgStore, sqlx};
    /// use commerce_core::commit::{Commit, NewMessage};
    /// use commerce_core::store::Store;
    /// use sqlx::{Connection, PgConnection};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let database = commerce_test_postgres::database().await;
    /// # let url = database.url();
    /// let store = PgStore::connect(url).schema("invoice_messages").migrate().await?;
    /// let mut db = PgConnection::connect(url).await?;
    /// sqlx::query("CREATE TABLE invoices (number text)").execute(&mut db).await?;
    /// let sent = Commit::new().message(NewMessage::new("invoices", "7").of_type("invoice.sent"));
    /// let invoice = "INSERT INTO invoices VALUES ('7')";
    ///
    /// let mut transaction = db.begin().await?;
    /// sqlx::query(invoice).execute(&mut *transaction).await?;
    /// store.apply_in(&mut transaction, &sent).await?;
    /// transaction.rollback().await?;
    /// assert_eq!(store.last_message().await?, 0, "what is rolled back is not sent");
    ///
    /// let mut transaction = db.begin().await?;
    /// sqlx::query(invoice).execute(&mut *transaction).await?;
    /// store.apply_in(&mut transaction, &sent).await?;
    /// transaction.commit().await?;
    /// store.changes().notify();
    /// assert!(store.last_message().await? > 0, "what is committed is sent");
    /// # let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM invoices").fetch_one(&mut db).await?;
    /// # assert_eq!(rows, 1);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Readers in this process are woken soon after the transaction has ended, and at once by `changes().notify()`.
    ///
    /// Apply it early in the transaction. Where a message's key is one that other processes send under as well, let a stream
    /// or a document that both write relate them: messages alone lie in the order in which their transactions began to
    /// write. A fence holds up whoever takes the lease over until the transaction ends.
    ///
    /// # Errors
    /// A conflict or an invalid commit leaves the transaction as it was. After any other error roll it back; where the
    /// error is retryable, run it again from its beginning.
    pub async fn apply_in(
        &self,
        transaction: &mut PgConnection,
        commit: &Commit,
    ) -> Result<Committed, CommitError> {
        check(commit)?;
        let id = commit.id.unwrap_or_else(|| CommitId(self.host.new_id()));
        let group = Group::of(Box::new(Job::silent(commit.clone(), id)));
        let layout = Layout::of(&group, self.partitions, None);
        let at = &self.database.address().at;
        let written = self
            .desk
            .statements
            .write(&layout, self.desk.run(true), transaction)
            .await
            .map_err(|error| error::commit_error(at, error.into()))?;
        let full = written.base + (1 << statement::BITS) - i64::from(u16::MAX) * 2;
        if written.events_from.max(written.messages_from) > full {
            return Err(CommitError::Refused { source: error::TooLarge.into() });
        }
        let mut answers = answers::answers(&group, &layout, &written);
        let answer = answers
            .pop()
            .flatten()
            .unwrap_or_else(|| Err(CommitError::RolledBack { source: error::Closed.into() }));
        if answer.is_ok() {
            self.wake.when_ended(written.base, group.news(self.partitions));
        }
        answer
    }

    /// How long the oldest transaction that has written something has been under way, anywhere in the database cluster:
    /// so long readers of the logs have been standing still. None if there is none, or if it is not this user's to see.
    ///
    /// # Errors
    /// When the database can't be asked.
    pub async fn oldest_writer(&self) -> Result<Option<Duration>, StoreError> {
        let text = "SELECT (extract(epoch FROM max(clock_timestamp() - xact_start)) * 1000000)::int8
                    FROM pg_stat_activity WHERE backend_xid IS NOT NULL";
        let rows = self.database.rows(&text.into(), &|_| Ok(())).await?;
        let age = rows.first().map(|row| row.try_get::<Option<i64>, _>(0)).transpose();
        let age = age.map_err(|error| error::store_error(&self.database.address().at, error))?;
        Ok(age.flatten().map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or_default())))
    }

    /// Takes no more commits, and waits until those that were handed over are written.
    pub async fn close(&self) {
        self.desk.close();
        self.desk.ended().await;
    }

    fn clock(&self) -> Option<i64> {
        self.has_clock.then(|| self.host.now().as_micros())
    }
}

impl fmt::Debug for PgStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PgStore")
            .field("at", &self.database.address().at)
            .field("schema", &self.desk.schema)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl Drop for PgStore {
    fn drop(&mut self) {
        self.desk.close();
        self.tasks.abort_all();
    }
}

#[async_trait]
impl Store for PgStore {
    async fn oldest_writer(&self) -> Result<Option<Duration>, StoreError> {
        Self::oldest_writer(self).await
    }

    fn commit(&self, commit: Commit) -> CommitFuture {
        if let Err(error) = check(&commit) {
            return Box::pin(std::future::ready(Err(error)));
        }
        let id = commit.id.unwrap_or_else(|| CommitId(self.host.new_id()));
        let (job, answer) = Job::new(commit, id);
        self.desk.hand_over(job);
        Box::pin(async move {
            match answer.await {
                Ok(answer) => answer,
                // The runtime is shutting down: what was sent may have been written.
                Err(_) => Err(CommitError::Unknown { id, source: error::Closed.into() }),
            }
        })
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        // One that is still queued must not look as if it had never been.
        self.desk.settled(job::commit_key(id)).await;
        let look = resolve::was_written(&self.desk, &self.database, id);
        let written = self.database.answered(look).await?;
        Ok(if written { CommitOutcome::Committed } else { CommitOutcome::RolledBack })
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.streams.read(tenant, stream, after, limit).await
    }

    async fn read_for_state(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StateEvent>, StoreError> {
        self.streams.read_for_state(tenant, stream, after, limit).await
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.reads.log(after, limit).await
    }

    async fn caught_up(&self) -> Result<(), StoreError> {
        self.reads.caught_up().await
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        Ok(self.reads.messages(&[request]).await?.pop().unwrap_or_default())
    }

    async fn read_partitions(&self, requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError> {
        let alike = requests.windows(2).all(|pair| pair[0].topics == pair[1].topics);
        if alike {
            return self.reads.messages(requests).await;
        }
        let mut batches = Vec::with_capacity(requests.len());
        for request in requests {
            batches.push(self.read_messages(*request).await?);
        }
        Ok(batches)
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.reads.last_message().await
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        let due = self.maintenance.release_due(limit, self.clock()).await?;
        if let Some((base, oldest)) = due.base {
            self.wake.committed(base, oldest, News::MESSAGES);
        }
        Ok(due.released)
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.documents.one(tenant, collection, id).await
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        if query.after_id.is_some() && (query.tenant.is_none() || query.order.is_some()) {
            return Err(StoreError::Invalid(
                "paging by id is for one tenant, in the order of ids".to_owned(),
            ));
        }
        self.documents.query(query).await
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        self.claims.claimed(tenant, scope, key, self.clock()).await
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.reads.checkpoint(reader).await
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        self.maintenance.acquire_lease(name, holder, duration, self.clock()).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        self.maintenance.release_lease(lease).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        self.maintenance.prune(&what, self.clock()).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        match self.clock() {
            Some(now) => Ok(Timestamp::from_micros(now)),
            None => self.reads.now().await,
        }
    }

    fn partitions(&self) -> u32 {
        self.partitions
    }

    /// Each transaction of the database cluster, ours or not, moves positions on by 2²⁰. Of eight, one is taken to bring
    /// a message.
    fn position_ahead(&self, from: Position, messages: u64) -> Position {
        let ahead = messages.saturating_mul(8 << statement::BITS);
        from.saturating_add(ahead).min(from.max(i64::MAX as u64 / 2))
    }

    fn changes(&self) -> &Changes {
        &self.wake.changes
    }
}
