-- +goose Up

-- PayPal's rows come in the order of time, and so they go into their key, and are compared: rows that are neighbours in
-- time lie together, in this table and in our books. Single ones are found by class and id.
ALTER TABLE paypal_transaction DROP CONSTRAINT paypal_transaction_pkey,
    ADD PRIMARY KEY (run_id, initiated_at, paypal_id, code, currency);
CREATE INDEX paypal_transaction_id ON paypal_transaction (run_id, class, paypal_id);

-- +goose Down
DROP INDEX paypal_transaction_id;
ALTER TABLE paypal_transaction DROP CONSTRAINT paypal_transaction_pkey,
    ADD PRIMARY KEY (run_id, paypal_id, code, initiated_at, currency);
