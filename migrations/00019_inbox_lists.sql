-- +goose NO TRANSACTION
-- +goose Up

-- The staff list of webhook events by state, in the order in which it pages. Nearly all events are applied, and those are
-- found from the newest; each of the other states is rare, and without this index finding that there are none of it reads
-- the whole table. It takes the place of webhook_event_parked. Made CONCURRENTLY, as in 00009.
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_state;
CREATE INDEX CONCURRENTLY webhook_event_state ON webhook_event (state, id DESC) WHERE state <> 'applied';
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_parked;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_parked;
CREATE INDEX CONCURRENTLY webhook_event_parked ON webhook_event (id) WHERE state = 'parked';
DROP INDEX CONCURRENTLY IF EXISTS webhook_event_state;
