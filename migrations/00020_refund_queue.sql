-- +goose Up

-- Refund requests are sent by the queue. What is under way is found by this index: pages count it, and periodic work
-- finds by it what the version before wrote, which has no row in the queue. check_at, tries and refund_request_due are
-- that version's: it sweeps by them. They are still written, so that it can go on alone, and the next version drops them.
CREATE INDEX refund_request_open ON refund_request (asked_at) WHERE ended_at IS NULL;

-- +goose Down
DROP INDEX refund_request_open;
-- The version before knows nothing of this kind, and finds the requests by check_at.
DELETE FROM queue WHERE kind = 'send refund';
