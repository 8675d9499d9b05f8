package core

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// This file sets when an intent is due next: its CheckAt, and in Checks how
// often it was due without news.

// The backoff between two status queries about one intent doubles from the
// first to the longest.
const (
	firstBackoff        = 10 * time.Second
	firstBackoffUnknown = 2 * time.Second
	// MaxBackoff is the longest time between two status queries about an
	// intent.
	MaxBackoff = time.Hour
)

// A payment that has expired may be paid all the same: its status is queried
// once more after an hour, and after a day. Its Checks say which query is next,
// and whether that is under way: only the answer to that query uses it up, not
// one to a query that was begun before.
const (
	firstExpiredCheck  = time.Hour
	secondExpiredCheck = 23 * time.Hour // after the first
	// expiredChecks is when querying ends if the provider does not answer.
	expiredChecks = 72 * time.Hour

	expiredFirstQuery    = 0
	expiredQueryUnderWay = 1 // is added to a query
	expiredSecondQuery   = 2
)

// schedule sets when an intent is due next, after a report. News starts the
// backoff from its beginning; without news it doubles up to an hour. A final
// intent is due only while a report about it needs the provider's word.
func (c *Core) schedule(i *intent.Intent, v intent.Verdict, r intent.Report) {
	switch {
	case v.Query: // also of what is final: a success that is taken back, or comes late
		if i.CheckAt.IsZero() || i.CheckAt.After(r.At) {
			i.CheckAt, i.Checks = r.At, 0
		}
		return
	case !v.Moved && r.Proof < intent.Answer:
		return // a webhook without news must not put off the next query
	case i.Status == payment.Expired:
		scheduleExpired(i, v, r)
		return

	case i.Status.Final():
		i.CheckAt, i.Checks = time.Time{}, 0
		return
	}

	// News starts the backoff from its beginning.
	if v.Moved {
		i.Checks = 0
	}
	i.CheckAt = r.At.Add(c.backoffAfter(i.Status, i.Checks))
	if !v.Moved {
		i.Checks++
	}
}

// scheduleExpired makes a payment that has expired due for its first query, or
// for the next one when the answer to the last has come.
func scheduleExpired(i *intent.Intent, v intent.Verdict, r intent.Report) {
	switch {
	case v.Moved:
		i.CheckAt, i.Checks = r.At.Add(firstExpiredCheck), expiredFirstQuery
	case i.Checks == expiredFirstQuery+expiredQueryUnderWay:
		i.CheckAt, i.Checks = r.At.Add(secondExpiredCheck), expiredSecondQuery
	case i.Checks == expiredSecondQuery+expiredQueryUnderWay:
		i.CheckAt, i.Checks = time.Time{}, 0
	}
}

// Claim makes an intent due at a later moment, for the host that queries its
// status until then.
func Claim(i *intent.Intent, until time.Time) {
	i.CheckAt = until
	if i.Status == payment.Expired {
		i.Checks |= expiredQueryUnderWay
	}
}

// DueSoon makes a claimed intent due again soon, because it could not be
// queried. Its backoff does not grow.
func DueSoon(i *intent.Intent, now time.Time) {
	i.CheckAt = now.Add(firstBackoffUnknown)
	if i.Status == payment.Expired {
		i.Checks &^= expiredQueryUnderWay
	}
}

// Reschedule makes an intent due again after the next longer backoff, inside
// tx. A final intent that is no longer due stays so.
func (c *Core) Reschedule(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	if i.Status.Final() && i.CheckAt.IsZero() {
		return nil // resolved meanwhile
	}
	if i.Status == payment.Expired {
		rescheduleExpired(i, tx.Now())
		return tx.SaveIntent(ctx, i)
	}

	i.CheckAt = tx.Now().Add(c.backoffAfter(i.Status, i.Checks))
	i.Checks++
	return tx.SaveIntent(ctx, i)
}

// rescheduleExpired puts a query off that the provider did not answer.
func rescheduleExpired(i *intent.Intent, now time.Time) {
	i.CheckAt = now.Add(MaxBackoff)
	if i.CheckAt.After(i.UpdatedAt.Add(expiredChecks)) {
		i.CheckAt, i.Checks = time.Time{}, 0
	}
}

// backoffAfter returns how long to wait before the next query: doubled each
// time, and spread by a fifth either way so that intents made together are not
// queried together.
func (c *Core) backoffAfter(s payment.Status, checks int) time.Duration {
	wait := firstBackoff
	if s == payment.Unknown {
		wait = firstBackoffUnknown
	}
	for range min(checks, 12) {
		wait *= 2
	}

	wait = min(wait, MaxBackoff)
	if c.steady {
		return wait
	}

	return wait - wait/5 + rand.N(2*wait/5) //nolint:gosec // a spread, not a secret
}

// backoff returns the pauses between tries that follow each other closely, from
// a first one on.
func (c *Core) backoff(first time.Duration) *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = first
	if c.steady {
		pauses.RandomizationFactor = 0
	}
	return pauses
}
