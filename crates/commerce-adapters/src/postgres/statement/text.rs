//! The statement's text.

use super::sections::*;
use super::{
    BITS, CHECKPOINTS, CLAIMS, DOCUMENTS, DOUBTS, EARLY, EVER, FENCES, GIVEN, GIVEN_BACK, REQUIRED, STREAMS,
};

/// A row if the commit of this id was written: it is in its first event, or in a row of its own.
fn written(id: &str) -> String {
    format!(
        "SELECT o.commit_id AS id FROM {{s}}.commerce_events o WHERE o.commit_id = {id} AND o.ordinal = 0
         UNION ALL SELECT o.id FROM {{s}}.commerce_commits o WHERE o.id = {id} LIMIT 1"
    )
}

/// The moment it is, in microseconds since 1970: one for all of the statement.
const AT: &str = "coalesce($1::int8, (extract(epoch FROM statement_timestamp()) * 1000000)::int8)";
/// For this transaction alone, which is this statement.
const RELAX: &str = "set_config('synchronous_commit', 'off', true)";
/// For this transaction alone, which is an application's: readers of logs must not see what a crash may take back.
const INSIST: &str = "set_config('synchronous_commit', CASE current_setting('synchronous_commit')
                        WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, true)";

/// The first position of the transaction. `txid_current` is `pg_current_xact_id` as a number, to which there is no other way
/// than through a text.
fn base() -> String {
    format!("(txid_current() + $2::int8) << {BITS}")
}

/// Expressions for what rows begin with, and what has to be joined for them.
pub(super) struct Beginnings {
    pub(super) at: String,
    pub(super) base: String,
    pub(super) events: String,
    pub(super) messages: String,
    pub(super) from: &'static str,
}

/// The statement's text as it grows. The parameters are numbered in the order in which [`bind`](super::bind::bind) binds them.
pub(super) struct Text<'s> {
    pub(super) sections: Sections,
    schema: &'s str,
    partitions: u32,
    /// `name AS (…)`, one after the other.
    parts: Vec<String>,
    parameters: usize,
    /// Rows of `failures`.
    looks: Vec<String>,
    /// What must be true in the end.
    pub(super) counts: Vec<String>,
}

impl<'s> Text<'s> {
    pub(super) fn new(schema: &'s str, partitions: u32, sections: Sections) -> Self {
        let (looks, counts) = (Vec::new(), Vec::new());
        let parameters = if sections.has(ONE_TENANT) { 3 } else { 2 };
        Self { sections, schema, partitions, parts: Vec::new(), parameters, looks, counts }
    }

    pub(super) fn finish(mut self) -> String {
        self.clock();
        if self.sections.has(HAS_NOTED) {
            self.rows(HAS_NOTED, "c", "component int4, id uuid, last_message int8");
        }
        self.look_at_ids();
        self.look_at_streams();
        self.look_at_doubts();
        self.fresh_documents();
        self.look_at_documents();
        self.look_at_claims();
        self.look_at_checkpoints();
        self.collect_failures();
        self.write_events();
        self.write_fresh_documents();
        self.write_documents();
        self.write_messages();
        self.move_checkpoints();
        self.write_commits();
        self.write_claims();
        let answer = self.answer();
        let text = format!("/* commerce-commit */ WITH {}\n{answer}", self.parts.join(",\n"));
        text.replace("{s}", self.schema)
    }

    pub(super) fn part(&mut self, text: impl Into<String>) {
        self.parts.push(text.into());
    }

