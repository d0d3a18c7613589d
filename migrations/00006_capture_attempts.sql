-- +goose Up

-- Who may ask PayPal for a contribution's money, and when, is decided under the row's lock with these.
ALTER TABLE contribution ADD COLUMN capture_begun_at timestamptz; -- when the latest attempt was begun; the next one has to wait
ALTER TABLE contribution ADD COLUMN capture_until timestamptz;    -- a call for it is under way until then at the latest; null when none is

-- The reader came back from PayPal before PayPal said that they approved: the sweep asks more often.
ALTER TABLE contribution ADD COLUMN returned_at timestamptz;

-- +goose Down
ALTER TABLE contribution DROP COLUMN returned_at, DROP COLUMN capture_until, DROP COLUMN capture_begun_at;
