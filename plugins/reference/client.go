package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// call is one request to the provider's API.
type call struct {
	method, path string
	query        url.Values
	body         *request // sent as JSON; nil sends none
	key          string   // Idempotency-Key: a repeat with the same one answers with the first one's result
}

// answer is what can be decoded from one; problem says what it lacks, "" when nothing.
type answer interface{ problem() string }

// do sends a request once and decodes its answer into out. Anything but the documented answer is an error that leaves
// the outcome open.
func (p *provider) do(ctx context.Context, c call, out answer) error {
	req := providerhttp.Request{Method: c.method, Path: c.path, Query: c.query, Header: http.Header{}}
	var body []byte
	if c.body != nil {
		var err error
		if body, err = json.Marshal(c.body); err != nil {
			return sdk.NotSent(sdk.CodeInternal, "the request cannot be written: %v", err)
		}
		req.Body = providerhttp.JSON(body) // these bytes are signed, so these are sent
	}
	req.Header.Set("Authorization", "Bearer "+p.cfg.APIKey.Reveal())
	req.Header.Set("Signature", signRequest(p.cfg.SigningKey, c.method, c.path, c.query, body))
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	resp, err := p.http.Do(ctx, req)
	if err != nil {
		return err
	}
	if resp.Status < 200 || resp.Status > 299 {
		return refusal(resp)
	}
	if err := resp.DecodeJSON(out); err != nil {
		return err
	}
	if why := out.problem(); why != "" {
		return resp.Unexpected(why)
	}
	return nil
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
	// Every error of this provider has this form.
	var body struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
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
	e := sdk.Refused(known(codes, body.Error.Code, sdk.CodeDeclined), body.Error.Code, body.Error.Message)
	e.RetryAfter = resp.RetryAfter()
	if e.Code == sdk.CodeDuplicate {
		e.Outcome = sdk.OutcomeUnknown // this attempt did nothing, but an earlier one of the same intent may have
	}
	return e
}
