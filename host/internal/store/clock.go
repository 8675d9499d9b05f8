package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// clock is the database's: the one by which all hosts date what they write, and judge whether a window is still open. On
// PostgreSQL it is the server's, which every writing transaction tells. On SQLite it is this machine's; when somebody sets
// that back the clock goes on, for a window that has closed must not open again.
//
// Between two tellings it runs by the machine's monotonic clock, so that a step of the machine's time does not move it.
type clock struct {
	fixed func() time.Time // of a test, nil otherwise

	mu sync.Mutex
	// base is what the database's clock showed at the moment at of this machine. exact is how far it may be off.
	base  time.Time
	at    time.Time
	exact time.Duration
	// server says that the database has a clock of its own.
	server bool
}

// worth is for how long a telling is better than a later one that is less exact: clocks drift.
const worth = time.Minute

// usualTrip is more than a question usually takes to the server.
const usualTrip = 50 * time.Millisecond

func newClock() *clock {
	now := time.Now()
	return &clock{base: now.Round(0), at: now}
}

// now is the database's time as well as this host knows it, to the microsecond.
func (c *clock) now() time.Time {
	if c.fixed != nil {
		return c.fixed().UTC().Truncate(time.Microsecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()

	now := time.Now()
	shown := c.base.Add(now.Sub(c.at))
	if wall := now.Round(0); !c.server && wall.After(shown) { // the machine's time was set forward
		c.base, c.at, shown = wall, now, wall
	}
	return shown.UTC().Truncate(time.Microsecond)
}

// told takes over what the server's clock showed at a moment between sent and received.
func (c *clock) told(server, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()

	exact := received.Sub(sent) / 2
	if c.server && exact > c.exact && sent.Sub(c.at) < worth {
		return
	}
	// A late answer has usually waited for another host's transaction, behind the reading of the clock.
	c.base, c.at, c.exact, c.server = server, sent.Add(min(exact, usualTrip)), exact, true
}

// follow has the clock learn what time it is from a transaction that has just begun, where its database has a clock.
func (c *clock) follow(tx batch) {
	if telling, ok := tx.(interface{ onTime(func(time.Time)) }); ok && c.fixed == nil {
		sent := time.Now()
		telling.onTime(func(server time.Time) { c.told(server, sent, time.Now()) })
	}
}

// notBefore moves the clock forward to a time that the database has seen.
func (c *clock) notBefore(seen time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if now := time.Now(); seen.After(c.base.Add(now.Sub(c.at))) {
		c.base, c.at = seen, now
	}
}

// setClock reads the clock once, before the first write. On SQLite it begins no earlier than the last sign of life of any
// host in the file: while nothing ran, the machine's time may have been set back.
func (s *Store) setClock(ctx context.Context) error {
	if s.clock.fixed != nil {
		return nil
	}
	sent := time.Now()
	var shown int64
	err := s.Read(ctx, func(tx *Tx) error {
		query := `SELECT COALESCE(MAX(beat_at), 0) FROM hosts`
		if s.db.traits().clock != "" {
			query = `SELECT ` + s.db.traits().clock
		}
		return tx.queryRow(ctx, query).Scan(&shown)
	})
	switch {
	case err != nil:
		return fmt.Errorf("read the database's clock: %w", err)
	case s.db.traits().clock != "":
		s.clock.told(fromMicros(shown), sent, time.Now())
	default:
		s.clock.notBefore(fromMicros(shown))
	}
	return nil
}

// Now is the database's clock as well as this host knows it.
func (s *Store) Now() time.Time { return s.clock.now() }

// Skew is how far this machine's clock is ahead of the database's.
func (s *Store) Skew() time.Duration { return time.Since(s.clock.now()).Round(time.Millisecond) }
