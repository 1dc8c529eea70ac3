//! What the statement answers: no more columns than may have something to say. Each costs a commit of one caller about a
//! microsecond, between the server that makes it and the client that reads it.

use sqlx::Row;
use sqlx::postgres::PgRow;

use super::sections::*;
use super::text::{Beginnings, Text};
use super::{BITS, DOUBTS, Failure, Written};

const FAILURES: &str = "b.section, b.i, b.actual, b.by, b.answer";

impl Text<'_> {
    pub(super) fn answer(&self) -> String {
        let Beginnings { at, base, events, messages, .. } = self.beginnings();
        let oldest = format!("(txid_snapshot_xmin(txid_current_snapshot()) + $2::int8) << {BITS}");
        let mut columns = vec![at, base, oldest];
        if self.sections.has(JOINED) {
            columns.push(format!("{events} AS events_from, {messages} AS messages_from"));
        }
        if self.sections.has(HAS_NO_EVENTS) {
            columns.push(
                "coalesce((SELECT max(position) FROM {s}.commerce_events), 0) AS last_event".to_owned(),
            );
        }
        if !self.counts.is_empty() {
            columns.push(format!("1 / CASE WHEN {} THEN 1 ELSE 0 END", self.counts.join("\n AND ")));
        }
        let found = self.found();
        if found.is_some() {
            columns.push(FAILURES.to_owned());
        }
        let from = match (found, self.sections.has(PLAIN)) {
            (None, true) => String::new(),
            (None, false) => "FROM now n".to_owned(),
            (Some(found), true) => format!("FROM (SELECT) n LEFT JOIN {found} b ON true"),
            (Some(found), false) => format!("FROM now n LEFT JOIN {found} b ON true"),
        };
        format!("SELECT {} {from}", columns.join(",\n  "))
    }

    /// Where what failed, or was rightly in doubt, is found.
    fn found(&self) -> Option<&'static str> {
        match (self.sections.looks_for_failures(), self.sections.has(HAS_DOUBTS)) {
            (false, false) => None,
            (true, false) => Some("failures"),
            (false, true) => Some("doubts"),
            (true, true) => Some(
                "(SELECT section, i, actual, by, answer FROM failures
                  UNION ALL SELECT section, i, actual, by, answer FROM doubts)",
            ),
        }
    }
}

/// Reads the answer of a statement with these sections.
pub(super) fn read(sections: Sections, rows: &[PgRow]) -> Result<Written, sqlx::Error> {
    let first = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    let (at, base, oldest) = (first.try_get(0)?, first.try_get(1)?, first.try_get(2)?);
    let (events_from, messages_from) = if sections.has(JOINED) {
        (first.try_get("events_from")?, first.try_get("messages_from")?)
    } else {
        (base, base)
    };
    let last_event = if sections.has(HAS_NO_EVENTS) { first.try_get("last_event")? } else { 0 };
    let mut written = Written {
        at,
        base,
        oldest,
        events_from,
        messages_from,
        last_event,
        failures: Vec::new(),
        doubts: Vec::new(),
    };
    if sections.looks_for_failures() || sections.has(HAS_DOUBTS) {
        for row in rows {
            found(row, &mut written)?;
        }
    }
    Ok(written)
}

fn found(row: &PgRow, written: &mut Written) -> Result<(), sqlx::Error> {
    let Some(section) = row.try_get::<Option<i32>, _>("section")? else { return Ok(()) };
    let number = usize::try_from(row.try_get::<i32, _>("i")? - 1).unwrap_or_default();
    let actual: i64 = row.try_get("actual")?;
    if section == DOUBTS {
        written.doubts.push((number, u64::try_from(actual).unwrap_or_default()));
        return Ok(());
    }
    let (by, answer) = (row.try_get("by")?, row.try_get("answer")?);
    written.failures.push(Failure { section, row: number, actual, by, answer });
    Ok(())
}
