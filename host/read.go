package host

import (
	"context"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Filter narrows a list of payments or payouts. Zero values do not narrow.
type Filter struct {
	Provider          string
	Status            Status
	MerchantReference string
	CreatedFrom       time.Time // created then or later
	CreatedTo         time.Time // created before then
	// Cursor is the next of the page before; Limit how many at most, 50 when it is 0.
	Cursor string
	Limit  int
}

// The bounds of a page.
const (
	defaultPage = 50
	maxPage     = 200
)

// Payment returns a payment with its attempts and history.
func (h *Host) Payment(ctx context.Context, id string) (*Payment, error) {
	p, err := h.core.Payment(ctx, id)
	return p, failure(ctx, err)
}

// Payout returns a payout with its attempts and history.
func (h *Host) Payout(ctx context.Context, id string) (*Payout, error) {
	p, err := h.core.Payout(ctx, id)
	return p, failure(ctx, err)
}

// Refund returns a refund with its attempts.
func (h *Host) Refund(ctx context.Context, id string) (*Refund, error) {
	r, err := h.core.Refund(ctx, id)
	return r, failure(ctx, err)
}

// Refunds returns a payment's refunds, newest first, those that the provider started included.
func (h *Host) Refunds(ctx context.Context, paymentID string) ([]Refund, error) {
	list, err := h.core.Refunds(ctx, paymentID)
	return list, failure(ctx, err)
}

// ListPayments returns payments newest first, without attempts and history. next is the cursor of the next page, "" at
// the end.
func (h *Host) ListPayments(ctx context.Context, f Filter) (list []Payment, next string, err error) {
	narrowed, err := f.of("pay")
	if err != nil {
		return nil, "", err
	}
	list, next, err = h.core.ListPayments(ctx, narrowed)
	return list, next, failure(ctx, err)
}

// ListPayouts returns payouts as ListPayments does payments.
func (h *Host) ListPayouts(ctx context.Context, f Filter) (list []Payout, next string, err error) {
	narrowed, err := f.of("po")
	if err != nil {
		return nil, "", err
	}
	list, next, err = h.core.ListPayouts(ctx, narrowed)
	return list, next, failure(ctx, err)
}

// of checks the filter of a list whose ids have a prefix.
func (f Filter) of(prefix string) (store.Filter, error) {
	limit, err := page(prefix, f.Cursor, f.Limit)
	return store.Filter{Provider: f.Provider, Status: f.Status, MerchantReference: f.MerchantReference,
		CreatedFrom: f.CreatedFrom, CreatedTo: f.CreatedTo, Before: f.Cursor, Limit: limit}, err
}

// page checks where a page begins and how long it is.
func page(prefix, cursor string, limit int) (int, error) {
	wrong := core.CheckCursor(prefix, cursor)
	if limit == 0 {
		limit = defaultPage
	}
	if limit < 1 || limit > maxPage {
		wrong = append(wrong, sdk.Violation{Field: "limit", Message: "must be from 1 to 200"})
	}
	if len(wrong) == 0 {
		return limit, nil
	}
	return 0, &payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent,
		Message: "the list cannot be read like that", Violations: wrong}
}

// WebhookFilter narrows a list of webhooks. Zero values do not narrow.
type WebhookFilter struct {
	Provider string
	State    WebhookState
	Cursor   string
	Limit    int
}

// ListWebhooks returns what providers sent, newest first, secrets masked. next is the cursor of the next page, "" at the
// end.
func (h *Host) ListWebhooks(ctx context.Context, f WebhookFilter) (list []Webhook, next string, err error) {
	limit, err := page("wh", f.Cursor, f.Limit)
	if err != nil {
		return nil, "", err
	}
	narrowed := store.WebhookFilter{Provider: f.Provider, State: f.State, Before: f.Cursor, Limit: limit}
	list, next, err = h.api.ListWebhooks(ctx, narrowed)
	return list, next, failure(ctx, err)
}

// Webhook returns one webhook as it came, secrets masked.
func (h *Host) Webhook(ctx context.Context, id string) (*Webhook, error) {
	w, err := h.api.Webhook(h.inbox.Get(ctx, id))
	return w, failure(ctx, err)
}

// ReplayWebhook has the plugin read a webhook again, and applies what it then says.
func (h *Host) ReplayWebhook(ctx context.Context, id string) (*Webhook, error) {
	w, err := h.api.Webhook(h.inbox.Replay(ctx, id))
	return w, failure(ctx, err)
}

// AttachWebhook applies a genuine webhook that fits nothing by itself to a payment or payout. It counts for as much as its
// plugin proves. operator names who decided, for the history.
func (h *Host) AttachWebhook(ctx context.Context, id, paymentID, operator string) (*Webhook, error) {
	w, err := h.api.Webhook(h.inbox.Attach(ctx, id, paymentID, operator))
	return w, failure(ctx, err)
}

// DeadLetters returns up to limit events whose pushing was given up, the newest first, after the one named by cursor ("":
// from the newest). next is the cursor to go on with, "" at the end.
func (h *Host) DeadLetters(ctx context.Context, cursor string, limit int) (list []DeadLetter, next string, err error) {
	list, next, err = h.letters.List(ctx, cursor, limit)
	return list, next, failure(ctx, err)
}

// RetryDeadLetter has an event pushed again that was given up.
func (h *Host) RetryDeadLetter(ctx context.Context, id string) (DeadLetter, error) {
	l, err := h.letters.Retry(ctx, id)
	return l, failure(ctx, err)
}

// TokenKeys returns the keys that sign webhook and return URLs, the newest first.
func (h *Host) TokenKeys(ctx context.Context) ([]TokenKey, error) {
	keys, err := h.core.TokenKeys(ctx)
	return keys, failure(ctx, err)
}

// RotateTokenKey makes a new key, with the first of Config.Host.TokenSecrets mixed
// in, and returns all keys. It signs the URLs of what is made from half a minute
// later on; payments made before keep their key, and the URL of each account
// changes. operator names who decided, reason (required) says why. The error is
// ErrConflict while a new key is not in force yet.
func (h *Host) RotateTokenKey(ctx context.Context, operator, reason string) ([]TokenKey, error) {
	keys, err := h.core.RotateTokenKey(ctx, operator, reason)
	return keys, failure(ctx, err)
}

// EndTokenKey gives a former key up, and returns all keys: webhooks and returns to
// URLs that it signed are refused from now on, those of open payments too. The
// error is ErrNotFound for an unknown key, ErrConflict for the one in force.
func (h *Host) EndTokenKey(ctx context.Context, id, operator, reason string) ([]TokenKey, error) {
	keys, err := h.core.EndTokenKey(ctx, id, operator, reason)
	return keys, failure(ctx, err)
}
