package main

import (
	"cmp"
	"context"
	"encoding/json"
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
		Header: http.Header{
			"Content-Type":      {"application/json"},
			"Access-Passphrase": {cfg.Passphrase.Reveal()}, // also when there is none [seen]
		},
		SecretHeader: []string{"Access-Passphrase"},
	})
}

// do sends one request, once, a POST when there is a body, and decodes the
// answer's result into result. The SDKs sign odd values in different ways: let a
// query hold unreserved characters alone, a body texts, whole numbers and objects
// of texts. [seen]
func (p *provider) do(
	ctx context.Context, path string, query url.Values, body, result any,
) (*providerhttp.Response, error) {
	req := providerhttp.Request{Method: http.MethodGet, Path: path, Query: query}
	var signed ordered.Value
	if body != nil {
		signed, _ = ordered.Of(body) // such bodies always encode
		req.Method = http.MethodPost
		req.Body = providerhttp.JSONOf(signed)
	}

	timestamp := strconv.FormatInt(p.rt.Now().UnixMilli(), 10)
	mac := requestSignature(p.cfg, timestamp, req.Method, path, query.Encode(), signed)
	req.Header = http.Header{
		"Authorization": {"Inst:" + p.cfg.APIKey.Reveal() + ":" + timestamp + ":" + mac},
	}

	resp, err := p.client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp, readAnswer(resp, result)
}

// readAnswer decodes the result of an answer that is JSON and not an error. The
// answer about a single order is wrapped twice. [doc]
func readAnswer(resp *providerhttp.Response, result any) error {
	var got, inner answer
	err := resp.DecodeJSON(&got)
	if err == nil {
		err = refusal(resp, got)
	}
	if err == nil && json.Unmarshal(got.Result, &inner) == nil && inner.Code != "" {
		got = inner
		err = refusal(resp, inner)
	}
	if err != nil {
		return err
	}

	if result != nil && json.Unmarshal(got.Result, result) != nil {
		return resp.Unexpected("its result is missing or of another shape")
	}
	return nil
}

// codes are the document's, and 117008 [seen]: the order exists, perhaps from an
// earlier attempt. A code that is not listed is read as its table, by its first
// three digits. Identity and business prove a refusal, the rest nothing.
// [decided]
var codes = map[string]sdk.Code{
	"111":    sdk.CodeDeclined,
	"111001": sdk.CodeInvalidRequest,
	"111002": sdk.CodeInvalidRequest,
	"111003": sdk.CodeNotFound,
	"111004": sdk.CodeInvalidRequest,
	"111015": sdk.CodeUnavailable,
	"112":    sdk.CodeAuthentication, // 112001, 112004: see the clock
	"112002": sdk.CodePermission,
	"112003": sdk.CodePermission,
	"117":    sdk.CodeDeclined,
	"117008": sdk.CodeDuplicate,
	"119005": sdk.CodeRateLimited,
	"119006": sdk.CodePermission,
	"119007": sdk.CodeAuthentication,
}

// refusal returns the error that an answer is, nil for a success. An answer that
// says success with an HTTP error is neither.
func refusal(resp *providerhttp.Response, got answer) error {
	code := string(got.Code)
	switch {
	case code == "0" && resp.Status < 300:
		return nil
	case code == "0" || code == "":
		return resp.Unexpected("it has no code, or success beside an HTTP error")
	}

	means := cmp.Or(codes[code], codes[code[:min(3, len(code))]], sdk.CodeUnavailable)
	refused := sdk.Refused(means, code, string(got.Msg)).Means(means)
	refused.RetryAfter = resp.RetryAfter()
	return refused
}
