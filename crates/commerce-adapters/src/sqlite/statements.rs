use rusqlite::{CachedStatement, Connection};

/// Every statement a commit needs, prepared once for the writer's life.
pub(super) struct Statements<'c> {
    pub(super) commit_exists: CachedStatement<'c>,
    pub(super) insert_commit: CachedStatement<'c>,
    pub(super) head: CachedStatement<'c>,
    pub(super) last_event: CachedStatement<'c>,
    pub(super) insert_event: CachedStatement<'c>,
    pub(super) find_document: CachedStatement<'c>,
    pub(super) insert_document: CachedStatement<'c>,
    pub(super) update_document: CachedStatement<'c>,
    pub(super) delete_document: CachedStatement<'c>,
    pub(super) insert_field: CachedStatement<'c>,
    pub(super) delete_field: CachedStatement<'c>,
    pub(super) find_claim: CachedStatement<'c>,
    pub(super) take_claim: CachedStatement<'c>,
    pub(super) release_claim: CachedStatement<'c>,
    pub(super) insert_message: CachedStatement<'c>,
    pub(super) schedule_message: CachedStatement<'c>,
    pub(super) checkpoint: CachedStatement<'c>,
    pub(super) move_checkpoint: CachedStatement<'c>,
    pub(super) lease_token: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(db: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            commit_exists: db.prepare_cached("SELECT 1 FROM commerce_commits WHERE id = ?")?,
            insert_commit: db.prepare_cached(
                "INSERT INTO commerce_commits (id, tenant, recorded_at, metadata, has_events, scheduled, last_message)
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )?,
            head: db.prepare_cached(
                "SELECT version FROM commerce_events WHERE tenant = ? AND stream = ? ORDER BY version DESC LIMIT 1",
            )?,
            last_event: db.prepare_cached("SELECT coalesce(max(position), 0) FROM commerce_events")?,
            insert_event: db.prepare_cached(
                "INSERT INTO commerce_events (tenant, stream, version, type, schema, payload, commit_id, ordinal)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            find_document: db.prepare_cached(
                "SELECT row, version, fields FROM commerce_documents WHERE tenant = ? AND collection = ? AND id = ?",
            )?,
            insert_document: db.prepare_cached(
                "INSERT INTO commerce_documents (tenant, collection, id, version, fields, body) VALUES (?, ?, ?, 1, ?, ?)",
            )?,
            update_document: db.prepare_cached(
                "UPDATE commerce_documents SET version = version + 1, fields = ?, body = ? WHERE row = ?",
            )?,
            delete_document: db.prepare_cached("DELETE FROM commerce_documents WHERE row = ?")?,
            insert_field: db.prepare_cached(
                "INSERT INTO commerce_document_fields (collection, field, value, tenant, id) VALUES (?, ?, ?, ?, ?)",
            )?,
            delete_field: db.prepare_cached(
                "DELETE FROM commerce_document_fields
                 WHERE collection = ? AND field = ? AND value = ? AND tenant = ? AND id = ?",
            )?,
            find_claim: db.prepare_cached(
                "SELECT expires_at, commit_id, answer FROM commerce_claims WHERE tenant = ? AND scope = ? AND key = ?",
            )?,
            take_claim: db.prepare_cached(
                "INSERT INTO commerce_claims (tenant, scope, key, expires_at, commit_id, answer)
                 VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET expires_at = excluded.expires_at, commit_id = excluded.commit_id,
                                           answer = excluded.answer WHERE expires_at <= ?",
            )?,
            release_claim: db
                .prepare_cached("DELETE FROM commerce_claims WHERE tenant = ? AND scope = ? AND key = ?")?,
            insert_message: db.prepare_cached(
                "INSERT INTO commerce_messages
                     (partition, tenant, topic, key, type, headers, payload, commit_id, ordinal)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            schedule_message: db.prepare_cached(
                "INSERT INTO commerce_scheduled_messages
                     (not_before, partition, tenant, topic, key, type, headers, payload, commit_id, ordinal)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?,
            checkpoint: db.prepare_cached("SELECT position FROM commerce_checkpoints WHERE reader = ?")?,
            move_checkpoint: db.prepare_cached(
                "INSERT INTO commerce_checkpoints (reader, position) VALUES (?, ?)
                 ON CONFLICT DO UPDATE SET position = excluded.position",
            )?,
            lease_token: db
                .prepare_cached("SELECT token FROM commerce_leases WHERE name = ? AND holder IS NOT NULL")?,
        })
    }
}
