package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

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
	list := operation(
		"list-webhooks",
		http.MethodGet,
		"/webhooks",
		"Webhooks",
		"List webhooks",
		"Newest first, secrets masked. A list has no bodies: read a webhook by its id for its body.",
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, in *listWebhooksInput) (*listed[payment.Webhook], error) {
			views, next, err := a.Webhooks.List(ctx, payment.WebhookFilter{
				Provider: in.Provider,
				State:    payment.WebhookState(in.State),
				Cursor:   in.Cursor,
				Limit:    in.Limit,
			})
			if err != nil {
				return nil, a.fail(ctx, asks, false, err)
			}

			return pageOf(views, next), nil
		},
	)

	get := operation(
		"get-webhook",
		http.MethodGet,
		"/webhooks/{id}",
		"Webhooks",
		"Read a webhook",
		"As it came, secrets masked.",
		http.StatusNotFound,
	)

	huma.Register(
		api,
		get,
		func(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
			return a.webhook(ctx, asks)(a.Webhooks.Get(ctx, in.ID))
		},
	)

	replay := operation(
		"replay-webhook",
		http.MethodPost,
		"/webhooks/{id}/replay",
		"Webhooks",
		"Replay a webhook",
		"Has the plugin read it again, and applies what it then says.",
		http.StatusNotFound,
		http.StatusServiceUnavailable,
	)

	huma.Register(
		api,
		replay,
		func(ctx context.Context, in *idInput) (*one[payment.Webhook], error) {
			return a.webhook(ctx, changes)(a.Webhooks.Replay(ctx, in.ID))
		},
	)

	attach := operation(
		"attach-webhook",
		http.MethodPost,
		"/webhooks/{id}/attach",
		"Webhooks",
		"Attach a webhook to a payment",
		"For a genuine notice that fits no payment by itself. It counts for as much as its plugin proves.",
		http.StatusNotFound,
		http.StatusConflict,
		http.StatusServiceUnavailable,
	)

	huma.Register(
		api,
		attach,
		func(ctx context.Context, in *attachInput) (*one[payment.Webhook], error) {
			return a.webhook(
				ctx,
				changes,
			)(
				a.Webhooks.Attach(ctx, in.ID, in.Body.PaymentID, operator(ctx)),
			)
		},
	)
}

// webhook answers with what became of a webhook.
func (a *API) webhook(
	ctx context.Context,
	k kind,
) func(*payment.Webhook, error) (*one[payment.Webhook], error) {
	return func(w *payment.Webhook, err error) (*one[payment.Webhook], error) {
		if err != nil {
			return nil, a.fail(ctx, k, false, err)
		}
		return &one[payment.Webhook]{w}, nil
	}
}
