//! PostgreSQL's errors, sorted by SQLSTATE, never by their texts.
//!
//! Source of the codes: PostgreSQL documentation, appendix A.

use std::sync::Arc;

use commerce_core::commit::CommitError;
use commerce_core::error::Kind;
use commerce_core::store::StoreError;
use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

/// Why a store could not be opened. Nothing was written.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The address can't be read. Write `postgres://USER@HOST:PORT/DATABASE`.
    #[error("{url} is no PostgreSQL address (postgres://USER@HOST:PORT/DATABASE): {source}")]
    Address {
        /// What was given, without its password.
        url: String,
        /// What is wrong with it.
        source: Arc<sqlx::Error>,
    },
    /// The schema's name can't be one. Choose another.
    #[error("{name:?} can't be the name of a schema: it takes 1 to 63 bytes, none of them zero, and no $$")]
    SchemaName {
        /// What was given.
        name: String,
    },
    /// The server can't be reached, is starting or stopping, or has no room for another connection. Try again later.
    #[error("the database at {at} can't be reached: {}", plainly(source))]
    Unreachable {
        /// Host, port and database.
        at: String,
        /// What happened.
        source: Arc<sqlx::Error>,
    },
    /// The server does not let this user in, or there is no such database. Change the address, or what the server allows.
    #[error("the database at {at} refuses the connection: {}", plainly(source))]
    Refused {
        /// Host, port and database.
        at: String,
        /// What the server said.
        source: Arc<sqlx::Error>,
    },
    /// The user lacks a right. Grant it: to create the schema and its tables at first, to use them afterwards.
    #[error("the user lacks a right in schema {schema} at {at}: {}", plainly(source))]
    Forbidden {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
        /// What the server said.
        source: Arc<sqlx::Error>,
    },
    /// The server is a standby, or its transactions are read-only. Name the primary.
    #[error("the database at {at} is read-only (a standby?): name the primary server")]
    ReadOnly {
        /// Host, port and database.
        at: String,
    },
    /// The server is older than the oldest that is supported. Upgrade it.
    #[error(
        "the server at {at} is PostgreSQL {found}; versions {} to {} are supported: upgrade it",
        super::OLDEST,
        super::NEWEST
    )]
    Unsupported {
        /// Host, port and database.
        at: String,
        /// Its major version.
        found: u32,
    },
    /// The schema has no tables of a store. Run the migration first.
    #[error("schema {schema} at {at} has no store in it: migrate it first")]
    Absent {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
    },
    /// The tables are of an older version. Run the migration.
    #[error("schema {schema} at {at} is of version {found}, this program needs version {needed}: migrate it")]
    Older {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The version that is needed.
        needed: i64,
    },
    /// The tables were written by a newer version of this library. Upgrade the program.
    #[error(
        "schema {schema} at {at} is of version {found}; this program knows versions up to {known}: upgrade it"
    )]
    Newer {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// The store was made with another number of partitions, which can't change.
    #[error("schema {schema} at {at} has {found} partitions, not {asked}")]
    Partitions {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
        /// How many it has.
        found: u32,
        /// How many were asked for.
        asked: u32,
    },
    /// The data was written in another database cluster: it was restored from a dump, or the cluster was upgraded or
    /// set back. Transaction ids start anew there, so that every cursor would be wrong. Stop all programs that use it,
    /// then adopt it ([`PgOptions::adopt`](super::PgOptions::adopt)): positions then go on behind those there are.
    #[error(
        "schema {schema} at {at} was written in another database cluster (restored from a dump?), where its cursors \
         mean something else: stop all programs that use it, then adopt it (`migrate --adopt`)"
    )]
    OtherCluster {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
    },
    /// Anything else.
    #[error("schema {schema} at {at} can't be opened: {}", plainly(source))]
    Failed {
        /// Host, port and database.
        at: String,
        /// The schema.
        schema: String,
        /// What happened.
        source: Arc<sqlx::Error>,
    },
}

