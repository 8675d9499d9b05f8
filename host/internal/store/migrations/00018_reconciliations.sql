-- +goose Up
-- What was compared with a provider's own list, and what differs.
CREATE TABLE reconciliations (
    id         TEXT   PRIMARY KEY,
    provider   TEXT   NOT NULL,
    from_at    BIGINT NOT NULL,
    to_at      BIGINT NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('running', 'done', 'failed')),
    started_at BIGINT NOT NULL,
    ended_at   BIGINT NOT NULL,
    asked_by   TEXT   NOT NULL,
    error      TEXT   NOT NULL,
    compared   BIGINT NOT NULL,
    orphans    BIGINT NOT NULL
);
CREATE INDEX reconciliations_by_provider ON reconciliations (provider, id);
CREATE INDEX reconciliations_running ON reconciliations (state, id) WHERE state = 'running';

CREATE TABLE findings (
    id                 TEXT   PRIMARY KEY,
    reconciliation_id  TEXT   NOT NULL,
    provider           TEXT   NOT NULL,
    kind               TEXT   NOT NULL CHECK (kind IN ('missing_there', 'missing_here', 'amount', 'status')),
    subject            TEXT   NOT NULL CHECK (subject IN ('payment', 'payout')),
    intent_id          TEXT   NOT NULL,
    reference          TEXT   NOT NULL,
    provider_reference TEXT   NOT NULL,
    ours               TEXT   NOT NULL,
    theirs             TEXT   NOT NULL,
    found_at           BIGINT NOT NULL,
    state              TEXT   NOT NULL CHECK (state IN ('open', 'settled', 'attached')),
    ended_by           TEXT   NOT NULL,
    note               TEXT   NOT NULL
);
CREATE INDEX findings_by_reconciliation ON findings (reconciliation_id, id);
CREATE INDEX findings_by_state ON findings (state, id);
CREATE INDEX findings_by_provider ON findings (provider, state, id);
-- A later reconciliation finds the same again: what a person has ended stays ended.
CREATE INDEX findings_ended ON findings (provider, kind, intent_id, provider_reference, id) WHERE ended_by <> '';

-- +goose Down
DROP TABLE findings;
DROP TABLE reconciliations;
