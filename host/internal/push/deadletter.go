package push

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// DeadLetters are the events that were given up. They can be looked at and retried whether pushing is switched on or not.
type DeadLetters struct {
	store store.Transactor
	now   func() time.Time
}

// NewDeadLetters looks after a store's dead letters.
func NewDeadLetters(s store.Transactor, now func() time.Time) *DeadLetters {
	return &DeadLetters{store: s, now: now}
}

// List gives up to limit dead letters, the newest event first, after the one named by cursor ("": from the newest). next
// is the cursor to go on with, "" at the end.
func (l *DeadLetters) List(ctx context.Context, cursor string, limit int) (list []payment.DeadLetter, next string, err error) {
	before, err := position(cursor)
	if err != nil {
		return nil, "", err
	}
	list = []payment.DeadLetter{}
	err = l.store.Read(ctx, func(tx *store.Tx) error {
		found, err := tx.DeadDeliveries(ctx, before, limit+1)
		if err != nil {
			return err
		}
		for k, d := range found {
			if k == limit {
				next = list[k-1].ID
				break
			}
			one, err := letter(ctx, tx, d)
			if err != nil {
				return err
			}
			list = append(list, one)
		}
		return nil
	})
	return list, next, err
}

// Retry has a dead letter sent again, from the beginning of the schedule. Later events of its payment may have arrived
// meanwhile: the receiver orders them by their sequence. One that waits to be retried already is left as it is.
func (l *DeadLetters) Retry(ctx context.Context, id string) (one payment.DeadLetter, err error) {
	at, err := position(id)
	if err != nil {
		return one, err
	}
	err = l.store.Write(ctx, func(tx *store.Tx) error {
		d, err := tx.Delivery(ctx, at)
		if err != nil {
			return err
		}
		if d.State == payment.DeliveryDead {
			was := d.NextAt
			d.State, d.Tries, d.TriedAt, d.NextAt = payment.DeliveryPending, 0, time.Time{}, l.now().UTC().Truncate(time.Microsecond)
			if err := tx.UpdateDelivery(ctx, d, was); err != nil {
				return err
			}
		}
		one, err = letter(ctx, tx, d)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return one, notFound(id)
	}
	return one, err
}

// Backlog counts what waits and what was given up.
func (l *DeadLetters) Backlog(ctx context.Context) (b store.Backlog, err error) {
	err = l.store.Read(ctx, func(tx *store.Tx) (err error) {
		b, err = tx.PushBacklog(ctx)
		return err
	})
	return b, err
}

func letter(ctx context.Context, tx *store.Tx, d store.Delivery) (payment.DeadLetter, error) {
	e, err := tx.Event(ctx, d.Position)
	if err != nil {
		return payment.DeadLetter{}, err
	}
	out := payment.DeadLetter{ID: e.ID, Type: e.Type, CreatedAt: e.CreatedAt, PaymentID: e.PaymentID, PayoutID: e.PayoutID,
		State: d.State, Tries: d.Tries, Status: d.Status, Error: d.Error}
	if !d.TriedAt.IsZero() {
		out.TriedAt = &d.TriedAt
	}
	return out, nil
}

// position reads an event's id, "" as 0.
func position(id string) (uint64, error) {
	at, err := store.EventPosition(id)
	if err != nil {
		return 0, notFound(id)
	}
	return at, nil
}

func notFound(id string) error {
	return &payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent,
		Message: "no event that waits to be pushed, or was given up, has the id " + id}
}
