-- +goose Up

-- Work that is due later: what was put, and what comes round by the clock. A worker claims a row by setting held_until
-- and holder in one UPDATE and renews its lease; should it die, another takes the row when the lease has run out.
-- docs/decisions/0023-one-queue.md has the rules. What became of the thing itself stands in the thing's own row.
CREATE TABLE queue (
    kind           text NOT NULL,                -- what is to be done: "send refund"
    key            text NOT NULL,                -- to what: the id of its row; empty for periodic work
    plan           text NOT NULL DEFAULT '',     -- when periodic work runs, in words; empty for what was put
    due_at         timestamptz,                  -- when it is wanted next; null while it is worked on, and when it is dead
    held_until     timestamptz,                  -- end of the holder's lease; null when nobody works on it
    holder         text NOT NULL DEFAULT '',     -- who claimed it last: host, process, and a random part for each claim
    failures       integer NOT NULL DEFAULT 0,   -- runs in a row that failed
    failing_since  timestamptz,                  -- the first of them that was not for want of an answer
    last_error     text NOT NULL DEFAULT '',     -- of the latest run; empty when it went well
    dead_at        timestamptz,                  -- given up; it waits for a person
    runs           bigint NOT NULL DEFAULT 0,    -- that ended, well or badly
    created_at     timestamptz NOT NULL,
    started_at     timestamptz,                  -- the latest run
    ended_at       timestamptz,
    succeeded_at   timestamptz,
    seen_at        timestamptz,                  -- when a process last said that it has this periodic work
    PRIMARY KEY (kind, key)
);

-- Workers look for what is ready: due and not held, or held by a lease that has run out.
CREATE INDEX queue_ready ON queue (kind, coalesce(held_until, due_at));

-- Periodic work goes on where it was. The version before keeps the table job, and works on it until its last process
-- has stopped; the next version drops it.
INSERT INTO queue (kind, key, plan, due_at, holder, failures, failing_since, last_error, runs, created_at, started_at,
                   ended_at, succeeded_at, seen_at)
SELECT name, '', plan, greatest(due_at, held_until), holder, failures,
       CASE WHEN failures > 0 THEN coalesce(last_succeeded_at, last_started_at) END, last_error, runs, seen_at,
       last_started_at, last_ended_at, last_succeeded_at, seen_at
FROM job;

-- +goose Down

-- Back to the version before: what ran meanwhile need not run again.
UPDATE job SET due_at = coalesce(q.due_at, q.held_until), runs = q.runs, failures = q.failures, last_error = q.last_error,
               last_started_at = q.started_at, last_ended_at = q.ended_at, last_succeeded_at = q.succeeded_at
FROM queue q WHERE q.kind = job.name AND q.key = '' AND q.plan <> '' AND coalesce(q.due_at, q.held_until) IS NOT NULL;
DROP TABLE queue;
