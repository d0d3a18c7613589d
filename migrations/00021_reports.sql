-- +goose NO TRANSACTION
-- +goose Up

-- Reports read the campaign and the article of a ledger entry off the entry itself. Lists of both, in the order in which
-- they page, and of a currency that few gave in. Made CONCURRENTLY, as in 00009.

-- It also finds what the version before books without a campaign: a null is a value to an index.
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_campaign;
CREATE INDEX CONCURRENTLY ledger_entry_campaign ON ledger_entry (campaign_id, occurred_at DESC, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_article;
CREATE INDEX CONCURRENTLY ledger_entry_article ON ledger_entry (article_id, occurred_at DESC, id DESC)
    WHERE article_id IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_currency;
CREATE INDEX CONCURRENTLY ledger_entry_currency ON ledger_entry (currency, occurred_at DESC, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS contribution_currency;
CREATE INDEX CONCURRENTLY contribution_currency ON contribution (currency, created_at DESC, id DESC);

-- While 00015 filled in articles, the version before wrote down contributions, and booked entries for them. Where such a
-- contribution was the first from its article, it had no article to refer to, and 00015 copied none to its entries. Both
-- get it here. Those of contributions that it writes from now on are not copied before they have it.
INSERT INTO article (address, digest)
SELECT DISTINCT article, sha256(convert_to(article, 'UTF8')) FROM contribution WHERE article <> '' AND article_id IS NULL
ON CONFLICT (digest) DO NOTHING;

WITH linked AS (
    UPDATE contribution c SET article_id = a.id FROM article a
    WHERE c.article <> '' AND c.article_id IS NULL AND a.digest = sha256(convert_to(c.article, 'UTF8'))
    RETURNING c.id, c.article_id)
UPDATE ledger_entry l SET article_id = linked.article_id FROM linked
WHERE l.contribution_id = linked.id AND l.campaign_id IS NOT NULL AND l.article_id IS NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS contribution_currency;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_currency;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_article;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_campaign;
