-- +goose NO TRANSACTION
-- +goose Up

-- What a reader wrote to the newsroom after the gift, on the thanks page: once.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS later_message text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS later_message_at timestamptz;

-- Staff read what readers wrote in one list, the newest first; an id begins with its time.
DROP INDEX CONCURRENTLY IF EXISTS contribution_message;
CREATE INDEX CONCURRENTLY contribution_message ON contribution (id)
    WHERE (message <> '' OR later_message <> '') AND completed_at IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS contribution_message;
ALTER TABLE contribution DROP COLUMN IF EXISTS later_message_at;
ALTER TABLE contribution DROP COLUMN IF EXISTS later_message;
