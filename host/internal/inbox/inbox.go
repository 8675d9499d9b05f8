// Package inbox takes what comes in from outside: the providers' notices and the customers' returns. Each is on disk, as
// it came, before anything else is done with it; then its plugin reads it; then what it says is applied once, together
// with what becomes of the notice itself; and only then is it answered.
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

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Bounds on what anybody may send.
const (
	maxBody    = 1 << 20
	maxQuery   = 16 << 10
	maxMethod  = 32
	maxHeaders = 64
	maxHeader  = 8 << 10
	// maxReturn is how long the body of a customer's request may be: it is read by
	// nobody when it is longer, and the customer is sent on.
	maxReturn = store.KeptUnverified
	// placeWait is how long a request waits for a place.
	placeWait = 20 * time.Second
	// retention is how long unverified notices are kept, repeatRetention how long
	// genuine ones that change nothing and repeat another. forgetAtOnce is how many
	// are deleted in one commit.
	retention       = 30 * 24 * time.Hour
	repeatRetention = 24 * time.Hour
	forgetAtOnce    = 1000
	// retry is how long after a failed try the next one is made, and
	// maxTries how many there are before an operator must replay it.
	retry    = 5 * time.Second
	maxRetry = 10 * time.Minute
	maxTries = 500
)

// Directory tells what is known of the configured accounts, whether or not their plugins run.
type Directory interface {
	// Trust gives the ways in which an account's notices can be trusted. known is false for a name that is not configured;
	// the list is nil while the plugin has not said yet.
	Trust(account string) (trust []sdk.WebhookTrust, known bool)
}

// Options are what an Inbox works with. Logger and Now may be nil.
type Options struct {
	Store          store.Transactor
	Core           *core.Core
	Accounts       core.Accounts
	Directory      Directory
	TrustedProxies []netip.Prefix
	// PublicURL is how the host is reached; its path may stand before the
	// addresses.
	PublicURL string
	Logger    *slog.Logger
	Now       func() time.Time
}

// Inbox may be used by any number of goroutines.
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
	short     *places      // for bodies that are there
	small     *places      // for bodies that are kept whole in any case
	large     *places
	trials    *places // for long ones that are stored only if they verify
	prefix    string  // the path of public_url, without a slash at its end
}

// New makes an Inbox.
func New(o Options) *Inbox {
	b := &Inbox{store: o.Store, core: o.Core, accounts: o.Accounts, directory: o.Directory, proxies: o.TrustedProxies,
		log: o.Logger, now: o.Now}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	if b.now == nil {
		b.now = time.Now
	}
	b.senders = newSenders(b.now)
	b.budgets, b.slow = newBudgets(b.now), newSlow()
	b.told = newTold()
	b.short = newPlaces(smallPlaces, placeWait)
	b.small, b.large = newPlaces(smallPlaces, placeWait), newPlaces(largePlaces, placeWait)
	b.trials = newPlaces(trialPlaces, placeWait)
	if u, err := url.Parse(o.PublicURL); err == nil {
		b.prefix = strings.TrimRight(u.Path, "/")
	}
	return b
}

// The purposes of a stored request.
const (
	purposeWebhook = "webhook"
	purposeReturn  = "return"
	purposeCancel  = "cancel"
)

// Forget deletes what nobody needs any more: unverified webhooks older than
// retention, and verified ones older than repeatRetention that changed nothing and
// repeat what another webhook holds. The error is the store's.
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

// Replay reads a stored notice again, for instance through a mended plugin, and applies what it then says.
func (b *Inbox) Replay(ctx context.Context, id string) (*store.Webhook, error) {
	n, err := b.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if _, err := b.read(ctx, n, true); err != nil {
		return nil, payment.FromProvider(n.Provider, "", err)
	}
	return b.Get(ctx, id)
}

// Get reads one stored notice.
func (b *Inbox) Get(ctx context.Context, id string) (n *store.Webhook, err error) {
	err = b.store.Get(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Webhook(ctx, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return nil, &payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent, Message: "no webhook has the id " + id}
	}
	return n, err
}

// List reads stored notices, newest first. next is the id to go on before, "" at the end.
func (b *Inbox) List(ctx context.Context, f store.WebhookFilter) (list []*store.Webhook, next string, err error) {
	limit := f.Limit
	f.Limit++
	err = b.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.ListWebhooks(ctx, f)
		return err
	})
	if err == nil && len(list) > limit {
		list = list[:limit]
		next = list[limit-1].ID
	}
	return list, next, err
}
