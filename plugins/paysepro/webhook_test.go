package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/paysepro/simulator"
	"github.com/payhost/payhost/sdk"
)

const notification = "uid=12345&mid=54321&country=ar&price=2.99&currency=USD&code=AABBCCDDEEFF&email=customer%40example.com" +
	"&result=ok&ucode=ABC&type=neosurf&mode=live"

// arrived is a notification on the account's own URL.
func arrived(query string) sdk.ParseWebhookRequest {
	return sdk.ParseWebhookRequest{
		Request: sdk.HTTPRequest{
			Method:        "GET",
			Query:         query,
			RemoteAddress: "198.51.100.7",
		},
		Scope: sdk.ScopeAccount,
	}
}

func TestNotification(t *testing.T) {
	p := newTestProvider(t, testConfig(""))
	amount := money("2.99", "USD")
	want := []sdk.Event{{
		Reference:      "ABC",
		BothReferences: true,
		Payment: &sdk.Payment{
			ProviderReference: "AABBCCDDEEFF",
			Status:            sdk.PaymentSucceeded,
			ProviderStatus:    "ok",
			Amount:            &amount,
		},
	}}

	form := arrived("")
	form.Request.Method, form.Request.Body = "POST", []byte(notification)
	both := form
	both.Request.Query = strings.Replace(notification, "result=ok", "result=ko", 1)

	for name, req := range map[string]sdk.ParseWebhookRequest{"query": arrived(notification), "form": form, "form with a query": both} {
		n, err := p.ParseWebhook(t.Context(), req)
		if err != nil || n.Verification != sdk.VerifiedByOrigin ||
			!reflect.DeepEqual(n.Events, want) {
			t.Errorf("%s: got %+v, %v", name, n, err)
		}

		if n != nil && (n.Response.Status != 0 || string(n.Response.Body) != "OK") {
			t.Errorf("%s: Paysepro gets to hear %+v", name, n.Response)
		}
	}
}

// The host compares Amount with what it asked for.
func TestWhatANotificationSays(t *testing.T) {
	for _, c := range []struct {
		name, from, to string
		status         sdk.PaymentStatus // "" is no event
		amount         string
	}{
		{"ok", "", "", sdk.PaymentSucceeded, "2.99 USD"},
		{"ko is not final", "result=ok", "result=ko", sdk.PaymentProcessing, "2.99 USD"},
		{"another price", "2.99", "1", sdk.PaymentSucceeded, "1 USD"},
		{"another currency", "USD", "EUR", sdk.PaymentSucceeded, "2.99 EUR"},
		{"no price", "&price=2.99", "", sdk.PaymentSucceeded, ""},
		{"no currency", "&currency=USD", "", sdk.PaymentSucceeded, ""},
		{"a currency in small letters", "USD", "usd", sdk.PaymentSucceeded, "2.99 USD"},
		{"no mode", "&mode=live", "", sdk.PaymentSucceeded, "2.99 USD"},
		{"an odd pair", "type=neosurf", "type=100%&name=a;b&%zz", sdk.PaymentSucceeded, "2.99 USD"},
		{"a price in another country's way", "2.99", "2,99", sdk.PaymentUnderReview, ""},
		{"a price of thousands", "2.99", "1,060.00", sdk.PaymentUnderReview, ""},
		{"a price with spaces", "2.99", "%202.99%20", sdk.PaymentUnderReview, ""},
		{"a price with its sign", "2.99", "$2.99", sdk.PaymentUnderReview, ""},
		{"a price of endless digits", "2.99", "1e999999999", sdk.PaymentUnderReview, ""},
		{"a currency that is none", "USD", "US dollars", sdk.PaymentUnderReview, ""},
		{"something else", "result=ok", "result=OK!", "", ""},
		{"capitals", "result=ok", "result=OK", "", ""},
		{"a number", "result=ok", "result=1", "", ""},
	} {
		n, err := newTestProvider(
			t,
			testConfig(""),
		).ParseWebhook(t.Context(), arrived(strings.Replace(notification, c.from, c.to, 1)))

		switch {
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.status == "":
			if len(n.Events) != 0 || string(n.Response.Body) != "OK" {
				t.Errorf("%s: got %+v", c.name, n)
			}
		case n.Events[0].Payment.Status != c.status,
			n.Events[0].Payment.Amount == nil && c.amount != "",
			n.Events[0].Payment.Amount != nil &&
				n.Events[0].Payment.Amount.String() != c.amount:
			t.Errorf("%s: got %+v", c.name, n.Events[0].Payment)
		}
	}
}

// An unsigned notification is worth what its origin proves.
func TestOrigin(t *testing.T) {
	for _, c := range []struct {
		name  string
		ips   sdk.Networks
		scope sdk.URLScope
		from  string
		want  sdk.Verification
	}{
		{"the account's URL", nil, sdk.ScopeAccount, "198.51.100.7", sdk.VerifiedByOrigin},
		{"the open URL", nil, sdk.ScopeOpen, "198.51.100.7", sdk.NotVerified},
		{"the open URL, Paysepro's address", sdk.Networks{"51.195.200.178"}, sdk.ScopeOpen, "51.195.200.178", sdk.VerifiedByOrigin},
		{"the open URL, another address", sdk.Networks{"51.195.200.178"}, sdk.ScopeOpen, "51.195.200.179", sdk.NotVerified},
		{"the open URL, no address", sdk.Networks{"51.195.200.178"}, sdk.ScopeOpen, "", sdk.NotVerified},
		{"no addresses", nil, sdk.ScopeOpen, "51.195.200.178", sdk.NotVerified},
		{"no scope", nil, "", "198.51.100.7", sdk.NotVerified},
	} {
		cfg := testConfig("")
		cfg.NotifyIPs = c.ips
		req := arrived(notification)
		req.Scope, req.Request.RemoteAddress = c.scope, c.from
		n, err := newTestProvider(t, cfg).ParseWebhook(t.Context(), req)
		if err != nil || n.Verification != c.want {
			t.Errorf("%s: got %+v, %v", c.name, n, err)
		}
	}
}

