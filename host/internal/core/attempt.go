package core

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// An attempt is one call that can move money. docs/design/attempts.md has its rules as a whole; this file has those that
// all of its users share.

const (
	// lostGrace is how long after its deadline an unanswered attempt is still its host's own.
	lostGrace = 30 * time.Second
	// beatEvery is how often a host gives a sign of life, and goneAfter how long after the last one it is taken for gone.
	beatEvery = 3 * time.Second
	goneAfter = 15 * time.Second
)

// wall is the end of an attempt: until when it may be sent. It is the attempt's deadline, which the commit that recorded
// it has fixed by the database's clock. A host that was stopped in between, for however long, does not send it any more.
type wall struct {
	core     *Core
	deadline time.Time // by the database's clock
	length   time.Duration
	// begun and running are when the attempt was prepared, by this machine's time of day and by its running clock. The
	// first goes on while the machine is suspended; nobody can set the second.
	begun, running time.Time
}

// wallFrom is taken before an attempt is recorded: whatever recording it takes is part of its time.
func (c *Core) wallFrom(length time.Duration) wall {
	return wall{core: c, length: length, begun: c.now().Round(0), running: time.Now()}
}

// left is how long the attempt may still be sent. Of several clocks the one counts that shows the least.
func (w wall) left() time.Duration {
	byClocks := w.length - max(time.Since(w.running), w.core.now().Round(0).Sub(w.begun))
	return min(byClocks, w.deadline.Sub(w.core.store.Now()))
}

// errWall is what becomes of an attempt that was not sent because its time was over.
func errWall() error {
	return sdk.NotSent(sdk.CodeUnavailable,
		"the call's time was over before it could be made, as when the host was stopped or its database was slow")
}

// newAttempt is dated inside the transaction that records it. It ends with the wall, if that is sooner than a whole
// timeout from now.
func (c *Core) newAttempt(tx *store.Tx, number int, verb string, l Lease) payment.Attempt {
	now := tx.Now()
	return payment.Attempt{Number: number, Verb: verb, StartedAt: now, Deadline: now.Add(l.Config().Timeout),
		PluginVersion: l.Version(), Fingerprint: l.Fingerprint(), Host: c.instance}
}

// underWay reports whether an attempt may still reach the provider: it is open, or its host was taken for gone before the
// attempt's time was over.
func underWay(a payment.Attempt, now time.Time) bool {
	if a.Outcome == "" {
		return true
	}
	return a.Code == payment.CodeHostGone && now.Before(a.Deadline.Add(lostGrace))
}

// anyUnderWay finds an attempt that may still reach the provider.
func anyUnderWay(attempts []payment.Attempt, now time.Time) (payment.Attempt, bool) {
	for _, a := range attempts {
		if underWay(a, now) {
			return a, true
		}
	}
	return payment.Attempt{}, false
}

// numbered finds an attempt by its number.
func numbered(attempts []payment.Attempt, number int) (payment.Attempt, bool) {
	k := slices.IndexFunc(attempts, func(a payment.Attempt) bool { return a.Number == number })
	if k < 0 {
		return payment.Attempt{}, false
	}
	return attempts[k], true
}

// recordedAlready reports whether an attempt's end is on disk as it is to be written: the commit arrived, and only its
// acknowledgement did not. An end that is unknown can also be somebody else's guess, and is written again.
func recordedAlready(attempts []payment.Attempt, done payment.Attempt) bool {
	was, ok := numbered(attempts, done.Number)
	return ok && was.Outcome == done.Outcome && done.Outcome != string(sdk.OutcomeUnknown)
}

// noneHappened reports whether every attempt of a verb is known not to have happened.
func noneHappened(attempts []payment.Attempt, verb string) bool {
	for _, a := range attempts {
		if a.Verb == verb && a.Outcome != string(sdk.OutcomeNotSent) && a.Outcome != string(sdk.OutcomeRefused) {
			return false
		}
	}
	return true
}

// hasLater reports whether an attempt of the same verb was made after a given one.
func hasLater(attempts []payment.Attempt, verb string, number int) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool { return a.Verb == verb && a.Number > number })
}

// foreign reports whether a lease is of somebody else, to the provider, than an intent was made as. What it would answer
// or do is about another merchant's money.
func foreign(l Lease, i *intent.Intent) bool {
	return i.Fingerprint != "" && l.Fingerprint() != i.Fingerprint
}

// errForeign turns away what is asked for an intent of another identity.
func errForeign(i *intent.Intent) *payment.Error {
	return conflict(i, "the account's identity at the provider has changed since it was made (another merchant, address or "+
		"environment); nothing was sent. Put the former configuration back to work with it")
}

// running are the attempts that this host is making. It never takes one of them for lost, whatever the clocks say.
type running struct {
	mu  sync.Mutex
	set map[runningAttempt]bool
}

type runningAttempt struct {
	intent string
	number int
}

func (r *running) add(id string, number int) (done func()) {
	a := runningAttempt{id, number}
	r.mu.Lock()
	defer r.mu.Unlock()

	if r.set == nil {
		r.set = map[runningAttempt]bool{}
	}
	r.set[a] = true
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.set, a)
	}
}

func (r *running) has(id string, number int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.set[runningAttempt{id, number}]
}

// standing finds out what a key stands for after a commit that failed, since that may have arrived all the same. It reads
// in a write of its own, which the database carries out after the one in doubt. k is nil when the key stands for nothing;
// the error is that nobody can tell.
func (c *Core) standing(ctx context.Context, key string) (k *store.Key, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), standingTries)
	defer cancel()
	pause := c.backoff(50 * time.Millisecond)

	for {
		read := false
		err = c.store.Write(ctx, func(tx *store.Tx) error {
			found, err := tx.Key(ctx, key)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return err
			}
			k, read = found, true
			return nil
		})
		if read { // what became of a transaction that wrote nothing does not matter
			return k, nil
		}
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// standingTries bounds how long a caller waits for the database to say what became of a commit.
const standingTries = 5 * time.Second

