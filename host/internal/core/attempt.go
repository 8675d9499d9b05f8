package core

import (
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// An attempt is one call that can move money. docs/design/attempts.md has its
// rules as a whole; this file has those that all of its users share.

// lostGrace is how long after its deadline an attempt without an answer still
// belongs to its host.
const lostGrace = idempotency.Grace

// wall is the end of an attempt: until when it may be sent. It is the attempt's
// deadline, which the commit that recorded it has fixed by the database's
// clock. A host that was stopped in between, for however long, does not send it
// any more.
type wall struct {
	core     *Core
	deadline time.Time // by the database's clock
	length   time.Duration
	// begun and running are when the attempt was prepared, by this machine's
	// time of day and by its running clock. The first goes on while the machine
	// is suspended; the second cannot be set.
	begun, running time.Time
}

// wallFrom is called before an attempt is recorded: however long recording it
// takes is part of its time.
func (c *Core) wallFrom(length time.Duration) wall {
	return wall{core: c, length: length, begun: c.now().Round(0), running: time.Now()}
}

// left returns for how long the attempt may still be sent. The clock that shows
// the least time counts.
func (w wall) left() time.Duration {
	byClocks := w.length - max(time.Since(w.running), w.core.now().Round(0).Sub(w.begun))
	return min(byClocks, w.deadline.Sub(w.core.store.Now()))
}

// errWall is for an attempt that was not sent because its time was over.
func errWall() error {
	return sdk.NotSent(
		sdk.CodeUnavailable,
		"the call's time was over before it could be made, "+
			"as when the host was stopped or its database was slow",
	)
}

// newAttempt returns an attempt that is dated inside the transaction which
// records it.
func (c *Core) newAttempt(
	tx *store.Tx,
	number int,
	verb string,
	lease Lease,
) payment.Attempt {
	now := tx.Now()
	return payment.Attempt{
		Number:        number,
		Verb:          verb,
		StartedAt:     now,
		Deadline:      now.Add(lease.Config().Timeout),
		PluginVersion: lease.Version(),
		Fingerprint:   lease.Fingerprint(),
		Host:          c.instance,
	}
}

// UnderWay finds an attempt that may still reach the provider: it is open, or
// its host was taken for gone before the attempt's time was over. now is the
// database's.
func UnderWay(
	attempts []payment.Attempt,
	now time.Time,
) (found payment.Attempt, busy bool) {
	for _, a := range attempts {
		lost := a.Code == payment.CodeHostGone && now.Before(a.Deadline.Add(lostGrace))
		if a.Outcome == "" || lost {
			return a, true
		}
	}
	return payment.Attempt{}, false
}

// numbered finds an attempt by its number.
func numbered(attempts []payment.Attempt, number int) (payment.Attempt, bool) {
	k := slices.IndexFunc(
		attempts,
		func(a payment.Attempt) bool { return a.Number == number },
	)
	if k < 0 {
		return payment.Attempt{}, false
	}
	return attempts[k], true
}

// recordedAlready reports whether an attempt's end is on disk as it is to be
// written: the commit arrived, and only its acknowledgement did not. An end
// that is unknown can also be another host's guess, and is written again.
func recordedAlready(attempts []payment.Attempt, ended payment.Attempt) bool {
	was, ok := numbered(attempts, ended.Number)
	return ok && was.Outcome == ended.Outcome && ended.Outcome != string(sdk.OutcomeUnknown)
}

// noneHappened reports whether every attempt of a verb is known not to have
// happened.
func noneHappened(attempts []payment.Attempt, verb string) bool {
	for _, a := range attempts {
		not := a.Outcome == string(sdk.OutcomeNotSent) ||
			a.Outcome == string(sdk.OutcomeRefused)
		if a.Verb == verb && !not {
			return false
		}
	}
	return true
}

// hasLater reports whether an attempt of the same verb was made after a given
// one.
func hasLater(attempts []payment.Attempt, verb string, number int) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		return a.Verb == verb && a.Number > number
	})
}

// Foreign reports whether a lease belongs to another identity at the provider
// than the one that an intent was made as. Its answers and calls would be about
// another merchant's money.
func Foreign(lease Lease, i *intent.Intent) bool {
	return i.Fingerprint != "" && lease.Fingerprint() != i.Fingerprint
}

// errForeign turns away what is asked for an intent of another identity.
func errForeign(i *intent.Intent) *payment.Error {
	return conflict(
		i,
		"the account's identity at the provider has changed since it was made "+
			"(another merchant, address or environment); nothing was sent. Put the former "+
			"configuration back to work with it",
	)
}

// running are the attempts that this host is making. It never takes one of them
// for lost, whatever the clocks say.
type running struct {
	mu  sync.Mutex
	set map[runningAttempt]bool
}

type runningAttempt struct {
	intent string
	number int
}

// add begins an attempt; done must be called when its end is recorded or given
// up.
func (r *running) add(id string, number int) (done func()) {
	attempt := runningAttempt{id, number}
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.set == nil {
		r.set = map[runningAttempt]bool{}
	}
	r.set[attempt] = true

	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.set, attempt)
	}
}

// has reports whether this host is making an attempt.
func (r *running) has(id string, number int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set[runningAttempt{id, number}]
}
