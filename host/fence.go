package host

import (
	"context"

	"github.com/payhost/payhost/host/internal/store"
)

// Fence returns whether hosts of the database may move money. They may not after
// it was restored, and on a copy of it, until LiftFence: requests that would move
// money get the code "fenced", and nothing is recorded. Everything else goes on.
func (h *Host) Fence(ctx context.Context) (Fence, error) {
	found, err := h.core.Fence(ctx)
	return found, failure(ctx, err)
}

// LiftFence lets hosts of the database move money again, and returns the fence as
// it is then. The operator knows what happened at the providers since the copy was
// made; the reason is required, and kept in the audit log. It changes nothing
// without a fence.
func (h *Host) LiftFence(ctx context.Context, operator, reason string) (Fence, error) {
	left, err := h.core.LiftFence(ctx, operator, reason)
	return left, failure(ctx, err)
}

// tellFence says at the start that no money moves.
func (h *Host) tellFence(ctx context.Context) {
	fence, err := h.core.Fence(ctx)
	if err != nil || !fence.Fenced {
		return // what cannot be read is judged again with each request
	}
	h.log.Error("no money moves on this database: see payhost fence show",
		"reason", fence.Reason, "since", *fence.Since)
}

// remember compares the database with the mark that the host keeps of it.
func remember(database *store.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := database.CompareWithMark(ctx); err != nil {
			return err
		}
		return database.SyncMark()
	}
}
