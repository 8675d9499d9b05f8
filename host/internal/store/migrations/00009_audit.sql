-- +goose Up
-- Who asked for what, and what was refused. Rows are only ever added; the hash of each covers the one before.
CREATE TABLE audit (
    position   BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor      TEXT   NOT NULL,
    request_id TEXT   NOT NULL,
    action     TEXT   NOT NULL,
    provider   TEXT   NOT NULL,
    subject    TEXT   NOT NULL,
    outcome    TEXT   NOT NULL CHECK (outcome IN ('done', 'refused')),
    note       TEXT   NOT NULL,
    hash       TEXT   NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, position);
CREATE INDEX audit_by_actor ON audit (actor, position);

-- The newest row, so that rows which are missing at the end are noticed.
CREATE TABLE audit_head (
    name     TEXT   PRIMARY KEY,
    position BIGINT NOT NULL,
    hash     TEXT   NOT NULL
);
INSERT INTO audit_head (name, position, hash) VALUES ('head', 0, '');

-- What waits for a second name: a payout that is not sent before, or an operator's decision.
CREATE TABLE approvals (
    id            TEXT   PRIMARY KEY,
    kind          TEXT   NOT NULL CHECK (kind IN ('payout', 'resolve')),
    intent_id     TEXT   NOT NULL,
    provider      TEXT   NOT NULL,
    amount        TEXT   NOT NULL,
    currency      TEXT   NOT NULL,
    why           TEXT   NOT NULL,
    resolution    TEXT   NOT NULL,
    seen_status   TEXT   NOT NULL,
    seen_attempts BIGINT NOT NULL,
    asked_by      TEXT   NOT NULL,
    asked_at      BIGINT NOT NULL,
    state         TEXT   NOT NULL CHECK (state IN ('pending', 'approved', 'rejected')),
    decided_by    TEXT   NOT NULL,
    decided_at    BIGINT NOT NULL,
    reason        TEXT   NOT NULL,
    CHECK (state = 'pending' OR (decided_by <> '' AND decided_by <> asked_by) OR state = 'rejected')
);
CREATE UNIQUE INDEX approvals_pending ON approvals (intent_id) WHERE state = 'pending';
CREATE INDEX approvals_by_state ON approvals (state, id);

-- +goose Down
DROP TABLE approvals;
DROP TABLE audit_head;
DROP TABLE audit;
