package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// StatusQuery returns what the provider can be queried about an intent through
// a lease.
func StatusQuery(lease Lease, i *intent.Intent) intent.StatusQuery {
	// Before the provider's reference is known, only the host's own can find
	// the intent.
	lookup := lookupOf(lease, i.Kind)
	verb := lease.Has(statusVerb(i.Kind)) || listingOf(lease, i.Kind).possible()
	reference := i.ProviderReference != "" || lookup.ByReference

	// Another identity would answer about another merchant's money.
	return intent.StatusQuery{
		Possible: verb && reference && !Foreign(lease, i),
		Amounts:  lookup.Amounts,
	}
}

// statusVerb returns the verb that queries the status of a kind.
func statusVerb(kind payment.Kind) sdk.Capability {
	switch kind {
	case payment.KindPayout:
		return sdk.CapabilityGetPayout
	case payment.KindRefund:
		return sdk.CapabilityGetRefund
	default:
		return sdk.CapabilityGetPayment
	}
}

// CanQuery reports whether the provider can be queried about an intent's
// status.
func CanQuery(lease Lease, i *intent.Intent) bool { return StatusQuery(lease, i).Possible }

// NotFoundProves reports whether "not found" proves that the provider never
// received an intent of this kind.
func NotFoundProves(lease Lease, kind payment.Kind) bool {
	return lookupOf(lease, kind).Immediate
}

// lookupOf returns what the plugin declares of its status query of a kind.
func lookupOf(lease Lease, kind payment.Kind) sdk.Lookup {
	info := lease.Info()
	switch kind {
	case payment.KindPayout:
		return info.PayoutLookup
	case payment.KindRefund:
		return info.RefundLookup
	default:
		return info.PaymentLookup
	}
}

// QueryStatus queries the provider about an intent and applies the answer. The
// error is the provider's or its plugin's, and then nothing has changed;
// CodeNotSupported when there is nothing to query with.
func (c *Core) QueryStatus(ctx context.Context, lease Lease, i *intent.Intent) error {
	nothing := func(context.Context, *store.Tx, *intent.Intent) error { return nil }
	return c.QueryStatusThen(ctx, lease, i, nothing)
}

// QueryStatusThen is QueryStatus with a further change of the intent in the
// commit that applies the answer. then may be called more than once.
func (c *Core) QueryStatusThen(ctx context.Context, lease Lease, i *intent.Intent,
	then func(context.Context, *store.Tx, *intent.Intent) error,
) error {
	if Foreign(lease, i) {
		return sdk.NotSent(sdk.CodeNotSupported, "%s", errForeign(i).Message)
	}
	status := StatusQuery(lease, i)
	if !status.Possible {
		return sdk.NotSent(sdk.CodeNotSupported, "this provider cannot be asked about %s: "+
			"it waits for a webhook or an operator", i.ID)
	}

	// An attempt that ends after this moment may have overtaken the answer.
	ctx = telemetry.About(ctx, i.ID)
	asked := c.nowMicro()
	report, err := c.statusReport(ctx, lease, i)
	if err != nil {
		return err
	}

	return c.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		answer := Answer{Report: report, Query: status, Asked: asked}
		if err := c.ApplyAnswer(ctx, tx, current, answer); err != nil {
			return err
		}
		return then(ctx, tx, current)
	})
}

// statusReport makes the status call of the intent's kind, or has it listed
// alone where there is no such call.
func (c *Core) statusReport(ctx context.Context, lease Lease, i *intent.Intent,
) (intent.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, lease.Config().Timeout)
	defer cancel()

	switch i.Kind {
	case payment.KindPayout:
		if !lease.Has(sdk.CapabilityGetPayout) {
			return listOne(ctx, lease, i)
		}
		payout, err := lease.GetPayout(ctx, sdk.GetPayoutRequest{Payout: PayoutContext(i)})
		if err != nil {
			return intent.Report{}, err
		}

		return payoutReport(actorPoll, intent.Answer, payout), nil

	case payment.KindRefund:
		parent, err := c.get(ctx, payment.KindPayment, i.ParentID)
		if err != nil {
			return intent.Report{}, err
		}
		request := sdk.GetRefundRequest{Refund: refundContext(i, parent)}
		refund, err := lease.GetRefund(ctx, request)
		if err != nil {
			return intent.Report{}, err
		}

		return refundReport(actorPoll, intent.Answer, refund), nil

	default:
		if !lease.Has(sdk.CapabilityGetPayment) {
			return listOne(ctx, lease, i)
		}
		request := sdk.GetPaymentRequest{Payment: PaymentContext(i)}
		found, err := lease.GetPayment(ctx, request)
		if err != nil {
			return intent.Report{}, err
		}

		return paymentReport(actorPoll, intent.Answer, found), nil
	}
}

// Answer is what a provider answered to a status query.
type Answer struct {
	Report intent.Report
	Query  intent.StatusQuery
	// Asked is when the query was begun, by the database's clock.
	Asked time.Time
}

// ApplyAnswer applies the answer to a status query, inside tx. An answer that
// an attempt may have overtaken is not applied, unless it is a success: the
// intent is due again soon. The caller calls Changed after the commit.
func (c *Core) ApplyAnswer(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	answer Answer,
) error {
	if i.Status == payment.Created {
		return nil // its own call still runs, and will say
	}
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}

	report := answer.Report
	outdated := slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		return actsAfter(a, answer.Asked)
	})
	if outdated && report.Status != payment.Succeeded {
		// The provider is queried again, and will know what the call did.
		i.CheckAt = tx.Now().Add(c.backoffAfter(payment.Unknown, 0))
		return tx.SaveIntent(ctx, i)
	}

	if i.Doubt != "" && i.Doubt != intent.DoubtEnded {
		clearDoubt(i, attempts, report, tx.Now())
	}
	_, err = c.Apply(ctx, tx, i, report, answer.Query)

	return err
}

