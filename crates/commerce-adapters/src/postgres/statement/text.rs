//! The statement's text.

use std::fmt::Write;

use super::sections::*;
use super::{BITS, CHECKPOINTS, CLAIMS, DOCUMENTS, EARLY, FENCES, GIVEN, REQUIRED, STREAMS};

/// The statement's text as it grows. The parameters are numbered in the order in which [`bind`](super::bind::bind) binds them.
pub(super) struct Text<'s> {
    sections: Sections,
    schema: &'s str,
    partitions: u32,
    sql: String,
    parameters: usize,
    /// Rows of `failures`.
    looks: Vec<String>,
    /// What must be true in the end.
    counts: Vec<String>,
}

impl<'s> Text<'s> {
    pub(super) fn new(schema: &'s str, partitions: u32, sections: Sections) -> Self {
        let (looks, counts) = (Vec::new(), Vec::new());
        Self { sections, schema, partitions, sql: String::with_capacity(8_192), parameters: 2, looks, counts }
    }

    pub(super) fn finish(mut self) -> String {
        self.clock();
        self.rows("c", "component int4, id uuid, last_event int8, last_message int8");
        self.look_at_ids();
        self.look_at_streams();
        self.look_at_documents();
        self.look_at_claims();
        self.look_at_checkpoints();
        self.collect_failures();
        self.write_events();
        self.write_documents();
        self.write_messages();
        self.write_claims();
        self.move_checkpoints();
        self.write_commits();
        self.answer();
        self.sql
    }

    fn push(&mut self, text: &str) {
        self.sql.push_str(&text.replace("{s}", self.schema));
    }

    /// Rows of the caller: `columns` is a list of names and types, each of which takes an array. They are numbered by
    /// `i`.
    fn rows(&mut self, name: &str, columns: &str) {
        let alone = self.sections.has(ALONE);
        let columns = columns.split(", ").filter(|column| !(alone && column.starts_with("component ")));
        let columns: Vec<(&str, &str)> = columns.filter_map(|column| column.split_once(' ')).collect();
        let first = self.parameters;
        self.parameters += columns.len();
        let arrays = columns.iter().enumerate().map(|(n, (_, of))| format!("${}::{of}[]", first + n + 1));
        let (arrays, names) = (arrays.collect::<Vec<_>>().join(", "), columns.iter().map(|(name, _)| *name));
        let _ = write!(
            self.sql,
            ",\n{name} AS (SELECT * FROM unnest({arrays}) WITH ORDINALITY AS {name}({}, i))",
            names.collect::<Vec<_>>().join(", ")
        );
    }

