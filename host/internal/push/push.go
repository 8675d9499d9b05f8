package push

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

const (
	// sendAtOnce bounds the requests of one host that are under way.
	sendAtOnce = 16
	// enqueueAtOnce is how many events become deliveries in one transaction.
	enqueueAtOnce = 256
	// claimFor is how long a host that has claimed a delivery keeps others from
	// it: longer than a try can last.
	claimFor = sendTimeout + 15*time.Second
)

// Options are the dependencies of a Pusher. All but Logger and Now are
// required.
type Options struct {
	Store  store.Transactor
	Target Target
	// More returns a channel that is closed when there may be new events.
	More   func() <-chan struct{}
	Logger *slog.Logger
	Now    func() time.Time
}

// Pusher delivers events to one target.
type Pusher struct {
	store  store.Transactor
	target Target
	more   func() <-chan struct{}
	log    *slog.Logger
	now    func() time.Time
	client *http.Client
	wake   chan struct{}
}

// New makes a Pusher. The first one ever on a database begins at the present
// end of the stream: earlier events are not sent. From then on none is left
// out, even when it happened while pushing was switched off.
func New(ctx context.Context, o Options) (*Pusher, error) {
	p := &Pusher{
		store:  o.Store,
		target: o.Target,
		more:   o.More,
		log:    o.Logger,
		now:    o.Now,
		client: newClient(),
		wake:   make(chan struct{}, 1),
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}

	if p.now == nil {
		p.now = time.Now
	}

	return p, p.store.Write(ctx, func(tx *store.Tx) error { return tx.BeginPush(ctx) })
}

// Wake makes Run look for deliveries that have become due, and for events that
// other hosts have recorded. It returns at once.
func (p *Pusher) Wake() {
	select {
	case p.wake <- struct{}{}:
	default: // Run is about to look
	}
}

// Run pushes until ctx ends, and returns when no request is under way any more.
// It sends the events of this host at once; for all others it waits for Wake.
// Several hosts may run it on one store.
func (p *Pusher) Run(ctx context.Context) {
	defer p.client.CloseIdleConnections()
	var tries sync.WaitGroup
	defer tries.Wait()
	ended := make(chan struct{}, sendAtOnce)
	free := sendAtOnce

	for ctx.Err() == nil {
		more := p.more() // before looking, so that nothing is missed in between
		claimed, enqueued, err := p.claim(ctx, free)
		if err != nil && ctx.Err() == nil {
			p.log.Error(
				"events cannot be pushed: the store cannot be read or written; it goes on trying",
				"error", err,
			)
		}

		// Each try takes one of the requests until it has ended.
		for _, delivery := range claimed {
			free--
			tries.Go(func() {
				p.try(ctx, delivery)
				ended <- struct{}{}
			})
		}

		worked := enqueued || len(claimed) > 0
		if err == nil && free > 0 && worked {
			continue // there may be more
		}

		select {
		case <-ended: // a request is free, and that payment's next event may be sent
			free++
		case <-more:
		case <-p.wake:
		case <-ctx.Done():
		}
	}
}

// RunOnce makes one pass of Run: it enqueues new events, tries the deliveries
// that are due, and waits for their outcomes. It reports whether there was
// anything to do.
func (p *Pusher) RunOnce(ctx context.Context) (worked bool, err error) {
	claimed, enqueued, err := p.claim(ctx, sendAtOnce)
	if err != nil {
		return false, err
	}

	var tries sync.WaitGroup
	for _, delivery := range claimed {
		tries.Go(func() { p.try(ctx, delivery) })
	}
	tries.Wait()

	return enqueued || len(claimed) > 0, nil
}

// claim enqueues the new events of the stream, and claims up to limit
// deliveries.
func (p *Pusher) claim(ctx context.Context, limit int) (
	claimed []store.Delivery,
	enqueued bool,
	err error,
) {
	enqueued, err = p.enqueue(ctx)
	if err != nil || limit == 0 {
		return nil, enqueued, err
	}
	claimed, err = p.claimDue(ctx, limit)
	return claimed, enqueued, err
}

