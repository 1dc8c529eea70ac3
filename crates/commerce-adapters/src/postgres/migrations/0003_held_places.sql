-- A place that is held is given back by a trigger of a table of its own, which next to no commit writes into: one on
-- commerce_events, and the condition under which it applies, would be prepared by every commit.
LOCK TABLE {schema}.commerce_events IN ACCESS EXCLUSIVE MODE;
DROP TRIGGER commerce_give_back_place ON {schema}.commerce_events;

-- No row outlives its transaction: nothing in it need survive.
CREATE UNLOGGED TABLE {schema}.commerce_held_places (
    position bigint PRIMARY KEY         -- in commerce_events
);
-- Whoever may write events may hold a place behind them.
DO $$
DECLARE
    home oid := (SELECT relnamespace FROM pg_class
                 WHERE oid = (SELECT tableoid FROM {schema}.commerce_settings LIMIT 1));
    events oid := (SELECT oid FROM pg_class WHERE relnamespace = home AND relname = 'commerce_events');
    places regclass := (SELECT oid FROM pg_class WHERE relnamespace = home AND relname = 'commerce_held_places');
    given record;
BEGIN
    EXECUTE format('ALTER TABLE %s OWNER TO %I', places,
                   (SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = events));
    FOR given IN SELECT a.privilege_type AS what, a.grantee AS whom
                 FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = events LOOP
        EXECUTE format('GRANT %s ON %s TO %s', given.what, places,
                       CASE given.whom WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.whom)) END);
    END LOOP;
END $$;
CREATE OR REPLACE FUNCTION {schema}.commerce_give_back_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM {schema}.commerce_events WHERE position = NEW.position;
    DELETE FROM {schema}.commerce_held_places WHERE position = NEW.position;
    RETURN NULL;
END $$;
CREATE TRIGGER commerce_give_back_place AFTER INSERT ON {schema}.commerce_held_places
    FOR EACH ROW EXECUTE FUNCTION {schema}.commerce_give_back_place();

-- An older program that still runs must not hold a place that no one gives back.
ALTER TABLE {schema}.commerce_events RENAME COLUMN recorded_at TO at;
