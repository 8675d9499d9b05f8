-- +goose Up
-- What the payouts of a day add up to is read from the index alone. The others
-- are found by their status, of which few are in doubt.
CREATE INDEX payouts_by_currency ON intents (provider, currency, created_at, status, amount)
    WHERE kind = 'payout';

-- +goose Down
DROP INDEX payouts_by_currency;
