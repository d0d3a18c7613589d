-- +goose NO TRANSACTION
-- +goose Up

-- The yearly charges that are coming, which readers are told of before. Most readers give monthly, and are not in it.
DROP INDEX CONCURRENTLY IF EXISTS subscription_yearly;
CREATE INDEX CONCURRENTLY subscription_yearly ON subscription (next_billing_at, paypal_id)
    WHERE frequency = 'year' AND state = 'active';

-- +goose Down
DROP INDEX CONCURRENTLY IF EXISTS subscription_yearly;
