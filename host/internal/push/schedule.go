package push

import (
	"math/rand/v2"
	"time"
)

// pauses are how long push waits after each failed try before the next one:
// three days in all. A receiver that is deployed again misses seconds, a broken
// one is repaired within hours, and a long weekend still fits.
var pauses = []time.Duration{
	5 * time.Second, 30 * time.Second,
	2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour,
}

// maxRetryAfter bounds the pause that a receiver may ask for with Retry-After.
const maxRetryAfter = 12 * time.Hour

// jitter spreads the tries of many events that failed at one moment: each pause
// is up to a tenth longer.
const jitter = 0.1

// pauseAfter returns the pause after a number of tries, 1 or more, and false
// when there is to be no further try. asked is the receiver's Retry-After, or
// 0: a pause is never shorter than that, up to maxRetryAfter.
func pauseAfter(tries int, asked time.Duration) (time.Duration, bool) {
	if tries > len(pauses) {
		return 0, false
	}
	pause := max(pauses[tries-1], min(asked, maxRetryAfter))
	spread := rand.Float64() * jitter * float64(pause) //nolint:gosec // not a secret
	return pause + time.Duration(spread), true
}
