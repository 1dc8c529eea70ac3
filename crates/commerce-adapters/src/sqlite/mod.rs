//! A store on one SQLite file: for one process, or for one service of it.
//!
//! - Durable: WAL with `synchronous=FULL`. A commit that was answered survives a power cut.
//! - Group commit: one writer thread writes whatever has queued up while it was busy in one transaction, each member
//!   all or nothing and with its own answer.
//! - Reads run beside the writer, on the caller's thread.
//! - Positions are row ids: there is one writer, so no reader ever steps over an event that commits late.
//!
//! An application with its own tables in the same file joins in by [`SqliteStore::apply_in`].

mod apply;
mod claims;
mod documents;
mod error;
mod file;
mod maintenance;
mod open;
mod read;
mod statements;
mod writer;

use std::fmt;
use std::path::Path;
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
use rusqlite::OptionalExtension;
use uuid::Uuid;

pub use error::OpenError;
pub use open::SqliteOptions;
/// The SQLite library that [`SqliteStore::apply_in`] takes transactions of.
pub use rusqlite;

use apply::ApplyError;
use read::Readers;
use statements::Statements;
use writer::Writer;

/// A store on one SQLite file. Share it in an `Arc`; when the last is dropped, everything handed over is written.
pub struct SqliteStore {
    writer: Writer,
    file: file::OpenedFile,
    readers: Readers,
    host: Arc<dyn Host>,
    partitions: u32,
    changes: Changes,
    /// Held as long as the store is open, if it is this process's alone. Dropped last: fields are dropped in order.
    _lock: Option<std::fs::File>,
}

impl SqliteStore {
    /// Opens a store with the usual options; makes the file if there is none.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        SqliteOptions::new(path.as_ref()).open()
    }

    /// Applies a commit within a transaction that the application has begun on the same file, together with its own
    /// rows. Begin it `IMMEDIATE`. After the transaction has committed, call [`Changes::notify`] on
    /// [`Store::changes`] so that readers need not wait for their next look.
    ///
    /// # Errors
    /// A conflict or an invalid commit leaves the transaction as it was. After any other error, roll it back.
    pub fn apply_in(
        &self,
        transaction: &rusqlite::Transaction<'_>,
        commit: &Commit,
    ) -> Result<Committed, CommitError> {
        let refused = |source: rusqlite::Error| CommitError::RolledBack { source: source.into() };
        let mut statements = Statements::prepare(transaction).map_err(refused)?;
        match apply::apply(commit, &mut statements, &*self.host, self.partitions) {
            Ok(committed) => Ok(committed),
            Err(ApplyError::Answer(error)) => Err(error),
            Err(ApplyError::Sqlite(error)) => Err(refused(error)),
        }
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.readers.path)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqliteStore {
    fn commit(&self, commit: Commit) -> CommitFuture {
        self.writer.commit(commit)
    }

    async fn outcome(&self, id: CommitId) -> Result<CommitOutcome, StoreError> {
        // Through the writer: a commit that is still queued must not look as if it had never been.
        let exists = self.writer.call(move |db| read::commit_exists(db, id.0)).await?;
        Ok(if exists { CommitOutcome::Committed } else { CommitOutcome::RolledBack })
    }

    async fn read_stream(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, StoreError> {
        self.readers.read(|db| read::stream(db, tenant, stream, after, limit))
    }

    async fn read_for_state(
        &self,
        tenant: &Tenant,
        stream: &StreamId,
        after: Version,
        limit: usize,
    ) -> Result<Vec<StateEvent>, StoreError> {
        self.readers.read(|db| read::for_state(db, tenant, stream, after, limit))
    }

    async fn read_log(&self, after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError> {
        self.readers.read(|db| read::log(db, after, limit))
    }

    async fn read_messages(&self, request: ReadMessages<'_>) -> Result<MessageBatch, StoreError> {
        self.readers.read(|db| read::messages(db, &request))
    }

    async fn last_message(&self) -> Result<Position, StoreError> {
        self.readers.read(read::last_message)
    }

    async fn release_due(&self, limit: usize) -> Result<Released, StoreError> {
        let host = self.host.clone();
        let news = |released: &Released| match released.count {
            0 => News::default(),
            _ => News::MESSAGES,
        };
        self.writer.call_with_news(move |db| maintenance::release_due(db, limit, host.now()), news).await
    }

    async fn document(
        &self,
        tenant: &Tenant,
        collection: &str,
        id: &str,
    ) -> Result<Option<Document>, StoreError> {
        self.readers.read(|db| documents::one(db, tenant, collection, id))
    }

    async fn documents(&self, query: &Query) -> Result<Vec<Document>, StoreError> {
        if query.after_id.is_some() && (query.tenant.is_none() || query.order.is_some()) {
            return Err(StoreError::Invalid(
                "paging by id is for one tenant, in the order of ids".to_owned(),
            ));
        }
        self.readers.read(|db| documents::query(db, query))
    }

    async fn claimed(&self, tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError> {
        let now = self.host.now().as_micros();
        self.readers.read(|db| {
            db.prepare_cached(
                "SELECT commit_id, expires_at, answer FROM commerce_claims
                 WHERE tenant = ? AND scope = ? AND key = ? AND (expires_at IS NULL OR expires_at > ?)",
            )?
            .query_row(rusqlite::params![tenant.as_str(), scope, key, now], |row| {
                let expires_at: Option<i64> = row.get(1)?;
                Ok(Claimed {
                    by: CommitId(row.get(0)?),
                    expires_at: expires_at.map(Timestamp::from_micros),
                    answer: row.get(2)?,
                })
            })
            .optional()
        })
    }

    async fn checkpoint(&self, reader: &str) -> Result<Position, StoreError> {
        self.readers.read(|db| {
            let position = db
                .prepare_cached("SELECT position FROM commerce_checkpoints WHERE reader = ?")?
                .query_row([reader], |row| row.get(0))
                .optional()?;
            Ok(position.unwrap_or(0))
        })
    }

    async fn acquire_lease(
        &self,
        name: &str,
        holder: Uuid,
        duration: Duration,
    ) -> Result<Option<Lease>, StoreError> {
        let (name, host) = (name.to_owned(), self.host.clone());
        self.writer.call(move |db| maintenance::acquire_lease(db, &name, holder, duration, host.now())).await
    }

    async fn release_lease(&self, lease: &Lease) -> Result<(), StoreError> {
        let lease = lease.clone();
        self.writer.call(move |db| maintenance::release_lease(db, &lease)).await
    }

    async fn prune(&self, what: Prune) -> Result<u64, StoreError> {
        let host = self.host.clone();
        self.writer.call(move |db| maintenance::prune(db, &what, host.now())).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.file.is_in_its_place().map_err(error::store_error)?;
        Ok(self.host.now())
    }

    fn partitions(&self) -> u32 {
        self.partitions
    }

    fn changes(&self) -> &Changes {
        &self.changes
    }
}
