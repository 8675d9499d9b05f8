package store

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// precisionLifetime is for how long an answer of the server's clock is better
// than a later one that is less exact: clocks drift.
const precisionLifetime = time.Minute

// usualTrip is longer than a request to the server usually takes.
const usualTrip = 50 * time.Millisecond

// clock is the database's clock: all hosts date by it what they write, and
// judge by it whether a window is still open. On PostgreSQL it is the server's,
// which answers in every write. On SQLite it is this machine's, except that it
// never goes back when the operator sets the machine's back: a window that has
// closed must not open again.
//
// Between two answers of the server it runs by the machine's monotonic clock,
// so that a step of the machine's time does not move it.
type clock struct {
	fixed func() time.Time // of a test, nil otherwise

	mu sync.Mutex
	// base is the time of the database's clock at the moment at of this
	// machine. exact is the most that it may be off.
	base  time.Time
	at    time.Time
	exact time.Duration
	// server says that the database has a clock of its own.
	server bool
}

func newClock() *clock {
	now := time.Now()
	return &clock{base: now.Round(0), at: now}
}

// now returns the database's time, to the microsecond, as well as this host
// knows it.
func (c *clock) now() time.Time {
	if c.fixed != nil {
		return c.fixed().UTC().Truncate(time.Microsecond)
	}
	c.mu.Lock()
	defer c.mu.Unlock()

	now := time.Now()
	shown := c.base.Add(now.Sub(c.at))
	wall := now.Round(0)
	if !c.server && wall.After(shown) { // the machine's time was set forward
		c.base = wall
		c.at = now
		shown = wall
	}

	return shown.UTC().Truncate(time.Microsecond)
}

// synchronize sets the clock by the server's, which it showed at a moment
// between sent and received.
func (c *clock) synchronize(server, sent, received time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()

	exact := received.Sub(sent) / 2
	if c.server && exact > c.exact && sent.Sub(c.at) < precisionLifetime {
		return
	}

	// A late answer has usually waited for another host's transaction, after
	// the server had read its clock.
	c.base = server
	c.at = sent.Add(min(exact, usualTrip))
	c.exact = exact
	c.server = true
}

// follow synchronizes the clock by a transaction that has just begun, where its
// database has a clock.
func (c *clock) follow(tx batch) {
	timed, ok := tx.(interface{ onTime(func(time.Time)) })
	if !ok || c.fixed != nil {
		return
	}
	sent := time.Now()
	timed.onTime(func(server time.Time) { c.synchronize(server, sent, time.Now()) })
}

// notBefore moves the clock forward to a time that the database has seen.
func (c *clock) notBefore(seen time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()

	now := time.Now()
	if seen.After(c.base.Add(now.Sub(c.at))) {
		c.base = seen
		c.at = now
	}
}

// setClock reads the database's clock once, before the first write. On SQLite
// the clock begins no earlier than the last heartbeat of any host in the file:
// the machine's time may have been set back while no host ran.
func (s *Store) setClock(ctx context.Context) error {
	if s.clock.fixed != nil {
		return nil
	}
	query := `SELECT COALESCE(MAX(beat_at), 0) FROM hosts`
	serverClock := s.db.traits().clock
	if serverClock != "" {
		query = `SELECT ` + serverClock
	}

	// The time of the round trip bounds how far off the answer can be.
	sent := time.Now()
	var shown int64
	err := s.Read(ctx, func(tx *Tx) error { return tx.queryRow(ctx, query).Scan(&shown) })
	if err != nil {
		return fmt.Errorf("read the database's clock: %w", err)
	}

	if serverClock != "" {
		s.clock.synchronize(fromMicros(shown), sent, time.Now())
	} else {
		s.clock.notBefore(fromMicros(shown))
	}

	return nil
}

// Now returns the time of the database's clock, as well as this host knows it.
func (s *Store) Now() time.Time { return s.clock.now() }

// Skew returns how far this machine's clock is ahead of the database's, to the
// millisecond.
func (s *Store) Skew() time.Duration { return time.Since(s.clock.now()).Round(time.Millisecond) }
