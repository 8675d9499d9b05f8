package core

import (
	"context"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// maxTries bounds how often a create that was proven not to have left the
// machine is tried within one call's deadline.
const maxTries = 3

// runCreate makes the first attempt, which is on disk already, and more while
// each is proven not to have been sent. All of them end at the first one's
// wall. It returns the intent as it then is, nil when that has to be read.
func (c *Core) runCreate(ctx context.Context, lease Lease, op operation, i *intent.Intent,
	first payment.Attempt, w wall, stuck chan struct{},
) *whole {
	ctx, cancel := context.WithTimeout(ctx, w.left())
	defer cancel()
	pauses := c.backoff(100 * time.Millisecond)

	try := createAttempt{attempt: first, wall: w, stuck: stuck, fresh: true}

	// Each attempt that is made is on disk already, so recovery finds it.
	for {
		again, left := c.attempt(ctx, lease, op, i, try)
		if !again {
			return left
		}

		select {
		case <-time.After(pauses.NextBackOff()):
		case <-ctx.Done():
		}

		try.fresh = false
		try.attempt.Number++
		defer c.running.add(i.ID, try.attempt.Number)()
	}
}

// createAttempt is one attempt at a create, which is on disk.
type createAttempt struct {
	attempt payment.Attempt
	wall    wall
	// stuck is told when the caller should no longer wait; see answered.
	stuck chan struct{}
	// doubt says that an earlier attempt may have arrived.
	doubt bool
	// fresh says that the intent is as this caller has recorded it, if nobody
	// has changed it since.
	fresh bool
}

// attempt makes one call and records its end. again says that nothing was sent
// and that another try is in order: the next attempt is then on disk too, in
// the same commit, so that an intent whose host dies between two tries is found
// by recovery. left is the intent of a first attempt as it then is, nil when
// that has to be read.
func (c *Core) attempt(
	ctx context.Context,
	lease Lease,
	op operation,
	i *intent.Intent,
	a createAttempt,
) (again bool, left *whole) {
	// The wall is looked at last, before the call leaves.
	logged, exchanges := sdk.WithExchangeLog(telemetry.About(ctx, i.ID))
	started := time.Now()
	number := a.attempt.Number
	report, err := intent.Report{}, errWall()
	if a.wall.left() > 0 {
		report, err = op.call(logged, lease, i, number)
	}

	// Only what is proven not to have left the machine is tried again at once.
	took := time.Since(started)
	ended := finished(number, op.name, took, exchanges.Exchanges(), err)
	e := sdk.AsError(err)
	unsent := e != nil && e.Outcome == sdk.OutcomeNotSent && e.Code == sdk.CodeUnavailable
	again = unsent && !a.doubt && number < maxTries && a.wall.left() > 0 && ctx.Err() == nil
	if err != nil {
		report = failureReport(op.kind, e)
		if a.doubt {
			report = stillInDoubt(report, e, CreateGuarantee(lease.Info(), op.kind))
		}
	}

	// next reports whether the next attempt is on disk, and this host's to
	// make. The transaction may run more than once.
	next := false
	var known *store.Known
	if a.fresh && !again {
		known = &store.Known{Intent: i, Attempts: []payment.Attempt{a.attempt}}
	}

	recorded := c.persistEnd(ctx, ending{
		expected: known,
		answered: answered{
			id:        i.ID,
			provider:  i.Provider,
			attempt:   ended,
			reference: report.ProviderReference,
			stuck:     a.stuck,
		},
		note: fmt.Sprintf("%s attempt %d, %s %s: %s in %d ms", ended.Verb, ended.Number,
			lease.Config().Plugin, lease.Version(), ended.Outcome, ended.DurationMS),
		known: func(attempts []payment.Attempt) {
			left = nil
			made, ok := numbered(attempts, number+1)
			next = again && ok && made.Host == c.instance && made.Outcome == ""
		},
		apply: func(ctx context.Context, tx *store.Tx, current *intent.Intent,
			attempts []payment.Attempt,
		) error {
			next, left = false, nil
			if hasLater(attempts, op.name, number) {
				return c.applyEarlier(ctx, tx, lease, current, attempts, ended, report)
			}
			if again {
				following := c.newAttempt(tx, number+1, op.name, lease)
				following.Deadline = a.wall.deadline
				next = true
				return tx.InsertAttempt(ctx, i.ID, following)
			}

			// Every change counts in the version: nobody has come between.
			fresh := a.fresh && current.Version == i.Version
			_, err := c.Apply(ctx, tx, current, report, StatusQuery(lease, current))
			if err == nil && fresh {
				left, err = leftBy(ctx, tx, current)
			}

			return err
		},
	})
	if !recorded {
		return false, nil
	}

	return next, left
}

// leftBy returns an intent as the first answer has left it, inside tx.
func leftBy(ctx context.Context, tx *store.Tx, i *intent.Intent) (*whole, error) {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	after := *i
	lines := append([]payment.Change{createdLine(ctx, i)}, tx.AddedHistory(i.ID)...)
	return &whole{intent: &after, attempts: attempts, history: lines}, nil
}

// applyEarlier records what the answer of an attempt means that is no longer
// the newest. It speaks only for itself: that money moves holds for the intent;
// that it does not, only when it holds for every other attempt too.
func (c *Core) applyEarlier(
	ctx context.Context,
	tx *store.Tx,
	lease Lease,
	current *intent.Intent,
	attempts []payment.Attempt,
	ended payment.Attempt,
	report intent.Report,
) error {
	// The newest attempt says by itself that the intent is in doubt.
	if report.Status == payment.Unknown {
		return nil
	}
	if report.Status == payment.Failed && !noneHappened(attempts, ended.Verb) {
		return nil
	}
	_, err := c.Apply(ctx, tx, current, report, StatusQuery(lease, current))
	return err
}

// finished describes an attempt that has ended.
func finished(
	number int,
	verb string,
	took time.Duration,
	exchanges []sdk.Exchange,
	err error,
) payment.Attempt {
	ended := payment.Attempt{
		Number:     number,
		Verb:       verb,
		DurationMS: took.Milliseconds(),
		Outcome:    "ok",
		Exchanges:  exchangesView(exchanges),
	}

	// Texts may hold the tokens of the host's own URLs.
	if e := sdk.AsError(err); e != nil {
		ended.Outcome = string(e.Outcome)
		ended.Code = string(e.Code)
		ended.ProviderCode = e.ProviderCode
		ended.Message = token.Mask(e.Message)
	}

	return ended
}

// exchangesView returns what was said on the wire as an attempt keeps it:
// without the tokens of the host's own URLs, by which webhooks are believed.
func exchangesView(list []sdk.Exchange) []payment.Exchange {
	views := make([]payment.Exchange, 0, len(list))
	for _, e := range list {
		views = append(views, payment.Exchange{
			Method:       e.Method,
			URL:          token.Mask(e.URL),
			RequestBody:  token.Mask(e.RequestBody),
			Status:       e.Status,
			ResponseBody: token.Mask(e.ResponseBody),
			DurationMS:   e.Duration.Milliseconds(),
			Error:        e.Error,
			Sent:         e.Sent,
		})
	}

	return views
}

// failureReport says what a failed create means for the intent. A call that was
// not sent or was refused did not happen. A duplicate means that an earlier
// attempt, another host or a restored database has used this key: whether money
// moved then cannot be told from here. Everything else is unknown.
func failureReport(kind payment.Kind, e *sdk.Error) intent.Report {
	report := intent.Report{
		Actor:   actorCall,
		Proof:   intent.Answer,
		Status:  payment.Unknown,
		Failure: failureOf(e),
		Message: e.Message,
	}

	// A payment in doubt waits for proof; money that the host sends out needs a
	// person who looks.
	switch {
	case e.Code == sdk.CodeDuplicate && kind != payment.KindPayment:
		report.Status = payment.UnderReview
		report.Reason = payment.ReviewUnproven
		report.Message = "the provider has seen this key before, so an earlier attempt may have " +
			"moved the money: look at the provider's books, then resolve"
	case e.Code == sdk.CodeDuplicate:
	case e.Outcome == sdk.OutcomeNotSent, e.Outcome == sdk.OutcomeRefused:
		report.Status = payment.Failed
	}

	return report
}

// stillInDoubt weakens what a failed retry says: it speaks of the retry, and
// the first attempt may have arrived all the same. Only a provider that answers
// a retry with the first one's result speaks of both, and only where its answer
// is about the money: one that turns the caller away has not looked at the key.
func stillInDoubt(
	report intent.Report,
	e *sdk.Error,
	guarantee sdk.IdempotencySupport,
) intent.Report {
	switch {
	case report.Status != payment.Failed:
	case e.Outcome == sdk.OutcomeNotSent, turnsCallerAway(e.Code):
		report.Status = payment.Unknown
	case guarantee.Retry != sdk.RetryReturnsOriginal || !decides(e.Code):
		report.Status = payment.UnderReview
		report.Reason = payment.ReviewUnproven
		report.Message = "the repeat was refused, which does not say what became of the first " +
			"attempt: " + report.Message
	}

	return report
}

// turnsCallerAway reports whether a code speaks of the caller or of the moment
// and not of the payment.
func turnsCallerAway(code sdk.Code) bool {
	switch code {
	case sdk.CodeAuthentication,
		sdk.CodePermission,
		sdk.CodeRateLimited,
		sdk.CodeUnavailable,
		sdk.CodeInternal:
		return true
	}
	return false
}

// decides reports whether a code is a provider's decision about the money, as
// the first attempt can have met it.
func decides(code sdk.Code) bool {
	return code == sdk.CodeDeclined || code == sdk.CodeInsufficientFunds ||
		code == sdk.CodeLimit
}
