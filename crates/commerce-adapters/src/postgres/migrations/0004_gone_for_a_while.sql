-- A document that is deleted, and a claim that is given back, leave their row for a while: whoever writes it anew, and began
-- before it went, meets it and begins again, behind it in the log.
LOCK TABLE {schema}.commerce_documents, {schema}.commerce_claims IN ACCESS EXCLUSIVE MODE;

-- The rows of documents that are gone: version 0, no fields, and the position of the transaction that deleted them.
CREATE TABLE {schema}.commerce_gone_documents (
    position   bigint NOT NULL,
    collection text COLLATE "C" NOT NULL,
    tenant     text COLLATE "C" NOT NULL,
    id         text COLLATE "C" NOT NULL,
    PRIMARY KEY (position, collection, tenant, id)
);
-- Whoever may write documents may delete them.
DO $$
DECLARE
    home oid := (SELECT relnamespace FROM pg_class
                 WHERE oid = (SELECT tableoid FROM {schema}.commerce_settings LIMIT 1));
    documents oid := (SELECT oid FROM pg_class WHERE relnamespace = home AND relname = 'commerce_documents');
    gone regclass := (SELECT oid FROM pg_class WHERE relnamespace = home AND relname = 'commerce_gone_documents');
    given record;
BEGIN
    EXECUTE format('ALTER TABLE %s OWNER TO %I', gone,
                   (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = documents));
    FOR given IN SELECT a.privilege_type AS what, a.grantee AS whom
                 FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = documents LOOP
        EXECUTE format('GRANT %s ON %s TO %s', given.what, gone,
                       CASE given.whom WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.whom)) END);
    END LOOP;
END $$;

-- An older program that still runs must not take what is gone for a document, nor delete or give it back at once.
ALTER TABLE {schema}.commerce_documents RENAME COLUMN body TO json;
ALTER TABLE {schema}.commerce_documents RENAME COLUMN position TO base;
ALTER TABLE {schema}.commerce_claims RENAME COLUMN key TO name;
-- Given back: the lowest number there is and the position of the transaction that did it, long before any moment.
ALTER TABLE {schema}.commerce_claims RENAME COLUMN expires_at TO held_until;
