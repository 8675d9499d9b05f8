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
		// A sender who knows this address can say that a payment succeeded.
		SecretFields: []string{"ipn_url"},
	})
}

// do sends one request, once: a POST of exactly the bytes that are signed. An
// answer that it returns is not an error.
func (p *provider) do(ctx context.Context, path string, payload ordered.Value) (*answer, error) {
	body, token, err := requestSignature(p.cfg, payload)
	if err != nil {
		return nil, sdk.NotSent(sdk.CodeInvalidRequest,
			"a text of the request cannot be signed: it is not valid UTF-8")
	}

	resp, err := p.client.Do(ctx, providerhttp.Request{
		Method: http.MethodPost,
		Path:   path,
		Header: http.Header{"Authorization": {"Bearer " + token}},
		Body:   providerhttp.JSON([]byte(body)),
	})
	if err != nil {
		return nil, err
	}
	return readAnswer(resp)
}

// done is the code of a success. [doc]
const done = "00"

// readAnswer returns an answer that is JSON and not an error. An answer that
// says success and error at once is neither.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	got := &answer{resp: resp}
	if err := resp.DecodeJSON(got); err != nil {
		return nil, err
	}

	code := string(got.Result.Code)
	refused := got.Status == "false" && code != "" && code != done
	switch {
	case resp.Status >= 200 && resp.Status < 300 && got.Status == "true" && code == done:
		return got, nil
	case !refused:
		return nil, resp.Unexpected("it says neither that it succeeded nor why it did not")
	}
	return nil, refusal(resp, code, string(got.Result.Message))
}

// codes are the error codes that the document names: this one alone.
var codes = map[string]sdk.Code{
	"E012": sdk.CodeAuthentication, // a bad signature
}

// refusal returns a well-formed error with its meaning: by its code where that
// is known, else by its status.
func refusal(resp *providerhttp.Response, code, message string) error {
	refused := resp.Refusal(code, message)
	if means, known := codes[code]; known {
		return refused.Means(means)
	}
	return refused
}
