package inbox

import (
	"context"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
)

// Repeat has the plugin of a lease read a stored webhook once more, with what the
// host tells it of the intent that its URL belongs to, nil for none. Nothing
// comes of it: the lease has seen what the plugin said.
func Repeat(
	ctx context.Context, lease core.Lease, webhook *store.Webhook, subject *intent.Intent,
) error {
	_, err := parse(ctx, lease, webhook, subject)
	return err
}
