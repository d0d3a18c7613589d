-- +goose NO TRANSACTION
-- +goose Up

-- How often the appeal was seen and followed, by the publication's day, campaign, variant, format and article: sums, and
-- nothing about a person. Written once a second by each process (internal/count). A row's counters change many times a
-- day and no index names one of them, so with room left on the page the change stays there (HOT).
CREATE TABLE IF NOT EXISTS appeal_count (
    campaign_id  uuid NOT NULL REFERENCES campaign (id),
    day          date NOT NULL,
    variant      text NOT NULL,             -- empty: none was drawn; holdout: the reader was shown nothing
    format       text NOT NULL,
    article      text NOT NULL,             -- its address; empty: none was named, or it was folded (docs/decisions/0043)
    readers      bigint NOT NULL,           -- browsers that saw the campaign for the first time
    views        bigint NOT NULL,           -- half of it was in sight for a second, once for each page
    clicks       bigint NOT NULL,
    closed       bigint NOT NULL,
    opted_out    bigint NOT NULL,           -- "do not ask me again"
    PRIMARY KEY (campaign_id, day, variant, format, article)
) WITH (fillfactor = 70);
-- Days whose articles are due to be folded. An entry is made once for each row, on its first second.
DROP INDEX CONCURRENTLY IF EXISTS appeal_count_article;
CREATE INDEX CONCURRENTLY appeal_count_article ON appeal_count (day) WHERE article <> '';

-- +goose Down
DROP TABLE IF EXISTS appeal_count;