    /// Rows of the caller: `columns` is a list of names and types, each of which takes an array, or a value where the
    /// section has one row, or where all have the same. A column `i` at the end takes nothing: it is the row's number, counted
    /// off the column before it, which has to be an array.
    pub(super) fn rows(&mut self, section: u32, name: &str, columns: &str) {
        let (columns, is_numbered) = match columns.strip_suffix(", i") {
            Some(columns) => (columns, true),
            None => (columns, false),
        };
        let mut values = Vec::new();
        for (column, of) in columns.split(", ").filter_map(|column| column.split_once(' ')) {
            let value = match column {
                "component" if !self.sections.has_components() => continue,
                "tenant" if self.sections.has(ONE_TENANT) => format!("$3::{of}"),
                "ordinal" if section == HAS_EVENTS && self.sections.has(FIRST_EVENTS) => format!("0::{of}"),
                "schema" if self.sections.has(ONE_SCHEMA) => format!("{}::{of}", self.parameter()),
                _ if self.sections.has_one(section) => format!("{}::{of}", self.parameter()),
                // In the list of what is selected: in FROM each array would be laid out in memory first, row by row.
                _ => format!("unnest({}::{of}[])", self.parameter()),
            };
            values.push(format!("{value} AS {column}"));
        }
        let (number, hint) = if self.sections.has_one(section) {
            ("1".to_owned(), "NOT MATERIALIZED ")
        } else {
            (format!("generate_subscripts(${}, 1)", self.parameters), "")
        };
        values.extend(is_numbered.then(|| format!("{number} AS i")));
        self.part(format!("{name} AS {hint}(SELECT {})", values.join(", ")));
    }

    /// The next one.
    fn parameter(&mut self) -> String {
        self.parameters += 1;
        format!("${}", self.parameters)
    }

