-- +goose Up

-- How often something happened lately, for all replicas together: each row is a GCRA (internal/ratelimit). What is counted
-- here is worth nothing after a crash, so the table is unlogged: a count waits for no disk and for no standby.
CREATE UNLOGGED TABLE rate_limit (
    key      text PRIMARY KEY,       -- the limit's name, and of whom as a keyed hash
    free_at  bigint NOT NULL         -- when all of it is forgotten, in microseconds since 1970
) WITH (fillfactor = 50);            -- room for the next count on the same page

-- Where a gift was begun, as keyed hashes, for a day: a card that is declined counts against whoever tried it, also when a
-- webhook brings the news.
CREATE UNLOGGED TABLE gift_origin (
    contribution_id  uuid PRIMARY KEY,
    address          text NOT NULL,
    network          text NOT NULL,
    begun_at         timestamptz NOT NULL
);

-- The limits of sign-ins before.
DROP TABLE rate_count;
ALTER TABLE staff DROP COLUMN failed_signins, DROP COLUMN throttled_until;

-- A password that somebody else knows works once, and its session can only choose another.
ALTER TABLE staff
    ADD COLUMN one_time boolean NOT NULL DEFAULT false,
    ADD COLUMN used_at timestamptz;  -- when the one-time password was used

-- Whose session it is, so that all of a person's can be ended. Who is signed in signs in once more.
DELETE FROM session;
ALTER TABLE session
    ADD COLUMN staff_id uuid REFERENCES staff (id) ON DELETE CASCADE,
    ADD COLUMN started_at timestamptz;
CREATE INDEX session_staff ON session (staff_id);

-- A flood of sign-ins is one line of the audit log for each account, network and quarter of an hour, with a count.
ALTER TABLE audit_entry
    ADD COLUMN repeats integer NOT NULL DEFAULT 1,
    ADD COLUMN same_as text UNIQUE;  -- null: an entry of its own

-- +goose Down
ALTER TABLE audit_entry DROP COLUMN same_as, DROP COLUMN repeats;
ALTER TABLE session DROP COLUMN started_at, DROP COLUMN staff_id;
ALTER TABLE staff DROP COLUMN used_at, DROP COLUMN one_time,
    ADD COLUMN failed_signins integer NOT NULL DEFAULT 0, ADD COLUMN throttled_until timestamptz;
CREATE TABLE rate_count (
    key        text NOT NULL,
    window_at  timestamptz NOT NULL,
    hits       integer NOT NULL,
    PRIMARY KEY (key, window_at)
);
CREATE INDEX rate_count_window ON rate_count (window_at);
DROP TABLE gift_origin, rate_limit;
