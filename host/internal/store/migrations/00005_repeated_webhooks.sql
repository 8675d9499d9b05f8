-- +goose Up
-- A webhook that was verified has a digest of its content. One that changed nothing and whose content another has already is
-- a repeat: it may be deleted.
ALTER TABLE webhooks ADD COLUMN content TEXT NOT NULL DEFAULT '';
ALTER TABLE webhooks ADD COLUMN repeats BIGINT NOT NULL DEFAULT 0;
CREATE INDEX webhooks_by_content ON webhooks (provider, content, id) WHERE content <> '';
CREATE INDEX webhooks_repeats ON webhooks (received_at) WHERE repeats = 1;

-- +goose Down
DROP INDEX webhooks_repeats;
DROP INDEX webhooks_by_content;
ALTER TABLE webhooks DROP COLUMN repeats;
ALTER TABLE webhooks DROP COLUMN content;
