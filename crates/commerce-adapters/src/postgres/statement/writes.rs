//! What the statement writes, leaving out what has failed.
//!
//! A DELETE or UPDATE finds its rows one by one, by their whole key, and then goes by their place: a join by key would be
//! planned for a table as small as it was then, read all of it, and go on doing so while it grows.

use super::sections::*;
use super::text::{Beginnings, Text};
use super::{BITS, EVER, GIVEN_BACK};

impl Text<'_> {
    /// That a row's component has not failed.
    fn stands(&self, row: &str) -> String {
        if self.sections.has(HASTY) {
            "true".to_owned()
        } else if self.sections.has(LOOKS) && self.sections.has(ALONE) {
            "NOT EXISTS (SELECT FROM failures)".to_owned()
        } else if self.sections.has(LOOKS) {
            format!("NOT {row}.component = ANY ((SELECT components FROM failed)::int4[])")
        } else {
            "true".to_owned()
        }
    }

    pub(super) fn write_events(&mut self) {
        if self.sections.has(HAS_EVENTS) {
            let (head, behind) = if self.sections.has(HAS_FOLLOWING) {
                (", head int8", " + coalesce((SELECT of_head FROM versions)[e.head], 0)")
            } else {
                ("", "")
            };
            let columns = "component int4, place int8, tenant text, stream text, stream_key uuid, version int8, type text, \
                           schema int4, payload bytea, id uuid, ordinal int4, metadata text";
            self.rows(HAS_EVENTS, "e", &format!("{columns}{head}"));
            let stands = self.stands("e");
            let Beginnings { at, events, from, .. } = self.beginnings();
            // Joined to nothing: the rows come by stream, so that two processes wait for each other in turn and not in a
            // circle, and an application's connection may plan joins as it likes.
            self.part(format!(
                "written_events AS (
                   INSERT INTO {{s}}.commerce_events
                     (position, version, at, commit_id, schema, ordinal, tenant, stream, type, metadata, json,
                      stream_key)
                   SELECT ({events}) + e.place, e.version{behind}, {at}, e.id, e.schema, e.ordinal, e.tenant, e.stream,
                          e.type, e.metadata, e.payload, e.stream_key
                   FROM e {from} WHERE {stands})"
            ));
        }
        if self.sections.has(HAS_HELD) {
            let stands = self.stands("h");
            let Beginnings { at, base, from, .. } = self.beginnings();
            let last = (1_i64 << BITS) - 1;
            self.part(format!(
                "held_places AS (
                   INSERT INTO {{s}}.commerce_events
                     (position, version, at, commit_id, schema, ordinal, tenant, stream, type, json, stream_key)
                   SELECT ({base}) + {last} - h.i, h.version + 1, {at}, '00000000-0000-0000-0000-000000000000', 0, -1,
                          '', '', '', '', h.key
                   FROM heads h {from} WHERE h.held AND {stands}),
                 given_back AS (
                   INSERT INTO {{s}}.commerce_held_places (position)
                   SELECT ({base}) + {last} - h.i FROM heads h {from} WHERE h.held AND {stands})"
            ));
        }
    }

    pub(super) fn write_fresh_documents(&mut self) {
        if !self.sections.has(HAS_FRESH_DOCUMENTS) {
            return;
        }
        let stands = self.stands("w");
        let Beginnings { base, from, .. } = self.beginnings();
        self.part(format!(
            "put_fresh AS (
               INSERT INTO {{s}}.commerce_documents (version, base, collection, tenant, id, fields, json)
               SELECT 1, {base}, w.collection, w.tenant, w.id, w.fields::text[], w.body
               FROM w {from} WHERE {stands}
               ORDER BY w.collection, w.tenant, w.id)"
        ));
        if self.sections.has(HAS_FRESH_FIELDS) {
            self.part(format!(
                "put_fresh_fields AS (
                   INSERT INTO {{s}}.commerce_document_fields (collection, entry, tenant, id)
                   SELECT w.collection, entry, w.tenant, w.id FROM w CROSS JOIN LATERAL unnest(w.fields::text[]) entry
                   WHERE {stands} ORDER BY w.collection, entry, w.tenant, w.id)"
            ));
        }
    }

    pub(super) fn write_documents(&mut self) {
        if !self.sections.has(HAS_DOCUMENTS) {
            return;
        }
        let stands = self.stands("f");
        let Beginnings { base, from, .. } = self.beginnings();
        // In one order, so that two processes wait for each other in turn and not in a circle; that of one that is gone is
        // taken where a new one would be written, unless it is, or has gone again, by a transaction younger than this.
        if self.sections.has(HAS_NEW_DOCUMENTS) {
            self.part(format!(
                "put AS (
                   INSERT INTO {{s}}.commerce_documents AS o (version, base, collection, tenant, id, fields, json)
                   SELECT 1, {base}, f.collection, f.tenant, f.id, f.fields, f.body
                   FROM found f {from} WHERE f.body IS NOT NULL AND f.version = 0 AND {stands}
                   ORDER BY f.collection, f.tenant, f.id
                   ON CONFLICT (collection, tenant, id) DO UPDATE
                     SET version = 1 / CASE WHEN o.version = 0 AND o.base <= excluded.base THEN 1 ELSE 0 END,
                         base = excluded.base, fields = excluded.fields, json = excluded.json)"
            ));
        }
        if self.sections.has(HAS_OLD_DOCUMENTS) {
            // An application's connection may plan joins as it likes.
            let among = if self.sections.has(JOINED) {
                " AND o.ctid = ANY (ARRAY(SELECT place FROM found WHERE body IS NOT NULL AND version > 0))"
            } else {
                ""
            };
            self.part(format!(
                "put_over AS (
                   UPDATE {{s}}.commerce_documents o
                   SET version = f.version + 1, base = f.base, fields = f.fields, json = f.body
                   FROM (SELECT f.*, {base} AS base FROM found f {from}
                         WHERE f.body IS NOT NULL AND f.version > 0 AND {stands}
                         ORDER BY f.collection, f.tenant, f.id) f
                   WHERE o.ctid = f.place AND o.version = f.version AND o.base = f.position{among} RETURNING 1)"
            ));
            self.counts.push(format!(
                "(SELECT count(*) FROM put_over)
                   = (SELECT count(*) FROM found f WHERE f.body IS NOT NULL AND f.version > 0 AND {stands})"
            ));
        }
        self.write_fields(&stands);
        if self.sections.has(HAS_DELETIONS) {
            let transaction = self.transaction();
            self.part(format!(
                "deleted AS (
                   UPDATE {{s}}.commerce_documents
                   SET version = 0, base = {transaction}, fields = NULL, json = ''
                   WHERE ctid = ANY (ARRAY(
                     SELECT o.ctid FROM found f CROSS JOIN LATERAL (
                       SELECT o.ctid FROM {{s}}.commerce_documents o
                       WHERE o.collection = f.collection AND o.tenant = f.tenant AND o.id = f.id
                         AND o.version = f.version LIMIT 1 FOR UPDATE) o
                     WHERE f.body IS NULL AND f.version > 0 AND {stands})) RETURNING 1),
                 gone AS (
                   INSERT INTO {{s}}.commerce_gone_documents (position, collection, tenant, id)
                   SELECT {transaction}, f.collection, f.tenant, f.id
                   FROM found f WHERE f.body IS NULL AND f.version > 0 AND {stands}
                   ON CONFLICT DO NOTHING)"
            ));
            self.counts.push(format!(
                "(SELECT count(*) FROM deleted)
                   = (SELECT count(*) FROM found f WHERE f.body IS NULL AND f.version > 0 AND {stands})"
            ));
        }
    }

    fn write_fields(&mut self, stands: &str) {
        if self.sections.has(HAS_OLD_DOCUMENTS | HAS_DELETIONS) {
            self.part(format!(
                "gone_fields AS (
                   DELETE FROM {{s}}.commerce_document_fields WHERE ctid = ANY (ARRAY(
                     SELECT o.ctid
                     FROM found f CROSS JOIN LATERAL unnest(f.old_fields) AS old(entry)
                     CROSS JOIN LATERAL (
                       SELECT o.ctid FROM {{s}}.commerce_document_fields o
                       WHERE o.collection = f.collection AND o.entry = old.entry AND o.tenant = f.tenant AND o.id = f.id
                       LIMIT 1) o
                     WHERE f.old_fields IS NOT NULL AND {stands}
                       AND NOT old.entry = ANY (coalesce(f.fields, '{{}}')))))"
            ));
        }
        if self.sections.has(HAS_FIELDS) {
            self.part(format!(
                "fresh_fields AS (
                   INSERT INTO {{s}}.commerce_document_fields (collection, entry, tenant, id)
                   SELECT f.collection, entry, f.tenant, f.id FROM found f CROSS JOIN LATERAL unnest(f.fields) entry
                   WHERE {stands} AND NOT entry = ANY (coalesce(f.old_fields, '{{}}'))
                   ORDER BY f.collection, entry, f.tenant, f.id)"
            ));
        }
    }

    pub(super) fn write_messages(&mut self) {
        if !self.sections.has(HAS_MESSAGES) {
            return;
        }
        let timing =
            if self.sections.has(HAS_TIMED) { ", commit_id uuid, ordinal int4, not_before int8" } else { "" };
        let columns = "component int4, id uuid, partition int4, tenant text, topic text, key text, type text, headers text, \
                       metadata text, payload bytea";
        self.rows(HAS_MESSAGES, "m", &format!("{columns}{timing}, i"));
        let stands = self.stands("m");
        let Beginnings { at, messages, from, .. } = self.beginnings();
        let due = if self.sections.has(HAS_TIMED) {
            format!(" AND (m.not_before IS NULL OR m.not_before <= {at})")
        } else {
            String::new()
        };
        self.part(format!(
            "sent AS (
               INSERT INTO {{s}}.commerce_messages
                 (position, recorded_at, id, partition, tenant, topic, key, type, headers, metadata, payload)
               SELECT ({messages}) + m.i - 1, {at}, m.id, m.partition, m.tenant, m.topic, m.key, m.type, m.headers,
                      m.metadata, m.payload
               FROM m {from} WHERE {stands}{due})"
        ));
        if self.sections.has(HAS_TIMED) {
            self.part(format!(
                "timed AS (
                   INSERT INTO {{s}}.commerce_scheduled_messages
                     (not_before, commit_id, ordinal, recorded_at, id, partition, tenant, topic, key, type, headers,
                      metadata, payload)
                   SELECT m.not_before, m.commit_id, m.ordinal, {at}, m.id, m.partition, m.tenant, m.topic, m.key, m.type,
                          m.headers, m.metadata, m.payload
                   FROM m {from} WHERE {stands} AND m.not_before > {at})"
            ));
        }
    }

    /// Last: what is not counted is written in reverse order, so that claims are taken at the same point either way.
    pub(super) fn write_claims(&mut self) {
        if self.sections.has(HAS_RETAKEN) {
            self.rows(
                HAS_RETAKEN,
                "t",
                "component int4, id uuid, tenant text, scope text, key text, expires_at int8, answer bytea",
            );
            self.take_claims("t", "retaken", &format!("o.held_until IS NULL OR o.held_until >= {EVER}"));
        }
        if self.sections.has(HAS_RELEASES) {
            self.rows(HAS_RELEASES, "g", "component int4, tenant text, scope text, key text");
            let stands = self.stands("g");
            let transaction = self.transaction();
            self.part(format!(
                "released AS (
                   UPDATE {{s}}.commerce_claims
                   SET held_until = greatest(CASE WHEN held_until < {EVER} THEN held_until END, {GIVEN_BACK} + ({transaction})),
                       answer = NULL
                   WHERE ctid = ANY (ARRAY(
                     SELECT o.ctid FROM g CROSS JOIN LATERAL (
                       SELECT o.ctid FROM {{s}}.commerce_claims o
                       WHERE o.name = g.key AND o.scope = g.scope AND o.tenant = g.tenant
                         AND (o.held_until IS NULL OR o.held_until >= {EVER}) LIMIT 1) o
                     WHERE {stands})))"
            ));
        }
        if self.sections.has(HAS_CLAIMS) {
            let stands = self.stands("k");
            if self.sections.has(CAREFUL) {
                let expired = format!("o.held_until >= {EVER} AND o.held_until <= {}", self.moment());
                self.take_claims("k", "taken", &expired);
            } else {
                self.part(format!(
                    "taken AS (
                       INSERT INTO {{s}}.commerce_claims (held_until, commit_id, tenant, scope, name, answer)
                       SELECT expires_at, id, tenant, scope, key, answer FROM k WHERE {stands}
                       ORDER BY key, scope, tenant)"
                ));
            }
        }
    }

    /// Whether they are there or not: those that may be taken over, and those that were given back, unless by a transaction
    /// younger than this.
    fn take_claims(&mut self, rows: &str, name: &str, may_be_taken_over: &str) {
        let stands = self.stands(rows);
        let transaction = self.transaction();
        self.part(format!(
            "{name} AS (
               INSERT INTO {{s}}.commerce_claims AS o (held_until, commit_id, tenant, scope, name, answer)
               SELECT expires_at, id, tenant, scope, key, answer FROM {rows} WHERE {stands}
               ORDER BY key, scope, tenant
               ON CONFLICT (name, scope, tenant) DO UPDATE
                 SET held_until = excluded.held_until, commit_id = excluded.commit_id, answer = excluded.answer
                 WHERE {may_be_taken_over} OR o.held_until <= {GIVEN_BACK} + ({transaction})
               RETURNING 1)"
        ));
        self.counts
            .push(format!("(SELECT count(*) FROM {name}) = (SELECT count(*) FROM {rows} WHERE {stands})"));
    }

    pub(super) fn move_checkpoints(&mut self) {
        if !self.sections.has(HAS_CHECKPOINTS) {
            return;
        }
        let stands = self.stands("r");
        self.part(format!(
            "moved AS (
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

    pub(super) fn write_commits(&mut self) {
        if !self.sections.has(HAS_NOTED) {
            return;
        }
        let stands = self.stands("c");
        let Beginnings { at, messages, from, .. } = self.beginnings();
        let waiting = if self.sections.has(HAS_TIMED) {
            format!("(SELECT count(*) FROM m WHERE m.commit_id = c.id AND m.not_before > {at})")
        } else {
            "0".to_owned()
        };
        self.part(format!(
            "noted AS (
               INSERT INTO {{s}}.commerce_commits (id, at, last_message, waiting)
               SELECT c.id, {at}, ({messages}) + c.last_message, {waiting}
               FROM c {from} WHERE {stands})"
        ));
    }
}
