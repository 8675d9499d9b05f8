package core

import (
	"math/rand/v2"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
)

// schedule sets when an intent is looked at next, after a report. News starts the pauses afresh; without news they
// double up to an hour. What is final is looked at again only while a report about it needs the provider's word.
func (c *Core) schedule(i *intent.Intent, v intent.Verdict, r intent.Report) {
	switch {
	case v.Ask: // also of what is final: a success that is taken back, or comes late
		if i.CheckAt.IsZero() || i.CheckAt.After(r.At) {
			i.CheckAt, i.Checks = r.At, 0
		}
		return
	case !v.Moved && r.Proof < intent.Answer:
		return // a notice that brings no news must not put off the next look
	case i.Status == payment.Expired:
		scheduleExpired(i, v, r)
		return
	case i.Status.Final():
		i.CheckAt, i.Checks = time.Time{}, 0
		return
	}
	if v.Moved {
		i.Checks = 0
	}
	i.CheckAt = r.At.Add(c.pause(i.Status, i.Checks))
	if v.Moved {
		return
	}
	i.Checks++
}

// A payment that has expired may be paid all the same: it is asked about once more after an hour, and after a day. Its Checks
// say which look is next, and whether that is under way: only the answer to that look uses it up, not one to a question that
// was asked before.
const (
	firstExpiredCheck  = time.Hour
	secondExpiredCheck = 23 * time.Hour // after the first
	// expiredChecks is when asking ends if the provider does not answer.
	expiredChecks = 72 * time.Hour

	expiredFirstLook    = 0
	expiredLookUnderWay = 1 // is added to a look
	expiredSecondLook   = 2
)

func scheduleExpired(i *intent.Intent, v intent.Verdict, r intent.Report) {
	switch {
	case v.Moved:
		i.CheckAt, i.Checks = r.At.Add(firstExpiredCheck), expiredFirstLook
	case i.Checks == expiredFirstLook+expiredLookUnderWay:
		i.CheckAt, i.Checks = r.At.Add(secondExpiredCheck), expiredSecondLook
	case i.Checks == expiredSecondLook+expiredLookUnderWay:
		i.CheckAt, i.Checks = time.Time{}, 0
	}
}

// expiredLater puts a look off that the provider did not answer.
func expiredLater(i *intent.Intent, now time.Time) {
	i.CheckAt = now.Add(maxCheck)
	if i.CheckAt.After(i.UpdatedAt.Add(expiredChecks)) {
		i.CheckAt, i.Checks = time.Time{}, 0
	}
}

// pause is how long to wait before the next look: doubled each time, and spread by a fifth either way so that intents
// made together are not asked about together.
func (c *Core) pause(s payment.Status, checks int) time.Duration {
	d := firstCheck
	if s == payment.Unknown {
		d = firstCheckUnknown
	}
	for range min(checks, 12) {
		d *= 2
	}
	d = min(d, maxCheck)
	if c.steady {
		return d
	}
	return d - d/5 + rand.N(2*d/5) //nolint:gosec // a spread, not a secret
}

// backoff returns the pauses between tries that follow each other closely, from a first one on.
func (c *Core) backoff(first time.Duration) *backoff.ExponentialBackOff {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = first
	if c.steady {
		pauses.RandomizationFactor = 0
	}
	return pauses
}
