package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// ErrNotKept is for an attempt whose request is not in the database.
var ErrNotKept = errors.New("what was asked is not kept")

// Repeater makes recorded calls again, so that a program can be tried with them.
// It records nothing: what the calls reach is the caller's to answer for, and
// must never be a provider.
type Repeater struct{ core *Core }

// NewRepeater returns a Repeater on a store that is only read. It takes Store,
// PublicURL, TokenSecrets and Logger from the options.
func NewRepeater(ctx context.Context, o Options) (*Repeater, error) {
	c := open(o)
	err := o.Store.Get(ctx, func(tx *store.Tx) error { return c.tokens.Read(ctx, tx) })
	if err != nil {
		return nil, err
	}
	return &Repeater{core: c}, nil
}

// Repeat makes the call of an attempt through a lease, with the request that the
// host would make of the intent as it is now. The lease has seen what the plugin
// answers. An error with ErrNotKept in it says that the call
// cannot be made.
func (r *Repeater) Repeat(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	attempt payment.Attempt,
) error {
	operation := r.core.operationFor(i.Kind)
	switch attempt.Verb {
	case operation.name:
		_, err := operation.call(ctx, lease, i, attempt.Number)
		return err
	case verbCapture:
		_, err := callCapture(ctx, lease, i, attempt)
		return err
	case verbCancel:
		// The reason is not kept, and no rule depends on it.
		_, err := lease.CancelPayment(ctx, sdk.CancelPaymentRequest{
			Payment:        PaymentContext(i),
			IdempotencyKey: actionKey(i.ID, attempt.ActionKey),
			Attempt:        attempt.Number,
		})
		return err
	}

	return fmt.Errorf("%s: %w", attempt.Verb, ErrNotKept)
}
