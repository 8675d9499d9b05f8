package core

import (
	"context"
	"errors"
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
		Possible: verb && (i.ProviderReference != "" || lookup.ByReference),
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
	if !ask.Possible {
		return sdk.NotSent(sdk.CodeNotSupported, "this provider cannot be asked about %s: it waits for a notice or an operator", i.ID)
	}
	report, err := c.askProvider(ctx, l, i)
	if err != nil {
		return err
	}
	return c.change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		return c.answered(ctx, tx, current, report, ask)
	})
}

// answered applies what a provider answered about an intent.
func (c *Core) answered(ctx context.Context, tx *store.Tx, i *intent.Intent, report intent.Report, ask intent.Asking) error {
	if i.Status == payment.Created {
		return nil // its own call still runs, and will say
	}
	_, err := c.Apply(ctx, tx, i, report, ask)
	return err
}

// change reads an intent, lets fn change it, and reads it again when somebody else was faster.
func (c *Core) change(ctx context.Context, id string, fn func(*store.Tx, *intent.Intent) error) error {
	for {
		err := c.store.UpdateExpecting(ctx, store.Expect{Intents: []string{id}}, func(tx *store.Tx) error {
			i, err := tx.IntentToChange(ctx, id)
			if err != nil {
				return err
			}
			return fn(tx, i)
		})
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
	if !c.asking(l, i).Possible && (i.Status == payment.Unknown || i.Status.Final()) {
		return c.settle(ctx, l, i)
	}
	if err := c.Ask(ctx, l, i); err != nil {
		e := payment.FromProvider(i.Provider, id, err)
		e.Asked = e.Code != string(sdk.CodeNotSupported)
		return e
	}
	return nil
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
