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

// Like recovery, catching up goes provider by provider: one whose plugin hangs
// delays no other provider's webhooks.

// catchupAtOnce is how many webhooks of one provider are claimed together. They
// are read one after the other.
const catchupAtOnce = 16

// Catchup makes one pass for every provider, and waits for all of them. The error
// is the store's.
func (b *Inbox) Catchup(ctx context.Context) error {
	due, err := b.DueProviders(ctx)
	if err != nil {
		return err
	}

	// A plugin that hangs must not keep the other providers' webhooks waiting.
	var passes sync.WaitGroup
	for _, name := range due {
		passes.Go(func() {
			err := b.CatchupProvider(ctx, name)
			if (err != nil) && (ctx.Err() == nil) {
				b.log.ErrorContext(ctx, "the webhooks that wait to be read could not be looked up",
					"provider", name, "error", err)
			}
		})
	}
	passes.Wait()
	return nil
}

// DueProviders returns the names of the providers that have webhooks which wait
// for another try now. The error is the store's.
func (b *Inbox) DueProviders(ctx context.Context) (due []string, err error) {
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.WebhookProviders(ctx, b.now().UTC())
		return err
	})
	return due, err
}

// CatchupProvider tries every webhook of a provider that waits now. The error is
// the store's. Several hosts may do it at once on one store.
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

		// Webhooks that are known to be read slowly must not keep the others waiting.
		claimed, slow, err := b.claimAll(ctx, due, now)
		if err != nil {
			return err
		}
		b.readSlowly(ctx, provider, slow)
		if !b.readAll(ctx, claimed) || (len(due) < catchupAtOnce) {
			return nil
		}
	}
	return ctx.Err()
}

// claimAll claims those of the webhooks that no other host has claimed, and parts
// them by whether they are known to be read slowly.
func (b *Inbox) claimAll(
	ctx context.Context, due []*store.Webhook, now time.Time,
) (claimed, slow []*store.Webhook, err error) {
	for _, webhook := range due {
		ok, err := b.claim(ctx, webhook, now)
		if err != nil {
			return nil, nil, err
		}

		// A webhook that has used up its tries was failed by its claim, and is
		// not read.
		switch {
		case !ok || (webhook.State != payment.WebhookPending):
		case b.slow.known(webhook.ID):
			slow = append(slow, webhook)
		default:
			claimed = append(claimed, webhook)
		}
	}
	return claimed, slow, nil
}

// claim claims a webhook for this host's next try, and reports whether it could.
// The try after it is on disk before this one: a host that dies meanwhile does not
// lose the webhook.
func (b *Inbox) claim(
	ctx context.Context, webhook *store.Webhook, now time.Time,
) (claimed bool, err error) {
	was := webhook.NextTryAt
	webhook.Tries++
	webhook.NextTryAt = now.Add(min(retry<<min(webhook.Tries, 10), maxRetry))
	if webhook.Tries >= maxTries {
		webhook.State, webhook.NextTryAt = payment.WebhookFailed, time.Time{}
		webhook.Error = "its plugin was not there for too long; replay it when it is back"
	}

	err = b.store.Write(ctx, func(tx *store.Tx) (err error) {
		claimed, err = tx.ClaimWebhook(ctx, webhook, was)
		return err
	})
	return claimed, err
}

// readAll reads one provider's webhooks, oldest first, and reports whether its
// plugin is there. When it is not the others wait for their next try.
func (b *Inbox) readAll(ctx context.Context, list []*store.Webhook) (there bool) {
	for _, webhook := range list {
		_, err := b.read(ctx, webhook, false)
		if err == nil {
			continue
		}
		b.log.WarnContext(ctx, "a stored webhook could not be read yet",
			"webhook", webhook.ID, "provider", webhook.Provider, "error", err)

		// A plugin that is away would fail the others too. A slow webhook says
		// nothing about them.
		ofItsOwn := errors.Is(err, errTooSlow) || errors.Is(err, errManySlow)
		if (sdk.CodeOf(err) == sdk.CodeUnavailable) && !ofItsOwn {
			return false
		}
	}
	return true
}
