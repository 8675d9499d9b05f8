package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

const (
	payoutPath   = "/v2/withdrawal/create"
	activatePath = "/api/v1/transaction/activate"
	possiblePath = "/api/v1/possible-transaction"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL("", ""), Header: http.Header{"Accept": {"application/json"}}, SecretQuery: []string{"secret"},
	})
}

func post(path string, fields any) providerhttp.Request {
	data, _ := json.Marshal(fields) // texts and well-formed numbers always encode
	return providerhttp.Request{Method: http.MethodPost, Path: path, Body: providerhttp.JSON(data)}
}

// call makes a call whose answer is yes, or that a proof is being checked. The secret goes into the query of all calls
// but payouts, which are signed instead. [doc]
func (p *provider) call(ctx context.Context, req providerhttp.Request) (*answer, error) {
	if req.Path != payoutPath {
		if req.Query == nil {
			req.Query = url.Values{}
		}
		req.Query.Set("secret", p.cfg.Secret.Reveal())
	}
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	a, err := readAnswer(resp)
	if err == nil && a.pending() && req.Path != activatePath && req.Path != possiblePath {
		return nil, resp.Unexpected("it speaks of a proof that is being checked")
	}
	return a, err
}
