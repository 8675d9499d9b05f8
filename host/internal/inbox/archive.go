package inbox

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/internal/redact"
)

// Archive is the stored webhooks as operators see them: without the secrets of
// their accounts.
type Archive struct {
	inbox  *Inbox
	config func() *config.Config
	schema func(provider string) json.RawMessage
}

// NewArchive shows an inbox. configuration returns the one in force, and schema
// the JSON Schema of a provider's configuration, nil while none is known; both
// are asked at each call, for what is to be masked.
func NewArchive(
	b *Inbox, configuration func() *config.Config, schema func(provider string) json.RawMessage,
) *Archive {
	return &Archive{inbox: b, config: configuration, schema: schema}
}

// listedAtOnce is how many stored webhooks a list has in memory at a time, each
// with its body.
const listedAtOnce = 8

// List returns webhooks newest first, without their bodies: those are of any
// sender, and a page of them could be of any size. next is the cursor of the
// next page, "" at the end.
func (a *Archive) List(
	ctx context.Context, filter payment.WebhookFilter,
) (list []payment.Webhook, next string, err error) {
	limit, err := core.CheckPage(core.CheckCursor("wh", filter.Cursor), filter.Limit)
	if err != nil {
		return nil, "", err
	}

	// Bodies are read with their rows, so few rows are in memory at a time.
	page := store.WebhookFilter{Provider: filter.Provider, State: filter.State, Before: filter.Cursor}
	for {
		page.Limit = min(limit-len(list), listedAtOnce)
		webhooks, more, err := a.inbox.List(ctx, page)
		if err != nil {
			return nil, "", err
		}

		for _, n := range webhooks {
			n.Request.Body = nil
			list = append(list, *a.show(n))
		}

		if (more == "") || (len(list) >= limit) {
			return list, more, nil
		}
		page.Before = more
	}
}

// Get returns one webhook as it came.
func (a *Archive) Get(ctx context.Context, id string) (*payment.Webhook, error) {
	return a.shown(a.audited(ctx, "get-webhook", id, ""))
}

// audited returns a webhook once the audit log has what it is asked for. Without
// that it is not shown, and nothing is done with it.
func (a *Archive) audited(
	ctx context.Context, action, id, note string,
) (*store.Webhook, error) {
	webhook, err := a.inbox.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	err = a.inbox.core.Audit(ctx, payment.AuditEntry{
		Action:   action,
		Provider: webhook.Provider,
		Subject:  id,
		Note:     note,
	})
	return webhook, err
}

// Replay is Inbox.Replay.
func (a *Archive) Replay(ctx context.Context, id string) (*payment.Webhook, error) {
	if _, err := a.audited(ctx, "replay-webhook", id, ""); err != nil {
		return nil, err
	}
	return a.shown(a.inbox.Replay(ctx, id))
}

// Attach is Inbox.Attach.
func (a *Archive) Attach(
	ctx context.Context, id, intentID, operator string,
) (*payment.Webhook, error) {
	note := "to " + intentID + " by " + core.Operator(operator)
	if _, err := a.audited(ctx, "attach-webhook", id, note); err != nil {
		return nil, err
	}
	return a.shown(a.inbox.Attach(ctx, id, intentID, operator))
}

func (a *Archive) shown(n *store.Webhook, err error) (*payment.Webhook, error) {
	if err != nil {
		return nil, err
	}
	return a.show(n), nil
}

// show masks the secrets of a webhook's account.
func (a *Archive) show(webhook *store.Webhook) *payment.Webhook {
	mask := a.maskOf(webhook.Provider)
	shown := &payment.Webhook{
		ID:            webhook.ID,
		Provider:      webhook.Provider,
		ReceivedAt:    webhook.ReceivedAt.UTC(),
		RemoteAddress: webhook.Request.RemoteAddress,
		Verified:      webhook.Verified,
		State:         webhook.State,
		Events:        webhook.Events,
		PaymentIDs:    webhook.IntentIDs,
		Error:         mask.Text(webhook.Error),
		Method:        webhook.Request.Method,
		Query:         mask.Text(webhook.Request.Query),
		Headers:       map[string]string{},
		Body:          mask.Text(string(webhook.Request.Body)),
	}
	if shown.PaymentIDs == nil {
		shown.PaymentIDs = []string{}
	}

	for name, values := range webhook.Request.Header {
		shown.Headers[name] = maskHeader(mask, strings.Join(values, ", "))
	}

	return shown
}

// maskOf returns the mask of an account: it knows the values that its
// configuration takes from elsewhere, and those that its plugin's schema calls
// secret. Before a plugin has run there is no schema: what came from elsewhere
// is masked all the same.
func (a *Archive) maskOf(provider string) *redact.Set {
	mask := &redact.Set{}
	for _, account := range a.config().Providers {
		if account.Name == provider {
			mask.Add(redact.Reveal(account.Secrets)...)
			mask.Add(redact.In(a.schema(provider), account.Config)...)
		}
	}
	return mask
}

// maskHeader also looks inside of credentials: "Basic" hides a secret in
// base64, but not well.
func maskHeader(mask *redact.Set, value string) string {
	scheme, encoded, ok := strings.Cut(value, " ")
	if ok && strings.EqualFold(scheme, "Basic") {
		plain, err := base64.StdEncoding.DecodeString(encoded)
		if err == nil && mask.Text(string(plain)) != string(plain) {
			return scheme + " " + redact.Mark
		}
	}
	return mask.Text(value)
}
