-- +goose Up
-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BYTEA mean the same in both (SQLite keeps a blob as it is).
-- Times are microseconds since 1970 in UTC, 0 for none. JSON is text.
CREATE TABLE intents (
    id                 TEXT PRIMARY KEY,
    kind               TEXT NOT NULL,
    provider           TEXT NOT NULL,
    parent_id          TEXT NOT NULL,
    amount             TEXT NOT NULL,
    currency           TEXT NOT NULL,
    merchant_reference TEXT NOT NULL,
    method             TEXT NOT NULL,
    request            TEXT NOT NULL,
    idempotency_key    TEXT NOT NULL,
    created_at         BIGINT NOT NULL,
    expires_at         BIGINT NOT NULL,
    sequence           BIGINT NOT NULL,
    status             TEXT NOT NULL,
    review_reason      TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    provider_reference TEXT NOT NULL,
    refs               TEXT NOT NULL,
    provider_status    TEXT NOT NULL,
    paid_amount        TEXT NOT NULL,
    paid_currency      TEXT NOT NULL,
    next_action        TEXT NOT NULL,
    failure            TEXT NOT NULL,
    state              BYTEA,
    succeeded_at       BIGINT NOT NULL,
    updated_at         BIGINT NOT NULL,
    check_at           BIGINT NOT NULL,
    checks             BIGINT NOT NULL,
    events             BIGINT NOT NULL,
    version            BIGINT NOT NULL
);
CREATE INDEX intents_by_kind ON intents (kind, id);
CREATE INDEX intents_by_parent ON intents (parent_id);
CREATE INDEX intents_by_merchant_reference ON intents (merchant_reference);
CREATE INDEX intents_by_check ON intents (check_at);
CREATE INDEX intents_by_provider_status ON intents (provider, status);

CREATE TABLE provider_references (
    provider  TEXT NOT NULL,
    reference TEXT NOT NULL,
    intent_id TEXT NOT NULL,
    PRIMARY KEY (provider, reference, intent_id)
);

CREATE TABLE attempts (
    intent_id      TEXT NOT NULL,
    number         BIGINT NOT NULL,
    verb           TEXT NOT NULL,
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
    PRIMARY KEY (intent_id, number)
);

CREATE TABLE history (
    intent_id   TEXT NOT NULL,
    position    BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    action      TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    note        TEXT NOT NULL,
    PRIMARY KEY (intent_id, position)
);

CREATE TABLE idempotency_keys (
    key          TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    intent_id    TEXT NOT NULL,
    action       TEXT NOT NULL,
    result       TEXT NOT NULL,
    host         TEXT NOT NULL,
    deadline     BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);

CREATE TABLE receipts (
    intent_id  TEXT NOT NULL,
    receipt_id TEXT NOT NULL,
    amount     TEXT NOT NULL,
    currency   TEXT NOT NULL,
    PRIMARY KEY (intent_id, receipt_id)
);

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
);

CREATE TABLE events (
    position   BIGINT PRIMARY KEY,
    type       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    intent_id  TEXT NOT NULL,
    parent_id  TEXT NOT NULL,
    sequence   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    data       TEXT NOT NULL
);

CREATE TABLE webhooks (
    id             TEXT PRIMARY KEY,
    provider       TEXT NOT NULL,
    purpose        TEXT NOT NULL,
    scope          TEXT NOT NULL,
    intent_id      TEXT NOT NULL,
    received_at    BIGINT NOT NULL,
    remote_address TEXT NOT NULL,
    method         TEXT NOT NULL,
    query          TEXT NOT NULL,
    headers        TEXT NOT NULL,
    body           BYTEA,
    state          TEXT NOT NULL,
    verified       BIGINT NOT NULL,
    events         BIGINT NOT NULL,
    intent_ids     TEXT NOT NULL,
    error          TEXT NOT NULL,
    tries          BIGINT NOT NULL,
    next_try_at    BIGINT NOT NULL
);
CREATE INDEX webhooks_by_state ON webhooks (state, next_try_at);
CREATE INDEX webhooks_by_provider ON webhooks (provider, id);

CREATE TABLE applied_notices (
    provider   TEXT NOT NULL,
    event_id   TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    applied_at BIGINT NOT NULL,
    PRIMARY KEY (provider, event_id)
);

CREATE TABLE settings (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- +goose Down
DROP TABLE settings;
DROP TABLE applied_notices;
DROP TABLE webhooks;
DROP TABLE events;
DROP TABLE counters;
DROP TABLE receipts;
DROP TABLE idempotency_keys;
DROP TABLE history;
DROP TABLE attempts;
DROP TABLE provider_references;
DROP TABLE intents;
