-- +goose NO TRANSACTION
-- +goose Up

-- Indexes for the lists of the staff pages, in the order in which they page. They are made CONCURRENTLY, so that gifts are
-- taken meanwhile, which no transaction allows. A step that broke off leaves an invalid index behind; so each is dropped
-- first, and running the step again mends it. See docs/decisions/0018.

DROP INDEX CONCURRENTLY IF EXISTS contribution_state;
CREATE INDEX CONCURRENTLY contribution_state ON contribution (state, created_at DESC, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS contribution_campaign;
CREATE INDEX CONCURRENTLY contribution_campaign ON contribution (campaign_id, created_at DESC, id DESC);
-- An index entry may have no more than a third of a page, and an address may be longer: a gift must not fail for it.
DROP INDEX CONCURRENTLY IF EXISTS contribution_article;
CREATE INDEX CONCURRENTLY contribution_article ON contribution (left(article, 300), created_at DESC, id DESC) WHERE article <> '';
-- Mail addresses are looked up whole or by their beginning.
DROP INDEX CONCURRENTLY IF EXISTS contribution_email;
CREATE INDEX CONCURRENTLY contribution_email ON contribution (lower(email) text_pattern_ops) WHERE email <> '';
DROP INDEX CONCURRENTLY IF EXISTS supporter_email_prefix;
CREATE INDEX CONCURRENTLY supporter_email_prefix ON supporter (email text_pattern_ops);
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_resource;
CREATE INDEX CONCURRENTLY webhook_event_resource ON webhook_event (left(resource_id, 300), id DESC) WHERE resource_id <> '';
DROP INDEX CONCURRENTLY IF EXISTS payment_occurred;
CREATE INDEX CONCURRENTLY payment_occurred ON payment (occurred_at, id);
-- The ledger pages by it, and reports take a range of days; it takes the place of ledger_entry_occurred.
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_newest;
CREATE INDEX CONCURRENTLY ledger_entry_newest ON ledger_entry (occurred_at DESC, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_occurred;
DROP INDEX CONCURRENTLY IF EXISTS audit_entry_subject;
CREATE INDEX CONCURRENTLY audit_entry_subject ON audit_entry (subject, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS audit_entry_actor;
CREATE INDEX CONCURRENTLY audit_entry_actor ON audit_entry (actor, id DESC);
DROP INDEX CONCURRENTLY IF EXISTS refund_request_payment;
CREATE INDEX CONCURRENTLY refund_request_payment ON refund_request (payment_id);

-- +goose Down
CREATE INDEX CONCURRENTLY IF NOT EXISTS ledger_entry_occurred ON ledger_entry (occurred_at);
DROP INDEX CONCURRENTLY IF EXISTS refund_request_payment;
DROP INDEX CONCURRENTLY IF EXISTS audit_entry_actor;
DROP INDEX CONCURRENTLY IF EXISTS audit_entry_subject;
DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_newest;
DROP INDEX CONCURRENTLY IF EXISTS payment_occurred;
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_resource;
DROP INDEX CONCURRENTLY IF EXISTS supporter_email_prefix;
DROP INDEX CONCURRENTLY IF EXISTS contribution_email;
DROP INDEX CONCURRENTLY IF EXISTS contribution_article;
DROP INDEX CONCURRENTLY IF EXISTS contribution_campaign;
DROP INDEX CONCURRENTLY IF EXISTS contribution_state;
