package core

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// asking says what can be found out about an intent through a lease.
func (c *Core) asking(l Lease, i *intent.Intent) intent.Asking {
	capability, lookup := sdk.CapabilityGetPayment, l.Info().PaymentLookup
	switch i.Kind {
	case payment.KindPayout:
		capability, lookup = sdk.CapabilityGetPayout, l.Info().PayoutLookup
	case payment.KindRefund:
		capability, lookup = sdk.CapabilityGetRefund, l.Info().RefundLookup
	}
	verb := l.Has(capability) || listingOf(l, i.Kind).possible()
	return intent.Asking{
		Possible: verb && !foreign(l, i) && (i.ProviderReference != "" || lookup.ByReference),
		Amounts:  lookup.Amounts,
	}
}

// immediate reports whether "not found" proves that the provider never received the intent.
func immediate(l Lease, kind payment.Kind) bool {
	switch kind {
	case payment.KindPayout:
		return l.Info().PayoutLookup.Immediate
	case payment.KindRefund:
		return l.Info().RefundLookup.Immediate
	default:
		return l.Info().PaymentLookup.Immediate
	}
}

// askProvider makes the status call of the intent's kind, or has it listed alone where there is no such call.
func (c *Core) askProvider(ctx context.Context, l Lease, i *intent.Intent) (intent.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	switch i.Kind {
	case payment.KindPayout:
		if !l.Has(sdk.CapabilityGetPayout) {
			return c.listOne(ctx, l, i)
		}
		p, err := l.GetPayout(ctx, sdk.GetPayoutRequest{Payout: PayoutContext(i)})
		if err != nil {
			return intent.Report{}, err
		}
		return payoutReport(actorPoll, intent.Answer, p), nil
	case payment.KindRefund:
		parent, err := c.get(ctx, payment.KindPayment, i.ParentID)
		if err != nil {
			return intent.Report{}, err
		}
		r, err := l.GetRefund(ctx, sdk.GetRefundRequest{Refund: refundContext(i, parent)})
		if err != nil {
			return intent.Report{}, err
		}
		return refundReport(actorPoll, intent.Answer, r), nil
	default:
		if !l.Has(sdk.CapabilityGetPayment) {
			return c.listOne(ctx, l, i)
		}
		p, err := l.GetPayment(ctx, sdk.GetPaymentRequest{Payment: PaymentContext(i)})
		if err != nil {
			return intent.Report{}, err
		}
		return paymentReport(actorPoll, intent.Answer, p), nil
	}
}

// Ask asks the provider about an intent and applies the answer. The error is the provider's or its plugin's, and then
// nothing has changed; CodeNotSupported when there is nothing to ask with.
func (c *Core) Ask(ctx context.Context, l Lease, i *intent.Intent) error {
	ask := c.asking(l, i)
	if foreign(l, i) {
		return sdk.NotSent(sdk.CodeNotSupported, "%s", errForeign(i).Message)
	}
	if !ask.Possible {
		return sdk.NotSent(sdk.CodeNotSupported, "this provider cannot be asked about %s: it waits for a notice or an operator", i.ID)
	}
	asked := c.nowMicro()
	report, err := c.askProvider(ctx, l, i)
	if err != nil {
		return err
	}
	return c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		return c.answered(ctx, tx, current, report, ask, asked)
	})
}

// answered applies what a provider answered about an intent to a question that was put at the moment asked.
func (c *Core) answered(ctx context.Context, tx *store.Tx, i *intent.Intent, report intent.Report, ask intent.Asking, asked time.Time) error {
	if i.Status == payment.Created {
		return nil // its own call still runs, and will say
	}
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	outdated := slices.ContainsFunc(attempts, func(a payment.Attempt) bool { return actsAfter(a, asked) })
	if outdated && report.Status != payment.Succeeded { // the provider is asked again, and will know what the call did
		i.CheckAt = tx.Now().Add(c.pause(payment.Unknown, 0))
		return tx.SaveIntent(ctx, i)
	}
	if i.Doubt != "" && i.Doubt != intent.DoubtEnded {
		clearDoubt(i, attempts, report, tx.Now())
	}
	_, err = c.Apply(ctx, tx, i, report, ask)
	return err
}

