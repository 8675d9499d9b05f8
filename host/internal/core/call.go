package core

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// maxTries bounds how often a create that was proven not to have left the machine is tried within one call's deadline.
const maxTries = 3

// runCreate makes the first attempt, which is on disk already, and more while each is proven not to have been sent.
func (c *Core) runCreate(ctx context.Context, l Lease, verb creation, i *intent.Intent) {
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	pause := c.backoff(100 * time.Millisecond)
	for number := 1; c.attempt(ctx, l, verb, i, number, number < maxTries, false); number++ {
		select {
		case <-time.After(pause.NextBackOff()):
		case <-ctx.Done():
		}
	}
}

// attempt makes one call and records its end. again says that nothing was sent and that another try is in order: the next
// attempt is then on disk too, in the same commit, so that an intent whose host dies between two tries is found by
// recovery. doubt says that an earlier attempt may have arrived.
func (c *Core) attempt(ctx context.Context, l Lease, verb creation, i *intent.Intent, number int, mayRetry, doubt bool) (again bool) {
	logged, exchanges := sdk.WithExchangeLog(ctx)
	started := time.Now()
	report, err := verb.call(logged, l, i, number)
	a := finished(number, verb.verb, time.Since(started), exchanges.Exchanges(), err)
	e := sdk.AsError(err)
	again = mayRetry && e != nil && e.Outcome == sdk.OutcomeNotSent && e.Code == sdk.CodeUnavailable && ctx.Err() == nil
	if err != nil {
		report = failureReport(verb.kind, e)
		if doubt {
			report = stillInDoubt(report, e, verb.guarantee(l.Info()))
		}
	}
	note := fmt.Sprintf("%s attempt %d, %s %s: %s in %d ms", a.Verb, number, l.Config().Plugin, l.Version(), a.Outcome, a.DurationMS)
	recorded := c.persist(ctx, i.ID, "record the answer", func(ctx context.Context, tx *store.Tx) error {
		if err := tx.FinishAttempt(ctx, i.ID, a); err != nil {
			return err
		}
		if err := tx.AddHistory(ctx, i.ID, payment.Change{At: c.nowMicro(), Actor: actorHost, Action: "called", Note: note}); err != nil {
			return err
		}
		if again {
			return tx.InsertAttempt(ctx, i.ID, c.newAttempt(number+1, verb.verb, l))
		}
		current, err := tx.IntentToChange(ctx, i.ID)
		if err != nil {
			return err
		}
		_, err = c.Apply(ctx, tx, current, report, c.asking(l, current))
		return err
	})
	return again && recorded
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
func stillInDoubt(r intent.Report, e *sdk.Error, g sdk.RepeatGuarantee) intent.Report {
	switch {
	case r.Status != payment.Failed:
	case e.Outcome == sdk.OutcomeNotSent, turnsCallerAway(e.Code):
		r.Status = payment.Unknown
	case g.Repeat != sdk.RepeatReturnsOriginal || !decides(e.Code):
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

// persist writes what must not be lost, such as a provider's answer, trying again while the database refuses. What it
// cannot write within a minute is left to recovery, which takes the open attempt for unknown. fn gets a context of its
// own: the call's may have run out, and that is when recording matters most. id is the intent that it changes, or else the
// key. It reports whether it is written.
func (c *Core) persist(ctx context.Context, id, what string, fn func(context.Context, *store.Tx) error) bool {
	ctx = context.WithoutCancel(ctx)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, c.store.UpdateExpecting(ctx, store.Expect{Intents: []string{id}}, func(tx *store.Tx) error { return fn(ctx, tx) })
	}, backoff.WithBackOff(c.backoff(backoff.DefaultInitialInterval)), backoff.WithMaxElapsedTime(time.Minute))
	if err != nil {
		c.log.Error("could not "+what+"; recovery will ask the provider", "id", id, "error", err)
	}
	c.Changed(id)
	return err == nil
}
