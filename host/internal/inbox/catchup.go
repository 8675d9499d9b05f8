package inbox

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Like recovery, catching up goes provider by provider: one whose plugin hangs delays nobody else's notices.

// catchupAtOnce is how many notices of one provider are claimed together. They are read one after the other.
const catchupAtOnce = 16

// Catchup does one round for every provider, and waits for all of them.
func (b *Inbox) Catchup(ctx context.Context) error {
	due, err := b.DueProviders(ctx)
	if err != nil {
		return err
	}
	var rounds sync.WaitGroup
	for _, name := range due {
		rounds.Go(func() {
			if err := b.CatchupProvider(ctx, name); err != nil && ctx.Err() == nil {
				b.log.Error("what waits to be read could not be looked up", "provider", name, "error", err)
			}
		})
	}
	rounds.Wait()
	return nil
}

// DueProviders names the providers that have notices which wait for another try now. The error is the store's.
func (b *Inbox) DueProviders(ctx context.Context) (due []string, err error) {
	err = b.store.Get(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.WebhookProviders(ctx, b.now().UTC())
		return err
	})
	return due, err
}

// CatchupProvider tries every notice of a provider that waits now. The error is the store's. Several hosts may do it at
// once on one store.
func (b *Inbox) CatchupProvider(ctx context.Context, provider string) error {
	now := b.now().UTC()
	for ctx.Err() == nil {
		var due []*store.Webhook
		err := b.store.Get(ctx, func(tx *store.Tx) (err error) {
			due, err = tx.DueWebhooks(ctx, provider, now, catchupAtOnce)
			return err
		})
		if err != nil {
			return err
		}

		var mine, slow []*store.Webhook
		for _, n := range due {
			ok, err := b.claim(ctx, n, now)
			if err != nil {
				return err
			}
			if ok && n.State == payment.WebhookPending {
				if b.slow.known(n.ID) {
					slow = append(slow, n)
					continue
				}
				mine = append(mine, n)
			}
		}

		b.readSlowly(ctx, provider, slow)
		if !b.readAll(ctx, mine) || len(due) < catchupAtOnce {
			return nil
		}
	}
	return ctx.Err()
}

// claim takes a notice for this host's next try. The try after it is on disk before this one: a host that dies meanwhile
// does not lose the notice.
func (b *Inbox) claim(ctx context.Context, n *store.Webhook, now time.Time) (mine bool, err error) {
	was := n.NextTryAt
	n.Tries++
	n.NextTryAt = now.Add(min(retry<<min(n.Tries, 10), maxRetry))
	if n.Tries >= maxTries {
		n.State, n.NextTryAt, n.Error = payment.WebhookFailed, time.Time{}, "its plugin was not there for too long; replay it when it is back"
	}
	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		mine, err = tx.ClaimWebhook(ctx, n, was)
		return err
	})
	return mine, err
}

// readAll reads one provider's notices, oldest first. there is false when its plugin is not: the others wait for their
// next try.
func (b *Inbox) readAll(ctx context.Context, list []*store.Webhook) (there bool) {
	for _, n := range list {
		_, err := b.read(ctx, n, false)
		if err != nil {
			b.log.Warn("a stored notice could not be read yet", "webhook", n.ID, "provider", n.Provider, "error", err)
		}
		ofItsOwn := errors.Is(err, errTooSlow) || errors.Is(err, errManySlow)
		if (err != nil) && (sdk.CodeOf(err) == sdk.CodeUnavailable) && !ofItsOwn {
			return false
		}
	}
	return true
}
