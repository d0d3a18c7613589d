-- +goose NO TRANSACTION
-- +goose Up

-- Each payment gets a state and a receipt number of its own, ledger entries say what they are for, and an article is a row
-- instead of an address of up to 2,000 characters on each gift. What was there before is filled in beside the running
-- service, in small transactions, so that no gift waits for more than one of them. Each step may be run again after it
-- broke off: it goes on where it was. See docs/decisions/0024.

-- The version before writes rows without these, and changes a payment's status without its state, so they may be null or
-- behind: whoever next loads such a payment completes it. They become NOT NULL in the version after next.
ALTER TABLE payment
    ADD COLUMN IF NOT EXISTS state text CHECK (state IN (
        'pending', 'declined', 'completed', 'disputed', 'partially_refunded', 'refunded', 'reversed')),
    ADD COLUMN IF NOT EXISTS receipt text;        -- a person can read it out; null while no money is in
-- A copy, so that reports need no join and erasing a person cannot change a figure. It references nothing: the
-- contribution does.
ALTER TABLE ledger_entry
    ADD COLUMN IF NOT EXISTS campaign_id uuid,
    ADD COLUMN IF NOT EXISTS frequency text,
    ADD COLUMN IF NOT EXISTS article_id bigint;

CREATE TABLE IF NOT EXISTS article (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    address  text NOT NULL,
    digest   bytea NOT NULL UNIQUE,               -- SHA-256 of the address, which may be longer than an index entry
    title    text NOT NULL DEFAULT ''
);
-- contribution.article stays, and is written, too.
ALTER TABLE contribution ADD COLUMN IF NOT EXISTS article_id bigint REFERENCES article (id);

INSERT INTO article (address, digest)
SELECT DISTINCT article, sha256(convert_to(article, 'UTF8')) FROM contribution WHERE article <> '' AND article_id IS NULL
ON CONFLICT (digest) DO NOTHING;

-- +goose StatementBegin
DO $$
DECLARE
    after_id uuid := '00000000-0000-0000-0000-000000000000';
    upto_id uuid;
BEGIN
    LOOP
        SELECT id INTO upto_id FROM (SELECT id FROM contribution WHERE id > after_id ORDER BY id LIMIT 2000) batch
        ORDER BY id DESC LIMIT 1;
        EXIT WHEN upto_id IS NULL;
        UPDATE contribution c SET article_id = a.id FROM article a
        WHERE c.id > after_id AND c.id <= upto_id AND c.article <> '' AND c.article_id IS NULL
          AND a.digest = sha256(convert_to(c.article, 'UTF8'));
        COMMIT;
        after_id := upto_id;
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    after_id bigint := 0;
    last_id bigint := (SELECT coalesce(max(id), 0) FROM payment);
BEGIN
    WHILE after_id < last_id LOOP
        -- What internal/ledger's table says of the rows of one payment. Money that is in has a number: the contribution's
        -- own for its first payment, with "-2" for the second.
        UPDATE payment p SET
            state = CASE
                WHEN p.status <> 'completed' THEN p.status
                WHEN of.disputed AND of.back < p.amount_minor THEN 'disputed'
                WHEN of.back = 0 THEN 'completed'
                WHEN of.back < p.amount_minor THEN 'partially_refunded'
                WHEN of.reversed THEN 'reversed'
                ELSE 'refunded' END,
            receipt = CASE
                WHEN p.status <> 'completed' THEN NULL
                WHEN of.earlier = 0 THEN of.receipt
                ELSE of.receipt || '-' || of.earlier + 1 END
        FROM (
            SELECT q.id, c.receipt,
                   coalesce((SELECT sum(r.amount_minor) FROM refund r
                             WHERE r.payment_id = q.id AND r.status = 'completed'), 0) AS back,
                   EXISTS (SELECT 1 FROM refund r WHERE r.payment_id = q.id AND r.status = 'completed'
                           AND r.kind = 'reversal') AS reversed,
                   EXISTS (SELECT 1 FROM dispute d WHERE d.payment_id = q.id AND d.status = 'open') AS disputed,
                   (SELECT count(*) FROM payment e WHERE e.contribution_id = q.contribution_id
                           AND e.status = 'completed' AND e.id < q.id) AS earlier
            FROM payment q JOIN contribution c ON c.id = q.contribution_id
            WHERE q.id > after_id AND q.id <= after_id + 2000 AND q.state IS NULL
        ) of
        WHERE p.id = of.id AND p.state IS NULL;
        COMMIT;
        after_id := after_id + 2000;
    END LOOP;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
DO $$
DECLARE
    after_id bigint := 0;
    last_id bigint := (SELECT coalesce(max(id), 0) FROM ledger_entry);
BEGIN
    WHILE after_id < last_id LOOP
        UPDATE ledger_entry l SET campaign_id = c.campaign_id, frequency = c.frequency, article_id = c.article_id
        FROM contribution c
        WHERE c.id = l.contribution_id AND l.id > after_id AND l.id <= after_id + 5000 AND l.campaign_id IS NULL;
        COMMIT;
        after_id := after_id + 5000;
    END LOOP;
END $$;
-- +goose StatementEnd

DROP INDEX CONCURRENTLY IF EXISTS payment_receipt;
CREATE UNIQUE INDEX CONCURRENTLY payment_receipt ON payment (receipt);
-- Whether anybody was charged after they had read that nothing was: few ever are, and each gift asks.
DROP INDEX CONCURRENTLY IF EXISTS review_charged_after_no;
CREATE INDEX CONCURRENTLY review_charged_after_no ON review (opened_at) WHERE code = 'charged_after_no';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS review_charged_after_no;
ALTER TABLE ledger_entry
    DROP COLUMN IF EXISTS campaign_id, DROP COLUMN IF EXISTS frequency, DROP COLUMN IF EXISTS article_id;
ALTER TABLE payment DROP COLUMN IF EXISTS receipt, DROP COLUMN IF EXISTS state;
ALTER TABLE contribution DROP COLUMN IF EXISTS article_id;
DROP TABLE IF EXISTS article;
