package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

func (a *API) webhookOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "list-webhooks",
		method:  http.MethodGet,
		path:    "/webhooks",
		tag:     "Webhooks",
		scope:   caller.WebhooksRead,
		summary: "List webhooks",
		description: "Newest first, secrets masked. A list has no bodies: " +
			"read a webhook by its id for its body.",
	}.described(), a.listWebhooks)

	huma.Register(api, operation{
		id:          "get-webhook",
		method:      http.MethodGet,
		path:        "/webhooks/{id}",
		tag:         "Webhooks",
		scope:       caller.WebhooksRead,
		summary:     "Read a webhook",
		description: "As it came, secrets masked.",
		errors:      []int{http.StatusNotFound},
	}.described(), a.getWebhook)

	huma.Register(api, operation{
		id:          "replay-webhook",
		method:      http.MethodPost,
		path:        "/webhooks/{id}/replay",
		tag:         "Webhooks",
		scope:       caller.WebhooksWrite,
		summary:     "Replay a webhook",
		description: "Has the plugin read it again, and applies what it then says.",
		errors:      []int{http.StatusNotFound, http.StatusServiceUnavailable},
	}.described(), a.replayWebhook)

	huma.Register(api, operation{
		id:      "attach-webhook",
		method:  http.MethodPost,
		path:    "/webhooks/{id}/attach",
		tag:     "Webhooks",
		scope:   caller.WebhooksWrite,
		summary: "Attach a webhook to a payment",
		description: "For a genuine webhook that fits no payment by itself. " +
			"It counts for as much as its plugin proves.",
		errors: []int{
			http.StatusNotFound,
			http.StatusConflict,
			http.StatusServiceUnavailable,
		},
	}.described(), a.attachWebhook)
}

type listWebhooksInput struct {
	Paging
	Provider string `query:"provider" maxLength:"64"`
	State    string `query:"state" enum:"pending,applied,ignored,unmatched,failed"`
}

// Resolve refuses a cursor of no list or of another one.
func (in *listWebhooksInput) Resolve(huma.Context) []error {
	return found(core.CheckCursor("wh", in.Cursor))
}

func (a *API) listWebhooks(
	ctx context.Context, in *listWebhooksInput,
) (*listed[payment.Webhook], error) {
	list, next, err := a.Webhooks.List(ctx, payment.WebhookFilter{
		Provider: in.Provider,
		State:    payment.WebhookState(in.State),
		Cursor:   in.Cursor,
		Limit:    in.Limit,
	})
	return paged(ctx, a, list, next, err)
}

func (a *API) getWebhook(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
	return read(ctx, a, a.Webhooks.Get, in.ID)
}

func (a *API) replayWebhook(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
	webhook, err := a.Webhooks.Replay(ctx, in.ID)
	return a.appliedWebhook(ctx, webhook, err)
}

type attachRequest struct {
	PaymentID string `json:"payment_id" minLength:"1" maxLength:"64" doc:"the payment or payout that the webhook is about"`
}

type attachInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body attachRequest
}

func (a *API) attachWebhook(ctx context.Context, in *attachInput) (*one[payment.Webhook], error) {
	webhook, err := a.Webhooks.Attach(ctx, in.ID, in.Body.PaymentID, operator(ctx))
	return a.appliedWebhook(ctx, webhook, err)
}

// appliedWebhook answers with what became of a webhook that was read again.
func (a *API) appliedWebhook(
	ctx context.Context, webhook *payment.Webhook, err error,
) (*one[payment.Webhook], error) {
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Webhook]{webhook}, nil
}
