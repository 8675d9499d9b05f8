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
	// takeUp is how many events become deliveries in one transaction.
	takeUp = 256
	// claim is how long a host that has taken a delivery keeps others from it: longer than a try can last.
	claim = sendTimeout + 15*time.Second
)

// Options are what a Pusher works with. All fields but Logger and Now are required.
type Options struct {
	Store  store.Transactor
	Target Target
	// More gives a channel that is closed when there may be new events.
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
	looks  chan struct{}
}

// New makes a Pusher. The first one ever on a database begins at the present end of the stream: what happened before
// anybody wanted events is not sent. From then on none is left out, also not what happens while pushing is switched off.
func New(ctx context.Context, o Options) (*Pusher, error) {
	p := &Pusher{store: o.Store, target: o.Target, more: o.More, log: o.Logger, now: o.Now, client: newClient(),
		looks: make(chan struct{}, 1)}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p, p.store.Write(ctx, func(tx *store.Tx) error { return tx.BeginPush(ctx) })
}

// Wake has Run look for what has become due, and for what other hosts have recorded. It does not wait for that.
func (p *Pusher) Wake() {
	select {
	case p.looks <- struct{}{}:
	default: // it is about to look
	}
}

// Run pushes until ctx ends, and returns when nothing is under way any more. What this host records goes out at once; for
// all else it waits for Wake. Several hosts may run it on one store.
func (p *Pusher) Run(ctx context.Context) {
	defer p.client.CloseIdleConnections()
	var tries sync.WaitGroup
	defer tries.Wait()
	ended, free := make(chan struct{}, sendAtOnce), sendAtOnce
	for ctx.Err() == nil {
		more := p.more() // before looking, so that nothing is missed in between
		mine, taken, err := p.take(ctx, free)
		if err != nil && ctx.Err() == nil {
			p.log.Error("events cannot be pushed: the store cannot be read or written; it goes on trying", "error", err)
		}
		for _, d := range mine {
			free--
			tries.Go(func() {
				p.try(ctx, d)
				ended <- struct{}{}
			})
		}
		if err == nil && free > 0 && (taken || len(mine) > 0) {
			continue // there may be more
		}
		select {
		case <-ended: // a slot is free, and the next event of that payment may go
			free++
		case <-more:
		case <-p.looks:
		case <-ctx.Done():
		}
	}
}

// RunOnce does once what Run does all the time: it takes up what is new, tries what is due, and waits for the answers. It
// reports whether there was anything to do.
func (p *Pusher) RunOnce(ctx context.Context) (worked bool, err error) {
	mine, taken, err := p.take(ctx, sendAtOnce)
	if err != nil {
		return false, err
	}
	var tries sync.WaitGroup
	for _, d := range mine {
		tries.Go(func() { p.try(ctx, d) })
	}
	tries.Wait()
	return taken || len(mine) > 0, nil
}

// take takes up what is new in the stream, and claims up to limit deliveries.
func (p *Pusher) take(ctx context.Context, limit int) (mine []store.Delivery, taken bool, err error) {
	err = p.store.Read(ctx, func(tx *store.Tx) (err error) {
		taken, err = tx.HasNewEvents(ctx)
		return err
	})
	if err == nil && taken {
		err = p.store.Write(ctx, func(tx *store.Tx) error {
			n, err := tx.EnqueueDeliveries(ctx, p.nowMicro(), takeUp)
			taken = n > 0
			return err
		})
		if errors.Is(err, store.ErrConflict) { // another host has just taken them up
			err = nil
		}
	}
	if err != nil {
		return nil, false, err
	}

	if limit > 0 {
		mine, err = p.claimDue(ctx, limit)
	}
	return mine, taken, err
}

// claimDue takes what is due, so that no other host sends the same. The next try is on disk before this one: a host that
// dies meanwhile loses nothing.
func (p *Pusher) claimDue(ctx context.Context, limit int) (mine []store.Delivery, err error) {
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
		mine = nil
		for _, d := range due {
			was := d.NextAt
			d.Tries++
			d.TriedAt, d.NextAt = now, now.Add(claim)
			switch err := tx.UpdateDelivery(ctx, d, was); {
			case errors.Is(err, store.ErrConflict): // somebody else has it
			case err != nil:
				return err
			default:
				mine = append(mine, d)
			}
		}
		return nil
	})
	return mine, err
}

// try sends one claimed delivery and records what became of it.
func (p *Pusher) try(ctx context.Context, d store.Delivery) {
	var e payment.Event
	err := p.store.Read(ctx, func(tx *store.Tx) (err error) {
		e, err = tx.Event(ctx, d.Position)
		return err
	})
	if err != nil {
		p.log.Error("an event to be pushed cannot be read; it is tried again", "event", store.EventID(d.Position), "error", err)
		return
	}
	a := p.send(ctx, e)
	if ctx.Err() != nil && a.problem != "" {
		return // the host stops, which says nothing about the receiver: the claim runs out
	}
	err = p.record(context.WithoutCancel(ctx), d, a)
	if err != nil {
		p.log.Error("what became of a pushed event cannot be recorded; it may be sent again", "event", e.ID, "error", err)
	}
}

// record ends a delivery, puts it off, or gives it up. Errors of the store mean that the claim runs out and the event is
// sent again.
func (p *Pusher) record(ctx context.Context, d store.Delivery, a answer) error {
	if a.problem == "" {
		return p.store.Write(ctx, func(tx *store.Tx) error { return tx.DeleteDelivery(ctx, d.Position) })
	}
	was := d.NextAt
	d.Status, d.Error = a.status, a.problem
	pause, again := pauseAfter(d.Tries, a.retryAfter)
	if again = again && !a.gone; again {
		d.NextAt = p.nowMicro().Add(pause).Truncate(time.Microsecond)
	} else {
		d.State, d.NextAt = payment.DeliveryDead, time.Time{}
	}
	err := p.store.Write(ctx, func(tx *store.Tx) error { return tx.UpdateDelivery(ctx, d, was) })
	if errors.Is(err, store.ErrConflict) {
		return nil // the claim had run out, and whoever took it over records
	}
	if err == nil && again {
		p.log.Warn("an event was not taken; it is tried again", "event", store.EventID(d.Position), "subject", d.Subject,
			"tries", d.Tries, "error", d.Error, "next_try_at", d.NextAt)
	}
	if err == nil && !again {
		p.log.Error("an event was given up: payhost dead-letters", "event", store.EventID(d.Position), "subject", d.Subject,
			"tries", d.Tries, "error", d.Error)
	}
	return err
}

func (p *Pusher) nowMicro() time.Time { return p.now().UTC().Truncate(time.Microsecond) }
