package main

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// What goes wrong on the way never makes a success, and never a clear no. The
// books say what really happened.
func TestFaults(t *testing.T) {
	for _, c := range []struct {
		name    string
		fault   fault.Fault
		code    sdk.Code
		outcome sdk.Outcome
		made    int
	}{
		{"an error", fault.Fault{Kind: fault.Error, Status: 500}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a proxy that gave up", fault.Fault{Kind: fault.Error, Status: 504, Processed: true}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"a page in place of JSON", fault.Fault{Kind: fault.HTML}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"nothing", fault.Fault{Kind: fault.Empty}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"half of it", fault.Fault{Kind: fault.Truncated}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"too much", fault.Fault{Kind: fault.Giant}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a reset", fault.Fault{Kind: fault.Reset}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a lost answer", fault.Fault{Kind: fault.LostResponse}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"too many requests", fault.Fault{Kind: fault.Error, Status: 429, Body: `{"status":false,"result":{"code":"E9"}}`}, sdk.CodeRateLimited, sdk.OutcomeRefused, 0},
		{"no answer in time", fault.Fault{Kind: fault.Delay, Delay: time.Hour}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"an answer too late", fault.Fault{Kind: fault.Delay, Delay: time.Hour, Processed: true}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, sim := simulated(t, c.fault)
			ctx := t.Context()
			if c.fault.Kind == fault.Delay {
				late, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
				defer cancel()
				ctx = late
			}

			_, err := p.CreatePayment(ctx, paymentRequest())
			wantError(t, err, c.code, c.outcome)
			if n := len(sim.Ledger().Entries()); n != c.made {
				t.Errorf("the books have %d entries, want %d", n, c.made)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := newTestProvider(
		t,
		testConfig(s.URL),
	).CreatePayment(t.Context(), paymentRequest())
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
}

// The simulator checks the token by itself.
func TestWrongCredentials(t *testing.T) {
	for name, change := range map[string]func(*config){
		"key":    func(c *config) { c.MerchantKey = "another" },
		"secret": func(c *config) { c.MerchantSecret = sdk.NewSecret("another") },
	} {
		p, sim := simulated(t)
		cfg := p.cfg
		change(&cfg)
		_, err := newTestProvider(t, cfg).CreatePayment(t.Context(), paymentRequest())
		wantError(t, err, sdk.CodeAuthentication, sdk.OutcomeRefused)
		if n := len(sim.Ledger().Entries()); n != 0 {
			t.Errorf("%s: the books have %d entries", name, n)
		}
	}
}

// What the plugin signs, the simulator reads the same way.
func TestTextsOfAllKinds(t *testing.T) {
	p, sim := simulated(t)
	for _, text := range []string{"a/b & <c> \"d\" \\ 'e'", "Nguyễn 李 😀", "a\u2028b\u2029c", "\x00\x01\b\f\n\r\t\x1f\x7f", "\u00a0\ufeff"} {
		req := paymentRequest()
		req.Description = text
		req.Customer.LastName = text
		req.ReturnURL = "https://localhost/r?x=%2F&y=a+b#z"
		req.Amount = money("1234.50", "EUR")
		if _, err := p.CreatePayment(t.Context(), req); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}

	for _, e := range sim.Ledger().Entries() {
		if e.Currency != "EUR" || e.Amount.String() != "1234.5" {
			t.Errorf("the books: %+v", e)
		}
	}
}
