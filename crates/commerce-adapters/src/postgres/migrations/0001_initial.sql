-- A position is a transaction's id, moved by commerce_settings.xid_offset, and a number within the transaction:
-- (xid + offset) << 20 | number. So a log is in the order of its transactions, and what may still be written into it lies
-- behind the oldest transaction that is under way. Texts are compared by bytes.

CREATE TABLE {schema}.commerce_settings (
    name  text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);

-- One row a commit: its id answers "has it happened?", and lets it happen once.
CREATE TABLE {schema}.commerce_commits (
    id           uuid PRIMARY KEY,      -- UUIDv7
    recorded_at  bigint NOT NULL,       -- microseconds since 1970
    position     bigint,                -- of its last event; none if it has no events
    last_message bigint,                -- position of its last message in the log
    scheduled    integer NOT NULL       -- how many of its messages are not in the log yet
);
-- What can be pruned is found without a look at all that stays.
CREATE INDEX commerce_commits_without_events ON {schema}.commerce_commits (id)
    WHERE position IS NULL AND scheduled = 0;

CREATE TABLE {schema}.commerce_events (
    position    bigint PRIMARY KEY,
    version     bigint NOT NULL,
    recorded_at bigint NOT NULL,        -- microseconds since 1970
    commit_id   uuid NOT NULL,
    schema      integer NOT NULL,
    ordinal     integer NOT NULL,       -- with the commit's id gives the event's; positions of one commit follow it.
                                        -- -1: no event, but a place that is held (see below)
    tenant      text COLLATE "C" NOT NULL,
    stream      text COLLATE "C" NOT NULL, -- kind/id
    type        text COLLATE "C" NOT NULL,
    metadata    text,                   -- JSON; only in the first event of a commit
    payload     bytea NOT NULL          -- JSON
);
CREATE UNIQUE INDEX commerce_events_by_stream ON {schema}.commerce_events (stream, tenant, version);

-- A commit may count on the version of a stream that it does not write. It then takes the place of the stream's next
-- event, so that whoever appends it has to wait, and gives it back before it commits.
CREATE FUNCTION {schema}.commerce_give_back_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM {schema}.commerce_events WHERE position = NEW.position;
    RETURN NULL;
END $$;
CREATE TRIGGER commerce_give_back_place AFTER INSERT ON {schema}.commerce_events
    FOR EACH ROW WHEN (NEW.ordinal = -1) EXECUTE FUNCTION {schema}.commerce_give_back_place();

CREATE TABLE {schema}.commerce_documents (
    version    bigint NOT NULL,
    position   bigint NOT NULL,         -- of the transaction that wrote it
    collection text COLLATE "C" NOT NULL,
    tenant     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    fields     text[] COLLATE "C",      -- what stands in commerce_document_fields
    body       bytea NOT NULL,          -- JSON
    PRIMARY KEY (collection, tenant, id)
);

CREATE TABLE {schema}.commerce_document_fields (
    collection text COLLATE "C" NOT NULL,
    entry      text COLLATE "C" NOT NULL, -- the field's name, a separator, its type and value
    tenant     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    PRIMARY KEY (collection, entry, tenant, id)
);

-- The outbox log: written once, never updated.
CREATE TABLE {schema}.commerce_messages (
    position    bigint NOT NULL,
    recorded_at bigint NOT NULL,
    id          uuid NOT NULL,
    partition   integer NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    headers     text,                   -- JSON
    metadata    text NOT NULL,          -- JSON
    payload     bytea NOT NULL,         -- JSON
    PRIMARY KEY (partition, position)
);

-- Messages whose time has not come. They move to the end of the log when it has.
CREATE TABLE {schema}.commerce_scheduled_messages (
    not_before  bigint NOT NULL,
    commit_id   uuid NOT NULL,
    ordinal     integer NOT NULL,
    recorded_at bigint NOT NULL,
    id          uuid NOT NULL,
    partition   integer NOT NULL,
    tenant      text COLLATE "C" NOT NULL,
    topic       text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    type        text COLLATE "C" NOT NULL,
    headers     text,
    metadata    text NOT NULL,
    payload     bytea NOT NULL,
    PRIMARY KEY (not_before, commit_id, ordinal)
);

CREATE TABLE {schema}.commerce_claims (
    expires_at bigint,
    commit_id  uuid NOT NULL,
    tenant     text COLLATE "C" NOT NULL,
    scope      text COLLATE "C" NOT NULL,
    key        text COLLATE "C" NOT NULL,
    answer     bytea,
    PRIMARY KEY (key, scope, tenant)
);
CREATE INDEX commerce_claims_by_expiry ON {schema}.commerce_claims (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE {schema}.commerce_checkpoints (
    position bigint NOT NULL,
    reader   text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 50);

CREATE TABLE {schema}.commerce_leases (
    token      bigint NOT NULL,
    expires_at bigint NOT NULL,
    holder     uuid,                    -- none: given back
    name       text COLLATE "C" PRIMARY KEY
) WITH (fillfactor = 50);
