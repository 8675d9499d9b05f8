package main

import (
	"context"
	"maps"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/payhost/payhost/plugins/paykassma/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

func add(t *testing.T, sim *simulator.Simulator, f fault.Fault) {
	t.Helper()
	if err := sim.Faults().Add(f); err != nil {
		t.Fatal(err)
	}
}

// What goes wrong on the way never makes a success, and never a clear no. The
// books say what really happened.
func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		moved int
	}{
		"an error":                {fault.Fault{Kind: fault.Error, Status: 500}, 0},
		"a proxy that gave up":    {fault.Fault{Kind: fault.Error, Status: 504, Processed: true}, 1},
		"a page in place of JSON": {fault.Fault{Kind: fault.HTML}, 0},
		"a page after the fact":   {fault.Fault{Kind: fault.HTML, Status: 502, Processed: true}, 1},
		"nothing":                 {fault.Fault{Kind: fault.Empty}, 0},
		"half of it":              {fault.Fault{Kind: fault.Truncated}, 1},
		"too much":                {fault.Fault{Kind: fault.Giant}, 0},
		"a reset":                 {fault.Fault{Kind: fault.Reset}, 0},
		"a lost answer":           {fault.Fault{Kind: fault.LostResponse}, 1},
	} {
		for _, verb := range []string{"create payment", "create payout"} {
			t.Run(name+"/"+verb, func(t *testing.T) {
				p, sim := simulated(t)
				add(t, sim, c.fault)
				wantError(
					t,
					writes[verb](t.Context(), p),
					sdk.CodeUnavailable,
					sdk.OutcomeUnknown,
				)

				if n := len(sim.Ledger().Entries()); n != c.moved {
					t.Errorf("the books have %d entries, want %d", n, c.moved)
				}
			})
		}

		for verb, call := range reads {
			t.Run(name+"/"+verb, func(t *testing.T) {
				p, sim := simulated(t)
				add(t, sim, c.fault)
				wantError(t, call(t.Context(), p), sdk.CodeUnavailable, "")
			})
		}
	}
}

