package core

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// Payment returns one payment with its attempts and history. The error is a
// *payment.Error, as of everything here that reads.
func (c *Core) Payment(ctx context.Context, id string) (*payment.Payment, error) {
	i, attempts, history, err := c.inFull(ctx, payment.KindPayment, id)
	if err != nil {
		return nil, err
	}
	view, err := paymentView(i, attempts, history)
	if err == nil {
		view.Approval, err = c.approvalOf(ctx, i)
	}
	return view, err
}

// Payout returns one payout with its attempts and history.
func (c *Core) Payout(ctx context.Context, id string) (*payment.Payout, error) {
	i, attempts, history, err := c.inFull(ctx, payment.KindPayout, id)
	if err != nil {
		return nil, err
	}
	view, err := payoutView(i, attempts, history)
	if err == nil {
		view.Approval, err = c.approvalOf(ctx, i)
	}
	return view, err
}

// Refund returns one refund with its attempts.
func (c *Core) Refund(ctx context.Context, id string) (*payment.Refund, error) {
	i, attempts, _, err := c.inFull(ctx, payment.KindRefund, id)
	if err != nil {
		return nil, err
	}
	view, err := refundView(i, attempts)
	if err == nil {
		view.Approval, err = c.approvalOf(ctx, i)
	}
	return view, err
}

// approvalOf reads what waits for an intent, where something can. nil: nothing
// does.
func (c *Core) approvalOf(ctx context.Context, i *intent.Intent) (*payment.Approval, error) {
	if !waits(i) && !c.approval().Resolve {
		return nil, nil
	}
	return c.approvalNamed(ctx, i.ID)
}

// inFull reads an intent of a kind with its attempts and history at one moment.
func (c *Core) inFull(ctx context.Context, kind payment.Kind, id string,
) (i *intent.Intent, attempts []payment.Attempt, history []payment.Change, err error) {
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		i, attempts, history, err = tx.IntentInFull(ctx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) || (err == nil && !shows(ctx, i, kind)) {
		return nil, nil, nil, notFound(kind, id)
	}

	if err != nil {
		return nil, nil, nil, unread(ctx, err)
	}

	return i, attempts, history, nil
}

// ListPayments returns a page of the payments that f selects, newest first,
// without attempts and history. next is the cursor of the page that follows, ""
// at the end.
func (c *Core) ListPayments(ctx context.Context, f payment.Filter,
) (list []payment.Payment, next string, err error) {
	list = []payment.Payment{}
	next, err = c.list(ctx, payment.KindPayment, f, func(i *intent.Intent) error {
		view, err := paymentView(i, []payment.Attempt{}, nil)
		if err == nil {
			list = append(list, *view)
		}
		return err
	})
	return list, next, err
}

// ListPayouts returns a page of payouts, like ListPayments.
func (c *Core) ListPayouts(ctx context.Context, f payment.Filter,
) (list []payment.Payout, next string, err error) {
	list = []payment.Payout{}
	next, err = c.list(ctx, payment.KindPayout, f, func(i *intent.Intent) error {
		view, err := payoutView(i, []payment.Attempt{}, nil)
		if err == nil {
			list = append(list, *view)
		}
		return err
	})
	return list, next, err
}

// Refunds returns a payment's refunds with their attempts, newest first.
func (c *Core) Refunds(ctx context.Context, paymentID string) ([]payment.Refund, error) {
	if _, err := c.get(ctx, payment.KindPayment, paymentID); err != nil {
		return nil, err
	}

	var list []payment.Refund
	err := c.store.Read(ctx, func(tx *store.Tx) error {
		refunds, err := tx.Children(ctx, paymentID)
		if err != nil {
			return err
		}
		slices.Reverse(refunds)

		for _, i := range refunds {
			attempts, err := tx.Attempts(ctx, i.ID)
			if err != nil {
				return err
			}
			view, err := refundView(i, attempts)
			if err != nil {
				return err
			}

			list = append(list, *view)
		}

		return nil
	})
	if err != nil {
		return nil, unread(ctx, err)
	}

	return list, nil
}

// Destination returns a payment's status and where its merchant wants the
// customer to go.
func (c *Core) Destination(ctx context.Context, id string,
) (status payment.Status, success, cancel string, err error) {
	i, err := c.get(ctx, payment.KindPayment, id)
	if err != nil {
		return "", "", "", err
	}
	var request payment.Request
	if err := json.Unmarshal(i.Request, &request); err != nil {
		return "", "", "", err
	}
	return i.Status, request.SuccessURL, request.CancelURL, nil
}

// MoreEvents returns a channel that is closed when this host may have recorded
// an event since. The caller takes it before it reads events.
func (c *Core) MoreEvents() <-chan struct{} {
	more, _ := c.changes.wait(eventsTopic) // one topic, which is kept
	return more
}

// Events returns up to limit events after the one that an id names, oldest
// first; "" stands for the beginning. They are of the given types, or of any
// when there are none.
func (c *Core) Events(ctx context.Context, id string, types []string, limit int,
) (list []payment.Event, err error) {
	after, err := store.EventPosition(id)
	if err != nil {
		return nil, invalid(CheckEventID(id))
	}

	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.EventsOf(ctx, after, types, caller.From(ctx).Only(), limit)
		return err
	})
	if err != nil {
		return nil, unread(ctx, err)
	}

	return list, nil
}