// keys lets one request of this host at a time find out what a key stands for and take it: a request that still waits for
// the database must not be overtaken by one that is told that nothing was done.
type keys struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// hold takes a key, waiting for whoever has it. The error is that the other is not done in time.
func (c *Core) holdKey(ctx context.Context, key string) (release func(), err error) {
	timeout := time.NewTimer(replayWait)
	defer timeout.Stop()

	for {
		c.keys.mu.Lock()
		other, taken := c.keys.held[key]
		if !taken {
			free := make(chan struct{})
			c.keys.held[key] = free
			c.keys.mu.Unlock()
			return func() {
				c.keys.mu.Lock()
				defer c.keys.mu.Unlock()
				delete(c.keys.held, key)
				close(free)
			}, nil
		}
		c.keys.mu.Unlock()

		select {
		case <-other:
		case <-timeout.C:
			return nil, inProgress("")
		case <-ctx.Done():
			return nil, gaveUp(ctx, sdk.OutcomeUnknown, "", "", "you stopped waiting while another request under this "+
				"Idempotency-Key was being recorded: repeat it with the same key")
		}
	}
}

// gaveUp is for a caller whose context has ended.
func gaveUp(ctx context.Context, outcome sdk.Outcome, provider, id, message string) *payment.Error {
	return &payment.Error{Code: payment.CodeCanceled, Outcome: outcome, Provider: provider, PaymentID: id, Message: message,
		Cause: context.Cause(ctx)}
}

// Beat gives a sign of life until ctx ends. While it is missing, other hosts ask about what this one was doing.
func (c *Core) Beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	skewed, silent := false, false

	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := c.signOfLife(ctx)
		if err != nil && ctx.Err() == nil && !silent {
			c.log.Warn("the host cannot give its sign of life; others may soon ask about what it is doing", "error", err)
		}
		silent = err != nil
		skewed = c.watchSkew(skewed)
	}
}

// signOfLife tells the other hosts that this one is there, and takes over what
// became of the token keys since the last.
func (c *Core) signOfLife(ctx context.Context) error {
	return c.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.RecordHeartbeat(ctx, c.instance); err != nil {
			return err
		}
		return c.refreshTokenKeys(ctx, tx)
	})
}

// maxSkew is how far this machine's clock may be off the database's before the host says so.
const maxSkew = time.Second

// watchSkew says once that this machine's clock is off, and once that it is right again.
func (c *Core) watchSkew(was bool) (is bool) {
	skew := c.now().Sub(c.store.Now()).Round(time.Millisecond)
	is = skew.Abs() > maxSkew
	switch {
	case is && !was:
		c.log.Warn("this machine's clock is off: the database's counts, but calls may be given less time",
			"ahead", skew.String())
	case was && !is:
		c.log.Info("this machine's clock agrees with the database's again")
	}
	return is
}

// begin makes this host known before it makes its first call. alone says that no other host can be at the database.
func (c *Core) begin(ctx context.Context, tx *store.Tx, alone bool, predecessor string) error {
	if err := tx.RecordHeartbeat(ctx, c.instance); err != nil {
		return err
	}
	if alone {
		return tx.DeleteOtherHosts(ctx, c.instance)
	}
	if predecessor != "" {
		if err := tx.DeleteHost(ctx, predecessor); err != nil {
			return err
		}
	}
	return tx.DeleteHostsBefore(ctx, tx.Now().Add(-forgetHosts))
}

// forgetHosts is how long the row of a host that is gone is kept. An attempt of a host without a row is lost.
const forgetHosts = 24 * time.Hour

// unrecorded is for a write that is known not to have happened: nothing was recorded, and the provider was not called.
func unrecorded(ctx context.Context, err error) *payment.Error {
	var e *payment.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() != nil {
		return gaveUp(ctx, sdk.OutcomeNotSent, "", "", "you stopped waiting before anything was recorded; nothing was done")
	}
	return &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeNotSent, Cause: err,
		Message: "the database refused, so nothing was recorded and the provider was not called: " + err.Error()}
}

// undecided is for a write, or a reading of what a key stands for, of which nobody can tell what became: the request may
// have been recorded, and what is recorded is carried out.
func undecided(ctx context.Context, err error, provider, id string) *payment.Error {
	var e *payment.Error
	if errors.As(err, &e) {
		return e
	}
	const advice = "repeat the request with the same Idempotency-Key, never with a new one"
	if ctx.Err() != nil {
		return gaveUp(ctx, sdk.OutcomeUnknown, provider, id, "you stopped waiting while the database was asked; "+advice)
	}
	return &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeUnknown, Provider: provider, PaymentID: id, Cause: err,
		RetryAfter: time.Second, Message: fmt.Sprintf("the database does not say whether this is recorded; %s: %v", advice, err)}
}

// unread is for a reading that failed and under which nothing was to be done.
func unread(ctx context.Context, err error) *payment.Error {
	var e *payment.Error
	if errors.As(err, &e) {
		return e
	}
	if ctx.Err() != nil {
		return gaveUp(ctx, sdk.OutcomeNotSent, "", "", "you stopped waiting; nothing was to be done")
	}
	return &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeNotSent, Cause: err,
		Message: "the database could not be read; nothing was to be done: " + err.Error()}
}