func TestDeadlines(t *testing.T) {
	for name, c := range map[string]struct {
		fault fault.Fault
		moved int
	}{
		"no answer in time":           {fault.Fault{Kind: fault.Delay, Delay: time.Hour}, 0},
		"an answer too late":          {fault.Fault{Kind: fault.Delay, Delay: time.Hour, Processed: true}, 1},
		"an answer that does not end": {fault.Fault{Kind: fault.SlowDrip, Delay: time.Hour}, 1},
	} {
		t.Run(name, func(t *testing.T) {
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
	all := maps.Clone(writes)
	maps.Copy(all, reads)

	for name, call := range all {
		t.Run(name, func(t *testing.T) {
			wantError(
				t,
				call(t.Context(), newTestProvider(t, testConfig(s.URL))),
				sdk.CodeUnavailable,
				sdk.OutcomeNotSent,
			)
		})
	}
}

// A payout whose answer was lost is not found before it is finished, which
// proves nothing; then it is found by our id.
func TestADoubtfulPayoutIsAskedAbout(t *testing.T) {
	p, sim := simulated(t)
	add(t, sim, fault.Fault{Kind: fault.LostResponse, Times: 1})
	req := payoutRequest()
	_, err := p.CreatePayout(t.Context(), req)
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	if info := p.Info(); info.PayoutLookup.Immediate ||
		info.CreatePayout.Retry != sdk.RetryNone {
		t.Errorf("a payout that is not found could be sent again: %+v", info.PayoutLookup)
	}

	of := sdk.GetPayoutRequest{
		Payout: sdk.PayoutContext{Reference: req.Reference, Amount: req.Amount},
	}
	_, err = p.GetPayout(t.Context(), of)
	wantError(t, err, sdk.CodeNotFound, sdk.OutcomeRefused)
	sim.Settle(req.Reference)
	got, err := p.GetPayout(t.Context(), of)
	if err != nil || got.Status != sdk.PayoutSucceeded || !got.Amount.Equal(req.Amount) {
		t.Errorf("got %+v, %v", got, err)
	}

	if list := sim.Ledger().Entries(); len(list) != 1 || !list[0].Moved {
		t.Errorf("the books: %+v", list)
	}
}

// The simulator checks what it is sent by itself: these are refusals that the
// real one documents, or may have.
func TestRefusals(t *testing.T) {
	payout := func(change func(*sdk.CreatePayoutRequest)) func(context.Context, *provider) error {
		return func(ctx context.Context, p *provider) error {
			req := payoutRequest()
			change(&req)
			_, err := p.CreatePayout(ctx, req)
			return err
		}
	}

	wrong := []sdk.Secret{sdk.NewSecret("something else")}
	for name, c := range map[string]struct {
		change func(*config)
		call   func(context.Context, *provider) error
		code   sdk.Code
	}{
		"wrong secret":            {func(c *config) { c.Secret = wrong[0] }, writes["create payment"], sdk.CodeAuthentication},
		"wrong secret, balances":  {func(c *config) { c.Secret = wrong[0] }, reads["balances"], sdk.CodeAuthentication},
		"wrong secret, status":    {func(c *config) { c.Secret = wrong[0] }, reads["get payout"], sdk.CodeAuthentication},
		"wrong key":               {func(c *config) { c.PrivateKey = wrong }, writes["create payout"], sdk.CodeAuthentication},
		"not enough":              {nil, payout(func(r *sdk.CreatePayoutRequest) { r.Amount = money("99999999", "INR") }), sdk.CodeInsufficientFunds},
		"nothing in the currency": {nil, payout(func(r *sdk.CreatePayoutRequest) { r.Amount = money("1", "EUR") }), sdk.CodeInsufficientFunds},
		"no such payment":         {nil, reads["get payment"], sdk.CodeNotFound},
		"nothing to confirm":      {nil, writes["confirm payment"], sdk.CodeDeclined},
	} {
		t.Run(name, func(t *testing.T) {
			p, sim := simulated(t)
			if c.change != nil {
				cfg := p.cfg
				c.change(&cfg)
				p = newTestProvider(t, cfg)
			}

			wantError(t, c.call(t.Context(), p), c.code, sdk.OutcomeRefused)
			if n := len(sim.Ledger().Entries()); n != 0 {
				t.Errorf("the books have %d entries", n)
			}
		})
	}
}

// A customer pays into a wallet and proves it, in every way.
func TestProofs(t *testing.T) {
	for name, c := range map[string]struct {
		method, key1, amount string
		code                 sdk.Code // "" is a success
		settled              bool
	}{
		"activated":          {"nagad", "TX001122", "60", "", true},
		"another amount":     {"nagad", "TX001122", "59.99", "", true},
		"by hand":            {"staging_b_ml", "TX001122", "60", "", true},
		"not yet there":      {"nagad", simulator.UnknownKey, "60", "", true},
		"suspicious":         {"staging_b_ml", simulator.SuspiciousKey, "60", "", true},
		"too short a number": {"staging_b_ml", "TX", "60", sdk.CodeInvalidRequest, false},
	} {
		t.Run(name, func(t *testing.T) {
			p, sim := simulated(t)
			made, err := p.CreatePayment(t.Context(), paymentRequest(c.method, ""))
			if err != nil {
				t.Fatal(err)
			}

			req := confirmRequest(string(made.State))
			req.Payment.Method, req.Fields = c.method, map[string]string{
				"key1":   c.key1,
				"amount": c.amount,
			}
			got, err := p.ConfirmPayment(t.Context(), req)
			if c.code != "" {
				wantError(t, err, c.code, sdk.OutcomeRefused)
			} else if err != nil || got.Status != sdk.PaymentProcessing {
				t.Fatalf("got %+v, %v", got, err)
			}

			sim.Settle(req.Payment.Reference)
			paid, err := p.GetPayment(
				t.Context(),
				sdk.GetPaymentRequest{Payment: req.Payment},
			)
			if !c.settled {
				wantError(t, err, sdk.CodeNotFound, sdk.OutcomeRefused)
				return
			}

			if err != nil || len(paid.Receipts) != 1 ||
				paid.Receipts[0].Amount.Amount.String() != c.amount {
				t.Errorf("got %+v, %v", paid, err)
			}

			list := sim.Ledger().Entries()
			if len(list) != 1 ||
				!slices.Contains([]string{"", "bill.png"}, list[0].Details["screenshot"]) {
				t.Errorf("the books: %+v", list)
			}
		})
	}
}
