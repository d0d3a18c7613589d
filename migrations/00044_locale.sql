-- +goose NO TRANSACTION
-- +goose Up

-- The language of the page on which the gift was made, with the reader's region (BCP 47): what follows speaks it. Empty
-- for the publication's own. A constant default fills no row.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS locale text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE contribution DROP COLUMN IF EXISTS locale;
