package push

import (
	"context"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// DeadLetters are the events whose pushing was given up. They can be listed and
// retried even when pushing is switched off.
type DeadLetters struct {
	store store.Transactor
	now   func() time.Time
}

// NewDeadLetters returns the dead letters of a store.
func NewDeadLetters(s store.Transactor, now func() time.Time) *DeadLetters {
	return &DeadLetters{store: s, now: now}
}

// List returns up to limit dead letters, the newest event first, after the one
// that cursor names ("": from the newest). next is the cursor for the following
// list, "" when there is none.
func (l *DeadLetters) List(ctx context.Context, cursor string, limit int) (
	list []payment.DeadLetter,
	next string,
	err error,
) {
	before, err := position(cursor)
	if err != nil {
		return nil, "", err
	}

	list = []payment.DeadLetter{} // which JSON shows as a list
	err = l.store.Read(ctx, func(tx *store.Tx) error {
		// One more than limit says whether there is a following list.
		found, err := tx.DeadDeliveries(ctx, before, caller.From(ctx).Only(), limit+1)
		if err != nil {
			return err
		}

		for k, delivery := range found {
			if k == limit {
				next = list[k-1].ID
				break
			}

			letter, err := deadLetter(ctx, tx, delivery)
			if err != nil {
				return err
			}
			list = append(list, letter)
		}

		return nil
	})

	return list, next, err
}

// Retry makes a dead letter be sent again, from the beginning of the schedule.
// A dead letter that is to be retried already is left as it is. Later events of
// its payment may have arrived meanwhile: the receiver orders them by their
// sequence.
func (l *DeadLetters) Retry(ctx context.Context, id string) (
	letter payment.DeadLetter,
	err error,
) {
	at, err := position(id)
	if err != nil {
		return letter, err
	}

	err = l.store.Write(ctx, func(tx *store.Tx) error {
		delivery, err := tx.Delivery(ctx, at)
		if err != nil {
			return err
		}
		if err := visible(ctx, tx, delivery); err != nil {
			return err
		}

		// A second retry must not begin the schedule again.
		if delivery.State == payment.DeliveryDead {
			was := delivery.NextAt
			delivery.State = payment.DeliveryPending
			delivery.Tries = 0
			delivery.TriedAt = time.Time{}
			delivery.NextAt = l.now().UTC().Truncate(time.Microsecond)
			if err := tx.UpdateDelivery(ctx, delivery, was); err != nil {
				return err
			}
			tx.Audit(ctx, payment.AuditEntry{Action: "retry-dead-letter", Subject: id})
		}

		letter, err = deadLetter(ctx, tx, delivery)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return letter, notFound(id)
	}

	return letter, err
}

// visible is store.ErrNotFound for a delivery of an account that the caller does
// not see.
func visible(ctx context.Context, tx *store.Tx, d store.Delivery) error {
	who := caller.From(ctx)
	if who.Only() == nil {
		return nil
	}
	about, err := tx.Intent(ctx, d.Subject)
	if err == nil && !who.Sees(about.Provider) {
		return store.ErrNotFound
	}
	return err
}

// Backlog counts the deliveries that are pending and those that were given up.
func (l *DeadLetters) Backlog(ctx context.Context) (backlog store.Backlog, err error) {
	err = l.store.Read(ctx, func(tx *store.Tx) (err error) {
		backlog, err = tx.PushBacklog(ctx)
		return err
	})
	return backlog, err
}

// deadLetter returns a delivery with its event, as the API shows it.
func deadLetter(ctx context.Context, tx *store.Tx, d store.Delivery) (
	letter payment.DeadLetter,
	err error,
) {
	event, err := tx.Event(ctx, d.Position)
	if err != nil {
		return letter, err
	}
	letter = payment.DeadLetter{
		ID:        event.ID,
		Type:      event.Type,
		CreatedAt: event.CreatedAt,
		PaymentID: event.PaymentID,
		PayoutID:  event.PayoutID,
		State:     d.State,
		Tries:     d.Tries,
		Status:    d.Status,
		Error:     d.Error,
	}

	if !d.TriedAt.IsZero() {
		letter.TriedAt = &d.TriedAt
	}

	return letter, nil
}

// position returns the position of the event with an id, 0 for "".
func position(id string) (uint64, error) {
	at, err := store.EventPosition(id)
	if err != nil {
		return 0, notFound(id)
	}
	return at, nil
}

func notFound(id string) error {
	return &payment.Error{
		Code:    string(sdk.CodeNotFound),
		Outcome: sdk.OutcomeNotSent,
		Message: "no event that waits to be pushed, or was given up, has the id " + id,
	}
}
