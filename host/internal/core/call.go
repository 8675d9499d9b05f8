package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// maxTries bounds how often a create that was proven not to have left the machine is tried within one call's deadline.
const maxTries = 3

// runCreate makes the first attempt, which is on disk already, and more while each is proven not to have been sent. All of
// them end at the first one's wall.
func (c *Core) runCreate(ctx context.Context, l Lease, op creation, i *intent.Intent, a payment.Attempt, w wall, stuck chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, w.left())
	defer cancel()
	pause := c.backoff(100 * time.Millisecond)
	for c.attempt(ctx, l, op, i, a, w, stuck, false) {
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
		}
		a.Number++
		defer c.running.add(i.ID, a.Number)()
	}
}

// attempt makes one call and records its end. again says that nothing was sent and that another try is in order: the next
// attempt is then on disk too, in the same commit, so that an intent whose host dies between two tries is found by
// recovery. doubt says that an earlier attempt may have arrived.
func (c *Core) attempt(ctx context.Context, l Lease, op creation, i *intent.Intent, a payment.Attempt, w wall,
	stuck chan struct{}, doubt bool,
) (again bool) {
	logged, exchanges := sdk.WithExchangeLog(ctx)
	started := time.Now()
	report, err := intent.Report{}, errWall()
	if w.left() > 0 {
		report, err = op.call(logged, l, i, a.Number)
	}

	done := finished(a.Number, op.verb, time.Since(started), exchanges.Exchanges(), err)
	e := sdk.AsError(err)
	unsent := e != nil && e.Outcome == sdk.OutcomeNotSent && e.Code == sdk.CodeUnavailable
	again = unsent && !doubt && a.Number < maxTries && w.left() > 0 && ctx.Err() == nil
	if err != nil {
		report = failureReport(op.kind, e)
		if doubt {
			report = stillInDoubt(report, e, op.guarantee(l.Info()))
		}
	}

	next := false // whether the next attempt is on disk, and this host's to make
	recorded := c.persistEnd(ctx, ending{
		answered: answered{id: i.ID, provider: i.Provider, attempt: done,
			reference: report.ProviderReference, stuck: stuck},
		note: fmt.Sprintf("%s attempt %d, %s %s: %s in %d ms", done.Verb, done.Number,
			l.Config().Plugin, l.Version(), done.Outcome, done.DurationMS),
		known: func(attempts []payment.Attempt) {
			made, ok := numbered(attempts, a.Number+1)
			next = again && ok && made.Host == c.instance && made.Outcome == ""
		},
		apply: func(ctx context.Context, tx *store.Tx, current *intent.Intent,
			attempts []payment.Attempt) error {
			next = false
			if hasLater(attempts, op.verb, a.Number) {
				return c.applyEarlier(ctx, tx, l, current, attempts, done, report)
			}
			if again {
				following := c.newAttempt(tx, a.Number+1, op.verb, l)
				following.Deadline = w.deadline
				next = true
				return tx.InsertAttempt(ctx, i.ID, following)
			}
			_, err := c.Apply(ctx, tx, current, report, c.asking(l, current))
			return err
		},
	})
	return recorded && next
}

// ending is how an attempt's call has ended, and what is recorded of it.
type ending struct {
	answered
	note string // for the history
	// apply records what the end means for the intent. attempts has it already.
	apply func(ctx context.Context, tx *store.Tx, current *intent.Intent,
		attempts []payment.Attempt) error
	// known is called in place of apply when an earlier commit arrived after all;
	// nil when there is nothing to find out then.
	known func(attempts []payment.Attempt)
}

