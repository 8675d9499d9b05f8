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
		name  string
		fault fault.Fault
		made  int
	}{
		{"an error", fault.Fault{Kind: fault.Error, Status: 500}, 0},
		{"a proxy that gave up", fault.Fault{Kind: fault.Error, Status: 504, Processed: true}, 1},
		{"a page in place of JSON", fault.Fault{Kind: fault.HTML}, 0},
		{"nothing", fault.Fault{Kind: fault.Empty}, 0},
		{"half of it", fault.Fault{Kind: fault.Truncated}, 1},
		{"too much", fault.Fault{Kind: fault.Giant}, 0},
		{"a reset", fault.Fault{Kind: fault.Reset}, 0},
		{"a lost answer", fault.Fault{Kind: fault.LostResponse}, 1},
		{"an internal error", fault.Fault{Kind: fault.Error, Status: 200, Body: `{"error":"17"}`, Processed: true}, 1},
		{"no answer in time", fault.Fault{Kind: fault.Delay, Delay: time.Hour}, 0},
		{"an answer too late", fault.Fault{Kind: fault.Delay, Delay: time.Hour, Processed: true}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := t.Context()
			if c.fault.Kind == fault.Delay {
				late, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
				defer cancel()
				ctx = late
			}

			c.fault.Path = "/createCode.php"
			p, sim := simulated(t, c.fault)
			_, err := p.CreatePayment(ctx, paymentRequest())
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
			if n := len(sim.Ledger().Entries()); n != c.made {
				t.Errorf("the books have %d entries, want %d", n, c.made)
			}

			// The same in the question before: then the payment was not sent.
			c.fault.Path = "/getData.php"
			p, sim = simulated(t, c.fault)
			if c.fault.Kind == fault.Delay {
				late, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
				defer cancel()
				ctx = late
			}

			_, err = p.CreatePayment(ctx, paymentRequest())
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
			if n := len(sim.Ledger().Entries()); n != 0 {
				t.Errorf("the books have %d entries", n)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	p := newTestProvider(t, testConfig(s.URL))
	_, err := p.CreatePayment(t.Context(), paymentRequest())
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	_, err = p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{Country: "es"})
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
}

// The simulator checks what it is sent by itself.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*config)
		request func(*sdk.CreatePaymentRequest)
		code    sdk.Code
	}{
		// without its zero
		"another account":   {func(c *config) { c.UID = "12345" }, nil, sdk.CodeAuthentication},
		"another module":    {func(c *config) { c.MID = "1" }, nil, sdk.CodeAuthentication},
		"another e-mail":    {func(c *config) { c.Email = "OWNER@shop.example" }, nil, sdk.CodeAuthentication},
		"another key":       {func(c *config) { c.APIKey = sdk.NewSecret("another") }, nil, sdk.CodeAuthentication},
		"an unknown method": {nil, func(r *sdk.CreatePaymentRequest) { r.Method = "unknown" }, sdk.CodeInvalidRequest},
		"no e-mail":         {nil, func(r *sdk.CreatePaymentRequest) { r.Customer.Email = "" }, sdk.CodeInvalidRequest},
	} {
		p, sim := simulated(t)
		cfg, req := p.cfg, paymentRequest()
		if c.change != nil {
			c.change(&cfg)
		}

		if c.request != nil {
			c.request(&req)
		}
		_, err := newTestProvider(t, cfg).CreatePayment(t.Context(), req)
		wantError(t, err, c.code, sdk.OutcomeRefused)
		if n := len(sim.Ledger().Entries()); n != 0 {
			t.Errorf("%s: the books have %d entries", name, n)
		}
	}
}
