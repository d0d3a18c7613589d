-- +goose NO TRANSACTION
-- +goose Up

-- How the publication looks: colours, logo, typefaces, portrait, as one document. At most one row.
CREATE TABLE IF NOT EXISTS appearance (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    content     jsonb NOT NULL,
    version     bigint NOT NULL,         -- counts what was saved; who saves names the version they read
    changed_by  text NOT NULL,           -- the staff account's mail address
    changed_at  timestamptz NOT NULL
);

-- Typefaces that staff uploaded (WOFF2).
CREATE TABLE IF NOT EXISTS font (
    digest    text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'), -- SHA-256 of the file
    bytes     bytea NOT NULL,
    added_at  timestamptz NOT NULL
);

-- +goose Down
DROP TABLE IF EXISTS font;
DROP TABLE IF EXISTS appearance;
