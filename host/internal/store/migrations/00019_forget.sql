-- +goose Up
-- What is deleted or erased by age is found without reading the rest. A row
-- leaves its index when its part is gone.
CREATE INDEX attempts_with_exchanges ON attempts (started_at) WHERE exchanges <> '';
ALTER TABLE intents ADD COLUMN erased BIGINT NOT NULL DEFAULT 0;
CREATE INDEX intents_not_erased ON intents (created_at) WHERE erased = 0;
CREATE INDEX approvals_by_intent ON approvals (intent_id);

-- +goose Down
DROP INDEX approvals_by_intent;
DROP INDEX intents_not_erased;
ALTER TABLE intents DROP COLUMN erased;
DROP INDEX attempts_with_exchanges;
