-- +goose Up

-- Refunds that staff ask for, disputes, conversions, and payments that were made in PayPal without us.

-- disputed: a case is open about money that came in.
ALTER TABLE contribution DROP CONSTRAINT contribution_state_check;
ALTER TABLE contribution ADD CONSTRAINT contribution_state_check CHECK (state IN (
    'started', 'order_unknown', 'failed', 'created', 'cancelled', 'approved', 'capture_unknown', 'expired',
    'declined', 'pending', 'completed', 'disputed', 'partially_refunded', 'refunded', 'reversed'));
-- adopted: the payment was made in PayPal directly, and staff took it into the books. restored: the contribution was
-- started here, its row was lost with the database, and PayPal's order told of it.
ALTER TABLE contribution ADD COLUMN origin text NOT NULL DEFAULT 'here' CHECK (origin IN ('here', 'adopted', 'restored'));

-- What staff have looked at already, a sentence on each line: the same is not brought before them again.
ALTER TABLE contribution ADD COLUMN attention_seen text NOT NULL DEFAULT '';

-- direct: a payment without an order, which only PayPal's transaction search knows.
ALTER TABLE payment DROP CONSTRAINT payment_kind_check;
ALTER TABLE payment ADD CONSTRAINT payment_kind_check CHECK (kind IN ('capture', 'sale', 'direct'));
-- A guard, not a figure for reports: the sum of the completed refunds (not reversals: a bank may take back what was
-- refunded already). With it the database itself refuses a refund of more than was paid.
ALTER TABLE payment ADD COLUMN returned_minor bigint NOT NULL DEFAULT 0;
UPDATE payment p SET returned_minor = coalesce((
    SELECT sum(r.amount_minor) FROM refund r WHERE r.payment_id = p.id AND r.kind = 'refund' AND r.status = 'completed'), 0);
ALTER TABLE payment ADD CONSTRAINT payment_returned_check CHECK (returned_minor BETWEEN 0 AND amount_minor);

ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_kind_check;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_kind_check CHECK (kind IN (
    'charge', 'fee', 'refund', 'fee_refund', 'reversal', 'dispute_hold', 'dispute_release', 'chargeback_fee', 'chargeback_fee_refund'));
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_check;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_sign_check CHECK (
    CASE WHEN kind IN ('charge', 'fee_refund', 'dispute_release', 'chargeback_fee_refund') THEN amount_minor >= 0 ELSE amount_minor <= 0 END);

-- A case about one payment, as PayPal's Disputes API gives it. It only advances: a later stage, an end.
CREATE TABLE dispute (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    payment_id    bigint NOT NULL REFERENCES payment (id),
    paypal_id     text NOT NULL UNIQUE,
    status        text NOT NULL CHECK (status IN ('open', 'resolved')),
    paypal_status text NOT NULL,                  -- PayPal's own: WAITING_FOR_SELLER_RESPONSE, UNDER_REVIEW, …
    stage         text NOT NULL,                  -- PayPal's own: INQUIRY, CHARGEBACK, PRE_ARBITRATION, ARBITRATION
    channel       text NOT NULL DEFAULT '',       -- INTERNAL: at PayPal; EXTERNAL: at the payer's bank
    reason        text NOT NULL DEFAULT '',
    outcome       text NOT NULL DEFAULT '',
    amount_minor  bigint NOT NULL CHECK (amount_minor > 0),
    currency      text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    may_accept    boolean NOT NULL DEFAULT false, -- PayPal lets us accept the claim now
    respond_by    timestamptz,                    -- after this PayPal decides without us
    opened_at     timestamptz NOT NULL,           -- PayPal's create_time
    changed_at    timestamptz NOT NULL,           -- PayPal's update_time
    recorded_at   timestamptz NOT NULL
);
CREATE INDEX dispute_payment ON dispute (payment_id);
CREATE INDEX dispute_open ON dispute (respond_by) WHERE status = 'open';

-- A refund that staff asked for. It is committed before PayPal hears of it; its id is in the PayPal-Request-Id, so that
-- asking again gives the same refund.
CREATE TABLE refund_request (
    id               uuid PRIMARY KEY,
    contribution_id  uuid NOT NULL REFERENCES contribution (id),
    payment_id       bigint NOT NULL REFERENCES payment (id),
    number           integer NOT NULL,            -- 1, 2, … of the contribution; in PayPal's invoice_id
    form_key         text NOT NULL UNIQUE,        -- of the form that was sent: pressing the button again is the same request
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0),
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    reason           text NOT NULL,               -- for us
    note             text NOT NULL DEFAULT '',    -- for the reader, who gets it from PayPal
    staff_id         uuid REFERENCES staff (id),
    actor            text NOT NULL,
    state            text NOT NULL CHECK (state IN ('asked', 'unknown', 'pending', 'done', 'failed', 'refused')),
    answer           text NOT NULL DEFAULT '',    -- PayPal's code, when it refused
    advice           text NOT NULL DEFAULT '',    -- what that means, in words
    refund_id        text UNIQUE,                 -- PayPal's, once it is known
    tries            integer NOT NULL DEFAULT 0,
    check_at         timestamptz,                 -- when we ask PayPal (again); null when it has ended
    asked_at         timestamptz NOT NULL,
    ended_at         timestamptz,
    UNIQUE (contribution_id, number)
);
CREATE INDEX refund_request_due ON refund_request (check_at) WHERE check_at IS NOT NULL;

-- What PayPal made of a payment in a currency that the account does not hold. It is a note beside the ledger, whose
-- entries stay in the currency of the gift: amounts of two currencies are never added.
CREATE TABLE conversion (
    payment_id     bigint PRIMARY KEY REFERENCES payment (id),
    from_minor     bigint NOT NULL CHECK (from_minor > 0),
    from_currency  text NOT NULL CHECK (from_currency ~ '^[A-Z]{3}$'),
    to_minor       bigint NOT NULL CHECK (to_minor > 0),
    to_currency    text NOT NULL CHECK (to_currency ~ '^[A-Z]{3}$'),
    rate           text NOT NULL DEFAULT '',      -- as PayPal writes it
    recorded_at    timestamptz NOT NULL
);

-- +goose Down
DROP TABLE conversion, refund_request, dispute;
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_sign_check;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_check CHECK (
    CASE WHEN kind IN ('charge', 'fee_refund', 'dispute_release') THEN amount_minor >= 0 ELSE amount_minor <= 0 END);
ALTER TABLE ledger_entry DROP CONSTRAINT ledger_entry_kind_check;
ALTER TABLE ledger_entry ADD CONSTRAINT ledger_entry_kind_check CHECK (kind IN (
    'charge', 'fee', 'refund', 'fee_refund', 'reversal', 'dispute_hold', 'dispute_release'));
ALTER TABLE payment DROP CONSTRAINT payment_returned_check;
ALTER TABLE payment DROP COLUMN returned_minor;
ALTER TABLE payment DROP CONSTRAINT payment_kind_check;
ALTER TABLE payment ADD CONSTRAINT payment_kind_check CHECK (kind IN ('capture', 'sale'));
ALTER TABLE contribution DROP COLUMN attention_seen;
ALTER TABLE contribution DROP COLUMN origin;
ALTER TABLE contribution DROP CONSTRAINT contribution_state_check;
ALTER TABLE contribution ADD CONSTRAINT contribution_state_check CHECK (state IN (
    'started', 'order_unknown', 'failed', 'created', 'cancelled', 'approved', 'capture_unknown', 'expired',
    'declined', 'pending', 'completed', 'partially_refunded', 'refunded', 'reversed'));
