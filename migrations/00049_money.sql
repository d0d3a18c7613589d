-- +goose NO TRANSACTION
-- +goose Up

-- The sums of the ledger by day, so that a report reads days and not payments. internal/report keeps them; all of them
-- can be made again from the ledger: see docs/decisions/0049. Each step may be run again after it broke off.

-- What was booked, or moved to another frequency, since the sums were last brought up to date: rows to be added to
-- them. A booking appends to it, and nobody waits for it: it has no key and no index. Whoever reads sums adds these.
CREATE TABLE IF NOT EXISTS ledger_change (
    occurred_at   timestamptz NOT NULL,
    currency      text NOT NULL,
    campaign_id   uuid NOT NULL,
    frequency     text NOT NULL,
    article_id    bigint,
    kind          text NOT NULL,
    amount_minor  bigint NOT NULL,
    entries       smallint NOT NULL CHECK (entries IN (1, -1)) -- -1 takes out what was counted before
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000);

-- true: counted, or in ledger_change. null: counted, booked before this step. false: neither; it is what the version
-- before books, and the periodic work moves it to ledger_change. Without rewriting a row.
ALTER TABLE ledger_entry ADD COLUMN IF NOT EXISTS counted boolean, ALTER COLUMN counted SET DEFAULT false;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_uncounted;
CREATE INDEX CONCURRENTLY ledger_entry_uncounted ON ledger_entry (id) WHERE NOT counted;

-- Days are the publication's. Amounts are minor units, in the signs of reports: a fee is positive. The counts are of
-- ledger entries. Rows are updated in place, so pages keep room for that.
CREATE TABLE IF NOT EXISTS money_day (
    day          date NOT NULL,
    currency     text NOT NULL,
    campaign_id  uuid NOT NULL,
    frequency    text NOT NULL,
    gross        bigint NOT NULL,
    fee          bigint NOT NULL,
    refunded     bigint NOT NULL,
    held         bigint NOT NULL,
    charges      integer NOT NULL,
    fees         integer NOT NULL,
    refunds      integer NOT NULL,
    holds        integer NOT NULL,
    PRIMARY KEY (day, currency, campaign_id, frequency)
) WITH (fillfactor = 80);

-- The same by article, 0 for none: a range is read as its whole quarters, the months beside them, and the days beside
-- those. Periods are named by their first day.
CREATE TABLE IF NOT EXISTS money_article_quarter (
    article_id   bigint NOT NULL,
    quarter      date NOT NULL,
    currency     text NOT NULL,
    gross        bigint NOT NULL,
    fee          bigint NOT NULL,
    refunded     bigint NOT NULL,
    held         bigint NOT NULL,
    charges      integer NOT NULL,
    fees         integer NOT NULL,
    refunds      integer NOT NULL,
    holds        integer NOT NULL,
    PRIMARY KEY (article_id, quarter, currency)
) WITH (fillfactor = 80);
CREATE TABLE IF NOT EXISTS money_article_month (
    article_id   bigint NOT NULL,
    month        date NOT NULL,
    currency     text NOT NULL,
    gross        bigint NOT NULL,
    fee          bigint NOT NULL,
    refunded     bigint NOT NULL,
    held         bigint NOT NULL,
    charges      integer NOT NULL,
    fees         integer NOT NULL,
    refunds      integer NOT NULL,
    holds        integer NOT NULL,
    PRIMARY KEY (article_id, month, currency)
) WITH (fillfactor = 80);
CREATE TABLE IF NOT EXISTS money_article_day (
    article_id   bigint NOT NULL,
    day          date NOT NULL,
    currency     text NOT NULL,
    gross        bigint NOT NULL,
    fee          bigint NOT NULL,
    refunded     bigint NOT NULL,
    held         bigint NOT NULL,
    charges      integer NOT NULL,
    fees         integer NOT NULL,
    refunds      integer NOT NULL,
    holds        integer NOT NULL,
    PRIMARY KEY (article_id, day, currency)
) WITH (fillfactor = 80);
-- The articles of a campaign.
CREATE TABLE IF NOT EXISTS money_campaign_article (
    campaign_id  uuid NOT NULL,
    article_id   bigint NOT NULL,
    month        date NOT NULL,
    currency     text NOT NULL,
    gross        bigint NOT NULL,
    fee          bigint NOT NULL,
    refunded     bigint NOT NULL,
    held         bigint NOT NULL,
    charges      integer NOT NULL,
    fees         integer NOT NULL,
    refunds      integer NOT NULL,
    holds        integer NOT NULL,
    PRIMARY KEY (campaign_id, article_id, month, currency)
) WITH (fillfactor = 80);
-- All articles of some days. Few different values, so that PostgreSQL keeps each once.
CREATE INDEX IF NOT EXISTS money_article_quarter_quarter ON money_article_quarter (quarter);
CREATE INDEX IF NOT EXISTS money_article_month_month ON money_article_month (month);
CREATE INDEX IF NOT EXISTS money_article_day_day ON money_article_day (day);
CREATE INDEX IF NOT EXISTS money_campaign_article_month ON money_campaign_article (month);

-- Whose days are counted: one row once they are, none before.
CREATE TABLE IF NOT EXISTS money_progress (
    one   boolean PRIMARY KEY DEFAULT true CHECK (one),
    zone  text NOT NULL
);

-- +goose Down
DROP TABLE IF EXISTS money_progress;
DROP TABLE IF EXISTS money_campaign_article;
DROP TABLE IF EXISTS money_article_day;
DROP TABLE IF EXISTS money_article_month;
DROP TABLE IF EXISTS money_article_quarter;
DROP TABLE IF EXISTS money_day;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_uncounted;
ALTER TABLE ledger_entry DROP COLUMN IF EXISTS counted;
DROP TABLE IF EXISTS ledger_change;
