-- +goose Up
-- Recovery looks for open attempts, and the inbox for old unverified notices, all the time: neither may read the whole table.
CREATE INDEX attempts_open ON attempts (deadline) WHERE outcome = '';
CREATE INDEX webhooks_by_age ON webhooks (verified, received_at);

-- +goose Down
DROP INDEX webhooks_by_age;
DROP INDEX attempts_open;
