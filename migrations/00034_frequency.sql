-- +goose NO TRANSACTION
-- +goose Up

-- Each step commits by itself, and may be run again after it broke off: see 00023 and docs/decisions/0018.

-- How often the subscription charged when PayPal took this payment; null for the contribution's own frequency, which is
-- what the version before writes.
ALTER TABLE payment ADD COLUMN IF NOT EXISTS frequency text;
ALTER TABLE payment DROP CONSTRAINT IF EXISTS payment_frequency_check,
    ADD CONSTRAINT payment_frequency_check CHECK (frequency IN ('month', 'year')) NOT VALID;
ALTER TABLE payment VALIDATE CONSTRAINT payment_frequency_check; -- lets bookings go on, which the step above would not

-- Since when its present frequency holds; null until PayPal is asked about it by this version.
ALTER TABLE subscription ADD COLUMN IF NOT EXISTS frequency_since timestamptz;

-- Mail that a person waits for, which is not to queue behind a renewal day's receipts. The kinds are those that
-- internal/mail calls prompt; a test compares them.
DROP INDEX CONCURRENTLY IF EXISTS mail_prompt;
CREATE INDEX CONCURRENTLY mail_prompt ON mail (due_at) WHERE due_at IS NOT NULL
    AND kind IN ('changed', 'manage_link', 'paused', 'resumed', 'stopped', 'welcome');

-- How far the mails with the statements of a year are: the last supporter whose mails are written.
CREATE TABLE IF NOT EXISTS statement_progress (
    year      integer PRIMARY KEY,
    after_id  uuid NOT NULL,
    ended_at  timestamptz -- when nobody was left; nothing is sent for the year after that
);

-- +goose Down
DROP TABLE IF EXISTS statement_progress;
DROP INDEX CONCURRENTLY IF EXISTS mail_prompt;
ALTER TABLE subscription DROP COLUMN IF EXISTS frequency_since;
ALTER TABLE payment DROP COLUMN IF EXISTS frequency;
