-- +goose Up

-- What readers, staff or the system want of a running subscription. It is committed before PayPal hears of it, and is
-- done once PayPal's own answer says so.
CREATE TABLE subscription_change (
    id               uuid PRIMARY KEY,
    contribution_id  uuid NOT NULL REFERENCES contribution (id),
    subscription_id  text NOT NULL REFERENCES subscription (paypal_id), -- PayPal's: several can belong to a contribution
    kind             text NOT NULL CHECK (kind IN ('stop', 'pause', 'resume', 'amount', 'frequency')),
    amount_minor     bigint CHECK (amount_minor > 0),
    currency         text CHECK (currency ~ '^[A-Z]{3}$'),
    frequency        text CHECK (frequency IN ('month', 'year')),
    months           smallint CHECK (months BETWEEN 1 AND 3), -- of a pause; null for one without an end
    until            timestamptz,                  -- when a pause ends by itself
    from_next        boolean NOT NULL DEFAULT false, -- the next charge may still be the old amount
    consent          boolean NOT NULL DEFAULT false, -- PayPal wants the reader's consent
    dispute_id       text,                         -- PayPal's: the dispute that it follows from
    by_kind          text NOT NULL CHECK (by_kind IN ('reader', 'staff', 'system')),
    staff_id         uuid REFERENCES staff (id),
    actor            text NOT NULL DEFAULT '',
    reason           text NOT NULL DEFAULT '',
    state            text NOT NULL CHECK (state IN (
        'asked', 'unknown', 'approval', 'done', 'refused', 'superseded', 'expired')),
    approve_url      text NOT NULL DEFAULT '',
    answer           text NOT NULL DEFAULT '',     -- PayPal's code, when it refused
    asked_at         timestamptz NOT NULL,
    sent_at          timestamptz,                  -- when PayPal was asked last; null while it certainly was not
    lease_until      timestamptz,                  -- one process at a time sends it, and this is until when
    ended_at         timestamptz,
    CHECK ((ended_at IS NULL) = (state IN ('asked', 'unknown', 'approval'))),
    CHECK ((amount_minor IS NULL) = (kind NOT IN ('amount', 'frequency'))),
    CHECK ((amount_minor IS NULL) = (currency IS NULL) AND (amount_minor IS NULL) = (frequency IS NULL)),
    CHECK ((months IS NULL) = (until IS NULL) AND (until IS NULL OR kind = 'pause'))
);
-- Of each sort one at a time: it ends, it runs or not, what is charged and how often.
CREATE UNIQUE INDEX subscription_change_open ON subscription_change (subscription_id,
    (CASE kind WHEN 'resume' THEN 'pause' WHEN 'frequency' THEN 'amount' ELSE kind END)) WHERE ended_at IS NULL;
-- A dispute pauses a subscription once, and its end resumes it once.
CREATE UNIQUE INDEX subscription_change_dispute ON subscription_change (subscription_id, dispute_id, kind)
    WHERE dispute_id IS NOT NULL;
CREATE INDEX subscription_change_contribution ON subscription_change (contribution_id);

-- Staff list those whose charges fail.
CREATE INDEX subscription_failing ON subscription (contribution_id) WHERE failed_payments > 0;

-- +goose Down
DROP INDEX subscription_failing;
DROP TABLE subscription_change;
DELETE FROM queue WHERE kind IN ('change subscription', 'end pause');
