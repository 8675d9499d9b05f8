package main

import (
	"net/http"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// Whatever Paysepro answers, it is an error with code and outcome, or something
// that can be used.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		// Short ones: go test takes minutes to make long ones shorter before it
		// tries anything.
		`{"code":"A","price":2,"error":0,"url":"http://a"}`, `{"error":"02"}`, `{"error":0,"data":{"error":"05"}}`, `{"error":"17","data":[]}`, `[]`, `<html>`, ``,
		`{"error":0,"data":{"error":0,"sites":{"status":"enabled"},"modules":{"status":"enabled","currency":"USD","methods":[]}}}`,
		`{"error":0,"data":{"error":0,"sites":{"status":"enabled"},"modules":{"status":"enabled","currency":"USD","methods":{"a":[{"method":"a","pmin":"1"}]}}}}`,
	} {
		for _, status := range []int{200, 403, 500} {
			f.Add(status, []byte(seed))
		}
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		resp := &providerhttp.Response{Status: status, Header: http.Header{}, Body: body}
		m, err := readModule(resp)
		if err == nil && (status != 200 || sdk.CheckCurrency(m.currency) != nil) {
			t.Errorf("HTTP %d with %q was read as %+v", status, body, m)
		}

		c, codeErr := readCode(resp, "USD")
		if codeErr == nil &&
			(status != 200 || c.ProviderReference == "" || !providerhttp.BrowserURL(c.NextAction.Redirect.URL)) {
			t.Errorf("HTTP %d with %q was read as %+v", status, body, c)
		}

		for _, err := range []error{err, codeErr} {
			if e := sdk.AsError(err); e != nil &&
				(e.Code == sdk.CodeInternal || e.Outcome == sdk.OutcomeNotSent || e.Message == "") {
				t.Errorf("got %+v", e)
			}
		}
	})
}

// Whatever comes in, nothing is believed of a stranger, nor what is not of this
// module.
func FuzzNotification(f *testing.F) {
	for _, seed := range []string{notification, "result=ok&ucode=ABC&code=1", "uid=12345&mid=54321", "%", "", "{}"} {
		f.Add(seed, true, true)
		f.Add(seed, false, false)
	}

	p, err := newProvider(testConfig(""), sdk.Runtime{Logger: quiet})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string, get, own bool) {
		req := arrived(text)
		if !get {
			req.Request = sdk.HTTPRequest{
				Method:        "POST",
				Body:          []byte(text),
				RemoteAddress: "198.51.100.7",
			}
		}

		if !own {
			req.Scope = sdk.ScopeOpen
		}
		n, err := p.ParseWebhook(t.Context(), req)
		if err != nil {
			wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
			return
		}

		if (n.Verification == sdk.VerifiedByOrigin) != own {
			t.Errorf("verified by %q", n.Verification)
		}

		for _, e := range n.Events {
			if e.Reference == "" || e.Payment.ProviderReference == "" ||
				e.Payment.Status == sdk.PaymentFailed {
				t.Errorf("%q was read as %+v with %+v", text, e, e.Payment)
			}
		}
	})
}
