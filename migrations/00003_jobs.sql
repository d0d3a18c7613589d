-- +goose Up

-- Periodic work of which each piece runs on one replica at a time. A row is claimed by moving held_until and fence in one
-- UPDATE; who died with it is followed by another once held_until has passed.
CREATE TABLE job (
    name               text PRIMARY KEY,
    plan               text NOT NULL,               -- when it runs, in words; another plan may bring due_at forward
    due_at             timestamptz NOT NULL,        -- when it may begin next; moved on when a run ends, not when it begins
    held_until         timestamptz,                 -- end of the holder's lease, which it renews; null when nobody runs it
    holder             text NOT NULL DEFAULT '',    -- host, process and a random part
    fence              bigint NOT NULL DEFAULT 0,   -- number of the latest claim: whoever holds an earlier one has lost it
    runs               bigint NOT NULL DEFAULT 0,   -- that ended, well or badly
    failures           integer NOT NULL DEFAULT 0,  -- in a row
    last_error         text NOT NULL DEFAULT '',    -- of the latest run; empty when it went well
    last_started_at    timestamptz,
    last_ended_at      timestamptz,
    last_succeeded_at  timestamptz,
    seen_at            timestamptz NOT NULL         -- when a running replica last said that it has this job
);

-- How every alert stands; the registry in the program says what it means. Replicas export what stands here.
CREATE TABLE alert (
    name          text PRIMARY KEY,
    wrong         boolean NOT NULL,                 -- what the rule said last
    turned_at     timestamptz NOT NULL,             -- since when it says so
    firing_since  timestamptz,                      -- null while it does not fire
    items         bigint NOT NULL,                  -- how many things it is about
    oldest_at     timestamptz,                      -- since when the oldest of them has been so
    note          text NOT NULL,                    -- what was seen, in words
    checked_at    timestamptz NOT NULL
);

-- Hits of one key in one window of time, counted for all replicas together.
CREATE TABLE rate_count (
    key        text NOT NULL,
    window_at  timestamptz NOT NULL,                -- when the window began
    hits       integer NOT NULL,
    PRIMARY KEY (key, window_at)
);
-- Old windows are thrown away.
CREATE INDEX rate_count_window ON rate_count (window_at);

-- +goose Down
DROP TABLE rate_count, alert, job;