// persistEnd records an attempt's end, its line of history and what it means,
// in one commit. It reports whether that is written.
func (c *Core) persistEnd(ctx context.Context, e ending) bool {
	record := func(ctx context.Context, tx *store.Tx, current *intent.Intent) error {
		attempts, err := tx.Attempts(ctx, e.id)
		if err != nil {
			return err
		}
		if recordedAlready(attempts, e.attempt) {
			if e.known != nil {
				e.known(attempts)
			}
			return nil
		}

		if err := tx.FinishAttempt(ctx, e.id, e.attempt); err != nil {
			return err
		}
		change := payment.Change{At: tx.Now(), Actor: actorHost, Action: "called", Note: e.note}
		if err := tx.AddHistory(ctx, e.id, change); err != nil {
			return err
		}
		for k := range attempts {
			if attempts[k].Number == e.attempt.Number {
				attempts[k].Outcome, attempts[k].Code = e.attempt.Outcome, e.attempt.Code
			}
		}
		return e.apply(ctx, tx, current, attempts)
	}

	return c.persist(ctx, e.answered, func(ctx context.Context) error {
		return c.store.WriteIntent(ctx, e.id, func(tx *store.Tx, current *intent.Intent) error {
			return record(ctx, tx, current)
		})
	})
}

// applyEarlier records what the answer of an attempt means that is not the newest any more. It speaks only for itself:
// that money moves holds for the intent; that it does not, only when it holds for every other attempt too.
func (c *Core) applyEarlier(ctx context.Context, tx *store.Tx, l Lease, current *intent.Intent, attempts []payment.Attempt,
	done payment.Attempt, report intent.Report,
) error {
	if report.Status == payment.Unknown {
		return nil
	}
	if report.Status == payment.Failed && !noneHappened(attempts, done.Verb) {
		return nil
	}
	_, err := c.Apply(ctx, tx, current, report, c.asking(l, current))
	return err
}

// finished describes an attempt that has ended.
func finished(number int, verb string, took time.Duration, exchanges []sdk.Exchange, err error) payment.Attempt {
	a := payment.Attempt{Number: number, Verb: verb, DurationMS: took.Milliseconds(), Outcome: "ok", Exchanges: exchangesView(exchanges)}
	if e := sdk.AsError(err); e != nil {
		a.Outcome, a.Code, a.ProviderCode, a.Message = string(e.Outcome), string(e.Code), e.ProviderCode, token.Mask(e.Message)
	}
	return a
}

func exchangesView(list []sdk.Exchange) []payment.Exchange {
	out := make([]payment.Exchange, 0, len(list))
	for _, e := range list {
		out = append(out, payment.Exchange{Method: e.Method, URL: token.Mask(e.URL), RequestBody: token.Mask(e.RequestBody),
			Status: e.Status, ResponseBody: token.Mask(e.ResponseBody), DurationMS: e.Duration.Milliseconds(), Error: e.Error, Sent: e.Sent})
	}
	return out
}

// failureReport says what a failed create means for the intent. What was not sent or was refused did not happen. A
// duplicate means that an earlier attempt, another host or a restored database has used this key: whether money moved
// then cannot be told from here. Everything else is unknown.
func failureReport(kind payment.Kind, e *sdk.Error) intent.Report {
	r := intent.Report{Actor: actorCall, Proof: intent.Answer, Status: payment.Unknown, Failure: failureOf(e), Message: e.Message}
	switch {
	case e.Code == sdk.CodeDuplicate && kind != payment.KindPayment:
		r.Status, r.Reason = payment.UnderReview, payment.ReviewUnproven
		r.Message = "the provider has seen this key before, so an earlier attempt may have moved the money: look at the provider's books, then resolve"
	case e.Code == sdk.CodeDuplicate:
	case e.Outcome == sdk.OutcomeNotSent, e.Outcome == sdk.OutcomeRefused:
		r.Status = payment.Failed
	}
	return r
}