impl OpenError {
    /// What a caller can do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unreachable { .. } | Self::Failed { .. } => Kind::Retryable,
            Self::Address { .. } | Self::SchemaName { .. } | Self::Partitions { .. } => Kind::Invalid,
            Self::Absent { .. } => Kind::NotFound,
            _ => Kind::Terminal,
        }
    }

    /// A connection that could not be made.
    pub(super) fn connecting(at: &str, source: sqlx::Error) -> Self {
        let at = at.to_owned();
        match class(&source) {
            Class::Forbidden => Self::Refused { at, source: source.into() },
            Class::ReadOnly => Self::ReadOnly { at },
            _ => Self::Unreachable { at, source: source.into() },
        }
    }

    /// A statement that failed while the store was opened.
    pub(super) fn opening(at: &str, schema: &str, source: sqlx::Error) -> Self {
        let (at, schema) = (at.to_owned(), schema.to_owned());
        match class(&source) {
            Class::Forbidden => Self::Forbidden { at, schema, source: source.into() },
            Class::ReadOnly => Self::ReadOnly { at },
            Class::Lost => Self::Unreachable { at, source: source.into() },
            _ => Self::Failed { at, schema, source: source.into() },
        }
    }
}

/// What the database said, and where.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{hint}{at}: {}", plainly(source))]
pub(super) struct Said {
    hint: &'static str,
    at: Arc<str>,
    #[source]
    source: Arc<sqlx::Error>,
}

impl Said {
    pub(super) fn new(at: &Arc<str>, source: impl Into<Arc<sqlx::Error>>) -> Self {
        let source = source.into();
        let hint = match class(&source) {
            Class::Lost => "the database can't be reached, ",
            Class::Full => "the database has no room left, free some disk space, ",
            Class::ReadOnly => "the database is read-only, name the primary or wait for it, ",
            Class::Forbidden => "the database does not allow it, ",
            Class::Missing => "the store's tables are gone, restore them, ",
            _ => "the database, ",
        };
        Self { hint, at: at.clone(), source }
    }
}

/// What the server said, without the line of its own source, which sqlx adds.
fn plainly(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(said) => said.message().to_owned(),
        error => error.to_string(),
    }
}

/// A failure that several callers share.
pub(super) fn shared(error: &Arc<StoreError>) -> StoreError {
    match &**error {
        StoreError::Damaged { what, .. } => {
            StoreError::Damaged { what: what.clone(), source: Shared(error.clone()).into() }
        }
        StoreError::Invalid(what) => StoreError::Invalid(what.clone()),
        _ => StoreError::Unavailable { source: Shared(error.clone()).into() },
    }
}

/// Says what the error of all of them says.
#[derive(Debug, thiserror::Error)]
#[error("{}", cause(.0))]
struct Shared(Arc<StoreError>);

fn cause(error: &StoreError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

/// What the kind of a failure means for what was to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Two transactions got into each other's way. Nothing was written; the same may succeed at once.
    Raced,
    /// The connection is gone: whether a transaction happened is not known.
    Lost,
    /// The disk is full, or the server has reached another limit of its own. Nothing was written.
    Full,
    /// The server is, or has become, a standby. Nothing was written.
    ReadOnly,
    /// The user lacks a right.
    Forbidden,
    /// A table, column or function is not there.
    Missing,
    /// The server took too long, or was told to cancel. Nothing was written.
    Cancelled,
    /// What was to be written can't be. Nothing was written.
    AtFault,
}

impl Class {
    /// It is no single commit's fault: what was to be written with it fails alike.
    pub(super) fn meets_everyone(self) -> bool {
        !matches!(self, Self::Raced | Self::AtFault)
    }
}

