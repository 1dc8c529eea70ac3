-- One row a commit: its id answers "has it happened?", its metadata serves all its events and messages.
CREATE TABLE commerce_commits (
    id           BLOB PRIMARY KEY,      -- UUIDv7
    tenant       TEXT NOT NULL,
    recorded_at  INTEGER NOT NULL,      -- microseconds since 1970
    metadata     TEXT NOT NULL,         -- JSON
    has_events   INTEGER NOT NULL,      -- 1: its events need it for good
    scheduled    INTEGER NOT NULL,      -- how many of its messages are not in the log yet
    last_message INTEGER                -- position of its last message in the log
) WITHOUT ROWID;
-- What can be pruned is found without a look at all that stays.
CREATE INDEX commerce_commits_without_events ON commerce_commits (id) WHERE has_events = 0 AND scheduled = 0;

CREATE TABLE commerce_events (
    position   INTEGER PRIMARY KEY,
    tenant     TEXT NOT NULL,
    stream     TEXT NOT NULL,           -- kind/id
    version    INTEGER NOT NULL,
    type       TEXT NOT NULL,
    schema     INTEGER NOT NULL,
    payload    BLOB NOT NULL,           -- JSON
    commit_id  BLOB NOT NULL,
    ordinal    INTEGER NOT NULL         -- with the commit's id gives the event's
);
CREATE UNIQUE INDEX commerce_events_by_stream ON commerce_events (tenant, stream, version);

CREATE TABLE commerce_documents (
    row        INTEGER PRIMARY KEY,
    tenant     TEXT NOT NULL,
    collection TEXT NOT NULL,
    id         TEXT NOT NULL,
    version    INTEGER NOT NULL,
    fields     TEXT,                    -- JSON: what stands in document_fields
    body       BLOB NOT NULL            -- JSON
);
CREATE UNIQUE INDEX commerce_documents_by_id ON commerce_documents (tenant, collection, id);

CREATE TABLE commerce_document_fields (
    collection TEXT NOT NULL,
    field      TEXT NOT NULL,
    value      NOT NULL,                -- INTEGER or TEXT
    tenant     TEXT NOT NULL,
    id         TEXT NOT NULL,
    PRIMARY KEY (collection, field, value, tenant, id)
) WITHOUT ROWID;

-- The outbox log: written once, never updated. AUTOINCREMENT: a position never comes again, even if all rows are gone.
CREATE TABLE commerce_messages (
    position    INTEGER PRIMARY KEY AUTOINCREMENT,
    partition   INTEGER NOT NULL,
    tenant      TEXT NOT NULL,
    topic       TEXT NOT NULL,
    key         TEXT NOT NULL,
    type        TEXT NOT NULL,
    headers     TEXT,                   -- JSON
    payload     BLOB NOT NULL,          -- JSON
    commit_id   BLOB NOT NULL,
    ordinal     INTEGER NOT NULL        -- with the commit's id gives the message's
);

-- Messages whose time has not come. They move to the end of the log when it has.
CREATE TABLE commerce_scheduled_messages (
    not_before  INTEGER NOT NULL,
    commit_id   BLOB NOT NULL,
    ordinal     INTEGER NOT NULL,
    partition   INTEGER NOT NULL,
    tenant      TEXT NOT NULL,
    topic       TEXT NOT NULL,
    key         TEXT NOT NULL,
    type        TEXT NOT NULL,
    headers     TEXT,
    payload     BLOB NOT NULL,
    PRIMARY KEY (not_before, commit_id, ordinal)
) WITHOUT ROWID;

CREATE TABLE commerce_claims (
    tenant     TEXT NOT NULL,
    scope      TEXT NOT NULL,
    key        TEXT NOT NULL,
    expires_at INTEGER,
    commit_id  BLOB NOT NULL,
    answer     BLOB,
    PRIMARY KEY (tenant, scope, key)
) WITHOUT ROWID;
CREATE INDEX commerce_claims_by_expiry ON commerce_claims (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE commerce_checkpoints (
    reader   TEXT PRIMARY KEY,
    position INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE commerce_leases (
    name       TEXT PRIMARY KEY,
    holder     BLOB,                    -- none: given back
    token      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE commerce_settings (
    name  TEXT PRIMARY KEY,
    value NOT NULL
) WITHOUT ROWID;
