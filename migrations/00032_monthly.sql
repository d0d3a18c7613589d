-- +goose NO TRANSACTION
-- +goose Up

-- "Make it monthly?", asked once after a one-time gift. Each step may be run again after it broke off.

-- What is asked for: a gift of at least from_minor, for amount_minor a month. A currency without rows has the program's
-- own rule.
CREATE TABLE IF NOT EXISTS monthly_suggestion (
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    from_minor    bigint NOT NULL CHECK (from_minor > 0),
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    PRIMARY KEY (currency, from_minor)
);

-- What the reader of a one-time gift said. Whoever has answered is not asked again.
CREATE TABLE IF NOT EXISTS monthly_answer (
    contribution_id  uuid PRIMARY KEY REFERENCES contribution (id),
    answer           text NOT NULL CHECK (answer IN ('yes', 'no')),
    answered_at      timestamptz NOT NULL
);

-- When the first charge of a monthly gift is due, where that is later than its approval.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS first_charge_at timestamptz;

-- PayPal's start_time of a subscription, where that is later than its approval.
ALTER TABLE subscription ADD COLUMN IF NOT EXISTS starts_at timestamptz;

-- Those that ended before their first charge, by day: some of those that begin later, and few others.
DROP INDEX CONCURRENTLY IF EXISTS subscription_called_off;
CREATE INDEX CONCURRENTLY subscription_called_off ON subscription (ended_at)
    WHERE ended_at IS NOT NULL AND last_payment_at IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS subscription_called_off;
ALTER TABLE subscription DROP COLUMN IF EXISTS starts_at;
ALTER TABLE contribution DROP COLUMN IF EXISTS first_charge_at;
DROP TABLE IF EXISTS monthly_answer;
DROP TABLE IF EXISTS monthly_suggestion;
