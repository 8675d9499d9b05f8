package store

import (
	"context"
	"fmt"
	"time"
)

// EventsBefore returns a position in the stream before which every event was
// made before a time; 0 is its beginning. The stream is nearly in the order of
// time, off by what a commit may take, so that the place is found by halves.
func (t *Tx) EventsBefore(ctx context.Context, at time.Time) (position uint64, err error) {
	var last int64
	err = t.queryRow(ctx, `SELECT COALESCE(MAX(position), 0) FROM events`).Scan(&last)
	if err != nil {
		return 0, fmt.Errorf("read the end of the stream: %w", err)
	}

	low, high := int64(0), last
	for low < high {
		middle := low + (high-low)/2
		var created int64
		err := t.queryRow(ctx, `SELECT created_at FROM events WHERE position > $1
			ORDER BY position LIMIT 1`, middle).Scan(&created)
		if err != nil {
			return 0, fmt.Errorf("read the stream at %d: %w", middle, err)
		}
		if created < micros(at) {
			low = middle + 1
		} else {
			high = middle
		}
	}

	return uint64(low), nil
}
