-- +goose NO TRANSACTION
-- +goose Up

-- What led a reader to give, beside the campaign, the article and the link's utm values. A constant default fills no row.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS variant     text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS format      text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS section     text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS author      text NOT NULL DEFAULT '';
-- The newsroom's own id of the article. article_id is our own row's.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS article_ref text NOT NULL DEFAULT '';
-- search, social, newsletter, internal, direct or other; empty where it is not known.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS referrer    text NOT NULL DEFAULT '';
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS shared      boolean NOT NULL DEFAULT false;

-- +goose Down
ALTER TABLE contribution
    DROP COLUMN IF EXISTS variant, DROP COLUMN IF EXISTS format, DROP COLUMN IF EXISTS section, DROP COLUMN IF EXISTS author,
    DROP COLUMN IF EXISTS article_ref, DROP COLUMN IF EXISTS referrer, DROP COLUMN IF EXISTS shared;
