-- A place that is held is given back in whatever schema the tables are by now: one may have been renamed, and another have
-- taken its name.
CREATE OR REPLACE FUNCTION {schema}.commerce_give_back_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('DELETE FROM %I.commerce_events WHERE position = $1', TG_TABLE_SCHEMA) USING NEW.position;
    EXECUTE format('DELETE FROM %I.commerce_held_places WHERE position = $1', TG_TABLE_SCHEMA) USING NEW.position;
    RETURN NULL;
END $$;
