package core

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// retryPaused is after how long a caller may try again what is paused: nobody
// knows when an operator resumes it.
const retryPaused = time.Minute

// Pause stops new payments, new payouts or both at a provider, on every host of
// the database, and returns the provider's pauses. by is the operator, who
// needs a reason. The caller knows that there is such a provider. The error is
// a *payment.Error.
func (c *Core) Pause(
	ctx context.Context,
	provider string,
	what payment.PauseScope,
	by, reason string,
) ([]payment.Pause, error) {
	var checks checklist
	checks.pauseScope(what)
	checks.reason(reason)
	if err := checks.err(); err != nil {
		return nil, err
	}

	return c.changePauses(ctx, provider, func(tx *store.Tx) error {
		tx.Audit(ctx, payment.AuditEntry{
			Action:   "pause-provider",
			Provider: provider,
			Subject:  provider,
			Note:     fmt.Sprintf("%v by %s: %s", what.Scopes(), Operator(by), reason),
		})
		for _, scope := range what.Scopes() {
			err := tx.SetPause(ctx, payment.Pause{
				Provider: provider,
				What:     scope,
				Since:    tx.Now(),
				By:       Operator(by),
				Reason:   reason,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// Resume ends what Pause began, by an operator's word, whose reason may be empty, and returns the pauses of the provider that are
// left. Resuming what is not paused changes nothing.
func (c *Core) Resume(
	ctx context.Context,
	provider string,
	what payment.PauseScope,
	by, reason string,
) ([]payment.Pause, error) {
	var checks checklist
	checks.pauseScope(what)
	if err := checks.err(); err != nil {
		return nil, err
	}

	return c.changePauses(ctx, provider, func(tx *store.Tx) error {
		tx.Audit(ctx, payment.AuditEntry{
			Action:   "resume-provider",
			Provider: provider,
			Subject:  provider,
			Note:     fmt.Sprintf("%v by %s: %s", what.Scopes(), Operator(by), reason),
		})
		for _, scope := range what.Scopes() {
			if _, err := tx.DeletePause(ctx, provider, scope); err != nil {
				return err
			}
		}
		return nil
	})
}

// changePauses makes a change and returns the pauses of the provider.
func (c *Core) changePauses(
	ctx context.Context,
	provider string,
	change func(tx *store.Tx) error,
) (list []payment.Pause, err error) {
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		all, err := tx.Pauses(ctx)
		list = []payment.Pause{}
		for _, one := range all {
			if one.Provider == provider {
				list = append(list, one)
			}
		}
		return err
	})
	if err != nil {
		return nil, idempotency.Unrecorded(ctx, err)
	}
	return list, nil
}

// Pauses returns all pauses, by provider.
func (c *Core) Pauses(ctx context.Context) (list []payment.Pause, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) error {
		list, err = tx.Pauses(ctx)
		return err
	})
	if err != nil {
		return nil, unread(ctx, err)
	}
	return list, nil
}

func (c *checklist) pauseScope(what payment.PauseScope) {
	if what.Scopes() == nil {
		c.add("what", "must be payments, payouts or all")
	}
}

// refuseIfPaused is refusePaused for a new intent. A refund belongs to a payment
// that is there, and is never paused.
func refuseIfPaused(ctx context.Context, tx *store.Tx, i *intent.Intent) error {
	switch i.Kind {
	case payment.KindPayment:
		return refusePaused(ctx, tx, i.Provider, payment.PausePayments)
	case payment.KindPayout:
		return refusePaused(ctx, tx, i.Provider, payment.PausePayouts)
	}
	return nil
}

// refusePaused refuses what is paused, in the transaction that would record it:
// what is recorded was not paused at that moment, on any host.
func refusePaused(
	ctx context.Context,
	tx *store.Tx,
	provider string,
	what payment.PauseScope,
) error {
	pause, err := isPaused(ctx, tx, provider, what)
	if err != nil || pause == nil {
		return err
	}

	return &payment.Error{
		Code:       payment.CodePaused,
		Outcome:    sdk.OutcomeNotSent,
		Provider:   provider,
		RetryAfter: retryPaused,
		Message: fmt.Sprintf("%s are paused since %s by %s: %s", what,
			pause.Since.UTC().Format(time.RFC3339), pause.By, pause.Reason),
	}
}

// countBraked has a call counted that a brake has kept from being made.
func (c *Core) countBraked(provider string, verb sdk.Capability, err error) {
	var refused *payment.Error
	if c.braked == nil || !errors.As(err, &refused) || refused.Asked {
		return
	}
	switch refused.Code {
	case payment.CodePaused, payment.CodeFenced, string(sdk.CodeLimit):
		c.braked(provider, verb, refused.Code)
	}
}

// isPaused returns the pause that is in force; nil when there is none.
func isPaused(
	ctx context.Context,
	tx *store.Tx,
	provider string,
	what payment.PauseScope,
) (*payment.Pause, error) {
	all, err := tx.Pauses(ctx)
	if err != nil {
		return nil, err
	}

	for _, one := range all {
		if (one.Provider == provider) && (one.What == what) {
			return &one, nil
		}
	}

	return nil, nil //nolint:nilnil // no pause is no error
}
