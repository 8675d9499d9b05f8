package main

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"strconv"

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

// do sends one request, once: a POST with parameters in the query string or,
// when body is not nil, as JSON. An answer that it returns is not an error.
func (p *provider) do(
	ctx context.Context, path string, query url.Values, body map[string]any,
) (*answer, error) {
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

// readAnswer returns an answer that is JSON and not an error. An answer that
// says success and error at once is neither.
func readAnswer(resp *providerhttp.Response) (*answer, error) {
	got := &answer{resp: resp}
	if err := resp.DecodeJSON(got); err != nil {
		return nil, err
	}

	// An error may come with HTTP 200 and its own status in the body.
	code := string(cmp.Or(got.HTTPCode, got.Code))
	status := resp.Status
	if own, err := strconv.Atoi(code); err == nil && status == http.StatusOK {
		status = own
	}

	message := string(cmp.Or(got.Error, got.Message))
	switch {
	case status >= 200 && status < 300 && got.Error == "" && got.Status != "error":
		return got, nil
	case got.Status == success || message == "":
		return nil, resp.Unexpected("it says neither that it succeeded nor why it did not")
	}
	return nil, refusal(resp, status, code, message)
}

// messageCodes are of the messages that the document has. [doc] They are found
// by a word and not to the letter: a duplicate that is taken for a plain refusal
// would call money unmoved that moved. The key was used before: perhaps by an
// earlier attempt of ours. [decided]
var messageCodes = providerhttp.MessageCodes{
	{"duplicate request", sdk.CodeDuplicate},
	{"signature mismatch", sdk.CodeAuthentication},
}

// refusal returns a well-formed error with its meaning: by its message, else by
// its status.
func refusal(resp *providerhttp.Response, status int, code, message string) error {
	refused := *resp
	refused.Status = status
	return messageCodes.Apply(refused.Refusal(code, message))
}
