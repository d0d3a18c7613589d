-- +goose NO TRANSACTION
-- +goose Up

-- Receipts with numbers that have no gap, and the notices that correct or cancel them. They are given out after a payment
-- is booked, by work of the queue: see docs/receipts.md and docs/decisions/0036. Each step may be run again after it broke
-- off.

-- What still needs a receipt. The booking does not name the column: rows written from now on are due by its default, by
-- this version and by the one before; rows that are there are not, for their readers have a confirmation already, and a
-- second one for the same gift would be wrong in most countries. Both in one statement, so that no row comes in between.
ALTER TABLE payment ADD COLUMN IF NOT EXISTS receipt_due boolean NOT NULL DEFAULT false,
                    ALTER COLUMN receipt_due SET DEFAULT true;
-- Likewise what went back of a payment that has a receipt, and needs a notice.
ALTER TABLE refund ADD COLUMN IF NOT EXISTS notice_due boolean NOT NULL DEFAULT false,
                   ALTER COLUMN notice_due SET DEFAULT true;
-- What PayPal has not decided yet becomes money, or goes back, after today.
UPDATE payment SET receipt_due = true WHERE status = 'pending' AND NOT receipt_due;
UPDATE refund SET notice_due = true WHERE status = 'pending' AND NOT notice_due;

CREATE TABLE IF NOT EXISTS receipt (
    id               uuid PRIMARY KEY,
    series           text NOT NULL,               -- what the serial begins with: "R"
    year             integer NOT NULL,            -- of issue, by the publication's calendar
    number           integer NOT NULL CHECK (number > 0),
    serial           text NOT NULL UNIQUE,        -- as it is written: R-2026-000123
    kind             text NOT NULL CHECK (kind IN ('receipt', 'correction', 'cancellation')),
    contribution_id  uuid NOT NULL,
    payment_id       bigint NOT NULL,
    refund_id        bigint UNIQUE,               -- of a notice: one for each refund or reversal
    of_id            uuid REFERENCES receipt (id),             -- of a notice: the receipt it corrects or cancels
    amount_minor     bigint NOT NULL CHECK (amount_minor > 0), -- of a notice: what went back
    left_minor       bigint NOT NULL CHECK (left_minor >= 0),  -- what the receipt is good for, after this
    currency         text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    frequency        text NOT NULL CHECK (frequency IN ('once', 'month', 'year')),
    paid_at          timestamptz NOT NULL,        -- when PayPal took the payment; of a notice: when it went back
    issued_at        timestamptz NOT NULL,
    form             text NOT NULL,               -- which text it has: RECEIPT_TEXT at the time
    name             text NOT NULL DEFAULT '',    -- of the person, then; emptied where they are erased, as the next
    country          text NOT NULL DEFAULT '',
    opened_at        timestamptz,                 -- when its original was handed out; every later copy says so
    copies           integer NOT NULL DEFAULT 0,  -- handed out after the original
    UNIQUE (series, year, number),
    CHECK ((kind = 'receipt') = (refund_id IS NULL AND of_id IS NULL)),
    CHECK ((kind = 'cancellation') = (left_minor = 0))
);
-- One after the other: each locks the table it names, and whoever locks two of them can deadlock with a booking.
ALTER TABLE receipt DROP CONSTRAINT IF EXISTS receipt_contribution_id_fkey,
    ADD FOREIGN KEY (contribution_id) REFERENCES contribution (id);
ALTER TABLE receipt DROP CONSTRAINT IF EXISTS receipt_payment_id_fkey,
    ADD FOREIGN KEY (payment_id) REFERENCES payment (id);
ALTER TABLE receipt DROP CONSTRAINT IF EXISTS receipt_refund_id_fkey,
    ADD FOREIGN KEY (refund_id) REFERENCES refund (id);
CREATE UNIQUE INDEX IF NOT EXISTS receipt_payment_once ON receipt (payment_id) WHERE kind = 'receipt';
CREATE INDEX IF NOT EXISTS receipt_contribution ON receipt (contribution_id);

-- The number last given, by series and year of issue. Its row is locked while numbers are given, and changes in the
-- transaction that writes the receipts: a sequence would leave a gap where that one is rolled back.
CREATE TABLE IF NOT EXISTS receipt_counter (
    series  text NOT NULL,
    year    integer NOT NULL,
    last    integer NOT NULL CHECK (last >= 0),
    PRIMARY KEY (series, year)
);

-- All that a booking pays for receipts is its entry in one of these.
DROP INDEX CONCURRENTLY IF EXISTS payment_receipt_due;
CREATE INDEX CONCURRENTLY payment_receipt_due ON payment (id) WHERE receipt_due AND status = 'completed';
DROP INDEX CONCURRENTLY IF EXISTS refund_notice_due;
CREATE INDEX CONCURRENTLY refund_notice_due ON refund (id) WHERE notice_due AND status = 'completed';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS refund_notice_due;
DROP INDEX CONCURRENTLY IF EXISTS payment_receipt_due;
DROP TABLE IF EXISTS receipt_counter;
ALTER TABLE IF EXISTS receipt DROP CONSTRAINT IF EXISTS receipt_contribution_id_fkey;
ALTER TABLE IF EXISTS receipt DROP CONSTRAINT IF EXISTS receipt_payment_id_fkey;
ALTER TABLE IF EXISTS receipt DROP CONSTRAINT IF EXISTS receipt_refund_id_fkey;
DROP TABLE IF EXISTS receipt;
ALTER TABLE refund DROP COLUMN IF EXISTS notice_due;
ALTER TABLE payment DROP COLUMN IF EXISTS receipt_due;
