package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

const payoutPath = "/v2/withdrawal/create"

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL("", ""), Header: http.Header{"Accept": {"application/json"}}, SecretQuery: []string{"secret"},
	})
}

func post(path string, fields any) providerhttp.Request {
	data, _ := json.Marshal(fields) // texts and well-formed numbers always encode
	return providerhttp.Request{Method: http.MethodPost, Path: path, Body: providerhttp.JSON(data)}
}

// call makes a call and reads its yes into out. Only where out is nil may the answer be neither yes nor no. The secret
// goes into the query of all calls but payouts, which are signed instead. [doc]
func (p *provider) call(ctx context.Context, req providerhttp.Request, out any) (*answer, error) {
	if req.Query == nil {
		req.Query = url.Values{}
	}
	if req.Path != payoutPath {
		req.Query.Set("secret", p.cfg.Secret.Reveal())
	}
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	a, err := readAnswer(resp)
	switch {
	case err != nil || out == nil:
		return a, err
	case a.pending():
		return nil, resp.Unexpected("it speaks of a transaction that is being checked")
	}
	return a, resp.DecodeJSON(out)
}
