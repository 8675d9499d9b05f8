package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// fenceOperations show and lift what keeps money from moving on a copy.
func (a *API) fenceOperations(api huma.API) {
	huma.Register(api, operation{
		id:      "get-fence",
		method:  http.MethodGet,
		path:    "/fence",
		tag:     "Host",
		scope:   caller.ProvidersRead,
		summary: "Whether money may move",
		description: "After the database was restored, and on a copy of it, no money moves: whatever would move " +
			"some gets the code `fenced`, and nothing of it is recorded. Webhooks are taken, statuses queried, " +
			"and everything can be read.",
	}.described(), a.getFence)

	huma.Register(api, operation{
		id:      "lift-fence",
		method:  http.MethodPost,
		path:    "/fence/lift",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "Let money move again",
		description: "When it is known what happened at the providers since the copy was made. The numbers of " +
			"requests jump over those that may have been used since. Changes nothing without a fence.",
	}.described(), a.liftFence)
}

func (a *API) getFence(ctx context.Context, _ *struct{}) (*one[payment.Fence], error) {
	found, err := a.Payments.Fence(ctx)
	if err != nil {
		return nil, a.fail(ctx, reading, err)
	}
	return &one[payment.Fence]{&found}, nil
}

type liftFenceRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept in the audit log"`
}

type liftFenceInput struct{ Body liftFenceRequest }

func (a *API) liftFence(ctx context.Context, in *liftFenceInput) (*one[payment.Fence], error) {
	found, err := a.Payments.LiftFence(ctx, operator(ctx), in.Body.Reason)
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return &one[payment.Fence]{&found}, nil
}
