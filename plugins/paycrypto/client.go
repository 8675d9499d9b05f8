package main

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL(cfg.Addresses()),
		// The password is also sent when there is none. [seen]
		Header:       http.Header{"Content-Type": {"application/json"}, "Access-Passphrase": {cfg.Passphrase.Reveal()}},
		SecretHeader: []string{"Access-Passphrase"},
	})
}

// do makes a call, a POST when there is a body, and decodes into result. The SDKs sign odd values in different ways: let
// a query hold unreserved characters alone, a body texts, whole numbers and objects of texts. [seen]
func (p *provider) do(ctx context.Context, path string, query url.Values, body, result any) (*providerhttp.Response, error) {
	req := providerhttp.Request{Method: http.MethodGet, Path: path, Query: query}
	var signed ordered.Value
	if body != nil {
		signed, _ = ordered.Of(body) // such bodies always encode
		req.Method, req.Body = http.MethodPost, providerhttp.JSONOf(signed)
	}
	timestamp := strconv.FormatInt(p.rt.Now().UnixMilli(), 10)
	mac := requestSignature(p.cfg, timestamp, req.Method, path, query.Encode(), signed)
	req.Header = http.Header{"Authorization": {"Inst:" + p.cfg.APIKey.Reveal() + ":" + timestamp + ":" + mac}}
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp, readAnswer(resp, result)
}
