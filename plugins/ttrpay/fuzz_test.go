package main

import (
	"net/http"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// Whatever TTR Pay answers, it is an error with code and outcome, or a link for
// a browser.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		made, `{"status":false,"result":{"code":"E012","message":"Signature miss match."}}`, `{"status":true,"result":[]}`,
		`{"status":"true","result":{"code":0,"payment_link":"//"}}`, `[]`, `<html>`, ``,
	} {
		for _, status := range []int{196, 200, 400, 500} {
			f.Add(status, []byte(seed))
		}
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := readAnswer(
			&providerhttp.Response{Status: status, Header: http.Header{}, Body: body},
		)
		if err == nil {
			var p *sdk.Payment
			if p, err = a.payment(); err == nil &&
				(status < 200 || status > 299 || p.ProviderReference == "" || p.NextAction.Redirect.URL == "") {
				t.Errorf("HTTP %d with %q was read as %+v", status, body, p)
			}
		}

		if e := sdk.AsError(err); e != nil &&
			(e.Code == sdk.CodeInternal || e.Outcome == sdk.OutcomeNotSent || e.Message == "") {
			t.Errorf("got %+v", e)
		}
	})
}

// Whatever comes in, nothing is believed that did not come on a payment's own
// URL and name that payment, and no success with amounts is one in which less
// was paid.
func FuzzNotice(f *testing.F) {
	for _, seed := range []string{
		ipn, "cs_ref_code=1&status=1&merchant_ref_code=48&currency=USD&amount=3.20&true_amount=3", "status=1", "{}", "[]", "%",
		`{"status":1,"merchant_ref_code":48,"amount":1e60,"true_amount":"","currency":"EUR"}`,
	} {
		f.Add([]byte(seed), true)
		f.Add([]byte(seed), false)
	}

	p, err := newProvider(testConfig(""), sdk.Runtime{Logger: quiet})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte, own bool) {
		req := arrived(string(body), "48")
		if !own {
			req.Scope, req.Payment = sdk.ScopeOpen, nil
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
			if (own && e.Reference != "48") || e.Reference == "" {
				t.Errorf("an event of %q", e.Reference)
			}
			short := e.Payment.Amount != nil && e.Payment.Paid != nil &&
				e.Payment.Paid.Amount.LessThan(e.Payment.Amount.Amount)
			if e.Payment.Status == sdk.PaymentSucceeded && short {
				t.Errorf("%q is a success", body)
			}
		}
	})
}
