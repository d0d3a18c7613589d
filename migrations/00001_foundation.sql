-- +goose Up

-- Conventions. Amounts are bigint minor units beside an ISO 4217 code. Times are timestamptz and come from the program's
-- clock, never from now(), so that a test can set them. No triggers, no session state, no search_path games: the schema
-- runs behind PgBouncer in transaction mode and as one schema per publication on Citus.

CREATE TABLE campaign (
    id           uuid PRIMARY KEY,
    slug         text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    heading      text NOT NULL,
    why          text NOT NULL,
    ask          text NOT NULL,
    button       text NOT NULL,
    reassurance  text NOT NULL,
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    suggested    jsonb NOT NULL, -- {"EUR": [500, 1000]}: suggested gifts in minor units, by currency; its keys are the currencies offered
    is_default   boolean NOT NULL DEFAULT false,
    created_at   timestamptz NOT NULL,
    updated_at   timestamptz NOT NULL
);
-- At most one default campaign; the home page shows it.
CREATE UNIQUE INDEX campaign_default ON campaign (is_default) WHERE is_default;

-- A person, known by mail address once PayPal tells it. Erasing the row leaves contributions and ledger as they are.
CREATE TABLE supporter (
    id          uuid PRIMARY KEY,
    email       text NOT NULL UNIQUE CHECK (email = lower(email)),
    name        text NOT NULL DEFAULT '',
    country     text NOT NULL DEFAULT '',
    created_at  timestamptz NOT NULL,
    updated_at  timestamptz NOT NULL
);

CREATE TABLE contribution (
    id               uuid PRIMARY KEY,            -- travels to PayPal as custom_id and as the order's PayPal-Request-Id
    receipt          text NOT NULL UNIQUE,        -- a person can read it out; PayPal's invoice_id
    idempotency_key  text UNIQUE,                 -- what the reader's form or program sent
    intent_digest    bytea NOT NULL,              -- SHA-256 of the input: the same key with other input is an error
    campaign_id      uuid NOT NULL REFERENCES campaign (id),
    frequency        text NOT NULL CHECK (frequency IN ('once', 'month', 'year')),
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    article          text NOT NULL DEFAULT '',
    name             text NOT NULL DEFAULT '',
    email            text NOT NULL DEFAULT '',
    message          text NOT NULL DEFAULT '',
    anonymous        boolean NOT NULL DEFAULT false,
    cover_fee        boolean NOT NULL DEFAULT false,
    state            text NOT NULL CHECK (state IN (
                         'started', 'order_unknown', 'failed', 'created', 'cancelled', 'approved', 'capture_unknown', 'expired',
                         'declined', 'pending', 'completed', 'partially_refunded', 'refunded', 'reversed')),
    reason           text NOT NULL DEFAULT '',    -- PayPal's code for a pending, declined or failed state
    attention        text NOT NULL DEFAULT '',    -- why a person should look at it; empty when nobody needs to
    order_id         text UNIQUE,
    approve_url      text NOT NULL DEFAULT '',
    retry_url        text NOT NULL DEFAULT '',    -- PayPal's page to pick another way to pay, after INSTRUMENT_DECLINED
    capture_attempt  integer NOT NULL DEFAULT 0,  -- number of the attempt last committed to; part of its PayPal-Request-Id
    capture_doubt    integer NOT NULL DEFAULT 0,  -- the latest attempt whose answer we did not see
    capture_refused  integer NOT NULL DEFAULT 0,  -- the latest attempt that PayPal definitely did not carry out
    gone_since       timestamptz,                 -- when PayPal first said it knows no such order
    gone             boolean NOT NULL DEFAULT false, -- and it said so again, or long after an order's life: we believe it
    supporter_id     uuid REFERENCES supporter (id) ON DELETE SET NULL,
    checks           integer NOT NULL DEFAULT 0,  -- how often the sweep asked since the last change of state
    check_at         timestamptz,                 -- when the sweep asks PayPal next; null when there is nothing to learn
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    completed_at     timestamptz
);
-- The sweep takes what is due, oldest first.
CREATE INDEX contribution_due ON contribution (check_at) WHERE check_at IS NOT NULL;
-- The staff list pages by keyset, newest first.
CREATE INDEX contribution_newest ON contribution (created_at DESC, id DESC);
CREATE INDEX contribution_supporter ON contribution (supporter_id) WHERE supporter_id IS NOT NULL;
CREATE INDEX contribution_attention ON contribution (created_at DESC) WHERE attention <> '';

-- One movement of money for a contribution: a capture, or a sale of a subscription.
CREATE TABLE payment (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contribution_id  uuid NOT NULL REFERENCES contribution (id),
    kind             text NOT NULL CHECK (kind IN ('capture', 'sale')),
    paypal_id        text NOT NULL UNIQUE,
    status           text NOT NULL CHECK (status IN ('pending', 'declined', 'completed')),
    reason           text NOT NULL DEFAULT '',
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    occurred_at      timestamptz NOT NULL,        -- PayPal's create_time
    recorded_at      timestamptz NOT NULL
);
CREATE INDEX payment_contribution ON payment (contribution_id);

