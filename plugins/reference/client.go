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

// do sends one request, once, and decodes its answer into out. Anything but a
// documented answer is an error that leaves the outcome open. The caller says what
// out must hold: encoding/json does not, and without it any JSON object would pass
// for a payment.
func (p *provider) do(
	ctx context.Context, req providerhttp.Request, out any,
) (*providerhttp.Response, error) {
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Signature", requestSignature(p.cfg.SigningKey, req))

	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err // it says by itself whether anything was sent
	}
	return resp, readAnswer(resp, out)
}

// get queries a payment, a payout or a refund.
func (p *provider) get(ctx context.Context, path string) (*resource, error) {
	return p.resource(ctx, providerhttp.Get(path, nil))
}

// post changes something, and is answered with it. key is the provider's
// idempotency key: a second request with the same one is answered with the first
// one's result. Without a key none is sent.
func (p *provider) post(
	ctx context.Context, path, key string, body ordered.Value,
) (*resource, error) {
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

// list returns one page of payments or payouts, each of them complete.
func (p *provider) list(
	ctx context.Context, path string, query url.Values,
) (list page, err error) {
	resp, err := p.do(ctx, providerhttp.Get(path, query), &list)
	if err == nil && list.Data == nil {
		err = resp.Unexpected("a list has data")
	}

	for _, listed := range list.Data {
		if err == nil && !(listed.complete() && listed.legible()) {
			err = resp.Unexpected("each has id, reference, status, and amounts that are some")
		}
	}
	return list, err
}

// readAnswer decodes an answer that is JSON and not an error into out.
func readAnswer(resp *providerhttp.Response, out any) error {
	if resp.Status < 200 || resp.Status > 299 {
		return refusal(resp)
	}
	return resp.DecodeJSON(out)
}

// codes are the provider's error codes. A code that is not in its document is
// CodeDeclined: the provider refused.
var codes = map[string]sdk.Code{
	"invalid":            sdk.CodeInvalidRequest,
	"credentials":        sdk.CodeAuthentication,
	"signature":          sdk.CodeAuthentication,
	"forbidden":          sdk.CodePermission,
	"declined":           sdk.CodeDeclined,
	"insufficient_funds": sdk.CodeInsufficientFunds,
	"limit":              sdk.CodeLimit,
	"not_found":          sdk.CodeNotFound,
	"duplicate":          sdk.CodeDuplicate,
	"slow_down":          sdk.CodeRateLimited,
}

// refusal reads an answer that is not a success. Only the provider's own error
// body with a 4xx status proves that nothing was done: the same status with
// another body may come from a proxy in between.
func refusal(resp *providerhttp.Response) error {
	if resp.Status >= 500 {
		return resp.StatusError()
	}
	var body errorBody
	if err := resp.DecodeJSON(&body); err != nil {
		return err
	}
	if body.Error.Code == "" {
		return resp.Unexpected("an error has a code")
	}

	refused := sdk.Refused("", body.Error.Code, string(body.Error.Message))
	refused.RetryAfter = resp.RetryAfter()
	code := sdk.LookupOr(codes, body.Error.Code, sdk.CodeDeclined)
	return refused.Means(code) // a duplicate stays in doubt
}
