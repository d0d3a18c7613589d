-- +goose NO TRANSACTION
-- +goose Up

-- The part of amount_minor that the reader added to cover PayPal's fee; 0 where they added none.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS covered_minor bigint NOT NULL DEFAULT 0;
-- In whose honour or memory it is given: the kind is honour or memory, or empty where it is neither.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS tribute      text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS tribute_name text NOT NULL DEFAULT '';
-- Words of gifts that were never paid go after some time; contribution_unpaid_words finds those with other words.
DROP INDEX CONCURRENTLY IF EXISTS contribution_unpaid_tribute;
CREATE INDEX CONCURRENTLY contribution_unpaid_tribute ON contribution (created_at)
    WHERE completed_at IS NULL AND tribute_name <> '';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS contribution_unpaid_tribute;
ALTER TABLE contribution
    DROP COLUMN IF EXISTS covered_minor, DROP COLUMN IF EXISTS tribute, DROP COLUMN IF EXISTS tribute_name;
