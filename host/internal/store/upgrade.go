package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// HostGoneAfter is how long after its last heartbeat a host is taken for gone.
const HostGoneAfter = 15 * time.Second

// upgradePoll is how often a start looks whether the former hosts are gone.
const upgradePoll = 100 * time.Millisecond

// heartbeats is the last heartbeat of each host that may be alive.
type heartbeats map[string]int64

// awaitFormerHosts returns when no host is alive that knows the tables only as
// they are before the migrations. It could not record what became of its calls
// in the new ones. A host that was killed is waited for; the error names those
// that go on living.
//
// After an error the caller reads the version of the tables again: the host that
// is found alive may have made the migrations itself by then.
func awaitFormerHosts(ctx context.Context, db database, conns *sql.DB) error {
	if db.traits().clock == "" {
		return nil // the file has one host, by its lock
	}
	first, err := readHeartbeats(ctx, conns)
	if err != nil {
		return err
	}

	for {
		now, err := readHeartbeats(ctx, conns)
		if err != nil || len(now) == 0 {
			return err
		}

		var alive []string
		for instance, beat := range now {
			if beat != first[instance] {
				alive = append(alive, instance)
			}
		}
		if len(alive) > 0 {
			return fmt.Errorf(
				"%d hosts of an earlier version run on this database (%s), and could not "+
					"record their calls in the new tables: stop them all, and start this one; "+
					"nothing was changed",
				len(alive), strings.Join(alive, ", "))
		}

		select {
		case <-time.After(upgradePoll):
		case <-ctx.Done():
			return fmt.Errorf("wait for hosts of an earlier version to be gone: %w",
				context.Cause(ctx))
		}
	}
}

// readHeartbeats returns the heartbeats that are not too old. The first tables
// had none.
func readHeartbeats(ctx context.Context, conns *sql.DB) (heartbeats, error) {
	var table sql.NullString
	err := conns.QueryRowContext(ctx, `SELECT to_regclass('hosts')::text`).Scan(&table)
	if err != nil || !table.Valid {
		return nil, err
	}
	rows, err := conns.QueryContext(ctx,
		`SELECT instance, beat_at FROM hosts WHERE beat_at >= `+serverTime+` - $1`,
		HostGoneAfter.Microseconds())
	if err != nil {
		return nil, fmt.Errorf("read which hosts are alive: %w", err)
	}
	defer rows.Close()

	found := heartbeats{}
	for rows.Next() {
		var instance string
		var beat int64
		if err := rows.Scan(&instance, &beat); err != nil {
			return nil, err
		}
		found[instance] = beat
	}

	return found, rows.Err()
}
