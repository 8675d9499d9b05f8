-- +goose Up
-- Of the one row: since when, and why, no money moves on the database.
CREATE TABLE fence (
    name   TEXT PRIMARY KEY CHECK (name = 'fence'),
    since  BIGINT NOT NULL,
    reason TEXT NOT NULL
);

-- +goose Down
DROP TABLE fence;
