package store

import (
	"testing"
	"testing/synctest"
	"time"
)

// The database's clock is what a server tells, and runs on by this machine's in
// between.
func TestTheClockIsTheServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, machine := newClock(), time.Now()
		if got := c.now(); got.Sub(machine).Abs() > time.Microsecond {
			t.Errorf("before anybody has told: %s off", got.Sub(machine))
		}

		// also when it was set back: it is the one that counts
		for _, off := range []time.Duration{time.Hour, -time.Hour} {
			sent := time.Now()
			time.Sleep(10 * time.Millisecond)
			c.synchronize(sent.Add(off+5*time.Millisecond), sent, time.Now())

			for _, passed := range []time.Duration{0, time.Second, 2 * time.Minute} {
				time.Sleep(passed)
				if got := time.Until(c.now()); (got - off).Abs() > time.Millisecond {
					t.Errorf(
						"%s after it was told it is %s off the machine's, want %s",
						passed,
						got,
						off,
					)
				}
			}
		}
	})
}

// An answer that came late says less, and does not replace a better one that is
// fresh. A very late one has usually waited for another host, behind the
// reading of the clock.
func TestALateTellingIsWorthLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, off := newClock(), time.Hour
		tell := func(trip time.Duration) {
			sent := time.Now()
			time.Sleep(trip)
			c.synchronize(sent.Add(off), sent, time.Now())
		}

		tell(2 * time.Millisecond)
		off = 2 * time.Hour
		tell(30 * time.Second)
		if got := time.Until(c.now()); (got - time.Hour).Abs() > 2*time.Millisecond {
			t.Errorf("a late telling replaced an exact one: %s off", got)
		}

		time.Sleep(precisionLifetime)
		tell(30 * time.Second)
		if got := time.Until(c.now()); (got - 2*time.Hour).Abs() > usualTrip {
			t.Errorf("when the exact one is old: %s off", got)
		}
	})
}

func TestTheClockIsMovedForwardOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, seen := newClock(), time.Now().Add(time.Hour)
		c.notBefore(seen)
		if got := c.now(); got.Before(seen.Truncate(time.Microsecond)) {
			t.Errorf("it is %s, before what was seen", got)
		}

		c.notBefore(time.Now())
		if got := c.now(); got.Before(seen.Truncate(time.Microsecond)) {
			t.Errorf("it was moved back to %s", got)
		}
		time.Sleep(time.Minute)
		if got := c.now().Sub(seen); got < time.Minute-time.Microsecond ||
			got > time.Minute {
			t.Errorf("a minute later it is %s later", got)
		}
	})
}
