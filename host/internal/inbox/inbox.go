// Package inbox receives the providers' webhooks and the customers' returns. Each
// is on disk, as it came, before anything else is done with it; then its plugin
// reads it; then its events are applied once, in one commit with what becomes of
// the webhook itself; and only then is it answered.
//
// Most requests on a public address may be junk. How much of the host's memory,
// disk and time unverified senders get is bounded: see places, senders, budgets,
// slow and told. The bounds count what did not verify; a webhook that verifies is
// not refused for what others send.
package inbox

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Bounds of a request: the bytes of its body, query and method, and the number
// and bytes of its headers. The body of a longer return is not read, and the
// customer is sent on.
const (
	maxBody    = 1 << 20
	maxReturn  = store.KeptUnverified
	maxQuery   = 16 << 10
	maxMethod  = 32
	maxHeaders = 64
	maxHeader  = 8 << 10
)

const (
	// placeWait is how long a request waits for a place.
	placeWait = 20 * time.Second
	// retention is how long unverified webhooks are kept, repeatRetention how
	// long genuine ones that change nothing and repeat another. forgetAtOnce is
	// how many are deleted in one commit.
	retention       = 30 * 24 * time.Hour
	repeatRetention = 24 * time.Hour
	forgetAtOnce    = 1000
	// retry is how long after a first failed try the next one is made, maxRetry
	// how long at most, and maxTries how many tries there are before an operator
	// must replay the webhook.
	retry    = 5 * time.Second
	maxRetry = 10 * time.Minute
	maxTries = 500
)

// Directory knows the configured accounts, whether or not their plugins run.
type Directory interface {
	// Trust returns the ways in which an account's webhooks can be trusted. It
	// must answer without calling a plugin: it is called for every request, also
	// for junk. known is false for a name that is not configured; the list is nil
	// while the plugin has not said yet.
	Trust(account string) (trust []sdk.WebhookTrust, known bool)
}

// Options are what an Inbox works with.
type Options struct {
	Store store.Transactor
	Core  *core.Core
	// Accounts give the leases on which plugins read webhooks, one on each.
	Accounts  core.Accounts
	Directory Directory
	// TrustedProxies are those whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// PublicURL is how the host is reached; its path may stand before the
	// addresses.
	PublicURL string
	Logger    *slog.Logger     // nil: nothing is logged
	Now       func() time.Time // nil: time.Now
}

// Inbox receives webhooks and returns. It may be used by any number of
// goroutines.
type Inbox struct {
	store     store.Transactor
	core      *core.Core
	accounts  core.Accounts
	directory Directory
	proxies   []netip.Prefix
	log       *slog.Logger
	now       func() time.Time
	senders   *senders
	budgets   *budgets
	slow      *slow
	told      *told
	underway  atomic.Int64 // requests that are being served
	paused    atomic.Int64 // those of them that wait for a refusal
	short     *places      // for bodies that are there
	small     *places      // for bodies that are kept whole in any case
	large     *places
	trials    *places // for long ones that are stored only if they verify
	prefix    string  // the path of public_url, without a slash at its end
}

// New makes an Inbox.
func New(o Options) *Inbox {
	b := &Inbox{
		store:     o.Store,
		core:      o.Core,
		accounts:  o.Accounts,
		directory: o.Directory,
		proxies:   o.TrustedProxies,
		log:       o.Logger,
		now:       o.Now,
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.now == nil {
		b.now = time.Now
	}
	if public, err := url.Parse(o.PublicURL); err == nil {
		b.prefix = strings.TrimRight(public.Path, "/")
	}

	// The bounds of unverified senders.
	b.senders, b.budgets = newSenders(b.now), newBudgets(b.now)
	b.slow, b.told = newSlow(), newTold()
	b.short = newPlaces(smallPlaces, placeWait)
	b.small = newPlaces(smallPlaces, placeWait)
	b.large = newPlaces(largePlaces, placeWait)
	b.trials = newPlaces(trialPlaces, placeWait)
	return b
}

// The purposes of a stored request.
const (
	purposeWebhook = "webhook"
	purposeReturn  = "return"
	purposeCancel  = "cancel"
)

// Forget deletes what nobody needs any more: unverified webhooks older than
// retention, and verified ones older than repeatRetention that changed nothing
// and repeat what another webhook holds. The error is the store's.
func (b *Inbox) Forget(ctx context.Context) error {
	now := b.now().UTC()
	return b.store.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.DeleteUnverifiedBefore(ctx, now.Add(-retention), forgetAtOnce); err != nil {
			return err
		}
		_, err := tx.DeleteRepeatsBefore(ctx, now.Add(-repeatRetention), forgetAtOnce)
		return err
	})
}

// Replay reads a stored webhook again, for instance through a mended plugin, and
// applies what it then says, also what is applied already. The error is a
// *payment.Error, the plugin's own when the webhook could not be read; the stored
// webhook is then as it was.
func (b *Inbox) Replay(ctx context.Context, id string) (*store.Webhook, error) {
	webhook, err := b.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := b.read(ctx, webhook, true); err != nil {
		return nil, payment.FromProvider(webhook.Provider, "", err)
	}
	return b.Get(ctx, id)
}

// Get reads one stored webhook. The error is a *payment.Error not_found when there
// is none, or else the store's.
func (b *Inbox) Get(ctx context.Context, id string) (webhook *store.Webhook, err error) {
	err = b.store.Get(ctx, func(tx *store.Tx) (err error) {
		webhook, err = tx.Webhook(ctx, id)
		return err
	})
	hidden := (err == nil) && !caller.From(ctx).Sees(webhook.Provider)
	if hidden || errors.Is(err, store.ErrNotFound) {
		return nil, &payment.Error{
			Code:    string(sdk.CodeNotFound),
			Outcome: sdk.OutcomeNotSent,
			Message: "no webhook has the id " + id,
		}
	}
	return webhook, err
}

// List reads stored webhooks, newest first. next is the id to go on before, ""
// at the end. The error is the store's.
func (b *Inbox) List(
	ctx context.Context, filter store.WebhookFilter,
) (list []*store.Webhook, next string, err error) {
	// One more shows whether there is another page.
	limit := filter.Limit
	filter.Limit++
	filter.Providers = caller.From(ctx).Only()
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ListWebhooks(ctx, filter)
		return err
	})

	if (err == nil) && (len(list) > limit) {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}
