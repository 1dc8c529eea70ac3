-- A stream is found by a key of 16 bytes, where the index had the whole names of stream and tenant in each entry.
LOCK TABLE {schema}.commerce_events, {schema}.commerce_commits IN ACCESS EXCLUSIVE MODE;

-- As stream_key.rs has it: the first 16 bytes of a SHA-256, or, where the stream's id is a UUID, its first six bytes and the
-- first ten of the hash. Programs send it along; whoever looks for the events of a stream by hand needs the function. It says the
-- same whatever a session has set.
CREATE FUNCTION {schema}.commerce_stream_key(tenant text, stream text) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN stream ~ '^[^/]*/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
                THEN left(right(stream, 36), 8) || substr(right(stream, 36), 10, 4) || left(hash, 20)
                ELSE left(hash, 32) END::uuid
    FROM encode(sha256(convert_to(tenant, 'UTF8') || decode('00', 'hex') || convert_to(stream, 'UTF8')), 'hex') hash
$$;
GRANT EXECUTE ON FUNCTION {schema}.commerce_stream_key(text, text) TO PUBLIC;
DO $$
DECLARE
    home oid := (SELECT relnamespace FROM pg_class
                 WHERE oid = (SELECT tableoid FROM {schema}.commerce_settings LIMIT 1));
    made regprocedure := (SELECT oid FROM pg_proc WHERE pronamespace = home AND proname = 'commerce_stream_key');
BEGIN
    EXECUTE format('ALTER FUNCTION %s OWNER TO %I', made,
                   (SELECT pg_get_userbyid(relowner) FROM pg_class
                    WHERE relnamespace = home AND relname = 'commerce_events'));
END $$;

-- The table is written anew, once, and its other indexes with it.
DROP INDEX {schema}.commerce_events_by_stream;
ALTER TABLE {schema}.commerce_events ADD COLUMN stream_key uuid;
ALTER TABLE {schema}.commerce_events
    ALTER COLUMN stream_key TYPE uuid USING {schema}.commerce_stream_key(tenant, stream),
    ALTER COLUMN stream_key SET NOT NULL;
CREATE UNIQUE INDEX commerce_events_by_stream ON {schema}.commerce_events (stream_key, version);

-- An older program that still runs must not read whole tables for a stream, nor go on with all but events.
ALTER TABLE {schema}.commerce_events RENAME COLUMN payload TO json;
ALTER TABLE {schema}.commerce_commits RENAME COLUMN scheduled TO waiting;
