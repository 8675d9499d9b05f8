package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/payhost/payhost/host/payment"
)

type tokenKeyRequest struct {
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"why; kept with the key"`
}

type rotateKeyInput struct{ Body tokenKeyRequest }

type endKeyInput struct {
	ID   string `path:"id" maxLength:"64"`
	Body tokenKeyRequest
}

// keyOperations are about the keys that sign webhook and return URLs.
func (a *API) keyOperations(api huma.API) {
	list := operation(
		"list-token-keys",
		http.MethodGet,
		"/token-keys",
		"Host",
		"List the keys of webhook and return URLs",
		"The newest first. The keys themselves are never shown.",
	)

	huma.Register(
		api,
		list,
		func(ctx context.Context, _ *struct{}) (*listed[payment.TokenKey], error) {
			keys, err := a.Payments.TokenKeys(ctx)
			return a.keys(ctx, asks, keys, err)
		},
	)

	rotate := operation(
		"rotate-token-key",
		http.MethodPost,
		"/token-keys",
		"Host",
		"Make a new key",
		"Makes a new key, which signs the URLs of new payments from half a minute later on, with the first secret of "+
			"`host.token_secret` mixed in. Payments made before keep their key; the URL of each account changes, and "+
			"its former one is taken until the former key is ended.",
		http.StatusConflict,
	)

	huma.Register(
		api,
		rotate,
		func(ctx context.Context, in *rotateKeyInput) (*listed[payment.TokenKey], error) {
			keys, err := a.Payments.RotateTokenKey(ctx, operator(ctx), in.Body.Reason)
			return a.keys(ctx, changes, keys, err)
		},
	)

	end := operation(
		"end-token-key",
		http.MethodPost,
		"/token-keys/{id}/end",
		"Host",
		"Give a former key up",
		"What the key signed is refused from now on: webhooks and returns of payments made under it, and former URLs of "+
			"accounts. Payments that are still open are then settled by asking their providers.",
		http.StatusNotFound,
		http.StatusConflict,
	)

	huma.Register(
		api,
		end,
		func(ctx context.Context, in *endKeyInput) (*listed[payment.TokenKey], error) {
			keys, err := a.Payments.EndTokenKey(ctx, in.ID, operator(ctx), in.Body.Reason)
			return a.keys(ctx, changes, keys, err)
		},
	)
}

// keys answers with all keys.
func (a *API) keys(
	ctx context.Context,
	k kind,
	keys []payment.TokenKey,
	err error,
) (*listed[payment.TokenKey], error) {
	if err != nil {
		return nil, a.fail(ctx, k, false, err)
	}
	return pageOf(keys, ""), nil
}
