-- +goose NO TRANSACTION
-- +goose Up

-- What staff's page of recurring gifts shows, added up beforehand by periodic work (internal/report): among a million
-- subscriptions it takes half a minute. All of it can be made again from the other tables.

-- Charges of subscriptions by the publication's day: those of more and of less than the one before, those that were the
-- first of their gift, and of these those that were stopped, refunded or disputed before the second.
CREATE TABLE IF NOT EXISTS recurring_day (
    day          date NOT NULL,
    campaign_id  uuid NOT NULL,
    up           bigint NOT NULL,
    down         bigint NOT NULL,
    begun        bigint NOT NULL,
    regretted    bigint NOT NULL,
    PRIMARY KEY (day, campaign_id)
);

-- How many subscriptions began in one month and ended in another; null for those that go on.
CREATE TABLE IF NOT EXISTS recurring_life (
    began  date NOT NULL,              -- the first of the month
    ended  date,
    count  bigint NOT NULL
);

-- What PayPal is going to charge in the thirty days from the time in recurring_progress.
CREATE TABLE IF NOT EXISTS recurring_expected (
    currency      text PRIMARY KEY,
    amount_minor  bigint NOT NULL,
    charges       bigint NOT NULL
);

-- How far the adding up is: one row.
CREATE TABLE IF NOT EXISTS recurring_progress (
    one        boolean PRIMARY KEY DEFAULT true CHECK (one),
    zone       text NOT NULL,          -- whose days are counted; with another one all is made again
    fill_from  date,                   -- the first day that was never added up; null once there is none
    event_id   bigint NOT NULL,        -- the news up to here are in it, also those of transactions that were slow
    seen_id    bigint NOT NULL,        -- the latest news at
    seen_at    timestamptz NOT NULL,   -- this time
    added_at   timestamptz             -- when the answer was last whole
);

-- +goose Down
DROP TABLE IF EXISTS recurring_progress;
DROP TABLE IF EXISTS recurring_expected;
DROP TABLE IF EXISTS recurring_life;
DROP TABLE IF EXISTS recurring_day;