// Wherever it comes from, a notification is only about what it names.
func TestRefusedNotifications(t *testing.T) {
	p := newTestProvider(t, testConfig(""))
	for _, c := range []struct{ name, from, to string }{
		{"another account's", "uid=12345", "uid=12346"},
		{"an account without its zeros", "uid=12345", "uid=012345"},
		{"another module's", "mid=54321", "mid=54322"},
		{"no module", "&mid=54321", ""},
		{"no ucode", "&ucode=ABC", ""},
		{"no code", "&code=AABBCCDDEEFF", ""},
		{"no result", "&result=ok", ""},
		{"a test", "mode=live", "mode=debug"},
		{"a test in capitals", "mode=live", "mode=DEBUG"},
		{"nothing", notification, ""},
	} {
		n, err := p.ParseWebhook(
			t.Context(),
			arrived(strings.Replace(notification, c.from, c.to, 1)),
		)
		wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
		if n != nil {
			t.Errorf("%s: got %+v", c.name, n)
		}
	}

	for _, c := range []struct {
		of sdk.PaymentContext
		ok bool
	}{
		{sdk.PaymentContext{Reference: "ABC", ProviderReference: "AABBCCDDEEFF"}, true},
		{sdk.PaymentContext{Reference: "ABC"}, true},
		{sdk.PaymentContext{Reference: "ABD", ProviderReference: "AABBCCDDEEFF"}, false},
		{sdk.PaymentContext{Reference: "ABC", ProviderReference: "AABBCCDDEEFE"}, false},
	} {
		req := arrived(notification)
		req.Payment = &c.of
		if _, err := p.ParseWebhook(t.Context(), req); (err == nil) != c.ok {
			t.Errorf("%+v: %v", c.of, err)
		}
	}
}

// Test payments count where nobody takes them for money.
func TestDebug(t *testing.T) {
	for _, c := range []struct {
		environment sdk.Environment
		allow, ok   bool
	}{{sdk.Sandbox, false, false}, {sdk.Sandbox, true, true}, {sdk.Live, false, false}, {sdk.Live, true, false}} {
		cfg := testConfig("")
		cfg.Environment, cfg.AllowDebug = c.environment, c.allow
		n, err := newTestProvider(
			t,
			cfg,
		).ParseWebhook(t.Context(), arrived(strings.Replace(notification, "live", "debug", 1)))
		if (err == nil) != c.ok ||
			(c.ok && n.Events[0].Payment.Status != sdk.PaymentSucceeded) {
			t.Errorf("%+v: got %+v, %v", c, n, err)
		}
	}
}

// The simulator's own notifications, on the URL that was typed into the module:
// what was ko can still become ok.
func TestNotificationsOfTheSimulator(t *testing.T) {
	sim := simulator.New(simulator.WithWebhooks())
	api := httptest.NewServer(sim)
	defer api.Close()
	cfg, err := sdk.DecodeConfig[config]([]byte(sim.Config(api.URL)))
	if err != nil {
		t.Fatal(err)
	}

	p := newTestProvider(t, cfg)
	var events []sdk.Event
	hook := httptest.NewServer(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			n, err := p.ParseWebhook(r.Context(), arrived(r.URL.RawQuery))
			if err != nil || n.Verification != sdk.VerifiedByOrigin {
				t.Errorf("got %+v, %v", n, err)
				return
			}
			events = append(events, n.Events...)
		}),
	)
	defer hook.Close()

	send(t, "PUT", api.URL+"/_simulator/notify-url", hook.URL, http.StatusNoContent)
	payment, err := p.CreatePayment(t.Context(), paymentRequest())
	if err != nil {
		t.Fatal(err)
	}

	page := payment.NextAction.Redirect.URL
	for _, result := range []string{"cancel", "pay", "cancel"} {
		send(t, "POST", page, url.Values{"result": {result}}.Encode(), http.StatusSeeOther)
	}
	hook.Close() // waits for what is under way
	if len(events) != 2 || events[0].Payment.Status != sdk.PaymentProcessing ||
		events[1].Payment.Status != sdk.PaymentSucceeded {
		t.Fatalf("got %+v", events)
	}

	for _, e := range events {
		if e.Reference != "ABC" ||
			e.Payment.ProviderReference != payment.ProviderReference ||
			!e.Payment.Amount.Equal(money("2.99", "USD")) {
			t.Errorf("got %+v with %+v", e, e.Payment)
		}
	}
}

// send makes a request as a browser or an operator does, and follows no
// redirect.
func send(t *testing.T, method, address, body string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(
		t.Context(),
		method,
		address,
		strings.NewReader(body),
	)
	if err != nil {
		t.Fatal(err)
	}

	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	if text, _ := io.ReadAll(resp.Body); resp.StatusCode != want {
		t.Fatalf("HTTP %d %s", resp.StatusCode, text)
	}
}
