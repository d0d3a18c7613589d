-- +goose Up

-- What was delivered, apart from the row that tells duplicates and says what became of the event: that row is kept for
-- ever and is written three times, these bytes are written once and go after WEBHOOK_BODY_DAYS. Rows of before keep
-- theirs in webhook_event until they go. There, in body, is now what an event names (its ids, in PayPal's own form): a
-- version that knows no other table finds the event's work in it, and in body_digest whether it has the delivery.
--
-- It references webhook_event without a foreign key: one statement inserts both rows, an event's row is never deleted,
-- and the check would cost every delivery a lock and a line of the write-ahead log.
CREATE TABLE webhook_body (
    event_id  bigint PRIMARY KEY,  -- webhook_event.id
    headers   jsonb NOT NULL,
    body      bytea NOT NULL       -- the bytes as they came: the signature is over them
);

-- +goose Down
UPDATE webhook_event w SET headers = b.headers, body = b.body, body_digest = NULL
FROM webhook_body b WHERE b.event_id = w.id AND w.body_erased_at IS NULL;
DROP TABLE webhook_body;
