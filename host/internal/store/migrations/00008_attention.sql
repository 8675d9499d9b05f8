-- +goose Up
-- What is in doubt, or waits for an operator, is found without reading the rest.
CREATE INDEX intents_attention ON intents (status, created_at, id)
    WHERE status = 'unknown' OR status = 'under_review';
CREATE INDEX intents_in_action ON intents (created_at, id) WHERE doubt <> '';
CREATE INDEX webhooks_by_provider_state ON webhooks (provider, state, id);
CREATE INDEX deliveries_by_state_position ON deliveries (state, position);

-- +goose Down
DROP INDEX deliveries_by_state_position;
DROP INDEX webhooks_by_provider_state;
DROP INDEX intents_in_action;
DROP INDEX intents_attention;
