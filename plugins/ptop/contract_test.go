package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/ptop/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

// Secrets that no text has by chance, and that look different in a URL, in JSON
// and in HTML.
const (
	canarySecret    = `cánary/key&"<1>+ %41`
	canarySignature = `cánary/sig&"<2>+ %42`
)

// hosted is the plugin as a host has it, and the simulator that it calls.
type hosted struct {
	*providertest.Hosted
	sim *simulator.Simulator
}

// host starts the plugin's server and a simulator that knows the canaries.
func host(t *testing.T) *hosted {
	t.Helper()
	sim := simulator.New(
		simulator.WithCredentials(websiteID, canarySecret, canarySignature, websiteURL),
	)
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	h := &hosted{providertest.Host(t, newProvider, sim.Config(api.URL)), sim}
	if len(h.Info.Warnings) != 0 {
		t.Errorf("warned of %q", h.Info.Warnings)
	}

	return h
}

// A customer pays: link, page, return with the signed result, status.
func TestAPayment(t *testing.T) {
	for _, c := range []struct {
		button, page string
		status       sdk.PaymentStatus
	}{{"pay", "https://example.com/success", sdk.PaymentSucceeded}, {"cancel", "https://example.com/fail", sdk.PaymentCanceled}} {
		t.Run(c.button, func(t *testing.T) {
			h := host(t)
			req := paymentRequest()
			req.ReturnURL += "?t=1" // a query of the host's own
			made, err := h.CreatePayment(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}

			of := sdk.PaymentContext{
				Reference:         req.Reference,
				ProviderReference: made.ProviderReference,
				Amount:            req.Amount,
			}
			if got, err := h.GetPayment(t.Context(), sdk.GetPaymentRequest{Payment: of}); err != nil ||
				got.Status != sdk.PaymentRequiresAction {
				t.Errorf("before: %+v, %v", got, err)
			}

			back := press(t, made.NextAction.Redirect.URL, c.button)
			if !strings.HasPrefix(back.String(), c.page+"?") {
				t.Errorf("sent back to %s", back)
			}
			parsed, err := h.ParseReturn(t.Context(), sdk.ParseReturnRequest{
				Request: sdk.HTTPRequest{Method: "GET", Query: back.RawQuery},
				Scope:   sdk.ScopeIntent,
				Payment: &of,
			})
			if err != nil {
				t.Fatal(err)
			}

			if e := parsed.Events[0]; parsed.Verification != sdk.VerifiedBySignature ||
				e.Reference != req.Reference ||
				e.Payment.Status != c.status {
				t.Errorf("returned %+v with %+v", parsed, e.Payment)
			}

			if got, err := h.GetPayment(t.Context(), sdk.GetPaymentRequest{Payment: of}); err != nil ||
				got.Status != c.status {
				t.Errorf("after: %+v, %v", got, err)
			}
		})
	}
}

// press leaves the simulator's page by a button, and gives where to.
func press(t *testing.T, page, button string) *url.URL {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	resp, err := client.PostForm(page, url.Values{"result": {button}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	back, err := resp.Location()
	if err != nil || resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("HTTP %d, %v", resp.StatusCode, err)
	}

	return back
}

// No secret is in an error, a record or a log line, also when ptop sends it
// back in every spelling.
func TestSecretsStayInside(t *testing.T) {
	echo := `{"error":"no: ` + strings.Trim(
		quoted(canarySecret),
		`"`,
	) + ` ` + url.QueryEscape(
		canarySecret,
	) + ` ` +
		strings.Trim(
			quoted(canarySignature),
			`"`,
		) + `","http_code":401}`
	for _, f := range []*fault.Fault{
		nil, {Kind: fault.Error, Status: 401, Body: echo}, {Kind: fault.Error, Status: 200, Body: echo[:len(echo)-2]},
		{Kind: fault.HTML}, {Kind: fault.LostResponse}, {Kind: fault.Truncated}, {Kind: fault.Reset},
	} {
		t.Run(fmt.Sprintf("%+v", f), func(t *testing.T) {
			h := host(t)
			if f != nil {
				add(t, h.sim, *f)
			}
			ctx, log := sdk.WithExchangeLog(t.Context())
			payout, payment := payoutRequest(), paymentRequest()
			_, e1 := h.CreatePayment(ctx, payment)
			_, e2 := h.CreatePayout(ctx, payout)

			_, e3 := h.GetPayment(ctx, sdk.GetPaymentRequest{Payment: sdk.PaymentContext{
				Reference:         "pay_1",
				ProviderReference: "1",
				Amount:            usd("1"),
			}})
			_, e4 := h.ParseWebhook(
				ctx,
				sdk.ParseWebhookRequest{Request: signed(paid), Scope: sdk.ScopeOpen},
			)

			if n := len(log.Exchanges()); n != 3 {
				t.Errorf("%d exchanges were recorded", n)
			}
			providertest.WantNoSecret(
				t,
				h.Said(log, e1, e2, e3, e4),
				canarySecret,
				canarySignature,
			)
		})
	}
}

func quoted(text string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text)
	return strings.TrimSpace(b.String())
}

