-- +goose Up
-- What must never be is refused in every row, also in those that were there before (store/broken.go names the rows that
-- keep these from being made). The checks are in columns of their own, because SQLite adds them to a table only so. An
-- amount is digits, of which one is not 0, with a point at most: no number of either engine is as exact as its text.
DROP INDEX intents_by_key;
DROP INDEX intents_by_number;
ALTER TABLE intents DROP COLUMN rules;
ALTER TABLE intents ADD COLUMN rules BIGINT NOT NULL DEFAULT 1 CHECK (rules = 1
    AND TRIM(amount, '0.') <> '' AND RTRIM(LTRIM(amount, '0123456789'), '0123456789') IN ('', '.') AND (
        (kind = 'payment' AND status IN ('created', 'requires_action', 'processing', 'authorized', 'succeeded', 'failed',
            'canceled', 'expired', 'under_review', 'unknown'))
        OR (kind = 'payout' AND status IN ('created', 'processing', 'succeeded', 'failed', 'under_review', 'unknown'))
        OR (kind = 'refund' AND status IN ('created', 'pending', 'succeeded', 'failed', 'under_review', 'unknown'))));
CREATE UNIQUE INDEX intents_by_key ON intents (idempotency_key) WHERE idempotency_key <> '';
CREATE UNIQUE INDEX intents_by_number ON intents (fingerprint, sequence) WHERE sequence > 0;

DROP INDEX attempts_one_open;
DROP INDEX attempts_open;
ALTER TABLE attempts DROP COLUMN rules;
ALTER TABLE attempts ADD COLUMN rules BIGINT NOT NULL DEFAULT 1
    CHECK (rules = 1 AND outcome IN ('', 'ok', 'not_sent', 'refused', 'unknown'));
-- Recovery looks for open attempts, and each intent has one at most: one index for both.
CREATE UNIQUE INDEX attempts_open ON attempts (intent_id) WHERE outcome = '';

-- Whose numbers an event's is among need not be a column. Its provider is one, so that a token that may see the events of
-- few providers finds them by an index.
DROP INDEX events_by_subject;
ALTER TABLE events DROP COLUMN subject;
CREATE UNIQUE INDEX events_by_subject ON events ((CASE WHEN parent_id = '' THEN intent_id ELSE parent_id END), sequence);
ALTER TABLE events ADD COLUMN provider TEXT NOT NULL DEFAULT '';
UPDATE events SET provider = COALESCE((SELECT intents.provider FROM intents WHERE intents.id = events.intent_id), '');
CREATE INDEX events_by_provider ON events (provider, type, position);

-- A reference is looked up with its provider and without: one index does for both when it begins with the reference.
CREATE TABLE new_references (
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    PRIMARY KEY (reference, provider, intent_id)
);
INSERT INTO new_references (provider, reference, intent_id) SELECT provider, reference, intent_id FROM provider_references;
DROP TABLE provider_references;
ALTER TABLE new_references RENAME TO provider_references;

-- What an index is not asked for is not in it: each row in it costs every write.
DROP INDEX intents_by_provider_status;
DROP INDEX intents_by_parent;
CREATE INDEX intents_by_parent ON intents (parent_id, id) WHERE parent_id <> '';
DROP INDEX intents_by_reference;
CREATE INDEX intents_by_reference ON intents (merchant_reference, kind, created_at, id) WHERE merchant_reference <> '';
DROP INDEX webhooks_by_state;
CREATE INDEX webhooks_due ON webhooks (provider, next_try_at, id) WHERE next_try_at > 0;
DROP INDEX webhooks_by_age;
CREATE INDEX webhooks_by_age ON webhooks (received_at) WHERE verified = 0;
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (state, next_at, position);
-- What a token may see of the audit log and of approvals is found by its providers.
CREATE INDEX audit_by_provider ON audit (provider, position);
CREATE INDEX approvals_by_provider ON approvals (provider, id);
CREATE INDEX approvals_by_provider_state ON approvals (provider, state, id);
-- Transfers of accounts without an identity are looked up, too.
CREATE INDEX receipts_unnamed ON receipts (receipt_id) WHERE identity = '';

