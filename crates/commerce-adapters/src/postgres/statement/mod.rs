//! The one statement that writes a group of commits.
//!
//! First it looks, in one snapshot, at everything that the members count on; the components that fail are collected.
//! Then every INSERT, UPDATE and DELETE leaves those out. As long as nothing fails it looks at less, and writes all or
//! nothing (see [`super::caution`]). What changes between the look and the write ends in a unique
//! violation or in a count that does not match, which is made an error: then nothing is written, and the statement runs again.
//!
//! There is one text, prepared once, for each combination of sections that a group has rows in, and of what all rows have in
//! common. Where one member is written alone, a section of one row has a text of its own too.

mod answer;
mod bind;
mod sections;
mod text;
mod writes;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::layout::Layout;
use answer::read;
use bind::bind;
use sections::Sections;
use text::Text;

/// So many rows of one log a transaction can write: the lower bits of a position.
pub(super) const BITS: u32 = 20;

/// A claim that was given back keeps its row for a while, and is held until this moment and the position of the transaction
/// that gave it back: long before any other.
pub(super) const GIVEN_BACK: &str = "'-9223372036854775808'::int8";
/// Before this moment nothing is held until but what was given back.
pub(super) const EVER: &str = "'-4611686018427387904'::int8";

/// Marks a failure that has nothing to do with a section: see [`super::error::BeganTooEarly`].
pub(super) const EARLY: i32 = 0;
pub(super) const GIVEN: i32 = 1;
pub(super) const FENCES: i32 = 2;
pub(super) const REQUIRED: i32 = 3;
pub(super) const STREAMS: i32 = 4;
pub(super) const DOCUMENTS: i32 = 5;
pub(super) const CLAIMS: i32 = 6;
pub(super) const CHECKPOINTS: i32 = 7;
/// Marks what was in doubt, and rightly so.
const DOUBTS: i32 = 8;

/// Writes groups into the tables of one schema.
pub(super) struct Statements {
    /// Quoted.
    schema: String,
    partitions: u32,
    texts: Mutex<HashMap<Sections, Arc<str>>>,
}

/// What the statement answers.
pub(super) struct Written {
    /// When, in microseconds since 1970.
    pub(super) at: i64,
    /// The transaction's first position.
    pub(super) base: i64,
    /// The position of the first event, and how many rows there is room for.
    pub(super) events_from: i64,
    pub(super) messages_from: i64,
    /// The first position of the oldest transaction that was under way.
    pub(super) oldest: i64,
    /// The position of the last event before, if it was asked for.
    pub(super) last_event: i64,
    pub(super) failures: Vec<Failure>,
    /// Of what was in doubt, which it was, and the version that its stream has.
    pub(super) doubts: Vec<(usize, u64)>,
}

/// Something that a member counts on and that is not so.
pub(super) struct Failure {
    pub(super) section: i32,
    /// Which row of the section, from zero.
    pub(super) row: usize,
    /// The version or position there is.
    pub(super) actual: i64,
    /// Who holds a claim.
    pub(super) by: Option<Uuid>,
    /// The answer that was left with it.
    pub(super) answer: Option<Vec<u8>>,
}

/// How a statement is run.
#[derive(Clone, Copy)]
pub(super) struct Run {
    /// The moment it is, if that is not for the database to say.
    pub(super) now: Option<i64>,
    /// What is added to transaction ids.
    pub(super) xid_offset: i64,
    /// The transaction is someone else's, and may have written to the logs before.
    pub(super) joined: bool,
}

impl Statements {
    pub(super) fn new(schema: String, partitions: u32) -> Self {
        Self { schema, partitions, texts: Mutex::default() }
    }

    pub(super) async fn write(
        &self,
        layout: &Layout<'_>,
        run: Run,
        db: &mut PgConnection,
    ) -> Result<Written, sqlx::Error> {
        let sections = Sections::of(layout, run);
        let text = self.text(sections);
        let arguments = bind(layout, run, sections).map_err(sqlx::Error::Encode)?;
        let rows = sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(db).await?;
        read(sections, &rows)
    }

    fn text(&self, sections: Sections) -> Arc<str> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let text = texts
            .entry(sections)
            .or_insert_with(|| Text::new(&self.schema, self.partitions, sections).finish().into());
        text.clone()
    }
}
