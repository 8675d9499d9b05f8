-- +goose Up
-- One row for each event that is to be pushed and has not arrived yet; an event that has arrived has no row. The subject
-- is the payment or payout whose events go out in order.
CREATE TABLE deliveries (
    position   BIGINT PRIMARY KEY,
    subject    TEXT NOT NULL,
    state      TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    tries      BIGINT NOT NULL,
    next_at    BIGINT NOT NULL,
    tried_at   BIGINT NOT NULL,
    status     BIGINT NOT NULL,
    error      TEXT NOT NULL
);
CREATE INDEX deliveries_by_state ON deliveries (state, next_at);
CREATE INDEX deliveries_by_subject ON deliveries (subject, position);

-- +goose Down
DROP TABLE deliveries;
