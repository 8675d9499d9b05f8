package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL: cfg.URL(cfg.Addresses()),
		Header: http.Header{
			"Accept":       {"application/json"},
			"Content-Type": {"application/json"}, // also where the body is empty [doc]
			"Referer":      {cfg.WebsiteURL},
		},
		SecretQuery:  []string{"secret_key"},
		SecretFields: []string{"secret_key"},
	})
}

// post calls ptop with parameters in the query string or, when body is not nil, as JSON. What it gives is no error.
func (p *provider) post(ctx context.Context, path string, query url.Values, body map[string]any) (*answer, error) {
	req := providerhttp.Request{Method: http.MethodPost, Path: path, Query: query}
	if body != nil {
		req.Body = providerhttp.JSONOf(body)
	}
	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	return readAnswer(resp)
}
