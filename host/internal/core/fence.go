package core

import (
	"context"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// refuseFenced refuses to move money on a database that is restored or a copy, in
// the transaction that would record it.
func refuseFenced(ctx context.Context, tx *store.Tx, provider string) error {
	fence, err := tx.Fence(ctx)
	if err != nil || fence == nil {
		return err
	}

	return &payment.Error{
		Code:       payment.CodeFenced,
		Outcome:    sdk.OutcomeNotSent,
		Provider:   provider,
		RetryAfter: retryPaused,
		Message: fmt.Sprintf("no money moves on this database since %s: %s; an operator decides "+
			"with payhost fence", fence.Since.Format(time.RFC3339), fence.Reason),
	}
}

// isFenced reports whether no money may move.
func isFenced(ctx context.Context, tx *store.Tx) (bool, error) {
	fence, err := tx.Fence(ctx)
	return fence != nil, err
}

// Fence returns whether money may move on this database. The error is a
// *payment.Error.
func (c *Core) Fence(ctx context.Context) (found payment.Fence, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) error {
		fence, err := tx.Fence(ctx)
		if fence != nil {
			found = *fence
		}
		return err
	})
	if err != nil {
		return payment.Fence{}, unread(ctx, err)
	}
	return found, nil
}

// LiftFence lets money move again, by an operator's word, who needs a reason. The
// numbers of requests jump over those that may have been used since the copy was
// made. Lifting what is not fenced changes nothing. It returns the fence as it is
// then. The error is a *payment.Error.
func (c *Core) LiftFence(ctx context.Context, by, reason string) (payment.Fence, error) {
	var checks checklist
	checks.reason(reason)
	if err := checks.err(); err != nil {
		return payment.Fence{}, err
	}

	lifted := false
	err := c.store.Write(ctx, func(tx *store.Tx) error {
		was, err := tx.LiftFence(ctx)
		lifted = was
		if err != nil || !was {
			return err
		}
		tx.Audit(ctx, payment.AuditEntry{
			Action: "fence-lift",
			Note: fmt.Sprintf("by %s: %s (numbers of requests jump by %d)",
				Operator(by), reason, store.SequenceMargin),
		})
		return nil
	})
	if err != nil {
		return payment.Fence{}, idempotency.Unrecorded(ctx, err)
	}
	if lifted {
		c.log.WarnContext(ctx, "the fence is lifted: money moves again",
			"by", Operator(by), "reason", reason)
	}
	return payment.Fence{}, nil
}