// actsAfter reports whether an attempt may have changed something at the
// provider after a moment. After a create whose host is gone the provider is
// queried at once: what it says then is news in any case.
func actsAfter(a payment.Attempt, moment time.Time) bool {
	switch {
	case a.Outcome == "":
		return true
	case a.Code == payment.CodeHostGone:
		return movesMoney(a.Verb) && a.Deadline.Add(lostGrace).After(moment)
	}
	ended := a.StartedAt.Add(time.Duration(a.DurationMS) * time.Millisecond)
	return ended.After(moment)
}

// clearDoubt ends the doubt about an action, which the provider's answer has
// resolved, unless the action may still reach the provider. When the payment
// turns out to have succeeded, what the captures in doubt were of has been
// captured.
func clearDoubt(
	i *intent.Intent,
	attempts []payment.Attempt,
	report intent.Report,
	now time.Time,
) {
	if i.Doubt == verbCapture && report.Status == payment.Succeeded {
		noteCaptured(i, attempts)
	}
	if _, busy := UnderWay(attempts, now); busy {
		return
	}
	i.Doubt = ""
}

// Change reads an intent and lets fn change it in one transaction, again when
// another host was faster. fn may be called more than once. Then it wakes the
// callers who wait for the intent. The error is the store's or fn's.
func (c *Core) Change(
	ctx context.Context,
	id string,
	fn func(*store.Tx, *intent.Intent) error,
) error {
	for {
		err := c.store.WriteIntent(ctx, id, fn)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		c.Changed(id)
		return err
	}
}

// RefreshPayment queries the provider about a payment and returns it as it then
// is. The error is a *payment.Error.
func (c *Core) RefreshPayment(ctx context.Context, id string) (*payment.Payment, error) {
	if err := c.refresh(ctx, payment.KindPayment, id); err != nil {
		return nil, err
	}
	return c.Payment(ctx, id)
}

// RefreshPayout queries the provider about a payout and returns it as it then
// is. The error is a *payment.Error.
func (c *Core) RefreshPayout(ctx context.Context, id string) (*payment.Payout, error) {
	if err := c.refresh(ctx, payment.KindPayout, id); err != nil {
		return nil, err
	}
	return c.Payout(ctx, id)
}

// refresh queries the provider about an intent on demand: what recovery would
// do next is done now.
func (c *Core) refresh(ctx context.Context, kind payment.Kind, id string) error {
	i, err := c.get(ctx, kind, id)
	if err != nil {
		return err
	}
	if waits(i) {
		return nil // the provider knows nothing of it
	}
	lease, err := c.accounts.AcquireExisting(calling(ctx, statusVerb(kind)), i.Provider)
	if err != nil {
		e := payment.FromProvider(i.Provider, id, err)
		e.Asked = false
		return e
	}
	defer lease.Release()

	// A call that no host makes any more is in doubt, whichever host's it was.
	if i.Status == payment.Created {
		err := c.Change(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
			defer func() { i = current }()
			return c.CloseLost(ctx, tx, current)
		})
		if err != nil {
			return unread(ctx, err)
		}
	}

	if i.Status == payment.Unknown && !CanQuery(lease, i) {
		return c.refreshUnasked(ctx, lease, i)
	}

	if err := c.QueryStatus(ctx, lease, i); err != nil {
		// "Not found" proves nothing where the provider knows only of what is
		// finished: the intent is as it is.
		if sdk.CodeOf(err) == sdk.CodeNotFound && !NotFoundProves(lease, i.Kind) {
			return nil
		}

		e := payment.FromProvider(i.Provider, id, err)
		e.Asked = e.Code != string(sdk.CodeNotSupported)
		return e
	}

	return nil
}

// refreshUnasked does what recovery would do next for a doubt that the provider
// cannot be queried about, and says so when that was nothing.
func (c *Core) refreshUnasked(ctx context.Context, lease Lease, i *intent.Intent) error {
	if err := c.reconcile(ctx, lease, i); err != nil {
		return payment.FromProvider(i.Provider, i.ID, err)
	}
	fresh, err := c.get(ctx, i.Kind, i.ID)
	if err != nil {
		return err
	}

	if fresh.Status != payment.Unknown || len(fresh.References) > len(i.References) {
		return nil
	}

	// Nothing has changed, and nothing more can be done on demand.
	e := payment.FromProvider(i.Provider, i.ID, sdk.NotSent(sdk.CodeNotSupported,
		"the provider cannot be asked about %s: what became of it is told by its webhook, "+
			"or has to be resolved", i.ID))
	e.Asked = false

	return e
}

// QueryNow queries the provider about an intent of an account, and applies the
// answer.
func (c *Core) QueryNow(ctx context.Context, provider, id string) error {
	l, err := c.accounts.AcquireExisting(ctx, provider)
	if err != nil {
		return err
	}
	defer l.Release()

	var i *intent.Intent
	for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout, payment.KindRefund} {
		if i, err = c.get(ctx, kind, id); err == nil {
			return c.QueryStatus(ctx, l, i)
		}
	}

	return err
}
