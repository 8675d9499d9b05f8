package httpapi

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// listedAtOnce is how many stored webhooks a list has in memory at a time, each
// with its body.
const listedAtOnce = 8

// ListWebhooks lists stored webhooks as they are shown, without their bodies:
// those are of any sender, and a page of them could be of any size.
func (a *API) ListWebhooks(ctx context.Context, f store.WebhookFilter) (list []payment.Webhook, next string, err error) {
	limit := f.Limit
	for {
		f.Limit = min(limit-len(list), listedAtOnce)
		notices, more, err := a.Inbox.List(ctx, f)
		if err != nil {
			return nil, "", err
		}
		for _, n := range notices {
			n.Request.Body = nil
			list = append(list, *a.webhookView(n))
		}
		if (more == "") || (len(list) >= limit) {
			return list, more, nil
		}
		f.Before = more
	}
}

// Webhook shows one, when there is no error.
func (a *API) Webhook(n *store.Webhook, err error) (*payment.Webhook, error) {
	if err != nil {
		return nil, err
	}
	return a.webhookView(n), nil
}

// webhookView shows a stored notice without the secrets of its account.
func (a *API) webhookView(n *store.Webhook) *payment.Webhook {
	mask := a.maskOf(n.Provider)
	w := &payment.Webhook{ID: n.ID, Provider: n.Provider, ReceivedAt: n.ReceivedAt.UTC(), RemoteAddress: n.Request.RemoteAddress,
		Verified: n.Verified, State: n.State, Events: n.Events, PaymentIDs: n.IntentIDs, Error: mask.Replace(n.Error),
		Method: n.Request.Method, Query: mask.Replace(n.Request.Query), Headers: map[string]string{}, Body: mask.Replace(string(n.Request.Body))}
	if w.PaymentIDs == nil {
		w.PaymentIDs = []string{}
	}
	for name, values := range n.Request.Header {
		w.Headers[name] = maskHeader(mask, strings.Join(values, ", "))
	}
	return w
}

type listWebhooksInput struct {
	Paging
	Provider string `query:"provider" maxLength:"64"`
	State    string `query:"state" enum:"pending,applied,ignored,unmatched,failed"`
}

// Resolve is as for payments.
func (in *listWebhooksInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("wh", in.Cursor))
}

type attachRequest struct {
	PaymentID string `json:"payment_id" minLength:"1" maxLength:"64" doc:"the payment or payout that the notice is about"`
}

type attachInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body attachRequest
}

func (a *API) webhookOperations(api huma.API) {
	list := operation("list-webhooks", http.MethodGet, "/webhooks", "Webhooks", "List webhooks",
		"Newest first, secrets masked. A list has no bodies: read a webhook by its id for its body.")
	huma.Register(api, list, func(ctx context.Context, in *listWebhooksInput) (*listed[payment.Webhook], error) {
		views, next, err := a.ListWebhooks(ctx, store.WebhookFilter{Provider: in.Provider, State: payment.WebhookState(in.State),
			Before: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, a.fail(ctx, asks, false, err)
		}
		return pageOf(views, next), nil
	})
	get := operation("get-webhook", http.MethodGet, "/webhooks/{id}", "Webhooks", "Read a webhook", "As it came, secrets masked.", http.StatusNotFound)
	huma.Register(api, get, func(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
		return a.webhook(ctx, asks)(a.Inbox.Get(ctx, in.ID))
	})
	replay := operation("replay-webhook", http.MethodPost, "/webhooks/{id}/replay", "Webhooks", "Replay a webhook",
		"Has the plugin read it again, and applies what it then says.", http.StatusNotFound, http.StatusServiceUnavailable)
	huma.Register(api, replay, func(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
		return a.webhook(ctx, changes)(a.Inbox.Replay(ctx, in.ID))
	})
	attach := operation("attach-webhook", http.MethodPost, "/webhooks/{id}/attach", "Webhooks", "Attach a webhook to a payment",
		"For a genuine notice that fits no payment by itself. It counts for as much as its plugin proves.",
		http.StatusNotFound, http.StatusConflict, http.StatusServiceUnavailable)
	huma.Register(api, attach, func(ctx context.Context, in *attachInput) (*one[payment.Webhook], error) {
		return a.webhook(ctx, changes)(a.Inbox.Attach(ctx, in.ID, in.Body.PaymentID, operator(ctx)))
	})
}

// webhook answers with what became of a notice.
func (a *API) webhook(ctx context.Context, k kind) func(*store.Webhook, error) (*one[payment.Webhook], error) {
	return func(n *store.Webhook, err error) (*one[payment.Webhook], error) {
		if err != nil {
			return nil, a.fail(ctx, k, false, err)
		}
		return &one[payment.Webhook]{a.webhookView(n)}, nil
	}
}
