-- +goose Up

-- A link by mail that lets a reader in to their own page. Tokens are kept as SHA-256: who reads the table, a backup or a
-- replica cannot come in with what stands there.
CREATE TABLE manage_link (
    digest       bytea PRIMARY KEY,
    email        text NOT NULL CHECK (email = lower(email)), -- whom it was mailed to
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    opened_at    timestamptz,
    opening      bytea -- digest of the page that opened it: a second click there is the same opening
);
CREATE INDEX manage_link_expiry ON manage_link (expires_at);
CREATE INDEX manage_link_email ON manage_link (email);

-- A browser that a link was opened in.
CREATE TABLE manage_session (
    digest       bytea PRIMARY KEY,
    email        text NOT NULL CHECK (email = lower(email)),
    started_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX manage_session_expiry ON manage_session (expires_at);
CREATE INDEX manage_session_email ON manage_session (email);

-- What the form offers: how often is chosen first, and the amounts by month and by year, in minor units by currency. A
-- currency that is missing there has the program's own.
ALTER TABLE campaign ADD COLUMN frequency text NOT NULL DEFAULT 'once' CHECK (frequency IN ('once', 'month', 'year'));
ALTER TABLE campaign ADD COLUMN suggested_month jsonb NOT NULL DEFAULT '{}';
ALTER TABLE campaign ADD COLUMN suggested_year jsonb NOT NULL DEFAULT '{}';

-- +goose Down
ALTER TABLE campaign DROP COLUMN suggested_year;
ALTER TABLE campaign DROP COLUMN suggested_month;
ALTER TABLE campaign DROP COLUMN frequency;
DROP TABLE manage_session, manage_link;
