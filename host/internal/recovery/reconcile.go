package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Reconcile does the one next thing for an intent that is open or in doubt:
// query its status, send its call again where the plugin's declaration makes
// that safe, expire it, or wait. The error is the provider's, the plugin's or
// the store's.
func (r *Reconciler) Reconcile(
	ctx context.Context,
	lease core.Lease,
	i *intent.Intent,
) error {
	foreign := core.Foreign(lease, i)
	switch {
	case i.Status == payment.Created:
		return nil // its first call still runs
	case i.Status.Final():
		return r.confirmFinal(ctx, lease, i)
	case foreign && i.Status == payment.Unknown:
		return r.reviewForeign(ctx, i.ID)
	}

	// The provider's answer comes first: what it knows needs no second call.
	notFound := false
	if core.CanQuery(lease, i) {
		err := r.core.QueryStatusThen(ctx, lease, i, r.expireIn)
		if err == nil {
			return nil
		}
		if sdk.CodeOf(err) != sdk.CodeNotFound {
			return errors.Join(err, r.rescheduleOrExpire(ctx, i.ID))
		}

		notFound = true
	}

	if core.CaptureInDoubt(i) && !foreign {
		sent, err := r.retryCapture(ctx, lease, i)
		if sent || err != nil {
			return err
		}
	}

	next, err := r.retryCreate(ctx, lease, i, notFound)
	switch {
	case err != nil:
		return err
	case next == retryNow:
		return nil
	case next == retryForeign:
		return r.reviewForeign(ctx, i.ID)
	}

	return r.rescheduleOrExpire(ctx, i.ID)
}

// confirmFinal queries the status of what is final because a report contradicts
// it, or because a payment that has expired may have been paid since. It goes
// on until the provider has answered.
func (r *Reconciler) confirmFinal(
	ctx context.Context,
	lease core.Lease,
	i *intent.Intent,
) error {
	if i.CheckAt.IsZero() {
		return nil
	}

	// A provider that does not know it, or cannot be queried, resolves nothing:
	// there is no use in asking again.
	err := r.core.QueryStatus(ctx, lease, i)
	switch sdk.CodeOf(err) {
	case "":
		return nil
	case sdk.CodeNotFound, sdk.CodeNotSupported:
		return r.core.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			if current.Status.Final() {
				current.CheckAt, current.Checks = time.Time{}, 0
			}
			return tx.SaveIntent(ctx, current)
		})
	}

	return errors.Join(
		err,
		r.core.Change(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
			return r.core.Reschedule(ctx, tx, current)
		}),
	)
}

// reviewForeign puts an intent that can no longer be sent again under review,
// unless its doubt has been resolved meanwhile.
func (r *Reconciler) reviewForeign(ctx context.Context, id string) error {
	return r.core.Change(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
		if current.Status != payment.Unknown {
			return nil
		}
		_, err := r.core.Apply(ctx, tx, current, intent.Report{
			Actor:  core.ActorHost,
			Proof:  intent.Operator,
			Status: payment.UnderReview,
			Reason: payment.ReviewUnproven,
			Message: "the account's identity or the plugin's version has changed since the call, " +
				"so it cannot be repeated",
		}, intent.StatusQuery{})

		return err
	})
}

// rescheduleOrExpire makes an intent due again later, and ends a payment whose
// time is over although the provider says nothing of it: a success that comes
// later is still accepted.
func (r *Reconciler) rescheduleOrExpire(ctx context.Context, id string) error {
	return r.core.Change(ctx, id, func(tx *store.Tx, i *intent.Intent) error {
		return errors.Join(r.core.Reschedule(ctx, tx, i), r.expireIn(ctx, tx, i))
	})
}

// expireIn ends a payment that its customer did not finish in time, inside tx. A
// payment that the provider is working on, or may be, is not touched: its end
// would only be guessed. One whose time is not over yet is due when it is.
func (r *Reconciler) expireIn(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	now := tx.Now()
	waiting := i.Kind == payment.KindPayment && i.Status == payment.RequiresAction
	if !waiting || i.ExpiresAt.IsZero() {
		return nil
	}

	// Its status is queried at the latest when it expires.
	if now.Before(i.ExpiresAt) {
		if i.CheckAt.After(i.ExpiresAt) {
			i.CheckAt = i.ExpiresAt
			return tx.SaveIntent(ctx, i)
		}

		return nil
	}

	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}

	// An action may still reach the provider; its end is looked at again.
	if _, busy := core.UnderWay(attempts, now); busy {
		return nil
	}

	_, err = r.core.Apply(ctx, tx, i, intent.Report{
		Actor:   core.ActorHost,
		Proof:   intent.Operator,
		Status:  payment.Expired,
		Message: "its customer did not finish it in time",
	}, intent.StatusQuery{})

	return err
}
