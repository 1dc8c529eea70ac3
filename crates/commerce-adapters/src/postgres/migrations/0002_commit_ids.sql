-- A commit with events is known by its first; a row of its own has only one without, or one whose id was given and must not
-- be given again. So the commonest commit is one insert less, and a table that would grow with the log stays small.
LOCK TABLE {schema}.commerce_events, {schema}.commerce_commits IN ACCESS EXCLUSIVE MODE;
CREATE UNIQUE INDEX commerce_events_by_commit ON {schema}.commerce_events (commit_id) WHERE ordinal = 0;

-- What stays is put aside: to delete the rest would take longer, and leave its room behind.
CREATE TABLE {schema}.commerce_commits_that_stay AS
    SELECT id, recorded_at, last_message, scheduled FROM {schema}.commerce_commits WHERE position IS NULL;
TRUNCATE {schema}.commerce_commits;
DROP INDEX {schema}.commerce_commits_without_events;
ALTER TABLE {schema}.commerce_commits DROP COLUMN position;
-- An older program that still runs must not take a commit without a row for one that has not happened.
ALTER TABLE {schema}.commerce_commits RENAME COLUMN recorded_at TO at;
INSERT INTO {schema}.commerce_commits (id, at, last_message, scheduled)
    SELECT id, recorded_at, last_message, scheduled FROM {schema}.commerce_commits_that_stay;
DROP TABLE {schema}.commerce_commits_that_stay;