// actsAfter reports whether an attempt may have changed something at the provider after a moment. Of a create whose host is
// gone the provider is asked at once: what it says then is news in any case.
func actsAfter(a payment.Attempt, moment time.Time) bool {
	switch {
	case a.Outcome == "":
		return true
	case a.Code == payment.CodeHostGone:
		return movesMoney(a.Verb) && a.Deadline.Add(lostGrace).After(moment)
	}
	return a.StartedAt.Add(time.Duration(a.DurationMS) * time.Millisecond).After(moment)
}

// clearDoubt ends the doubt about an action, which the provider's answer has settled, unless the action may still reach the
// provider. When the payment turns out to have succeeded, what the captures in doubt were of has been captured.
func clearDoubt(i *intent.Intent, attempts []payment.Attempt, report intent.Report, now time.Time) {
	if i.Doubt == verbCapture && report.Status == payment.Succeeded {
		noteCaptured(i, attempts)
	}
	if _, busy := anyUnderWay(attempts, now); busy {
		return
	}
	i.Doubt = ""
}

// change reads an intent, lets fn change it, and reads it again when somebody else was faster.
func (c *Core) change(ctx context.Context, id string, fn func(*store.Tx, *intent.Intent) error) error {
	for {
		err := c.store.WriteIntent(ctx, id, fn)
		if errors.Is(err, store.ErrConflict) {
			continue
		}
		c.Changed(id)
		return err
	}
}

// refresh asks about an intent on somebody's demand: what recovery would do next is done now.
func (c *Core) refresh(ctx context.Context, kind payment.Kind, id string) error {
	i, err := c.get(ctx, kind, id)
	if err != nil {
		return err
	}
	l, err := c.accounts.AcquireExisting(ctx, i.Provider)
	if err != nil {
		e := payment.FromProvider(i.Provider, id, err)
		e.Asked = false
		return e
	}
	defer l.Release()
	if i.Status == payment.Created { // whoever's call it is: one that nobody makes any more is in doubt
		err := c.change(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
			defer func() { i = current }()
			return c.closeLost(ctx, tx, current)
		})
		if err != nil {
			return unread(ctx, err)
		}
	}
	if !c.asking(l, i).Possible && i.Status == payment.Unknown {
		return c.refreshUnasked(ctx, l, i)
	}
	if err := c.Ask(ctx, l, i); err != nil {
		// "Not found" proves nothing where the provider knows only of what is
		// finished: it is as it is.
		if (sdk.CodeOf(err) == sdk.CodeNotFound) && !immediate(l, i.Kind) {
			return nil
		}
		e := payment.FromProvider(i.Provider, id, err)
		e.Asked = e.Code != string(sdk.CodeNotSupported)
		return e
	}
	return nil
}

// refreshUnasked does what recovery would do next for a doubt that the provider cannot be asked about, and says so when
// that was nothing.
func (c *Core) refreshUnasked(ctx context.Context, l Lease, i *intent.Intent) error {
	if err := c.settle(ctx, l, i); err != nil {
		return payment.FromProvider(i.Provider, i.ID, err)
	}
	fresh, err := c.get(ctx, i.Kind, i.ID)
	if err != nil || fresh.Status != payment.Unknown || len(fresh.References) > len(i.References) {
		return err
	}
	e := payment.FromProvider(i.Provider, i.ID, sdk.NotSent(sdk.CodeNotSupported,
		"the provider cannot be asked about %s: what became of it is told by its webhook, or has to be resolved", i.ID))
	e.Asked = false
	return e
}

// RefreshPayment asks the provider about a payment and gives it as it then is.
func (c *Core) RefreshPayment(ctx context.Context, id string) (*payment.Payment, error) {
	if err := c.refresh(ctx, payment.KindPayment, id); err != nil {
		return nil, err
	}
	return c.Payment(ctx, id)
}

// RefreshPayout asks the provider about a payout and gives it as it then is.
func (c *Core) RefreshPayout(ctx context.Context, id string) (*payment.Payout, error) {
	if err := c.refresh(ctx, payment.KindPayout, id); err != nil {
		return nil, err
	}
	return c.Payout(ctx, id)
}

// firstCheck and maxCheck bound the pauses between two askings about one intent.
const (
	firstCheck        = 10 * time.Second
	firstCheckUnknown = 2 * time.Second
	maxCheck          = time.Hour
)
