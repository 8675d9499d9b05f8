package simulation

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

// faulty is the store as one host sees it: what goes wrong between a host and a
// database goes wrong here.
type faulty struct {
	world *world
	host  *host
	ready bool // until then nothing goes wrong
}

// What a host is told. After errLost it cannot know whether anything was
// written.
var (
	errRefused = fmt.Errorf("database: cannot execute in a read-only transaction: %w",
		store.ErrUnwritten)
	errGone = fmt.Errorf("database: connection refused: %w", store.ErrUnwritten)
	errLost = errors.New("database: commit: connection reset by peer")
)

// Now is the database's clock.
func (f *faulty) Now() time.Time { return f.world.store.Now() }

func (f *faulty) Write(ctx context.Context, fn func(*store.Tx) error) error {
	return f.write(ctx, nil, func(ctx context.Context) error {
		return f.world.store.Write(ctx, fn)
	})
}

func (f *faulty) WriteIntent(ctx context.Context, id string,
	fn func(*store.Tx, *intent.Intent) error) error {
	return f.write(ctx, []string{id}, func(ctx context.Context) error {
		return f.world.store.WriteIntent(ctx, id, fn)
	})
}

func (f *faulty) WriteKnown(ctx context.Context, known store.Known,
	fn func(*store.Tx, *intent.Intent) error) error {
	return f.write(ctx, []string{known.Intent.ID}, func(ctx context.Context) error {
		return f.world.store.WriteKnown(ctx, known, fn)
	})
}

func (f *faulty) ApplyEvents(ctx context.Context, events []store.ProviderEvent,
	fn func(*store.Tx) error) error {
	var ids []string
	for _, event := range events {
		ids = append(ids, event.IntentID)
	}
	return f.write(ctx, ids, func(ctx context.Context) error {
		return f.world.store.ApplyEvents(ctx, events, fn)
	})
}

func (f *faulty) Read(ctx context.Context, fn func(*store.Tx) error) error {
	return f.read(ctx, f.world.store.Read, fn)
}

func (f *faulty) Get(ctx context.Context, fn func(*store.Tx) error) error {
	return f.read(ctx, f.world.store.Get, fn)
}

// write makes a transaction that may be refused, be slow, or be made without
// its being heard of.
func (f *faulty) write(ctx context.Context, ids []string,
	commit func(context.Context) error) error {
	w, rates := f.world, &f.world.record.rates
	if !f.ready {
		return commit(ctx)
	}
	where := caller()
	name := w.pass(f.host, f.key(ctx, where, ids)+" commit", rates.slow)
	f.host.mishap(name)

	switch {
	case f.host.machine.cutOff(), w.record.away():
		return errGone
	case w.record.down():
		return errRefused
	case w.fault(name+" is refused", rates.refused):
		w.say("%s wants to write (%s): the database refuses", f.who(ctx, ids), where)
		return errRefused
	case w.fault(name+" does not arrive", rates.refused):
		w.say("%s wants to write (%s): the commit does not arrive, and nobody can tell",
			f.who(ctx, ids), where)
		return errLost

	case ctx.Err() != nil:
		return ctx.Err()
	}

	w.beat()
	began := time.Now()
	err := commit(context.WithoutCancel(ctx))
	if err == nil {
		w.record.written.Store(true)
	}

	name = w.pass(f.host, f.key(ctx, where, ids)+" committed", rates.slow)
	f.host.mishap(name)
	if err == nil && w.record.interrupted(began) {
		w.say(
			"%s commits (%s); the fail-over takes the acknowledgement",
			f.who(ctx, ids),
			where,
		)
		return errLost
	}

	if err == nil && w.fault(name+" is not acknowledged", rates.lost) {
		w.say("%s commits (%s); the acknowledgement is lost", f.who(ctx, ids), where)
		return errLost
	}

	return err
}

// read makes a transaction that may fail or be slow.
func (f *faulty) read(ctx context.Context, with func(context.Context,
	func(*store.Tx) error) error,
	fn func(*store.Tx) error,
) error {
	w, rates := f.world, &f.world.record.rates
	where := caller()
	name := w.pass(f.host, f.key(ctx, where, nil)+" read", rates.slow)
	f.host.mishap(name)

	switch {
	case f.host.machine.cutOff(), w.record.away():
		return errGone
	case w.fault(name+" fails", rates.unread):
		w.say("%s wants to read (%s): the database is not there", f.who(ctx, nil),
			where)
		return errGone
	case ctx.Err() != nil:
		return ctx.Err()
	}

	if where == "markLost" { // nothing else that only reads asks which hosts live
		w.beat()
	}

	return with(context.WithoutCancel(ctx), fn)
}

func (f *faulty) key(ctx context.Context, where string, ids []string) string {
	return f.who(ctx, ids) + ", " + where
}

// who says whose transaction it is: the host, on whose behalf, and about what.
func (f *faulty) who(ctx context.Context, ids []string) string {
	text := f.host.machine.name
	if name := actor(ctx); name != "" {
		text += ", for " + name
	}
	for _, id := range ids {
		text += ", about " + f.world.record.nick(f.world, id)
	}
	return text
}

// places are the names of the functions that call the store.
var places sync.Map

// caller names the function of the host's rooms that makes the transaction.
func caller() string {
	var pcs [8]uintptr
	count := runtime.Callers(4, pcs[:])
	if known, ok := places.Load(pcs[0]); ok {
		return known.(string)
	}

	frames := runtime.CallersFrames(pcs[:count])
	frame, _ := frames.Next()
	name := frame.Function[strings.LastIndex(frame.Function, "/")+1:]

	for _, noise := range []string{"(*", ")", ".func1", ".func2", "core.", "inbox.", "Core.",
		"Inbox."} {
		name = strings.ReplaceAll(name, noise, "")
	}

	places.Store(pcs[0], name)
	return name
}

// failover is a time during which the database takes no writes. Until readable
// it is not there at all; then another server answers, which only reads.
type failover struct{ from, readable, until time.Time }

// drawFailovers decides when the database fails over.
func (w *world) drawFailovers() {
	for k := range 2 {
		name := fmt.Sprintf("fail-over %d", k+1)
		if !w.happens(name, w.record.rates.failovers) {
			continue
		}
		f := failover{from: w.began.Add(w.between(name+" begins", 5*time.Second,
			[]time.Duration{4 * time.Minute, 15 * time.Minute}[k]))}
		f.readable = f.from.Add(w.between(name+" away", 0, 20*time.Second))
		f.until = f.readable.Add(w.between(name+" read-only", 0, time.Minute))

		w.record.failovers = append(w.record.failovers, f)
		w.say(
			"the database is going to fail over at %s: not there until %s, read-only until %s",
			f.from.Sub(w.began).
				Round(time.Second),
			f.readable.Sub(w.began).Round(time.Second),
			f.until.Sub(w.began).Round(time.Second),
		)
	}
}

// interrupted reports whether a fail-over has begun since a commit was sent.
func (r *record) interrupted(began time.Time) bool {
	for _, f := range r.failovers {
		if f.from.After(began) && f.from.Before(time.Now()) {
			return true
		}
	}
	return false
}