    fn clock(&mut self) {
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
        self.push(&format!(
            "/* commerce-commit */ WITH now AS MATERIALIZED (
               SELECT at, base, {events} AS events_from, {messages} AS messages_from
               FROM (SELECT coalesce($1::int8, (extract(epoch FROM clock_timestamp()) * 1000000)::int8) AS at,
                            (pg_current_xact_id()::text::int8 + $2::int8) << {BITS} AS base OFFSET 0) clock)"
        ));
    }

    fn look(&mut self, section: i32, select: &str) {
        let (row, rest) = select.split_once(" FROM ").unwrap_or((select, ""));
        self.looks.push(format!("SELECT {}{section} AS section, {row} FROM {rest}", self.component()));
    }

    fn look_at_ids(&mut self) {
        if self.sections.has(HAS_GIVEN) {
            self.rows("given", "component int4, id uuid");
            self.look(
                GIVEN,
                "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM given
                 WHERE EXISTS (SELECT FROM {s}.commerce_commits o WHERE o.id = given.id)",
            );
        }
        if self.sections.has(HAS_FENCES) {
            self.rows("fences", "component int4, name text, token int8");
            // Locked, so that no one takes the lease over before this is written.
            self.push(
                ",\nleases AS MATERIALIZED (SELECT l.name, l.token FROM {s}.commerce_leases l
                     WHERE l.name = ANY (ARRAY(SELECT name FROM fences)) AND l.holder IS NOT NULL FOR SHARE)",
            );
            self.look(
                FENCES,
                "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM fences f
                 WHERE NOT EXISTS (SELECT FROM leases l WHERE l.name = f.name AND l.token = f.token)",
            );
        }
        if self.sections.has(HAS_REQUIRED) {
            self.rows("required", "component int4, id uuid");
            self.look(
                REQUIRED,
                "i, 0::int8 AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM required
                 WHERE NOT EXISTS (SELECT FROM {s}.commerce_commits o WHERE o.id = required.id)",
            );
        }
    }

    fn look_at_streams(&mut self) {
        if !self.sections.has(HAS_HEADS) {
            return;
        }
        self.rows("h", "component int4, tenant text, stream text, expected int8");
        self.push(
            ",\nheads AS MATERIALIZED (
               SELECT h.*, coalesce(e.version, 0) AS version, e.position
               FROM h LEFT JOIN LATERAL (
                 SELECT version, position FROM {s}.commerce_events e
                 WHERE e.stream = h.stream AND e.tenant = h.tenant ORDER BY version DESC LIMIT 1) e ON true)",
        );
        self.look(
            STREAMS,
            "i, version AS actual, NULL::uuid AS by, NULL::bytea AS answer FROM heads
             WHERE expected >= 0 AND version <> expected",
        );
        self.look_for_earlier("heads");
    }

    fn look_at_documents(&mut self) {
        if !self.sections.has(HAS_DOCUMENTS) {
            return;
        }
        self.rows(
            "d",
            "component int4, tenant text, collection text, id text, expected int8, fields text, body bytea",
        );
        let component = self.component();
        self.push(&format!(
            ",\nfound AS MATERIALIZED (
               SELECT {component}d.tenant, d.collection, d.id, d.expected, d.body, d.i, d.fields::text[] AS fields,
                      coalesce(o.version, 0) AS version, o.position, o.fields AS old_fields
               FROM d LEFT JOIN LATERAL (
                 SELECT version, position, fields FROM {{s}}.commerce_documents o
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
            "k",
            "component int4, id uuid, tenant text, scope text, key text, expires_at int8, answer bytea",
        );
        self.look(
            CLAIMS,
            "i, 0::int8 AS actual, o.commit_id AS by, o.answer AS answer FROM k
             CROSS JOIN LATERAL (SELECT o.commit_id, o.answer FROM {s}.commerce_claims o
               WHERE o.key = k.key AND o.scope = k.scope AND o.tenant = k.tenant
                 AND (o.expires_at IS NULL OR o.expires_at > (SELECT at FROM now)) LIMIT 1) o",
        );
    }

    fn look_at_checkpoints(&mut self) {
        if !self.sections.has(HAS_CHECKPOINTS) {
            return;
        }
        self.rows("r", "component int4, reader text, was int8, becomes int8");
        self.push(
            ",\nreaders AS MATERIALIZED (
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
        let looks = self.looks.join("\nUNION ALL ");
        self.push(&format!(",\nfailures AS MATERIALIZED ({looks})"));
        if !self.sections.has(ALONE) {
            self.push(
                ",\nfailed AS MATERIALIZED (
                   SELECT coalesce(array_agg(DISTINCT component), '{}'::int4[]) AS components FROM failures)",
            );
        }
    }

    /// The column that tells components apart.
    fn component(&self) -> &'static str {
        if self.sections.has(ALONE) { "" } else { "component, " }
    }

    /// That a row's component has not failed.
    fn stands(&self, row: &str) -> String {
        if self.sections.has(LOOKS) && self.sections.has(ALONE) {
            "NOT EXISTS (SELECT FROM failures)".to_owned()
        } else if self.sections.has(LOOKS) {
            format!("NOT {row}.component = ANY ((SELECT components FROM failed)::int4[])")
        } else {
            "true".to_owned()
        }
    }

    fn write_events(&mut self) {
        if self.sections.has(HAS_EVENTS) {
            self.rows(
                "e",
                "component int4, place int8, tenant text, stream text, version int8, head int8, type text, \
                 schema int4, payload bytea, id uuid, ordinal int4, metadata text",
            );
            let (behind, heads) = if self.sections.has(HAS_FOLLOWING) {
                (" + coalesce(h.version, 0)", "LEFT JOIN heads h ON h.i = e.head")
            } else {
                ("", "")
            };
            let stands = self.stands("e");
            self.push(&format!(
                ",\nwritten_events AS (
                   INSERT INTO {{s}}.commerce_events
                     (position, version, recorded_at, commit_id, schema, ordinal, tenant, stream, type, metadata, payload)
                   SELECT n.events_from + e.place, e.version{behind}, n.at, e.id, e.schema, e.ordinal, e.tenant, e.stream,
                          e.type, e.metadata, e.payload
                   FROM e {heads} CROSS JOIN now n WHERE {stands})"
            ));
        }
        if self.sections.has(HAS_HELD) {
            self.rows("held", "head int8");
            let stands = self.stands("h");
            let last = (1_i64 << BITS) - 1;
            self.push(&format!(
                ",\nheld_places AS (
                   INSERT INTO {{s}}.commerce_events
                     (position, version, recorded_at, commit_id, schema, ordinal, tenant, stream, type, payload)
                   SELECT n.base + {last} - held.i, h.version + 1, n.at, '00000000-0000-0000-0000-000000000000', 0, -1,
                          h.tenant, h.stream, '', ''
                   FROM held JOIN heads h ON h.i = held.head CROSS JOIN now n WHERE {stands})"
            ));
        }
    }

    fn write_documents(&mut self) {
        if !self.sections.has(HAS_DOCUMENTS) {
            return;
        }
        let stands = self.stands("f");
        let fresh_fields = if self.sections.has(HAS_FIELDS) {
            format!(
                ",\nfresh_fields AS (
                   INSERT INTO {{s}}.commerce_document_fields (collection, entry, tenant, id)
                   SELECT f.collection, entry, f.tenant, f.id FROM found f CROSS JOIN LATERAL unnest(f.fields) entry
                   WHERE {stands} AND NOT entry = ANY (coalesce(f.old_fields, '{{}}')))"
            )
        } else {
            String::new()
        };
        self.push(&format!(
            ",\nput AS (
               INSERT INTO {{s}}.commerce_documents AS o (version, position, collection, tenant, id, fields, body)
               SELECT f.version + 1, n.base, f.collection, f.tenant, f.id, f.fields, f.body
               FROM found f CROSS JOIN now n WHERE f.body IS NOT NULL AND {stands}
               -- In one order, so that two processes wait for each other in turn and not in a circle.
               ORDER BY f.collection, f.tenant, f.id
               ON CONFLICT (collection, tenant, id) DO UPDATE
                 SET version = excluded.version, position = excluded.position, fields = excluded.fields,
                     body = excluded.body
                 WHERE o.version = excluded.version - 1
               -- One that was there and has been deleted meanwhile is inserted, but not as a first version.
               RETURNING (xmax = 0) = (version = 1) AS as_found),
             gone_fields AS (
               DELETE FROM {{s}}.commerce_document_fields o
               USING (SELECT f.collection, entry, f.tenant, f.id
                      FROM found f CROSS JOIN LATERAL unnest(f.old_fields) entry
                      WHERE f.old_fields IS NOT NULL AND {stands}
                        AND NOT entry = ANY (coalesce(f.fields, '{{}}'))) g
               WHERE o.collection = g.collection AND o.entry = g.entry AND o.tenant = g.tenant AND o.id = g.id)
             {fresh_fields}"
        ));
        self.counts.push(format!(
            "(SELECT count(*) FILTER (WHERE as_found) FROM put)
               = (SELECT count(*) FROM found f WHERE f.body IS NOT NULL AND {stands})"
        ));
        if self.sections.has(HAS_DELETIONS) {
            self.push(&format!(
                ",\ndeleted AS (
                   DELETE FROM {{s}}.commerce_documents o USING found f
                   WHERE f.body IS NULL AND {stands} AND o.collection = f.collection AND o.tenant = f.tenant
                     AND o.id = f.id AND o.version = f.version RETURNING 1)"
            ));
            self.counts.push(format!(
                "(SELECT count(*) FROM deleted)
                   = (SELECT count(*) FROM found f WHERE f.body IS NULL AND f.version > 0 AND {stands})"
            ));
        }
    }

    fn write_messages(&mut self) {
        if !self.sections.has(HAS_MESSAGES) {
            return;
        }
        self.rows(
            "m",
            "component int4, commit_id uuid, ordinal int4, id uuid, partition int4, tenant text, topic text, key text, \
             type text, headers text, metadata text, payload bytea, not_before int8",
        );
        let stands = self.stands("m");
        let due = if self.sections.has(HAS_TIMED) {
            " AND (m.not_before IS NULL OR m.not_before <= n.at)"
        } else {
            ""
        };
        self.push(&format!(
            ",\nsent AS (
               INSERT INTO {{s}}.commerce_messages
                 (position, recorded_at, id, partition, tenant, topic, key, type, headers, metadata, payload)
               SELECT n.messages_from + m.i - 1, n.at, m.id, m.partition, m.tenant, m.topic, m.key, m.type, m.headers,
                      m.metadata, m.payload
               FROM m CROSS JOIN now n WHERE {stands}{due})"
        ));
        if self.sections.has(HAS_TIMED) {
            self.push(&format!(
                ",\ntimed AS (
                   INSERT INTO {{s}}.commerce_scheduled_messages
                     (not_before, commit_id, ordinal, recorded_at, id, partition, tenant, topic, key, type, headers,
                      metadata, payload)
                   SELECT m.not_before, m.commit_id, m.ordinal, n.at, m.id, m.partition, m.tenant, m.topic, m.key, m.type,
                          m.headers, m.metadata, m.payload
                   FROM m CROSS JOIN now n WHERE {stands} AND m.not_before > n.at)"
            ));
        }
    }

    fn write_claims(&mut self) {
        if self.sections.has(HAS_CLAIMS) {
            self.take_claims("k", "taken", "WHERE o.expires_at <= (SELECT at FROM now)");
            let stands = self.stands("k");
            self.counts
                .push(format!("(SELECT count(*) FROM taken) = (SELECT count(*) FROM k WHERE {stands})"));
        }
        if self.sections.has(HAS_RETAKEN) {
            self.rows(
                "t",
                "component int4, id uuid, tenant text, scope text, key text, expires_at int8, answer bytea",
            );
            self.take_claims("t", "retaken", "");
        }
        if self.sections.has(HAS_RELEASES) {
            self.rows("g", "component int4, tenant text, scope text, key text");
            let stands = self.stands("g");
            self.push(&format!(
                ",\nreleased AS (
                   DELETE FROM {{s}}.commerce_claims o USING g
                   WHERE o.key = g.key AND o.scope = g.scope AND o.tenant = g.tenant AND {stands})"
            ));
        }
    }

    fn take_claims(&mut self, rows: &str, name: &str, condition: &str) {
        let stands = self.stands(rows);
        self.push(&format!(
            ",\n{name} AS (
               INSERT INTO {{s}}.commerce_claims AS o (expires_at, commit_id, tenant, scope, key, answer)
               SELECT expires_at, id, tenant, scope, key, answer FROM {rows} WHERE {stands}
               ORDER BY key, scope, tenant
               ON CONFLICT (key, scope, tenant) DO UPDATE
                 SET expires_at = excluded.expires_at, commit_id = excluded.commit_id, answer = excluded.answer
                 {condition}
               RETURNING 1)"
        ));
    }

    fn move_checkpoints(&mut self) {
        if !self.sections.has(HAS_CHECKPOINTS) {
            return;
        }
        let stands = self.stands("r");
        self.push(&format!(
            ",\nmoved AS (
               UPDATE {{s}}.commerce_checkpoints o SET position = r.becomes FROM readers r
               WHERE o.reader = r.reader AND o.position = r.was AND r.position IS NOT NULL AND {stands} RETURNING 1),
             begun AS (
               INSERT INTO {{s}}.commerce_checkpoints (position, reader)
               SELECT r.becomes, r.reader FROM readers r WHERE r.position IS NULL AND {stands})"
        ));
        self.counts.push(format!(
            "(SELECT count(*) FROM moved) = (SELECT count(*) FROM readers r WHERE r.position IS NOT NULL AND {stands})"
        ));
    }

    fn write_commits(&mut self) {
        let stands = self.stands("c");
        let scheduled = if self.sections.has(HAS_TIMED) {
            "(SELECT count(*) FROM m WHERE m.commit_id = c.id AND m.not_before > n.at)"
        } else {
            "0"
        };
        self.push(&format!(
            ",\nnoted AS (
               INSERT INTO {{s}}.commerce_commits (id, recorded_at, position, last_message, scheduled)
               SELECT c.id, n.at, n.events_from + c.last_event, n.messages_from + c.last_message, {scheduled}
               FROM c CROSS JOIN now n WHERE {stands})"
        ));
    }

    fn answer(&mut self) {
        let last = if self.sections.has(HAS_NO_EVENTS) {
            "coalesce((SELECT max(position) FROM {s}.commerce_events), 0)"
        } else {
            "0::int8"
        };
        let counts = if self.counts.is_empty() { "true".to_owned() } else { self.counts.join("\n AND ") };
        let failures = if self.sections.has(LOOKS) {
            "b.section, b.i, b.actual, b.by, b.answer FROM now n LEFT JOIN failures b ON true"
        } else {
            "NULL::int4, 0::int8, 0::int8, NULL::uuid, NULL::bytea FROM now n"
        };
        self.push(&format!(
            "\nSELECT n.at, n.base, n.events_from, n.messages_from,
                 (pg_snapshot_xmin(pg_current_snapshot())::text::int8 + $2::int8) << {BITS}, {last},
                 1 / CASE WHEN {counts} THEN 1 ELSE 0 END, {failures}"
        ));
    }
}
