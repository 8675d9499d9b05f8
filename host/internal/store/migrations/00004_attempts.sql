-- +goose Up
-- What must never be is refused by the database. The checks are in columns of their own, because SQLite adds them to a
-- table only so; "rules" is 1 in what is written under them, and 0 in what was there before.
ALTER TABLE intents ADD COLUMN captured TEXT NOT NULL DEFAULT '';
ALTER TABLE intents ADD COLUMN doubt TEXT NOT NULL DEFAULT '';
ALTER TABLE intents ADD COLUMN rules BIGINT NOT NULL DEFAULT 0 CHECK (rules = 0 OR (
    CAST(amount AS NUMERIC) > 0 AND (
        (kind = 'payment' AND status IN ('created', 'requires_action', 'processing', 'authorized', 'succeeded', 'failed',
            'canceled', 'expired', 'under_review', 'unknown'))
        OR (kind = 'payout' AND status IN ('created', 'processing', 'succeeded', 'failed', 'under_review', 'unknown'))
        OR (kind = 'refund' AND status IN ('created', 'pending', 'succeeded', 'failed', 'under_review', 'unknown')))));
-- A key stands for one intent, and an identity never uses a number twice.
CREATE UNIQUE INDEX intents_by_key ON intents (idempotency_key) WHERE rules = 1 AND idempotency_key <> '';
CREATE UNIQUE INDEX intents_by_number ON intents (fingerprint, sequence) WHERE rules = 1 AND sequence > 0;
-- An identity may have several accounts: whether a reference of the provider is another intent's is asked over all of them.
CREATE INDEX provider_references_by_reference ON provider_references (reference);
-- Only what is due is in the index by which recovery looks.
DROP INDEX intents_by_check;
CREATE INDEX intents_due ON intents (provider, check_at, id) WHERE check_at > 0;

-- Numbers are counted for each identity from now on, whatever the account is called. What the new counters have not seen
-- is below this one.
INSERT INTO counters (name, value) SELECT 'sequence_floor', MAX(value) FROM counters WHERE name LIKE 'sequence:%' HAVING COUNT(*) > 0;

-- An attempt belongs to an intent, and an intent has one open attempt at most. One without an intent, which only a repair
-- by hand can have left, is about nothing, and must not keep the host from starting.
CREATE TABLE new_attempts (
    intent_id      TEXT NOT NULL REFERENCES intents (id),
    number         BIGINT NOT NULL,
    verb           TEXT NOT NULL,
    amount         TEXT NOT NULL DEFAULT '',
    action_key     TEXT NOT NULL DEFAULT '',
    started_at     BIGINT NOT NULL,
    deadline       BIGINT NOT NULL,
    duration_ms    BIGINT NOT NULL,
    plugin_version TEXT NOT NULL,
    fingerprint    TEXT NOT NULL,
    host           TEXT NOT NULL,
    outcome        TEXT NOT NULL,
    code           TEXT NOT NULL,
    provider_code  TEXT NOT NULL,
    message        TEXT NOT NULL,
    exchanges      TEXT NOT NULL,
    rules          BIGINT NOT NULL DEFAULT 0 CHECK (rules = 0 OR outcome IN ('', 'ok', 'not_sent', 'refused', 'unknown')),
    PRIMARY KEY (intent_id, number)
);
INSERT INTO new_attempts (intent_id, number, verb, started_at, deadline, duration_ms, plugin_version, fingerprint, host, outcome,
    code, provider_code, message, exchanges)
    SELECT intent_id, number, verb, started_at, deadline, duration_ms, plugin_version, fingerprint, host, outcome, code,
        provider_code, message, exchanges FROM attempts WHERE intent_id IN (SELECT id FROM intents);
DROP TABLE attempts;
ALTER TABLE new_attempts RENAME TO attempts;
CREATE INDEX attempts_open ON attempts (deadline) WHERE outcome = '';
CREATE UNIQUE INDEX attempts_one_open ON attempts (intent_id) WHERE outcome = '' AND rules = 1;

-- The events of a payment and of its refunds have one numbering.
ALTER TABLE events ADD COLUMN subject TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX events_by_subject ON events (subject, sequence) WHERE subject <> '';

-- A transfer counts once for an identity, over all its intents.
ALTER TABLE receipts ADD COLUMN identity TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX receipts_by_identity ON receipts (identity, receipt_id) WHERE identity <> '';

-- Which hosts are there, by their own word.
CREATE TABLE hosts (
    instance   TEXT PRIMARY KEY,
    started_at BIGINT NOT NULL,
    beat_at    BIGINT NOT NULL
);

-- +goose Down
DROP TABLE hosts;
DROP INDEX receipts_by_identity;
ALTER TABLE receipts DROP COLUMN identity;
DROP INDEX events_by_subject;
ALTER TABLE events DROP COLUMN subject;
DROP INDEX attempts_one_open;
DROP INDEX provider_references_by_reference;
DROP INDEX intents_due;
CREATE INDEX intents_by_check ON intents (check_at);
DROP INDEX intents_by_number;
DROP INDEX intents_by_key;
ALTER TABLE intents DROP COLUMN rules;
ALTER TABLE intents DROP COLUMN doubt;
ALTER TABLE intents DROP COLUMN captured;
