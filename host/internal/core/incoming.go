package core

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file is what the inbox needs of the core.

// Asking says what can be found out about an intent from its provider.
func (c *Core) Asking(l Lease, i *intent.Intent) intent.Asking { return c.asking(l, i) }

// Foreign reports whether a lease is of somebody else, to the provider, than an intent was made as.
func Foreign(l Lease, i *intent.Intent) bool { return foreign(l, i) }

// EventReport turns one event of a notice into a report.
func (c *Core) EventReport(actor string, proof intent.Proof, e *sdk.Event) intent.Report {
	switch {
	case e.Payout != nil:
		return payoutReport(actor, proof, e.Payout)
	case e.Refund != nil:
		return refundReport(actor, proof, e.Refund)
	default:
		return paymentReport(actor, proof, e.Payment)
	}
}

// Go runs fn in the background; Wait waits for it.
func (c *Core) Go(fn func()) { c.calls.run(fn) }

// AskNow asks the provider about an intent of an account, and applies the answer.
func (c *Core) AskNow(ctx context.Context, provider, id string) error {
	l, err := c.accounts.AcquireExisting(ctx, provider)
	if err != nil {
		return err
	}
	defer l.Release()
	var i *intent.Intent
	for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout, payment.KindRefund} {
		if i, err = c.get(ctx, kind, id); err == nil {
			return c.Ask(ctx, l, i)
		}
	}
	return err
}

// Destination gives a payment's status and where its merchant wants the customer to go.
func (c *Core) Destination(ctx context.Context, id string) (s payment.Status, success, cancel string, err error) {
	i, err := c.get(ctx, payment.KindPayment, id)
	if err != nil {
		return "", "", "", err
	}
	var r payment.Request
	if err := json.Unmarshal(i.Request, &r); err != nil {
		return "", "", "", err
	}
	return i.Status, r.SuccessURL, r.CancelURL, nil
}
