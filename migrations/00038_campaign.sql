-- +goose NO TRANSACTION
-- +goose Up

-- What staff write about a campaign is one document, so that each version of it can be kept, compared and brought back
-- whole. Where it is null, the version before made the row, and its columns are read: heading, why, ask, button,
-- reassurance, currency, suggested, frequency and the like, which are written along for that version's sake.
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS content jsonb;
-- What staff decided. Whether a published campaign is scheduled, live or ended is a matter of the clock.
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS state text NOT NULL DEFAULT 'published'
    CHECK (state IN ('draft', 'published', 'paused', 'ended'));
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS starts_at timestamptz;
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS ends_at timestamptz;
-- While a fund drive runs, it is shown in place of the other campaigns. At most one does.
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS fund_drive boolean NOT NULL DEFAULT false;
-- Counts what was saved. Who saves names the version they read, so that two people do not overwrite each other.
ALTER TABLE campaign ADD COLUMN IF NOT EXISTS version bigint NOT NULL DEFAULT 1;

-- Every version that was saved, the latest among them.
CREATE TABLE IF NOT EXISTS campaign_version (
    campaign_id  uuid NOT NULL REFERENCES campaign (id),
    version      bigint NOT NULL,
    change       text NOT NULL,           -- what was done: created, edited, published, paused, ended, restored …
    changed_by   text NOT NULL,           -- the staff account's mail address; empty: the program
    changed_at   timestamptz NOT NULL,
    slug         text NOT NULL,
    content      jsonb NOT NULL,
    state        text NOT NULL,
    starts_at    timestamptz,
    ends_at      timestamptz,
    fund_drive   boolean NOT NULL,
    PRIMARY KEY (campaign_id, version)
);

-- +goose Down
DROP TABLE IF EXISTS campaign_version;
ALTER TABLE campaign
    DROP COLUMN IF EXISTS content, DROP COLUMN IF EXISTS state, DROP COLUMN IF EXISTS starts_at, DROP COLUMN IF EXISTS ends_at,
    DROP COLUMN IF EXISTS fund_drive, DROP COLUMN IF EXISTS version;