/// Sorts an error by its code.
pub(super) fn class(error: &sqlx::Error) -> Class {
    let sqlx::Error::Database(error) = error else {
        return match error {
            sqlx::Error::Configuration(source) if source.is::<Standby>() => Class::ReadOnly,
            sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                Class::AtFault
            }
            _ => Class::Lost,
        };
    };
    let code = error.code().unwrap_or_default();
    match &*code {
        // Unique violation; the statement's own alarm, a division by zero; serialization failure; deadlock.
        "23505" | "22012" | "40001" | "40P01" => Class::Raced,
        "53100" | "53200" | "53400" => Class::Full,
        "25006" => Class::ReadOnly,
        "42501" | "28000" | "28P01" | "3D000" => Class::Forbidden,
        "42P01" | "42703" | "42883" | "3F000" => Class::Missing,
        "57014" | "55P03" => Class::Cancelled,
        // Too many connections; connection exceptions; shutdown, crash, starting up; system error; idle timeouts.
        "53300" | "57P01" | "57P02" | "57P03" | "57P05" | "25P03" => Class::Lost,
        code if code.starts_with("08") || code.starts_with("58") || code.starts_with("XX") => Class::Lost,
        // The server says nothing more on this connection.
        _ if is_fatal(&**error) => Class::Lost,
        _ => Class::AtFault,
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}

fn is_fatal(error: &(dyn DatabaseError + 'static)) -> bool {
    error
        .try_downcast_ref::<PgDatabaseError>()
        .is_some_and(|error| matches!(error.severity(), PgSeverity::Fatal | PgSeverity::Panic))
}

/// What a failed statement means to the caller of a commit. Not for one whose outcome is not known.
pub(super) fn commit_error(at: &Arc<str>, source: Arc<sqlx::Error>) -> CommitError {
    let class = class(&source);
    let source = Said::new(at, source).into();
    match class {
        Class::AtFault => CommitError::Refused { source },
        // Also a right that is missing, or a table: an operator can grant it and bring it back.
        _ => CommitError::RolledBack { source },
    }
}

/// What a failed read means to its caller.
pub(super) fn store_error(at: &Arc<str>, source: sqlx::Error) -> StoreError {
    match source {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            StoreError::Damaged { what: format!("a row of {at}"), source: source.into() }
        }
        // A text with a zero byte: there can be nothing of that name, today or tomorrow.
        source if code(&source).as_deref() == Some("22021") => {
            StoreError::Invalid(Said::new(at, source).to_string())
        }
        source => StoreError::Unavailable { source: Said::new(at, source).into() },
    }
}

/// A text that PostgreSQL can't keep.
#[derive(Debug, thiserror::Error)]
#[error("{what} {text:?} holds a zero byte, which PostgreSQL's texts can't: take it out")]
pub(super) struct ZeroByte {
    pub(super) what: &'static str,
    pub(super) text: String,
}

/// The server follows another.
#[derive(Debug, thiserror::Error)]
#[error("the server is a standby")]
pub(super) struct Standby;

/// The store was closed.
#[derive(Debug, thiserror::Error)]
#[error("the store is closed")]
pub(super) struct Closed;

/// More commits wait than the store takes.
#[derive(Debug, thiserror::Error)]
#[error("{queue} commits are waiting already")]
pub(super) struct Overloaded {
    pub(super) queue: usize,
}

/// A transaction began to write before another that it builds on did, so that its rows would come first in the logs.
#[derive(Debug, thiserror::Error)]
#[error(
    "this transaction wrote something before another began that has meanwhile written what it builds on: \
     roll it back and run it again"
)]
pub(super) struct BeganTooEarly;

/// A transaction has written as much as the numbers below its id allow.
#[derive(Debug, thiserror::Error)]
#[error("a transaction holds at most about 900,000 events: roll it back, and write them in several")]
pub(super) struct TooLarge;

/// A commit is longer than a statement may be.
#[derive(Debug, thiserror::Error)]
#[error(
    "the commit has {bytes} bytes, and PostgreSQL takes less than a gigabyte at once: write it in several"
)]
pub(super) struct TooLong {
    pub(super) bytes: usize,
}

/// Others got in the way each time.
#[derive(Debug, thiserror::Error)]
#[error("other transactions got in the way {attempts} times, the last time: {source}")]
pub(super) struct Contended {
    pub(super) attempts: u32,
    #[source]
    pub(super) source: Said,
}
