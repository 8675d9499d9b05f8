package core

import (
	"context"

	"github.com/payhost/payhost/host/internal/store"
)

// RefreshTokenKeys reads the keys again, as each sign of life does.
func (c *Core) RefreshTokenKeys(ctx context.Context) error {
	return c.store.Write(ctx, func(tx *store.Tx) error { return c.tokens.Refresh(ctx, tx) })
}
