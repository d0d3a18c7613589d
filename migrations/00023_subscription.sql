-- +goose NO TRANSACTION
-- +goose Up

-- Each step commits by itself: contributions and payments are being written meanwhile, and whoever locks both tables, one
-- after the other, can deadlock with them. Each may be run again after it broke off.

-- An agreement at PayPal by which a reader gives monthly or yearly, as PayPal's API last gave it. A contribution has one;
-- should PayPal name another for the same contribution, that is a row of its own, so that no money of either is lost.
CREATE TABLE IF NOT EXISTS subscription (
    paypal_id           text PRIMARY KEY,
    contribution_id     uuid NOT NULL REFERENCES contribution (id),
    plan_id             text NOT NULL,
    state               text NOT NULL CHECK (state IN ('approval_pending', 'active', 'suspended', 'cancelled', 'expired')),
    status_at           timestamptz NOT NULL,           -- PayPal's status_update_time: an older answer changes nothing
    seen_at             timestamptz NOT NULL,           -- PayPal's update_time, which orders answers of one status
    note                text NOT NULL DEFAULT '',       -- PayPal's status_change_note
    frequency           text NOT NULL CHECK (frequency IN ('month', 'year')),
    amount_minor        bigint NOT NULL CHECK (amount_minor > 0),   -- of the next charge
    currency            text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    next_billing_at     timestamptz,
    cycles_completed    integer NOT NULL DEFAULT 0,
    failed_payments     integer NOT NULL DEFAULT 0,     -- in a row, by PayPal's count
    outstanding_minor   bigint NOT NULL DEFAULT 0,
    last_payment_at     timestamptz,
    last_failed_at      timestamptz,
    last_failed_reason  text NOT NULL DEFAULT '',
    retry_at            timestamptz,                    -- when PayPal tries a failed payment again
    started_at          timestamptz,                    -- null while nobody has approved it
    ended_at            timestamptz,
    paused_until        timestamptz,                    -- internal/manage
    ended_by            text NOT NULL DEFAULT '',       -- internal/manage
    check_at            timestamptz,                    -- when the sweep asks PayPal next; null when there is nothing to learn
    recorded_at         timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS subscription_contribution ON subscription (contribution_id);
-- The sweep takes what is due, oldest first.
CREATE INDEX IF NOT EXISTS subscription_due ON subscription (check_at) WHERE check_at IS NOT NULL;

-- What a monthly or yearly contribution's reader was sent to PayPal to approve, as order_id is for one time. It is a
-- column of its own because the version before would ask PayPal for an order of that id and, finding none, end it.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS subscription_id text;

-- Which subscription a sale is of.
ALTER TABLE payment ADD COLUMN IF NOT EXISTS subscription_id text;

-- +goose Down
ALTER TABLE payment DROP COLUMN IF EXISTS subscription_id;
ALTER TABLE contribution DROP COLUMN IF EXISTS subscription_id;
DROP TABLE IF EXISTS subscription;
