package coretest

import (
	"context"
	"errors"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

// errRehearsal rolls a write back that is only a rehearsal.
var errRehearsal = errors.New("a rehearsal")

// Rehearsed is a store that runs every write twice and rolls the first one
// back, as a store does when another write of the same commit has failed. Both
// must leave the same outside of their transactions.
type Rehearsed struct{ store.Transactor }

// Write is store.Transactor.
func (r Rehearsed) Write(ctx context.Context, fn func(*store.Tx) error) error {
	_ = r.Transactor.Write(
		ctx,
		func(tx *store.Tx) error { return errors.Join(fn(tx), errRehearsal) },
	)
	return r.Transactor.Write(ctx, fn)
}

// WriteIntent is store.Transactor.
func (r Rehearsed) WriteIntent(ctx context.Context, id string,
	fn func(*store.Tx, *intent.Intent) error) error {
	_ = r.Transactor.WriteIntent(ctx, id, func(tx *store.Tx, current *intent.Intent) error {
		return errors.Join(fn(tx, current), errRehearsal)
	})
	return r.Transactor.WriteIntent(ctx, id, fn)
}

// WriteKnown is store.Transactor.
func (r Rehearsed) WriteKnown(ctx context.Context, known store.Known,
	fn func(*store.Tx, *intent.Intent) error) error {
	_ = r.Transactor.WriteKnown(
		ctx,
		known,
		func(tx *store.Tx, current *intent.Intent) error {
			return errors.Join(fn(tx, current), errRehearsal)
		},
	)
	return r.Transactor.WriteKnown(ctx, known, fn)
}

// ApplyEvents is store.Transactor.
func (r Rehearsed) ApplyEvents(ctx context.Context, events []store.ProviderEvent,
	fn func(*store.Tx) error) error {
	_ = r.Transactor.ApplyEvents(ctx, events, func(tx *store.Tx) error {
		return errors.Join(fn(tx), errRehearsal)
	})
	return r.Transactor.ApplyEvents(ctx, events, fn)
}
