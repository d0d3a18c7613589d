-- +goose NO TRANSACTION
-- +goose Up

-- Postal addresses for the receipts that need them, and receipts that replace one: docs/receipts.md and
-- docs/decisions/0039. Each step may be run again after it broke off.

-- What a reader wants on the receipts that are mailed to them. It is kept by the mail address, whose reader wrote it:
-- PayPal's name for a payer is no proof of who reads that mail.
CREATE TABLE IF NOT EXISTS receipt_address (
    email       text PRIMARY KEY CHECK (email = lower(email)),
    name        text NOT NULL CHECK (name <> ''),     -- in full
    street      text NOT NULL CHECK (street <> ''),
    extra       text NOT NULL,                        -- flat, floor, building; mostly empty
    postcode    text NOT NULL,                        -- empty where a country has none
    town        text NOT NULL CHECK (town <> ''),
    country     text NOT NULL,                        -- as the reader writes it
    updated_at  timestamptz NOT NULL
);

-- The address as a receipt has it, on one line; emptied where the person is erased.
ALTER TABLE receipt ADD COLUMN IF NOT EXISTS address text NOT NULL DEFAULT '';

-- A replacement has a number of its own, is about a payment as a receipt is, and names the receipt that it replaces.
ALTER TABLE receipt DROP CONSTRAINT IF EXISTS receipt_kind_check, ADD CONSTRAINT receipt_kind_check
    CHECK (kind IN ('receipt', 'correction', 'cancellation', 'replacement')) NOT VALID;
ALTER TABLE receipt VALIDATE CONSTRAINT receipt_kind_check;
ALTER TABLE receipt DROP CONSTRAINT IF EXISTS receipt_check, ADD CONSTRAINT receipt_check
    CHECK ((kind IN ('receipt', 'replacement')) = (refund_id IS NULL) AND (kind = 'receipt') = (of_id IS NULL)) NOT VALID;
ALTER TABLE receipt VALIDATE CONSTRAINT receipt_check;
-- A receipt is replaced once.
DROP INDEX CONCURRENTLY IF EXISTS receipt_replacement_once;
CREATE UNIQUE INDEX CONCURRENTLY receipt_replacement_once ON receipt (payment_id) WHERE kind = 'replacement';

-- +goose Down
-- The wider constraints stay: a replacement that was issued has its number, and the version before shows it as a
-- notice.
DROP INDEX CONCURRENTLY IF EXISTS receipt_replacement_once;
ALTER TABLE receipt DROP COLUMN IF EXISTS address;
DROP TABLE IF EXISTS receipt_address;
