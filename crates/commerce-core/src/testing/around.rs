//! A store around another, which does most of the work.

use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use crate::commit::{Commit, CommitId};
use crate::id::Tenant;
use crate::store::{
    Changes, Claimed, CommitFuture, CommitOutcome, Document, Lease, MessageBatch, Prune, Query, ReadMessages,
    Released, Store, StoreError,
};
use crate::stream::{Position, RecordedEvent, StreamId, Version};
use crate::time::Timestamp;

/// The port's methods are listed once; the trait with its defaults and the `Store` made of it are written from that.
macro_rules! store_around {
    (
        $(#[$about:meta])* trait $name:ident;
        waiting { $(fn $waits:ident($($waits_arg:ident: $waits_type:ty),*) -> $waits_answer:ty;)+ }
        at_once { $(fn $once:ident($($once_arg:ident: $once_type:ty),*) -> $once_answer:ty;)+ }
    ) => {
        $(#[$about])*
        #[async_trait]
        pub trait $name: Send + Sync + 'static {
            /// The store that does what isn't overridden.
            fn inner(&self) -> &dyn Store;
            $(
                #[doc = concat!("[`Store::", stringify!($waits), "`], by the inner store unless overridden.")]
                async fn $waits(&self, $($waits_arg: $waits_type),*) -> $waits_answer {
                    self.inner().$waits($($waits_arg),*).await
                }
            )+
            $(
                #[doc = concat!("[`Store::", stringify!($once), "`], by the inner store unless overridden.")]
                fn $once(&self, $($once_arg: $once_type),*) -> $once_answer {
                    self.inner().$once($($once_arg),*)
                }
            )+
        }

        #[async_trait]
        impl<S: $name> Store for S {
            $(async fn $waits(&self, $($waits_arg: $waits_type),*) -> $waits_answer {
                $name::$waits(self, $($waits_arg),*).await
            })+
            $(fn $once(&self, $($once_arg: $once_type),*) -> $once_answer {
                $name::$once(self, $($once_arg),*)
            })+
        }
    };
}

store_around! {
    /// A store around another: it overrides what it changes, and leaves the rest to the one within. Whatever implements
    /// this is a [`Store`].
    ///
    /// ```
    /// use std::sync::atomic::{AtomicU64, Ordering};
    ///
    /// use commerce_core::commit::Commit;
    /// use commerce_core::memory::MemoryStore;
    /// use commerce_core::store::{CommitFuture, Store};
    /// use commerce_core::testing::StoreAround;
    ///
    /// struct Counting { inner: MemoryStore, commits: AtomicU64 }
    ///
    /// impl StoreAround for Counting {
    ///     fn inner(&self) -> &dyn Store {
    ///         &self.inner
    ///     }
    ///
    ///     fn commit(&self, commit: Commit) -> CommitFuture {
    ///         self.commits.fetch_add(1, Ordering::Relaxed);
    ///         self.inner.commit(commit)
    ///     }
    /// }
    /// ```
    ///
    /// States are rebuilt from what its `read_stream` answers. With `async_trait` on it, an implementation overrides the
    /// asynchronous methods likewise. Where both traits are imported, a call on the store itself must say which it means:
    /// `Store::commit(&store, commit)`.
    trait StoreAround;
    waiting {
        fn outcome(id: CommitId) -> Result<CommitOutcome, StoreError>;
        fn read_stream(tenant: &Tenant, stream: &StreamId, after: Version, limit: usize)
            -> Result<Vec<RecordedEvent>, StoreError>;
        fn read_log(after: Position, limit: usize) -> Result<Vec<RecordedEvent>, StoreError>;
        fn caught_up() -> Result<(), StoreError>;
        fn read_messages(request: ReadMessages<'_>) -> Result<MessageBatch, StoreError>;
        fn read_partitions(requests: &[ReadMessages<'_>]) -> Result<Vec<MessageBatch>, StoreError>;
        fn last_message() -> Result<Position, StoreError>;
        fn release_due(limit: usize) -> Result<Released, StoreError>;
        fn document(tenant: &Tenant, collection: &str, id: &str) -> Result<Option<Document>, StoreError>;
        fn documents(query: &Query) -> Result<Vec<Document>, StoreError>;
        fn claimed(tenant: &Tenant, scope: &str, key: &str) -> Result<Option<Claimed>, StoreError>;
        fn checkpoint(reader: &str) -> Result<Position, StoreError>;
        fn acquire_lease(name: &str, holder: Uuid, duration: Duration) -> Result<Option<Lease>, StoreError>;
        fn release_lease(lease: &Lease) -> Result<(), StoreError>;
        fn prune(what: Prune) -> Result<u64, StoreError>;
        fn now() -> Result<Timestamp, StoreError>;
        fn oldest_writer() -> Result<Option<Duration>, StoreError>;
    }
    at_once {
        fn commit(commit: Commit) -> CommitFuture;
        fn partitions() -> u32;
        fn position_ahead(from: Position, messages: u64) -> Position;
        fn changes() -> &Changes;
    }
}
