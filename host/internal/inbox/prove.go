package inbox

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// proveTimeout bounds how long a plugin may look at a request that is stored
// only if it verifies. One of at most cheapBody is looked at at once: most that
// are genuine are no longer.
const (
	proveTimeout = 5 * time.Second
	cheapBody    = 4 << 10
)

// errUnproven is for a request that its plugin has read, and that proves nothing.
var errUnproven = errors.New("it does not verify")

// proven is a genuine request that is not stored.
type proven struct {
	*reading
	// before is what another request has said that said the same, nil when this one
	// is worth storing.
	before *heard
}

// prove has the plugin read a request that is not stored yet, and applies nothing.
// It is for the sender of much that is worth nothing, which must neither fill the
// disk nor keep out what is genuine. Longer requests are looked at few at a time.
//
// The error is errUnproven when the request does not verify; any other says that
// nobody knows, because the plugin or the store is not there.
func (b *Inbox) prove(ctx context.Context, n *store.Webhook, who claim) (*proven, error) {
	if len(n.Request.Body) > cheapBody {
		if err := b.trials.take(ctx, who); err != nil {
			return nil, err
		}
		defer b.trials.give(who)
	}

	ctx, cancel := context.WithTimeout(ctx, proveTimeout)
	defer cancel()
	lease, err := b.accounts.AcquireExisting(ctx, n.Provider)
	if err != nil {
		return nil, err
	}
	defer lease.Release()
	subject, err := b.subject(ctx, n)
	if err != nil {
		return nil, err
	}

	read, err := b.parseInTime(ctx, lease, n, subject)
	switch {
	case (err != nil) && isFinal(sdk.CodeOf(err)):
		return nil, errUnproven
	case err != nil:
		return nil, err
	case read.proof <= intent.Hint:
		return nil, errUnproven
	}
	return &proven{reading: read, before: b.told.heard(read)}, nil
}

// unprovenRefusal answers a request that was not stored because prove gave an
// error. Only what does not verify is too many; whoever sends what nobody could
// read now is told to send it again soon.
func unprovenRefusal(err error) *refusal {
	if errors.Is(err, errUnproven) {
		return &refusal{
			status: http.StatusTooManyRequests, text: "too much that does not verify", after: "60",
		}
	}
	return &refusal{
		status: http.StatusServiceUnavailable, text: "it could not be read now", after: "5",
	}
}