    /// Single rows ask for the moment and their positions themselves; for many they are laid out once.
    fn clock(&mut self) {
        if self.sections.has(PLAIN) {
            if self.sections.has(RELAXED) {
                self.counts.push(format!("{RELAX} IS NOT NULL"));
            }
            return;
        }
        let (events, messages) = if self.sections.has(JOINED) {
            let partitions = self.partitions;
            // Behind what it has written itself; others that began later may have committed already.
            let own = format!("position >= base AND position < base + {}", 1 << BITS);
            (
                format!("coalesce((SELECT max(position) + 1 FROM {{s}}.commerce_events WHERE {own}), base)"),
                format!(
                    "coalesce((SELECT max(m.position) + 1 FROM generate_series(0, {partitions} - 1) p,
                         LATERAL (SELECT position FROM {{s}}.commerce_messages
                                  WHERE partition = p AND {own}
                                  ORDER BY position DESC LIMIT 1) m), base)"
                ),
            )
        } else {
            ("base".to_owned(), "base".to_owned())
        };
        let durability = if self.sections.has(RELAXED) {
            format!("{RELAX} AS durability, ")
        } else if self.sections.has(JOINED) && self.sections.has(HAS_EVENTS | HAS_MESSAGES) {
            format!("{INSIST} AS durability, ")
        } else {
            String::new()
        };
        self.part(format!(
            "now AS MATERIALIZED (
               SELECT at, base, {events} AS events_from, {messages} AS messages_from
               FROM (SELECT {durability}{AT} AS at, {} AS base OFFSET 0) clock)",
            base()
        ));
    }

    /// The moment, the first positions of the transaction, of its events and of its messages; where they are joined to be had.
    pub(super) fn beginnings(&self) -> Beginnings {
        let n = |column: &str| format!("n.{column}");
        if self.sections.has(PLAIN) {
            Beginnings { at: AT.to_owned(), base: base(), events: base(), messages: base(), from: "" }
        } else {
            let [at, base, events, messages] = ["at", "base", "events_from", "messages_from"].map(n);
            Beginnings { at, base, events, messages, from: "CROSS JOIN now n" }
        }
    }

    /// The moment, where nothing is joined.
    pub(super) fn moment(&self) -> &'static str {
        if self.sections.has(PLAIN) { AT } else { "(SELECT at FROM now)" }
    }

    /// The first position of the transaction, where nothing is joined.
    pub(super) fn transaction(&self) -> String {
        if self.sections.has(PLAIN) { base() } else { "(SELECT base FROM now)".to_owned() }
    }

    fn look(&mut self, section: i32, select: &str) {
        let (row, rest) = select.split_once(" FROM ").unwrap_or((select, ""));
        self.looks.push(format!("SELECT {}{section} AS section, {row} FROM {rest}", self.component()));
    }

    fn look_at_ids(&mut self) {
        if self.sections.has(HAS_GIVEN) {
            self.rows(HAS_GIVEN, "given", "component int4, id uuid, i");
            self.look(
                GIVEN,
                &format!(
                    "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM given
                     CROSS JOIN LATERAL ({}) o",
                    written("given.id")
                ),
            );
        }
        if self.sections.has(HAS_FENCES) {
            self.rows(HAS_FENCES, "fences", "component int4, name text, token int8, i");
            // Locked, so that no one takes the lease over before this is written.
            self.part(
                "leases AS MATERIALIZED (SELECT l.name, l.token FROM {s}.commerce_leases l
                     WHERE l.name = ANY (ARRAY(SELECT name FROM fences)) AND l.holder IS NOT NULL FOR SHARE)",
            );
            self.look(
                FENCES,
                "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM fences f
                 WHERE NOT EXISTS (SELECT FROM leases l WHERE l.name = f.name AND l.token = f.token)",
            );
        }
        if self.sections.has(HAS_REQUIRED) {
            self.rows(HAS_REQUIRED, "required", "component int4, id uuid, i");
            self.look(
                REQUIRED,
                &format!(
                    "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM required
                     LEFT JOIN LATERAL ({}) o ON true WHERE o.id IS NULL",
                    written("required.id")
                ),
            );
        }
    }

    fn look_at_streams(&mut self) {
        if !self.sections.has(HAS_HEADS) {
            return;
        }
        self.rows(HAS_HEADS, "h", "component int4, key uuid, expected int8, held bool, i");
        // Not the head at once: to find it the index reads all that its last page has of the stream. Only a stream that is
        // shorter than expected is asked how long it is.
        self.part(
            "heads AS MATERIALIZED (
               SELECT h.*, e.position,
                      CASE WHEN e.version IS NULL AND h.expected > 0
                           THEN coalesce((SELECT version FROM {s}.commerce_events o
                                          WHERE o.stream_key = h.key
                                          ORDER BY version DESC LIMIT 1), 0)
                           ELSE coalesce(e.version, 0) END AS version
               FROM h LEFT JOIN LATERAL (
                 SELECT version, position FROM {s}.commerce_events e
                 WHERE e.stream_key = h.key AND e.version >= h.expected
                 ORDER BY version DESC LIMIT 1) e ON true)",
        );
        if self.sections.has(HAS_FOLLOWING) {
            // By subscript: a join of so many with so many would have to be a nested loop.
            self.part(
                "versions AS MATERIALIZED (SELECT array_agg(version ORDER BY i) AS of_head FROM heads)",
            );
        }
        self.look(
            STREAMS,
            "i, version AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM heads
             WHERE expected >= 0 AND version <> expected",
        );
        self.look_for_earlier("heads");
    }

    /// Those that are longer than expected.
    fn look_at_doubts(&mut self) {
        if self.sections.has(HAS_DOUBTS) {
            self.rows(HAS_DOUBTS, "q", "key uuid, expected int8, i");
            self.part(format!(
                "doubts AS MATERIALIZED (
                   SELECT {DOUBTS} AS section, q.i, o.version AS actual, NULL::uuid AS by, NULL::bytea AS answer
                   FROM q CROSS JOIN LATERAL (
                     SELECT version FROM {{s}}.commerce_events o
                     WHERE o.stream_key = q.key AND o.version > q.expected
                     ORDER BY version DESC LIMIT 1) o)"
            ));
        }
    }

    fn fresh_documents(&mut self) {
        if self.sections.has(HAS_FRESH_DOCUMENTS) {
            self.rows(
                HAS_FRESH_DOCUMENTS,
                "w",
                "component int4, tenant text, collection text, id text, fields text, body bytea",
            );
        }
    }

    fn look_at_documents(&mut self) {
        if !self.sections.has(HAS_DOCUMENTS) {
            return;
        }
        self.rows(
            HAS_DOCUMENTS,
            "d",
            "component int4, tenant text, collection text, id text, expected int8, fields text, body bytea, i",
        );
        let component = self.component();
        self.part(format!(
            "found AS MATERIALIZED (
               SELECT {component}d.tenant, d.collection, d.id, d.expected, d.body, d.i, d.fields::text[] AS fields,
                      coalesce(o.version, 0) AS version, o.base AS position, o.fields AS old_fields, o.place
               FROM d LEFT JOIN LATERAL (
                 SELECT version, base, fields, ctid AS place FROM {{s}}.commerce_documents o
                 WHERE o.collection = d.collection AND o.tenant = d.tenant AND o.id = d.id LIMIT 1) o ON true)"
        ));
        self.look(
            DOCUMENTS,
            "i, version AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM found
             WHERE expected >= 0 AND version <> expected",
        );
        self.look_for_earlier("found");
    }

    /// What was read was written by a transaction with a higher id than this one's: only a transaction that began to
    /// write before this statement can meet that.
    fn look_for_earlier(&mut self, rows: &str) {
        if self.sections.has(JOINED) {
            self.look(
                EARLY,
                &format!(
                    "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM {rows}
                     WHERE position >= (SELECT base FROM now) + {}",
                    1 << BITS
                ),
            );
        }
    }

    fn look_at_claims(&mut self) {
        if !self.sections.has(HAS_CLAIMS) {
            return;
        }
        self.rows(
            HAS_CLAIMS,
            "k",
            "component int4, id uuid, tenant text, scope text, key text, expires_at int8, answer bytea, i",
        );
        if self.sections.has(HASTY) {
            return;
        }
        self.look(
            CLAIMS,
            &format!(
                "i, 0::int8 AS actual, o.commit_id AS by, o.answer AS answer FROM k
                 CROSS JOIN LATERAL (SELECT o.commit_id, o.answer FROM {{s}}.commerce_claims o
                   WHERE o.name = k.key AND o.scope = k.scope AND o.tenant = k.tenant
                     AND (o.held_until IS NULL OR o.held_until > {}) LIMIT 1) o",
                self.moment()
            ),
        );
        self.look_for_earlier(&format!(
            "k CROSS JOIN LATERAL (
               SELECT o.held_until - {GIVEN_BACK} AS position FROM {{s}}.commerce_claims o
               WHERE o.name = k.key AND o.scope = k.scope AND o.tenant = k.tenant AND o.held_until < {EVER} LIMIT 1) o"
        ));
    }

    fn look_at_checkpoints(&mut self) {
        if !self.sections.has(HAS_CHECKPOINTS) {
            return;
        }
        self.rows(HAS_CHECKPOINTS, "r", "component int4, reader text, was int8, becomes int8, i");
        self.part(
            "readers AS MATERIALIZED (
               SELECT r.*, o.position
               FROM r LEFT JOIN LATERAL (
                 SELECT position FROM {s}.commerce_checkpoints o WHERE o.reader = r.reader LIMIT 1) o ON true)",
        );
        self.look(
            CHECKPOINTS,
            "i, coalesce(position, 0) AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM readers
             WHERE coalesce(position, 0) <> was",
        );
    }

    fn collect_failures(&mut self) {
        if !self.sections.has(LOOKS) {
            return;
        }
        if self.sections.has(HASTY) {
            let none = self.looks.drain(..).map(|look| format!("NOT EXISTS ({look})"));
            self.counts.extend(none);
            return;
        }
        let looks = self.looks.join("\nUNION ALL ");
        self.part(format!("failures AS MATERIALIZED ({looks})"));
        if !self.sections.has(ALONE) {
            self.part(
                "failed AS MATERIALIZED (
                   SELECT coalesce(array_agg(DISTINCT component), '{}'::int4[]) AS components FROM failures)",
            );
        }
    }

    /// The column that tells components apart, where they are.
    pub(super) fn component(&self) -> &'static str {
        if self.sections.has_components() { "component, " } else { "" }
    }
}
