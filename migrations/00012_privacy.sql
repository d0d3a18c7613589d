-- +goose Up

-- When a person's data was erased at their wish. Nothing that PayPal says later about who paid is kept beside such a
-- contribution; money, article and campaign stay.
ALTER TABLE contribution ADD COLUMN erased_at timestamptz;
CREATE INDEX contribution_erased ON contribution (id) WHERE erased_at IS NOT NULL;
-- Whoever never paid is forgotten after a while: few rows have words and no money, and they leave this index with either.
CREATE INDEX contribution_unpaid_words ON contribution (created_at)
    WHERE completed_at IS NULL AND (name <> '' OR email <> '' OR message <> '' OR supporter_id IS NOT NULL);

-- A delivery's headers and body go after a while; the digest (SHA-256) still tells a copy from another body.
ALTER TABLE webhook_event ADD COLUMN body_digest bytea;
ALTER TABLE webhook_event ADD COLUMN body_erased_at timestamptz;
ALTER TABLE suspect_delivery ADD COLUMN body_erased_at timestamptz;

-- Names and addresses were taken out of detail, and are not written there again.
ALTER TABLE discrepancy ADD COLUMN erased_at timestamptz;

-- +goose Down
ALTER TABLE discrepancy DROP COLUMN erased_at;
ALTER TABLE suspect_delivery DROP COLUMN body_erased_at;
ALTER TABLE webhook_event DROP COLUMN body_erased_at;
ALTER TABLE webhook_event DROP COLUMN body_digest;
DROP INDEX contribution_unpaid_words;
DROP INDEX contribution_erased;
ALTER TABLE contribution DROP COLUMN erased_at;