-- Where the payments of this database have gone, or have come from. The row "to" keeps every host from it.
CREATE TABLE moved (
    direction TEXT   PRIMARY KEY CHECK (direction IN ('to', 'from')),
    id        TEXT   NOT NULL,
    other     TEXT   NOT NULL,
    begun_at  BIGINT NOT NULL,
    ended_at  BIGINT NOT NULL
);

-- +goose Down
DROP TABLE moved;
DROP INDEX receipts_unnamed;
DROP INDEX approvals_by_provider_state;
DROP INDEX approvals_by_provider;
DROP INDEX audit_by_provider;
DROP INDEX deliveries_by_state;
CREATE INDEX deliveries_by_state ON deliveries (state, next_at);
DROP INDEX webhooks_by_age;
CREATE INDEX webhooks_by_age ON webhooks (verified, received_at);
DROP INDEX webhooks_due;
CREATE INDEX webhooks_by_state ON webhooks (state, next_try_at);
DROP INDEX intents_by_reference;
CREATE INDEX intents_by_reference ON intents (merchant_reference, kind, created_at, id);
DROP INDEX intents_by_parent;
CREATE INDEX intents_by_parent ON intents (parent_id);
CREATE INDEX intents_by_provider_status ON intents (provider, status);
DROP INDEX events_by_provider;
ALTER TABLE events DROP COLUMN provider;
DROP INDEX events_by_subject;
ALTER TABLE events ADD COLUMN subject TEXT NOT NULL DEFAULT '';
UPDATE events SET subject = CASE WHEN parent_id = '' THEN intent_id ELSE parent_id END;
CREATE UNIQUE INDEX events_by_subject ON events (subject, sequence) WHERE subject <> '';
CREATE TABLE old_references (
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    PRIMARY KEY (provider, reference, intent_id)
);
INSERT INTO old_references (provider, reference, intent_id) SELECT provider, reference, intent_id FROM provider_references;
DROP TABLE provider_references;
ALTER TABLE old_references RENAME TO provider_references;
CREATE INDEX provider_references_by_reference ON provider_references (reference);

DROP INDEX attempts_open;
ALTER TABLE attempts DROP COLUMN rules;
ALTER TABLE attempts ADD COLUMN rules BIGINT NOT NULL DEFAULT 1
    CHECK (rules = 0 OR outcome IN ('', 'ok', 'not_sent', 'refused', 'unknown'));
CREATE INDEX attempts_open ON attempts (deadline) WHERE outcome = '';
CREATE UNIQUE INDEX attempts_one_open ON attempts (intent_id) WHERE outcome = '' AND rules = 1;

DROP INDEX intents_by_number;
DROP INDEX intents_by_key;
ALTER TABLE intents DROP COLUMN rules;
ALTER TABLE intents ADD COLUMN rules BIGINT NOT NULL DEFAULT 1 CHECK (rules = 0 OR (
    CAST(amount AS NUMERIC) > 0 AND (
        (kind = 'payment' AND status IN ('created', 'requires_action', 'processing', 'authorized', 'succeeded', 'failed',
            'canceled', 'expired', 'under_review', 'unknown'))
        OR (kind = 'payout' AND status IN ('created', 'processing', 'succeeded', 'failed', 'under_review', 'unknown'))
        OR (kind = 'refund' AND status IN ('created', 'pending', 'succeeded', 'failed', 'under_review', 'unknown')))));
CREATE UNIQUE INDEX intents_by_key ON intents (idempotency_key) WHERE rules = 1 AND idempotency_key <> '';
CREATE UNIQUE INDEX intents_by_number ON intents (fingerprint, sequence) WHERE rules = 1 AND sequence > 0;
