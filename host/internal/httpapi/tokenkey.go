package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/payment"
)

// tokenKeyOperations are about the keys that sign webhook and return URLs. Each
// answers with all keys.
func (a *API) tokenKeyOperations(api huma.API) {
	huma.Register(api, operation{
		id:          "list-token-keys",
		method:      http.MethodGet,
		path:        "/token-keys",
		tag:         "Host",
		scope:       caller.Admin,
		summary:     "List the keys of webhook and return URLs",
		description: "The newest first. The keys themselves are never shown.",
	}.described(), a.listTokenKeys)

	huma.Register(api, operation{
		id:      "rotate-token-key",
		method:  http.MethodPost,
		path:    "/token-keys",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "Make a new key",
		description: "Makes a new key, which signs the URLs of new payments from half a minute later on, with the " +
			"first secret of `host.token_secret` mixed in. Payments made before keep their key; the URL of each " +
			"account changes, and its former one is taken until the former key is ended.",
		errors: []int{http.StatusConflict},
	}.described(), a.rotateTokenKey)

	huma.Register(api, operation{
		id:      "end-token-key",
		method:  http.MethodPost,
		path:    "/token-keys/{id}/end",
		tag:     "Host",
		scope:   caller.Admin,
		summary: "Give a former key up",
		description: "What the key signed is refused from now on: webhooks and returns of payments made under it, " +
			"and former URLs of accounts. Payments that are still open are then settled by asking their providers.",
		errors: []int{http.StatusNotFound, http.StatusConflict},
	}.described(), a.endTokenKey)
}

func (a *API) listTokenKeys(ctx context.Context, _ *struct{}) (*listed[payment.TokenKey], error) {
	keys, err := a.Payments.TokenKeys(ctx)
	return paged(ctx, a, keys, "", err)
}

type tokenKeyRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept with the key"`
}

type rotateTokenKeyInput struct{ Body tokenKeyRequest }

func (a *API) rotateTokenKey(
	ctx context.Context, in *rotateTokenKeyInput,
) (*listed[payment.TokenKey], error) {
	keys, err := a.Payments.RotateTokenKey(ctx, operator(ctx), in.Body.Reason)
	return a.changedKeys(ctx, keys, err)
}

type endTokenKeyInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body tokenKeyRequest
}

func (a *API) endTokenKey(
	ctx context.Context, in *endTokenKeyInput,
) (*listed[payment.TokenKey], error) {
	keys, err := a.Payments.EndTokenKey(ctx, in.ID, operator(ctx), in.Body.Reason)
	return a.changedKeys(ctx, keys, err)
}

func (a *API) changedKeys(
	ctx context.Context, keys []payment.TokenKey, err error,
) (*listed[payment.TokenKey], error) {
	if err != nil {
		return nil, a.fail(ctx, changing, err)
	}
	return pageOf(keys, ""), nil
}
