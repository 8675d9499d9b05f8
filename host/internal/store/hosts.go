package store

import (
	"context"
	"time"
)

// RecordHeartbeat records that a host is alive, at the database's own time.
func (t *Tx) RecordHeartbeat(ctx context.Context, instance string) error {
	return t.queue(
		ctx,
		`INSERT INTO hosts (instance, started_at, beat_at) VALUES ($1, $2, $2)
		ON CONFLICT (instance) DO UPDATE SET beat_at = $2`,
		instance,
		micros(t.Now()),
	)
}

// HostAlive reports whether a host has sent a heartbeat since a time.
func (t *Tx) HostAlive(
	ctx context.Context,
	instance string,
	since time.Time,
) (bool, error) {
	var count int
	err := t.queryRow(ctx, `SELECT COUNT(*) FROM hosts WHERE instance = $1 AND beat_at >= $2`,
		instance, micros(since)).
		Scan(&count)
	return count > 0, err
}

// DeleteHost records that a host has ended. From then on other hosts may take
// over the attempts that it left open.
func (t *Tx) DeleteHost(ctx context.Context, instance string) error {
	return t.queue(ctx, `DELETE FROM hosts WHERE instance = $1`, instance)
}

// DeleteOtherHosts records that no host but this one can be alive, as where a
// lock keeps every other host from the database.
func (t *Tx) DeleteOtherHosts(ctx context.Context, instance string) error {
	return t.queue(ctx, `DELETE FROM hosts WHERE instance <> $1`, instance)
}

// DeleteHostsBefore deletes the hosts that sent their last heartbeat before a
// time.
func (t *Tx) DeleteHostsBefore(ctx context.Context, before time.Time) error {
	return t.queue(ctx, `DELETE FROM hosts WHERE beat_at < $1`, micros(before))
}
