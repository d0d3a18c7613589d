-- +goose NO TRANSACTION
-- +goose Up

-- Each step commits by itself, and may be run again after it broke off: see 00023 and docs/decisions/0018.

-- When a person of the staff marked what the reader wrote as read, and who: the account's mail address. Null is unread.
-- What the reader writes later is unread again.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS message_read_at timestamptz;
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS message_read_by text NOT NULL DEFAULT '';

-- The list of messages: the unread ones first, and in both parts the newest gift first. An id begins with its time.
DROP INDEX CONCURRENTLY IF EXISTS contribution_message_unread;
CREATE INDEX CONCURRENTLY contribution_message_unread ON contribution ((message_read_at IS NULL), id)
    WHERE (message <> '' OR later_message <> '') AND completed_at IS NOT NULL;
-- How many rows its expression picks: see 00035.
CREATE STATISTICS IF NOT EXISTS contribution_message_unread ON ((message_read_at IS NULL)) FROM contribution;
ANALYZE contribution;
-- It was for the list as it was. The version before reads that list along the primary key meanwhile.
DROP INDEX CONCURRENTLY IF EXISTS contribution_message;

-- When a form last named a picture or a typeface; null is never since it was added. What is not used is deleted a month
-- after that, so that a form that is open, or being saved, does not lose it.
ALTER TABLE image ADD COLUMN IF NOT EXISTS named_at timestamptz;
ALTER TABLE font ADD COLUMN IF NOT EXISTS named_at timestamptz;

-- +goose Down
ALTER TABLE font DROP COLUMN IF EXISTS named_at;
ALTER TABLE image DROP COLUMN IF EXISTS named_at;
DROP INDEX CONCURRENTLY IF EXISTS contribution_message;
CREATE INDEX CONCURRENTLY contribution_message ON contribution (id)
    WHERE (message <> '' OR later_message <> '') AND completed_at IS NOT NULL;
DROP STATISTICS IF EXISTS contribution_message_unread;
DROP INDEX CONCURRENTLY IF EXISTS contribution_message_unread;
ALTER TABLE contribution DROP COLUMN IF EXISTS message_read_by;
ALTER TABLE contribution DROP COLUMN IF EXISTS message_read_at;
