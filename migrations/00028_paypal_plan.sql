-- +goose Up

-- Plans at PayPal: what subscriptions are made from. A row is written before PayPal is asked for the plan, so that
-- however often it is asked, and by however many processes, there is one.
CREATE TABLE paypal_plan (
    product_id          text NOT NULL,
    name                text NOT NULL,                  -- what PayPal shows the reader
    every               text NOT NULL CHECK (every IN ('MONTH', 'YEAR')),
    currency            text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    price_minor         bigint NOT NULL CHECK (price_minor > 0),
    request_id          uuid NOT NULL,                  -- its PayPal-Request-Id
    paypal_id           text UNIQUE,                    -- null until PayPal has answered
    override_refused_at timestamptz,                    -- when PayPal last refused a subscription with an amount of its own
    recorded_at         timestamptz NOT NULL,
    PRIMARY KEY (product_id, name, every, currency, price_minor)
);

-- +goose Down
DROP TABLE paypal_plan;