// stillInDoubt weakens what a failed repeat says: it speaks of the repeat, and the first attempt may have arrived all
// the same. Only a provider that answers a repeat with the first one's result speaks of both, and only where its answer
// is about the money: one that turns the caller away has not looked at the key.
func stillInDoubt(r intent.Report, e *sdk.Error, g sdk.IdempotencySupport) intent.Report {
	switch {
	case r.Status != payment.Failed:
	case e.Outcome == sdk.OutcomeNotSent, turnsCallerAway(e.Code):
		r.Status = payment.Unknown
	case g.Retry != sdk.RetryReturnsOriginal || !decides(e.Code):
		r.Status, r.Reason = payment.UnderReview, payment.ReviewUnproven
		r.Message = "the repeat was refused, which does not say what became of the first attempt: " + r.Message
	}
	return r
}

// turnsCallerAway reports whether a code speaks of the caller or of the moment and not of the payment.
func turnsCallerAway(code sdk.Code) bool {
	switch code {
	case sdk.CodeAuthentication, sdk.CodePermission, sdk.CodeRateLimited, sdk.CodeUnavailable, sdk.CodeInternal:
		return true
	}
	return false
}

// decides reports whether a code is a provider's decision about the money, as the first attempt can have met it.
func decides(code sdk.Code) bool {
	return code == sdk.CodeDeclined || code == sdk.CodeInsufficientFunds || code == sdk.CodeLimit
}

// answered is what a provider has answered to a call, for the log of a host that cannot record it.
type answered struct {
	id, provider, reference string
	attempt                 payment.Attempt
	// stuck is told when whoever waits for the answer should not do so any longer. It has room for one; nil when nobody waits.
	stuck chan struct{}
}

// stuckAfter is how long a caller waits for an answer to be recorded that is there. The host goes on trying after that.
const stuckAfter = 10 * time.Second

// unrecordedAnswer is for a caller whose answer is there, and which the database does not take.
func unrecordedAnswer(provider, id string) *payment.Error {
	return &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeUnknown, Provider: provider, PaymentID: id, RetryAfter: time.Second,
		Message: "the provider has answered, but the database does not take the answer; the host keeps it and goes on trying: repeat " +
			"the request with the same Idempotency-Key"}
}

// persist writes what a provider has answered. While the database refuses it tries again at short intervals, as long as
// the host lives: an answer is often the only one there will be. write gets a context of its own, because the call's may have
// run out, and that is when recording matters most; it may run again after a commit that arrived unnoticed. persist
// reports whether it is written.
func (c *Core) persist(ctx context.Context, what answered, write func(context.Context) error) bool {
	ctx = context.WithoutCancel(ctx)
	defer c.Changed(what.id)
	pause := c.backoff(50 * time.Millisecond)
	pause.MaxInterval = time.Second
	begun := time.Now()

	for tries := 1; ; tries++ {
		err := write(ctx)
		if err == nil {
			if tries > 1 {
				c.log.Info("a provider's answer is recorded now", "id", what.id, "provider", what.provider, "tries", tries)
			}
			return true
		}
		var damaged *store.DamagedError
		lasting := errors.As(err, &damaged) || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrClosed)
		if what.stuck != nil && time.Since(begun) > stuckAfter {
			select {
			case what.stuck <- struct{}{}:
			default:
			}
		}
		if tries == 1 || lasting {
			c.logUnrecorded("a provider's answer could not be recorded yet; the host keeps it and tries again", what, err)
		}
		if lasting || c.wait(pause.NextBackOff()) != nil {
			c.logUnrecorded("a provider's answer could not be recorded and is lost with this host; recovery will ask the provider", what, err)
			return false
		}
	}
}

// logUnrecorded says all that a person needs to record an answer by hand.
func (c *Core) logUnrecorded(message string, what answered, err error) {
	c.log.Error(message, "id", what.id, "provider", what.provider, "verb", what.attempt.Verb, "attempt", what.attempt.Number,
		"outcome", what.attempt.Outcome, "code", what.attempt.Code, "provider_reference", what.reference, "error", err)
}

// wait pauses; the error is that the host is closing.
func (c *Core) wait(pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.closing:
		return errClosing
	}
}

var errClosing = errors.New("the host is closing")
