package push

import (
	"math/rand/v2"
	"time"
)

// pauses are how long push waits after each failed try before the next one:
// three days in all. A receiver that is deployed anew misses seconds, one that
// is broken is mended within hours, and a long weekend still fits.
var pauses = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour,
	2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour, 12 * time.Hour,
}

// maxRetryAfter bounds what a receiver may ask for with Retry-After.
const maxRetryAfter = 12 * time.Hour

// jitter spreads the tries of many events that failed at one moment: each pause
// is up to a tenth longer.
const jitter = 0.1

// pauseAfter returns the pause after a number of tries, 1 or more; false when
// there is to be no further try. asked is what the receiver said with
// Retry-After, or 0: a pause is never shorter than that.
func pauseAfter(tries int, asked time.Duration) (time.Duration, bool) {
	if tries > len(pauses) {
		return 0, false
	}
	pause := max(pauses[tries-1], min(asked, maxRetryAfter))
	return pause + time.Duration(
		rand.Float64()*jitter*float64(pause),
	), true //nolint:gosec // nothing secret hangs on it
}
