-- +goose NO TRANSACTION
-- +goose Up

-- Which charges of an amount are expected at a time: a sale that names no subscription is looked for among them.
DROP INDEX CONCURRENTLY IF EXISTS subscription_expected;
CREATE INDEX CONCURRENTLY subscription_expected ON subscription (amount_minor, currency, next_billing_at)
    WHERE next_billing_at IS NOT NULL;

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS subscription_expected;
