-- +goose NO TRANSACTION
-- +goose Up

-- A campaign's times are in order, and no two fund drives run at once: two people who plan one each, at the same moment,
-- are told by the database. The table has a few hundred rows, so that making the index takes no time worth naming. See
-- docs/decisions/0040.
ALTER TABLE campaign DROP CONSTRAINT IF EXISTS campaign_times;
ALTER TABLE campaign ADD CONSTRAINT campaign_times CHECK (ends_at > starts_at);
ALTER TABLE campaign DROP CONSTRAINT IF EXISTS campaign_one_fund_drive;
-- A null, of a campaign that is no fund drive or is not shown, overlaps nothing.
ALTER TABLE campaign ADD CONSTRAINT campaign_one_fund_drive EXCLUDE USING gist ((
    CASE WHEN fund_drive AND state IN ('published', 'paused') THEN tstzrange(starts_at, ends_at) END) WITH &&);

-- +goose Down
ALTER TABLE campaign DROP CONSTRAINT IF EXISTS campaign_one_fund_drive;
ALTER TABLE campaign DROP CONSTRAINT IF EXISTS campaign_times;
