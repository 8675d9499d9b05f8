package core

import (
	"context"
	"errors"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// Payment gives one payment with its attempts and history.
func (c *Core) Payment(ctx context.Context, id string) (*payment.Payment, error) {
	i, attempts, history, err := c.whole(ctx, payment.KindPayment, id)
	if err != nil {
		return nil, err
	}
	return paymentView(i, attempts, history)
}

// Payout gives one payout with its attempts and history.
func (c *Core) Payout(ctx context.Context, id string) (*payment.Payout, error) {
	i, attempts, history, err := c.whole(ctx, payment.KindPayout, id)
	if err != nil {
		return nil, err
	}
	return payoutView(i, attempts, history)
}

// Refund gives one refund with its attempts.
func (c *Core) Refund(ctx context.Context, id string) (*payment.Refund, error) {
	i, attempts, _, err := c.whole(ctx, payment.KindRefund, id)
	if err != nil {
		return nil, err
	}
	return refundView(i, attempts)
}

func (c *Core) whole(ctx context.Context, kind payment.Kind, id string) (i *intent.Intent, attempts []payment.Attempt, history []payment.Change, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		i, attempts, history, err = tx.IntentInFull(ctx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || err == nil && i.Kind != kind {
		return nil, nil, nil, notFound(kind, id)
	}
	if err != nil {
		return nil, nil, nil, unread(ctx, err)
	}
	return i, attempts, history, nil
}

// ListPayments gives payments newest first, without attempts and history. next is the id to go on before, "" at the end.
func (c *Core) ListPayments(ctx context.Context, f store.Filter) (list []payment.Payment, next string, err error) {
	f.Kind = payment.KindPayment
	list = []payment.Payment{}
	next, err = c.list(ctx, f, func(i *intent.Intent) error {
		p, err := paymentView(i, []payment.Attempt{}, nil)
		if err == nil {
			list = append(list, *p)
		}
		return err
	})
	return list, next, err
}

// ListPayouts gives payouts newest first, like ListPayments.
func (c *Core) ListPayouts(ctx context.Context, f store.Filter) (list []payment.Payout, next string, err error) {
	f.Kind = payment.KindPayout
	list = []payment.Payout{}
	next, err = c.list(ctx, f, func(i *intent.Intent) error {
		p, err := payoutView(i, []payment.Attempt{}, nil)
		if err == nil {
			list = append(list, *p)
		}
		return err
	})
	return list, next, err
}

func (c *Core) list(ctx context.Context, f store.Filter, add func(*intent.Intent) error) (next string, err error) {
	limit := f.Limit
	f.Limit++
	var found []*intent.Intent
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.ListIntents(ctx, f)
		return err
	})
	if err != nil {
		return "", unread(ctx, err)
	}
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].ID
	}
	for _, i := range found {
		if err := add(i); err != nil {
			return "", err
		}
	}
	return next, nil
}

// MoreEvents gives a channel that is closed when this host may have recorded an event since. Take it before looking.
func (c *Core) MoreEvents() <-chan struct{} {
	more, _ := c.changes.wait(eventsTopic) // one topic, which is kept
	return more
}

// Events gives up to limit events after a position, and a channel that is closed when there may be more.
func (c *Core) Events(ctx context.Context, after uint64, types []string, limit int) (list []payment.Event, more <-chan struct{}, err error) {
	more = c.MoreEvents()
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.Events(ctx, after, types, limit)
		return err
	})
	if err != nil {
		return nil, nil, unread(ctx, err)
	}
	return list, more, nil
}
