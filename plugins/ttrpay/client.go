package main

import (
	"context"
	"net/http"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL(cfg.Addresses()),
		Header:  http.Header{"Accept": {"application/json"}},
		// Whoever knows this address can say that a payment succeeded.
		SecretFields: []string{"ipn_url"},
	})
}

// post sends exactly the bytes that it signs. What it gives is no error.
func (p *provider) post(ctx context.Context, path string, payload ordered.Value) (*answer, error) {
	body, token, err := sign(p.cfg, payload)
	if err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest, "a text of the request cannot be signed: it is not valid UTF-8")
	}
	resp, err := p.client.Do(ctx, providerhttp.Request{
		Method: http.MethodPost, Path: path,
		Header: http.Header{"Authorization": {"Bearer " + token}},
		Body:   providerhttp.JSON([]byte(body)),
	})
	if err != nil {
		return nil, err
	}
	return readAnswer(resp)
}
