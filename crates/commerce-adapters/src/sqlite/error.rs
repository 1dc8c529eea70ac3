//! SQLite's errors, sorted by their codes, never by their texts.

use std::path::PathBuf;
use std::sync::Arc;

use commerce_core::commit::{CommitError, CommitId};
use commerce_core::error::Kind;
use commerce_core::store::StoreError;
use rusqlite::ErrorCode;

use super::writer::TransactionError;

/// Why a store could not be opened. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file is not an SQLite database, or its pages are damaged. Restore it from a backup.
    #[error("{} is damaged, or is not an SQLite file: {source}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this library. Upgrade the program.
    #[error("{} is of version {found}; this program knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// The file, or the folder it is in, can't be written to. Change its permissions, or name another.
    #[error("{} can't be written to: {source}", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Another process keeps the file locked.
    #[error("{} is in use by another process: {source}", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
        /// What is in the way.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file was made with another number of partitions, which can't change.
    #[error("{} has {found} partitions, not {asked}", path.display())]
    Partitions {
        /// The file.
        path: PathBuf,
        /// How many it has.
        found: u32,
        /// How many were asked for.
        asked: u32,
    },
    /// It is not the name of a file: nothing at all, a URL, or SQLite's word for a database in memory, which each of a
    /// store's connections would have for itself. Name a file; or use
    /// [`MemoryStore`](commerce_core::memory::MemoryStore).
    #[error("{path:?} names no file: name one, or use a MemoryStore")]
    NoFile {
        /// What was given.
        path: PathBuf,
    },
    /// Anything else: no such folder, a full disk, a failing one.
    #[error("{} can't be opened: {source}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl OpenError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::InUse { .. } | Self::Failed { .. } => Kind::Retryable,
            Self::Partitions { .. } | Self::NoFile { .. } => Kind::Invalid,
            _ => Kind::Terminal,
        }
    }

    pub(super) fn of(path: PathBuf, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::ReadOnly { path, source: source.into() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::InUse { path, source: source.into() }
            }
            _ => Self::Failed { path, source: source.into() },
        }
    }
}

/// The writer has more waiting than it takes.
#[derive(Debug, thiserror::Error)]
#[error("{queue} writes are waiting already")]
pub(super) struct Overloaded {
    pub(super) queue: usize,
}

/// The writer's thread has ended.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(super) struct WriterGone;

/// A COMMIT whose sync to disk failed may have reached the disk all the same.
pub(super) fn durability_is_unknown(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error().map(|error| error.extended_code),
        Some(rusqlite::ffi::SQLITE_IOERR_FSYNC | rusqlite::ffi::SQLITE_IOERR_DIR_FSYNC)
    )
}

/// An error of the file or the disk, not of what was to be written.
pub(super) fn meets_everyone(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
        )
    )
}

/// What a failed transaction means to the caller of a commit.
pub(super) fn commit_error(id: CommitId, failure: TransactionError) -> CommitError {
    let source: Box<dyn std::error::Error + Send + Sync> = failure.source.clone().into();
    if failure.unknown {
        return CommitError::Unknown { id, source };
    }
    match failure.source.sqlite_error_code() {
        Some(
            ErrorCode::ConstraintViolation
            | ErrorCode::TooBig
            | ErrorCode::DatabaseCorrupt
            | ErrorCode::NotADatabase,
        ) => CommitError::Refused { source },
        _ => CommitError::RolledBack { source },
    }
}

/// What a failed read means to its caller.
pub(super) fn store_error(error: rusqlite::Error) -> StoreError {
    shared(Arc::new(error))
}

pub(super) fn shared(error: Arc<rusqlite::Error>) -> StoreError {
    let damaged = match &*error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::Utf8Error(..) => true,
        other => {
            matches!(other.sqlite_error_code(), Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
        }
    };
    if damaged {
        StoreError::Damaged { what: "the SQLite file".to_owned(), source: error.into() }
    } else {
        StoreError::Unavailable { source: error.into() }
    }
}