// enqueue makes deliveries of the new events of the stream. It reports whether
// there were any.
func (p *Pusher) enqueue(ctx context.Context) (found bool, err error) {
	// Usually there are none, and a read costs less than a write.
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.HasNewEvents(ctx)
		return err
	})
	if err != nil || !found {
		return false, err
	}

	err = p.store.Write(ctx, func(tx *store.Tx) error {
		count, err := tx.EnqueueDeliveries(ctx, p.nowMicro(), enqueueAtOnce)
		found = count > 0
		return err
	})

	switch {
	case errors.Is(err, store.ErrConflict): // another host has just enqueued them
		return found, nil
	case err != nil:
		return false, err
	}

	return found, nil
}

// claimDue claims deliveries that are due, so that no other host sends the
// same. The next try is on disk before this one begins: a host that dies
// meanwhile loses nothing.
func (p *Pusher) claimDue(
	ctx context.Context,
	limit int,
) (claimed []store.Delivery, err error) {
	now := p.nowMicro()
	var due []store.Delivery
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueDeliveries(ctx, now, limit)
		return err
	})
	if err != nil || len(due) == 0 {
		return nil, err
	}

	err = p.store.Write(ctx, func(tx *store.Tx) error {
		claimed = nil
		for _, delivery := range due {
			// Until NextAt the delivery is this host's.
			was := delivery.NextAt
			delivery.Tries++
			delivery.TriedAt = now
			delivery.NextAt = now.Add(claimFor)
			err := tx.UpdateDelivery(ctx, delivery, was)

			switch {
			case errors.Is(err, store.ErrConflict): // another host has it
			case err != nil:
				return err
			default:
				claimed = append(claimed, delivery)
			}
		}

		return nil
	})

	return claimed, err
}

// try sends one claimed delivery and records its outcome.
func (p *Pusher) try(ctx context.Context, d store.Delivery) {
	var event payment.Event
	err := p.store.Read(ctx, func(tx *store.Tx) (err error) {
		event, err = tx.Event(ctx, d.Position)
		return err
	})
	if err != nil {
		p.log.Error("an event to be pushed cannot be read; it is tried again",
			"event", store.EventID(d.Position), "error", err)
		return
	}

	// A try that fails because this host stops says nothing about the receiver:
	// the claim runs out.
	a := p.send(ctx, event)
	if ctx.Err() != nil && a.problem != "" {
		return
	}

	// An outcome is recorded even when this host stops.
	err = p.record(context.WithoutCancel(ctx), d, a)
	if err != nil {
		p.log.Error(
			"the outcome of a pushed event cannot be recorded; it may be sent again",
			"event", event.ID,
			"error", err,
		)
	}
}

// record ends a delivery, postpones it, or gives it up. After an error of the
// store the claim runs out, and the event is sent again.
func (p *Pusher) record(ctx context.Context, d store.Delivery, a answer) error {
	if a.problem == "" {
		return p.store.Write(ctx, func(tx *store.Tx) error {
			return tx.DeleteDelivery(ctx, d.Position)
		})
	}

	// The receiver may ask for a longer pause, or for no more tries.
	was := d.NextAt
	d.Status = a.status
	d.Error = a.problem
	pause, again := pauseAfter(d.Tries, a.retryAfter)
	again = again && !a.gone
	if again {
		d.NextAt = p.nowMicro().Add(pause).Truncate(time.Microsecond)
	} else {
		d.State = payment.DeliveryDead
		d.NextAt = time.Time{}
	}

	err := p.store.Write(ctx, func(tx *store.Tx) error {
		return tx.UpdateDelivery(ctx, d, was)
	})

	switch {
	case errors.Is(err, store.ErrConflict):
		return nil // the claim had run out, and the host that has it now records
	case err != nil:
		return err
	}

	p.logFailed(d, again)
	return nil
}

// logFailed logs a try that has failed.
func (p *Pusher) logFailed(d store.Delivery, again bool) {
	fields := []any{
		"event", store.EventID(d.Position),
		"subject", d.Subject,
		"tries", d.Tries,
		"error", d.Error,
	}
	if again {
		p.log.Warn("an event was not taken; it is tried again",
			append(fields, "next_try_at", d.NextAt)...)
		return
	}

	p.log.Error("an event was given up: payhost dead-letters", fields...)
}

func (p *Pusher) nowMicro() time.Time { return p.now().UTC().Truncate(time.Microsecond) }
