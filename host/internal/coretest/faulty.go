package coretest

import (
	"context"
	"errors"
	"sync"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

// Fault is what happens to one write. Its zero value lets the write pass.
type Fault struct {
	// Before is called before the write is begun, and After when it has ended
	// and is not answered yet. Either may block, as a host does that is
	// stopped.
	Before, After func()
	// Refuse is the write's error; nothing is written. It says so for certain
	// only with store.ErrUnwritten in it.
	Refuse error
	// Undo is the write's error after it was made: all that it wrote is taken
	// back.
	Undo error
	// Lose is the error in place of the acknowledgement of what was written.
	Lose error
}

// Faulty is a store whose transactions go wrong as a test says.
type Faulty struct {
	store.Transactor

	mu     sync.Mutex
	writes []Fault
	reads  error
}

// NewFaulty puts faults before a store. Without any it is that store.
func NewFaulty(s store.Transactor) *Faulty { return &Faulty{Transactor: s} }

// Next says what happens to the next writes, one after the other.
func (f *Faulty) Next(faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writes = faults
}

// FailReads has everything that only reads fail from now on, and work again
// with nil.
func (f *Faulty) FailReads(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reads = err
}

// Left reports how many faults have not happened yet.
func (f *Faulty) Left() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.writes)
}

// Write is store.Transactor.
func (f *Faulty) Write(ctx context.Context, fn func(*store.Tx) error) error {
	return f.write(func(undo error) error {
		return f.Transactor.Write(ctx, func(tx *store.Tx) error {
			return errors.Join(fn(tx), undo)
		})
	})
}

// WriteIntent is store.Transactor.
func (f *Faulty) WriteIntent(ctx context.Context, id string,
	fn func(*store.Tx, *intent.Intent) error) error {
	return f.write(func(undo error) error {
		return f.Transactor.WriteIntent(
			ctx,
			id,
			func(tx *store.Tx, current *intent.Intent) error {
				return errors.Join(fn(tx, current), undo)
			},
		)
	})
}

// WriteKnown is store.Transactor.
func (f *Faulty) WriteKnown(ctx context.Context, known store.Known,
	fn func(*store.Tx, *intent.Intent) error) error {
	return f.write(func(undo error) error {
		return f.Transactor.WriteKnown(
			ctx,
			known,
			func(tx *store.Tx, current *intent.Intent) error {
				return errors.Join(fn(tx, current), undo)
			},
		)
	})
}

// ApplyEvents is store.Transactor.
func (f *Faulty) ApplyEvents(ctx context.Context, events []store.ProviderEvent,
	fn func(*store.Tx) error) error {
	return f.write(func(undo error) error {
		return f.Transactor.ApplyEvents(ctx, events, func(tx *store.Tx) error {
			return errors.Join(fn(tx), undo)
		})
	})
}

// Read is store.Transactor.
func (f *Faulty) Read(ctx context.Context, fn func(*store.Tx) error) error {
	if err := f.read(); err != nil {
		return err
	}
	return f.Transactor.Read(ctx, fn)
}

// Get is store.Transactor.
func (f *Faulty) Get(ctx context.Context, fn func(*store.Tx) error) error {
	if err := f.read(); err != nil {
		return err
	}
	return f.Transactor.Get(ctx, fn)
}

// write makes a transaction, which is taken back with the error undo unless
// that is nil.
func (f *Faulty) write(commit func(undo error) error) error {
	fault := f.take()
	if fault.Before != nil {
		fault.Before()
	}
	err := fault.Refuse
	if err == nil {
		err = commit(fault.Undo)
	}

	if err == nil {
		err = fault.Lose
	}
	if fault.After != nil {
		fault.After()
	}

	return err
}

func (f *Faulty) take() (next Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.writes) > 0 {
		next, f.writes = f.writes[0], f.writes[1:]
	}
	return next
}

func (f *Faulty) read() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reads
}
