-- +goose Up

-- What an earlier attempt may have done at PayPal is remembered, so that no later failure undoes it.

-- whole: all that was left was asked for, and not a sum.
ALTER TABLE refund_request ADD COLUMN whole boolean NOT NULL DEFAULT false;
-- doubt_at: when it was last sent without our seeing what PayPal made of it; null while it was certainly not made.
-- lease_until: one process at a time sends it, and this is until when; also the token of that lease.
ALTER TABLE refund_request ADD COLUMN doubt_at timestamptz;
ALTER TABLE refund_request ADD COLUMN lease_until timestamptz;
UPDATE refund_request SET doubt_at = asked_at WHERE state IN ('asked', 'unknown');

-- How far accepting the claim has come, and who accepted it: empty where nobody did; 'asked' before PayPal hears of it,
-- 'unknown' where we did not see its answer.
ALTER TABLE dispute ADD COLUMN acceptance text NOT NULL DEFAULT ''
    CHECK (acceptance IN ('', 'asked', 'unknown', 'accepted', 'refused'));
ALTER TABLE dispute ADD COLUMN accepted_by uuid REFERENCES staff (id);
ALTER TABLE dispute ADD COLUMN accepted_actor text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE dispute DROP COLUMN accepted_actor;
ALTER TABLE dispute DROP COLUMN accepted_by;
ALTER TABLE dispute DROP COLUMN acceptance;
ALTER TABLE refund_request DROP COLUMN lease_until;
ALTER TABLE refund_request DROP COLUMN doubt_at;
ALTER TABLE refund_request DROP COLUMN whole;
