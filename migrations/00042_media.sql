-- +goose NO TRANSACTION
-- +goose Up

-- Pictures that staff uploaded, as they were written anew: what they sent is not kept. They live in the database,
-- because every process has to serve them, and a backup has to hold them: docs/decisions/0045.
CREATE TABLE IF NOT EXISTS image (
    digest    text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'), -- SHA-256 of the largest file
    width     integer NOT NULL CHECK (width > 0),                 -- of the largest file, in pixels
    height    integer NOT NULL CHECK (height > 0),
    added_at  timestamptz NOT NULL
);

-- One file for each width; the largest is the image's own.
CREATE TABLE IF NOT EXISTS image_file (
    digest  text NOT NULL REFERENCES image (digest) ON DELETE CASCADE,
    width   integer NOT NULL CHECK (width > 0),
    type    text NOT NULL CHECK (type IN ('image/jpeg', 'image/png')),
    bytes   bytea NOT NULL,
    PRIMARY KEY (digest, width)
);

-- +goose Down
DROP TABLE IF EXISTS image_file;
DROP TABLE IF EXISTS image;
