package main

import (
	"context"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func newClient(cfg config, rt sdk.Runtime) (*providerhttp.Client, error) {
	return providerhttp.New(rt, providerhttp.Options{
		BaseURL:      cfg.URL(cfg.Addresses()),
		Header:       http.Header{"Authorization": {"Bearer " + cfg.APIKey.Reveal()}},
		SecretHeader: []string{"Signature"},
	})
}

// get asks for a payment, a payout or a refund.
func (p *provider) get(ctx context.Context, path string, query url.Values) (*resource, error) {
	return p.resource(ctx, providerhttp.Get(path, query))
}

// post changes something, and is answered with it. key is the provider's idempotency key: a repeat with the same one
// answers with the first one's result. Without one none is sent.
func (p *provider) post(ctx context.Context, path, key string, body ordered.Value) (*resource, error) {
	req := providerhttp.PostJSON(path, body)
	if key != "" {
		req.Header = http.Header{"Idempotency-Key": {key}}
	}
	return p.resource(ctx, req)
}

func (p *provider) resource(ctx context.Context, req providerhttp.Request) (*resource, error) {
	var got resource
	resp, err := p.do(ctx, req, &got)
	if err == nil && !(got.complete() && got.legible()) {
		err = resp.Unexpected("it has id, reference, status, and amounts that are some")
	}
	return &got, err
}

// do sends a request once and decodes its answer into out. Anything but a documented answer is an error that leaves the
// outcome open. Say what out must hold: encoding/json does not, and without it any JSON object would pass for a payment.
func (p *provider) do(ctx context.Context, req providerhttp.Request, out any) (*providerhttp.Response, error) {
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Signature", signRequest(p.cfg.SigningKey, req))
	resp, err := p.http.Do(ctx, req)
	if err != nil {
		return nil, err // it says by itself whether anything was sent
	}
	if resp.Status < 200 || resp.Status > 299 {
		return nil, refusal(resp)
	}
	return resp, resp.DecodeJSON(out)
}

// codes are the provider's error codes. One that is not in its document is CodeDeclined: the provider said no.
var codes = map[string]sdk.Code{
	"invalid": sdk.CodeInvalidRequest, "credentials": sdk.CodeAuthentication, "signature": sdk.CodeAuthentication,
	"forbidden": sdk.CodePermission, "declined": sdk.CodeDeclined, "insufficient_funds": sdk.CodeInsufficientFunds,
	"limit": sdk.CodeLimit, "not_found": sdk.CodeNotFound, "duplicate": sdk.CodeDuplicate, "slow_down": sdk.CodeRateLimited,
}

// refusal reads an answer that is no success. Only the provider's own error body with a 4xx status proves that nothing
// was done: the same status with another body may come from something in between.
func refusal(resp *providerhttp.Response) error {
	var body struct {
		Error struct {
			Code    string                      `json:"code"`
			Message providerhttp.FlexibleString `json:"message"`
		} `json:"error"`
	}
	if resp.Status >= 500 {
		return resp.StatusError()
	}
	if err := resp.DecodeJSON(&body); err != nil {
		return err
	}
	if body.Error.Code == "" {
		return resp.Unexpected("an error has a code")
	}
	e := sdk.Refused("", body.Error.Code, string(body.Error.Message)).Means(sdk.LookupOr(codes, body.Error.Code, sdk.CodeDeclined))
	e.RetryAfter = resp.RetryAfter()
	return e
}
