-- +goose Up
-- What an operator has stopped at a provider: new payments, or new payouts.
CREATE TABLE pauses (
    provider  TEXT   NOT NULL,
    what      TEXT   NOT NULL CHECK (what IN ('payments', 'payouts')),
    since     BIGINT NOT NULL,
    paused_by TEXT   NOT NULL,
    reason    TEXT   NOT NULL,
    PRIMARY KEY (provider, what)
);

-- +goose Down
DROP TABLE pauses;