// Everything that is wrong with a configuration is said at once, without its
// values.
func TestConfiguration(t *testing.T) {
	h := host(t)
	_, err := h.Client.Configure(t.Context(), "other", json.RawMessage(
		`{"environment":"test","base_url":"ftp://x","secretkey":"hidden-value","website_url":"shop.example"}`,
	))
	var e *sdk.Error
	if !errors.As(err, &e) || e.Code != sdk.CodeInvalidRequest ||
		e.Outcome != sdk.OutcomeNotSent {
		t.Fatalf("got %v", err)
	}

	var fields []string
	for _, v := range e.Violations {
		fields = append(fields, v.Field)
	}
	if got := strings.Join(fields, " "); got != "environment base_url website_id secret_key website_url secretkey" {
		t.Errorf("violations of %s", got)
	}

	if strings.Contains(err.Error(), "hidden-value") {
		t.Errorf("a value was said: %v", err)
	}
}

// Who we are decides whether a repeat is a repeat: a key that is rotated does
// not say who we are.
func TestIdentity(t *testing.T) {
	h := host(t)
	identity := func(change ...string) string {
		text := `{"environment":"live","base_url":"https://a.example","website_id":"w1","secret_key":"secret-1","the_signature":"sig-1","website_url":"https://s.example"}`
		info, err := h.Client.Configure(
			t.Context(),
			"identity",
			json.RawMessage(strings.NewReplacer(change...).Replace(text)),
		)
		if err != nil {
			t.Fatal(err)
		}

		return info.IdentityFingerprint
	}

	same := identity()
	for change, want := range map[string]bool{
		"live/sandbox": true, "a.example/b.example": true, "w1/w2": true,
		"secret-1/secret-2": false, "sig-1/sig-2": false, "s.example/t.example": false,
	} {
		from, to, _ := strings.Cut(change, "/")
		if changed := identity(from, to) != same; changed != want {
			t.Errorf("%s: identity changed is %v, want %v", change, changed, want)
		}
	}
}

// What the host checks before it calls: limits and currency are ptop's,
// declared in Info.
func TestLimits(t *testing.T) {
	h := host(t)
	for _, c := range []struct {
		amount sdk.Money
		payout bool
		code   sdk.Code
	}{
		{usd("0.99"), false, sdk.CodeLimit}, {usd("60.001"), false, sdk.CodeInvalidRequest},
		{sdk.Money{Amount: usd("60").Amount, Currency: "EUR"}, false, sdk.CodeInvalidRequest},
		{usd("0.009"), true, ""}, {usd("50.001"), true, sdk.CodeInvalidRequest},
	} {
		var err error
		if c.payout {
			req := payoutRequest()
			req.Amount = c.amount
			_, err = h.CreatePayout(t.Context(), req)
		} else {
			req := paymentRequest()
			req.Amount = c.amount
			_, err = h.CreatePayment(t.Context(), req)
		}

		if err == nil || (c.code != "" && sdk.CodeOf(err) != c.code) ||
			sdk.OutcomeOf(err) != sdk.OutcomeNotSent {
			t.Errorf("%s: got %v", c.amount, err)
		}
	}

	for amount, payout := range map[string]bool{"1": false, "1.00": false, "0.01": true, "50.10": true} {
		if payout {
			req := payoutRequest()
			req.Amount, req.Sequence = usd(amount), uint64(len(amount))
			if _, err := h.CreatePayout(t.Context(), req); err != nil {
				t.Errorf("%s: %v", amount, err)
			}

			continue
		}

		req := paymentRequest()
		req.Amount = usd(amount)
		if _, err := h.CreatePayment(t.Context(), req); err != nil {
			t.Errorf("%s: %v", amount, err)
		}
	}
}
