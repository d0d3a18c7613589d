-- +goose Up

-- Where a link said that its reader came from; empty where it said nothing. It is shown and reported, and decides nothing.
ALTER TABLE contribution
    ADD COLUMN utm_source   text NOT NULL DEFAULT '',
    ADD COLUMN utm_medium   text NOT NULL DEFAULT '',
    ADD COLUMN utm_campaign text NOT NULL DEFAULT '',
    ADD COLUMN utm_term     text NOT NULL DEFAULT '',
    ADD COLUMN utm_content  text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE contribution
    DROP COLUMN utm_source, DROP COLUMN utm_medium, DROP COLUMN utm_campaign, DROP COLUMN utm_term, DROP COLUMN utm_content;
