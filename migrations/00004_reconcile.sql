-- +goose Up

-- Reconciliation: PayPal's own record of the account's money, held against ours.

-- One look at a span of time. read_to is how far PayPal's record was read: a run that was killed, or that broke off
-- because PayPal was away, is taken up there by the next one that is asked for the same.
CREATE TABLE reconcile_run (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_from    timestamptz,                    -- what the caller wanted; null where that was left to us
    asked_to      timestamptz,
    dry           boolean NOT NULL DEFAULT false, -- only looks; the row goes when it ends
    from_at       timestamptz NOT NULL,           -- the span: from_at included, to_at not
    to_at         timestamptz NOT NULL,
    read_to       timestamptz NOT NULL,
    refreshed_at  timestamptz,                    -- how far PayPal said its record reaches
    state         text NOT NULL CHECK (state IN ('running', 'broken', 'done', 'abandoned')),
    follows       boolean NOT NULL DEFAULT false, -- it begins no later than what was checked before it ends, so the line goes on
    checked_to    timestamptz,                    -- what can be said about all money up to here; null until done
    payments      bigint NOT NULL DEFAULT 0,      -- compared
    elsewhere     bigint NOT NULL DEFAULT 0,      -- movements that are no gifts: withdrawals and the like
    mended        bigint NOT NULL DEFAULT 0,      -- differences that were found and are gone
    unexplained   bigint NOT NULL DEFAULT 0,      -- left open for a person, of all there are, when it ended
    note          text NOT NULL DEFAULT '',       -- why it broke off
    started_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,           -- its latest step
    ended_at      timestamptz
);
CREATE INDEX reconcile_run_unfinished ON reconcile_run (id) WHERE state IN ('running', 'broken');

-- PayPal's rows of a run, kept until it ends, so that they can be compared where ours are and a million of them need no
-- memory. PayPal lists a row twice now and then, and its ids are not unique: this key is.
CREATE TABLE paypal_transaction (
    run_id          bigint NOT NULL,
    paypal_id       text NOT NULL,
    code            text NOT NULL,                -- PayPal's event code: T0006, T1107, …
    initiated_at    timestamptz NOT NULL,
    currency        text NOT NULL,
    class           text NOT NULL,                -- what that code is to us: gift, back, hold, release, case_fee, conversion, other
    status          text NOT NULL,                -- S done, P pending, D denied, V taken back in full
    amount_minor    bigint NOT NULL,              -- signed: money in is positive
    fee_minor       bigint NOT NULL,              -- signed: a fee taken is negative
    owner           uuid,                         -- custom_id, where it has the form of our contributions' ids
    invoice_id      text NOT NULL,
    reference_id    text NOT NULL,
    reference_type  text NOT NULL,
    unreadable      text NOT NULL,                -- why the row cannot be counted
    detail          jsonb,                        -- the row for people and for adopting it, where it may be nobody's
    updated_at      timestamptz NOT NULL,
    PRIMARY KEY (run_id, paypal_id, code, initiated_at, currency)
);
-- Holds, fees of cases and conversions are looked up by the payment they belong to; there are few of them.
CREATE INDEX paypal_transaction_reference ON paypal_transaction (run_id, reference_id)
    WHERE class IN ('hold', 'release', 'case_fee', 'conversion');

-- Where PayPal's record and ours differ, or did. One row for one difference, however often it is found.
CREATE TABLE discrepancy (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind             text NOT NULL CHECK (kind IN (
                         'missing_here', 'missing_there', 'amount', 'fee', 'status', 'currency', 'unknown_payer')),
    paypal_ref       text NOT NULL,               -- PayPal's id of what differs
    code             text NOT NULL,               -- its event code, so that a hold and a refund of one payment are two rows
    contribution_id  uuid REFERENCES contribution (id),
    parent_ref       text NOT NULL DEFAULT '',    -- the payment that a refund or a hold belongs to
    ours             text NOT NULL,               -- for people: "25.00 EUR, completed"; empty for nothing
    theirs           text NOT NULL,
    occurred_at      timestamptz NOT NULL,        -- when the money moved
    detail           jsonb,                       -- PayPal's row of money from elsewhere: what adopting it needs
    state            text NOT NULL CHECK (state IN ('open', 'mended', 'gone', 'adopted', 'set_aside')),
    advice           text NOT NULL,               -- what a person can do about it
    note             text NOT NULL DEFAULT '',    -- what became of it, or why it was set aside
    actor            text NOT NULL DEFAULT '',    -- who set it aside or adopted it
    run_id           bigint NOT NULL,             -- that found it last
    first_seen       timestamptz NOT NULL,
    last_seen        timestamptz NOT NULL,
    closed_at        timestamptz,
    UNIQUE (kind, paypal_ref, code)
);
CREATE INDEX discrepancy_open ON discrepancy (occurred_at) WHERE state = 'open';
CREATE INDEX discrepancy_parent ON discrepancy (parent_ref) WHERE parent_ref <> '';
CREATE INDEX discrepancy_contribution ON discrepancy (contribution_id) WHERE contribution_id IS NOT NULL;
CREATE INDEX discrepancy_run ON discrepancy (run_id);

-- +goose Down
DROP TABLE discrepancy, paypal_transaction, reconcile_run;
