package main

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/plugins/ptop/simulator"
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
		moved   int
	}{
		{"an error", fault.Fault{Kind: fault.Error, Status: 500}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a proxy that gave up", fault.Fault{Kind: fault.Error, Status: 504, Processed: true}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"a page in place of JSON", fault.Fault{Kind: fault.HTML}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a page after the fact", fault.Fault{Kind: fault.HTML, Status: 502, Processed: true}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"nothing", fault.Fault{Kind: fault.Empty}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"half of it", fault.Fault{Kind: fault.Truncated}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"too much", fault.Fault{Kind: fault.Giant}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a reset", fault.Fault{Kind: fault.Reset}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
		{"a lost answer", fault.Fault{Kind: fault.LostResponse}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 1},
		{"the document's 401", fault.Fault{Kind: fault.Error, Status: 401, Body: `{"error":"Invalid secret key","http_code":401}`}, sdk.CodeAuthentication, sdk.OutcomeRefused, 0},
	} {
		for name, call := range verbs {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				p, sim := simulated(t)
				add(t, sim, c.fault)
				wantError(t, call(t.Context(), p), c.code, c.outcome)
				moved := c.moved
				if name == "get payment" {
					moved = 0
				}

				if n := len(sim.Ledger().Entries()); n != moved {
					t.Errorf("the books have %d entries, want %d", n, moved)
				}
			})
		}
	}
}

func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault fault.Fault
		moved int
	}{
		{"no answer in time", fault.Fault{Kind: fault.Delay, Delay: time.Hour}, 0},
		{"an answer too late", fault.Fault{Kind: fault.Delay, Delay: time.Hour, Processed: true}, 1},
		{"an answer that does not end", fault.Fault{Kind: fault.SlowDrip, Delay: time.Hour}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, sim := simulated(t)
			add(t, sim, c.fault)
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := p.CreatePayout(ctx, payoutRequest())
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
			if n := len(sim.Ledger().Entries()); n != c.moved {
				t.Errorf("the books have %d entries, want %d", n, c.moved)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	for name, call := range verbs {
		t.Run(name, func(t *testing.T) {
			err := call(t.Context(), newTestProvider(t, testConfig(sdk.Live, s.URL)))
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
		})
	}
}

// A payout whose answer was lost is repeated with the same sequence: ptop says
// that it has it already, and nobody is paid twice.
func TestARepeatedPayoutPaysOnce(t *testing.T) {
	p, sim := simulated(t)
	add(t, sim, fault.Fault{Kind: fault.LostResponse, Times: 1})
	req := payoutRequest()
	_, err := p.CreatePayout(t.Context(), req)
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	req.Attempt = 2
	_, err = p.CreatePayout(t.Context(), req)
	wantError(t, err, sdk.CodeDuplicate, sdk.OutcomeUnknown)

	if list := sim.Ledger().Entries(); len(list) != 1 || list[0].ID != "A1X9T3" ||
		!list[0].Moved ||
		list[0].Amount.String() != "50" {
		t.Errorf("the books: %+v", list)
	}
}

// The simulator checks what it is sent by itself: these are refusals that the
// real one documents.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		with string
		code sdk.Code
		call string
	}{
		"wrong secret":            {"secret_key", sdk.CodeAuthentication, "create payment"},
		"wrong website":           {"website_id", sdk.CodeAuthentication, "create payment"},
		"wrong referrer":          {"website_url", sdk.CodeAuthentication, "create payment"},
		"wrong signature":         {"the_signature", sdk.CodeAuthentication, "create payout"},
		"wrong secret, payout":    {"secret_key", sdk.CodeAuthentication, "create payout"},
		"wrong secret, status":    {"secret_key", sdk.CodeAuthentication, "get payment"},
		"no such transaction":     {"", sdk.CodeInvalidRequest, "get payment"},
		"nobody with that e-mail": {"", sdk.CodeDeclined, "create payout to nobody"},
	} {
		t.Run(name, func(t *testing.T) {
			p, sim := simulated(t)
			if c.with != "" {
				p = misconfigured(t, sim, p.cfg.BaseURL, c.with)
			}
			call := verbs[c.call]
			if call == nil {
				call = func(ctx context.Context, p *provider) error {
					req := payoutRequest()
					req.Recipient.Email = "client@unregistered.example"
					_, err := p.CreatePayout(ctx, req)
					return err
				}
			}

			wantError(t, call(t.Context(), p), c.code, sdk.OutcomeRefused)
			if n := len(sim.Ledger().Entries()); n != 0 {
				t.Errorf("the books have %d entries", n)
			}
		})
	}
}

// misconfigured returns a provider with one wrong value.
func misconfigured(t *testing.T, sim *simulator.Simulator, address, key string) *provider {
	t.Helper()
	right := map[string]string{
		"secret_key": simulator.DefaultSecretKey, "website_id": simulator.DefaultWebsiteID,
		"website_url": simulator.DefaultWebsiteURL, "the_signature": simulator.DefaultTheSignature,
	}[key]
	wrong := map[bool]string{true: "https://other.example", false: "something else"}[key == "website_url"]
	text := strings.Replace(sim.Config(address), `"`+right+`"`, `"`+wrong+`"`, 1)
	cfg, err := sdk.DecodeConfig[config]([]byte(text))
	if err != nil {
		t.Fatal(err)
	}

	return newTestProvider(t, cfg)
}

func add(t *testing.T, sim *simulator.Simulator, f fault.Fault) {
	t.Helper()
	if err := sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}