CREATE TABLE refund (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id       bigint NOT NULL REFERENCES payment (id),
    kind             text NOT NULL CHECK (kind IN ('refund', 'reversal')),
    paypal_id        text NOT NULL UNIQUE,
    status           text NOT NULL CHECK (status IN ('pending', 'completed', 'failed')),
    reason           text NOT NULL DEFAULT '',
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    occurred_at      timestamptz NOT NULL,
    recorded_at      timestamptz NOT NULL
);
CREATE INDEX refund_payment ON refund (payment_id);

-- Raw news from PayPal. The row is the queue: due_at says when it is worked on next, null means it is done with.
CREATE TABLE webhook_event (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id           text NOT NULL UNIQUE,
    transmission_id    text NOT NULL UNIQUE,
    transmission_time  timestamptz NOT NULL,
    event_type         text NOT NULL,
    resource_id        text NOT NULL DEFAULT '',
    headers            jsonb NOT NULL,
    body               bytea NOT NULL,            -- the bytes as they came: the signature is over them
    received_at        timestamptz NOT NULL,
    state              text NOT NULL CHECK (state IN ('received', 'applied', 'ignored', 'parked')),
    note               text NOT NULL DEFAULT '',  -- what became of it, in words
    attempts           integer NOT NULL DEFAULT 0,
    due_at             timestamptz,
    contribution_id    uuid REFERENCES contribution (id),
    processed_at       timestamptz
);
CREATE INDEX webhook_event_due ON webhook_event (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX webhook_event_contribution ON webhook_event (contribution_id) WHERE contribution_id IS NOT NULL;
CREATE INDEX webhook_event_parked ON webhook_event (id) WHERE state = 'parked';

-- A delivery whose signature verifies although its transmission id came before with another body. PayPal signs only a
-- CRC-32 of the body, so this is what a forgery looks like. One row per transmission: a flood cannot fill the disk.
CREATE TABLE suspect_delivery (
    transmission_id  text PRIMARY KEY,
    event_id         text NOT NULL,
    event_type       text NOT NULL,
    headers          jsonb NOT NULL,
    body             bytea NOT NULL,
    copies           bigint NOT NULL DEFAULT 1,
    first_seen_at    timestamptz NOT NULL,
    last_seen_at     timestamptz NOT NULL
);

-- Money, append-only: rows are inserted and never changed. Every sum on a page or in a report is a sum of these.
CREATE TABLE ledger_entry (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contribution_id   uuid NOT NULL REFERENCES contribution (id),
    payment_id        bigint NOT NULL REFERENCES payment (id),
    kind              text NOT NULL CHECK (kind IN ('charge', 'fee', 'refund', 'fee_refund', 'reversal', 'dispute_hold', 'dispute_release')),
    amount_minor      bigint NOT NULL,
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    paypal_ref        text NOT NULL,              -- the capture, sale, refund or dispute it comes from
    occurred_at       timestamptz NOT NULL,       -- when it happened at PayPal
    recorded_at       timestamptz NOT NULL,
    source            text NOT NULL,              -- which way the news came
    webhook_event_id  bigint REFERENCES webhook_event (id),
    -- One entry of a kind for one thing at PayPal, however often and by whichever way we hear of it.
    UNIQUE (kind, paypal_ref),
    -- Money in is positive, money out is negative.
    CHECK (CASE WHEN kind IN ('charge', 'fee_refund', 'dispute_release') THEN amount_minor >= 0 ELSE amount_minor <= 0 END)
);
CREATE INDEX ledger_entry_contribution ON ledger_entry (contribution_id);
-- Reports take a range of days.
CREATE INDEX ledger_entry_occurred ON ledger_entry (occurred_at);

-- Everything we learned or did about a contribution, once each, in the order we learned it.
CREATE TABLE contribution_event (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contribution_id   uuid NOT NULL REFERENCES contribution (id),
    fact              text NOT NULL,
    detail            text NOT NULL DEFAULT '',
    paypal_ref        text NOT NULL DEFAULT '',
    from_state        text NOT NULL,
    to_state          text NOT NULL,
    source            text NOT NULL,
    webhook_event_id  bigint REFERENCES webhook_event (id),
    at                timestamptz NOT NULL
);
CREATE INDEX contribution_event_contribution ON contribution_event (contribution_id, id);

CREATE TABLE staff (
    id               uuid PRIMARY KEY,
    email            text NOT NULL UNIQUE CHECK (email = lower(email)),
    role             text NOT NULL CHECK (role IN ('viewer', 'editor', 'admin')),
    password_hash    text NOT NULL,               -- argon2id, with its parameters
    failed_signins   integer NOT NULL DEFAULT 0,  -- in a row
    throttled_until  timestamptz,
    disabled_at      timestamptz,
    created_at       timestamptz NOT NULL,
    signed_in_at     timestamptz
);

CREATE TABLE session (
    token       text PRIMARY KEY,                 -- SHA-256 of what the cookie holds, in hex
    data        bytea NOT NULL,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE audit_entry (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    staff_id  uuid REFERENCES staff (id),         -- null when a command did it
    actor     text NOT NULL,                      -- mail address, or "command line"
    action    text NOT NULL,
    subject   text NOT NULL,
    detail    jsonb NOT NULL
);

-- +goose Down
DROP TABLE audit_entry, session, staff, contribution_event, ledger_entry, suspect_delivery, webhook_event, refund, payment, contribution, supporter, campaign;
