package host

import (
	"context"
	"net/http"
)

// WebhookHandler serves the providers' webhooks on /webhooks/.
func (h *Host) WebhookHandler() http.Handler { return h.inbox.WebhookHandler() }

// ReturnHandler serves returning customers on /return/.
func (h *Host) ReturnHandler() http.Handler { return h.inbox.ReturnHandler() }

// WebhookURL returns where a provider's webhooks about an account go: what must
// be typed into its back office.
func (h *Host) WebhookURL(provider string) string { return h.core.AccountURL(provider) }

// ListWebhooks returns what providers sent, newest first, without the bodies,
// secrets masked. next is the cursor of the next page, "" at the end.
func (h *Host) ListWebhooks(
	ctx context.Context, f WebhookFilter,
) (list []Webhook, next string, err error) {
	list, next, err = h.webhooks.List(ctx, f)
	return list, next, failure(ctx, err)
}

// Webhook returns one webhook as it came, secrets masked.
func (h *Host) Webhook(ctx context.Context, id string) (*Webhook, error) {
	webhook, err := h.webhooks.Get(ctx, id)
	return webhook, failure(ctx, err)
}

// ReplayWebhook has the plugin read a webhook again, and applies what it then
// says.
func (h *Host) ReplayWebhook(ctx context.Context, id string) (*Webhook, error) {
	webhook, err := h.webhooks.Replay(ctx, id)
	return webhook, failure(ctx, err)
}

// AttachWebhook applies a genuine webhook that fits nothing by itself to a
// payment, payout or refund. It counts for as much as its plugin proves.
// operator names who decided, for the history.
func (h *Host) AttachWebhook(
	ctx context.Context, id, paymentID, operator string,
) (*Webhook, error) {
	webhook, err := h.webhooks.Attach(ctx, id, paymentID, operator)
	return webhook, failure(ctx, err)
}

// TokenKeys returns the keys that sign webhook and return URLs, the newest
// first.
func (h *Host) TokenKeys(ctx context.Context) ([]TokenKey, error) {
	keys, err := h.core.TokenKeys(ctx)
	return keys, failure(ctx, err)
}

// RotateTokenKey makes a new key, with the first of Config.Host.TokenSecrets
// mixed in, and returns all keys. It signs the URLs of what is made from half a
// minute later on; payments made before keep their key, and the URL of each
// account changes. operator names who decided, reason (required) says why. The
// error is ErrConflict while a new key is not in force yet.
func (h *Host) RotateTokenKey(ctx context.Context, operator, reason string) ([]TokenKey, error) {
	keys, err := h.core.RotateTokenKey(ctx, operator, reason)
	return keys, failure(ctx, err)
}

// EndTokenKey ends a former key, and returns all keys: webhooks and
// returns to URLs that it signed are refused from now on, those of open
// payments too. The error is ErrNotFound for an unknown key, ErrConflict for
// the one in force.
func (h *Host) EndTokenKey(ctx context.Context, id, operator, reason string) ([]TokenKey, error) {
	keys, err := h.core.EndTokenKey(ctx, id, operator, reason)
	return keys, failure(ctx, err)
}
