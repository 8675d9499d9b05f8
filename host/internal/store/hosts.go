package store

import (
	"context"
	"time"
)

// RecordHeartbeat records that a host is there, at the database's own time.
func (t *Tx) RecordHeartbeat(ctx context.Context, instance string) error {
	return t.later(ctx, `INSERT INTO hosts (instance, started_at, beat_at) VALUES ($1, $2, $2)
		ON CONFLICT (instance) DO UPDATE SET beat_at = $2`, instance, micros(t.Now()))
}

// DeleteHost records that a host is gone: what it was doing is anybody's from now on.
func (t *Tx) DeleteHost(ctx context.Context, instance string) error {
	return t.later(ctx, `DELETE FROM hosts WHERE instance = $1`, instance)
}

// HostAlive reports whether a host has given a sign of life since a time.
func (t *Tx) HostAlive(ctx context.Context, instance string, since time.Time) (bool, error) {
	var n int
	err := t.queryRow(ctx, `SELECT COUNT(*) FROM hosts WHERE instance = $1 AND beat_at >= $2`, instance, micros(since)).Scan(&n)
	return n > 0, err
}

// DeleteOtherHosts records that no other host than this one can be there, as where a lock keeps every other from the database.
func (t *Tx) DeleteOtherHosts(ctx context.Context, instance string) error {
	return t.later(ctx, `DELETE FROM hosts WHERE instance <> $1`, instance)
}

// DeleteHostsBefore deletes the rows of hosts that gave their last sign of life before a time.
func (t *Tx) DeleteHostsBefore(ctx context.Context, before time.Time) error {
	return t.later(ctx, `DELETE FROM hosts WHERE beat_at < $1`, micros(before))
}
