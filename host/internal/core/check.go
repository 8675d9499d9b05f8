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

// This file is what the HTTP API needs of the core besides its calls.

// CheckPayment gives what CreatePayment would find wrong with a request before it does anything, so that it can be
// reported together with what is found elsewhere. A repeat is not refused for the time that has passed.
func CheckPayment(r payment.Request, key string, now time.Time) []sdk.Violation {
	return violationsOf(checkPayment(r, key, now))
}

// checkEarly holds a new request against what can be known before anything is recorded. A repeat never comes here.
func (c *Core) checkEarly(lease Lease, i *intent.Intent) error {
	var checks checks
	if past(i.ExpiresAt, c.nowMicro()) {
		checks.add("expires_at", inThePast)
	}
	checks.violations = append(checks.violations, violationsOf(early(lease, i))...)
	return checks.err()
}

// CheckPayout is CheckPayment for payouts.
func CheckPayout(r payment.PayoutRequest, key string) []sdk.Violation {
	return violationsOf(checkPayout(r, key))
}

func violationsOf(err error) []sdk.Violation {
	var e *payment.Error
	if errors.As(err, &e) {
		return e.Violations
	}
	return nil
}

// Operator is how a history names an operator.
func Operator(name string) string { return operator(name) }

// Refunds gives a payment's refunds with their attempts, newest first.
func (c *Core) Refunds(ctx context.Context, paymentID string) ([]payment.Refund, error) {
	if _, err := c.get(ctx, payment.KindPayment, paymentID); err != nil {
		return nil, err
	}
	var list []payment.Refund
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		children, err := tx.Children(ctx, paymentID)
		if err != nil {
			return err
		}
		slices.Reverse(children)
		for _, i := range children {
			r, err := wholeRefund(ctx, tx, i)
			if err != nil {
				return err
			}
			list = append(list, *r)
		}
		return nil
	})
	if err != nil {
		return nil, unread(ctx, err)
	}
	return list, nil
}

func wholeRefund(ctx context.Context, tx *store.Tx, i *intent.Intent) (*payment.Refund, error) {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return nil, err
	}
	return refundView(i, attempts)
}
