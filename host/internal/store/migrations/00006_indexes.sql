-- +goose Up
-- Every list of intents is read newest first from an index that has its filters
-- before the time, so that what a page costs does not grow with the table.
CREATE INDEX intents_by_kind_created ON intents (kind, created_at, id);
CREATE INDEX intents_by_kind_provider_created ON intents (kind, provider, created_at, id);
CREATE INDEX intents_by_kind_status_created ON intents (kind, status, created_at, id);
CREATE INDEX intents_by_kind_provider_status ON intents (kind, provider, status, created_at, id);
CREATE INDEX intents_by_reference ON intents (merchant_reference, kind, created_at, id);
DROP INDEX intents_by_kind;
DROP INDEX intents_by_merchant_reference;

-- Events of one type are read in the order of the stream.
CREATE INDEX events_by_type ON events (type, position);

-- Webhooks of one state are listed by id.
CREATE INDEX webhooks_by_state_id ON webhooks (state, id);

-- +goose Down
DROP INDEX webhooks_by_state_id;
DROP INDEX events_by_type;
CREATE INDEX intents_by_merchant_reference ON intents (merchant_reference);
CREATE INDEX intents_by_kind ON intents (kind, id);
DROP INDEX intents_by_reference;
DROP INDEX intents_by_kind_provider_status;
DROP INDEX intents_by_kind_status_created;
DROP INDEX intents_by_kind_provider_created;
DROP INDEX intents_by_kind_created;
