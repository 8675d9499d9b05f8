package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/plugins/ttrpay/simulator"
	"github.com/payhost/payhost/sdk"
)

// ipn is the document's example.
const ipn = `{"cs_ref_code":"202512-176559703092","status":"1","merchant_ref_code":"48","transaction_id":"TD20251213113711188339",` +
	`"currency":"USD","amount":"3.20","true_amount":"3.20","datetime":"2025-12-13 03:37:11"}`

// arrived is the notice on the own URL of a payment.
func arrived(body, reference string) sdk.ParseWebhookRequest {
	return sdk.ParseWebhookRequest{
		Request: sdk.HTTPRequest{
			Method:        "POST",
			Body:          []byte(body),
			RemoteAddress: "198.51.100.7",
		},
		Scope: sdk.ScopeIntent,
		Payment: &sdk.PaymentContext{
			Reference:         reference,
			ProviderReference: "DxT0",
			Amount:            money("3.20", "USD"),
		},
	}
}

// asForm writes a notice as TTR Pay does by default.
func asForm(t *testing.T, text string) string {
	t.Helper()
	var fields map[string]string
	if err := json.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}

	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}

	return form.Encode()
}

func TestNotice(t *testing.T) {
	p := newTestProvider(t, testConfig(""))
	amount := money("3.20", "USD")
	want := []sdk.Event{{
		Reference:  "48",
		OccurredAt: time.Date(2025, 12, 13, 3, 37, 11, 0, time.UTC),
		Payment: &sdk.Payment{
			ProviderReference: "TD20251213113711188339",
			TransactionID:     "TD20251213113711188339",
			Status:            sdk.PaymentSucceeded,
			ProviderStatus:    "1",
			Amount:            &amount,
			Message:           "cs_ref_code 202512-176559703092",
		},
	}}

	for name, body := range map[string]string{
		"JSON": ipn, "form": asForm(t, ipn), "JSON with numbers": strings.ReplaceAll(strings.ReplaceAll(ipn, `"3.20"`, `3.20`), `"1"`, `1`),
		"JSON with white space": "\r\n " + ipn + "\n",
	} {
		n, err := p.ParseWebhook(t.Context(), arrived(body, "48"))
		if err != nil {
			t.Fatal(err)
		}
		if n.Verification != sdk.VerifiedByOrigin || !reflect.DeepEqual(n.Events, want) {
			t.Errorf(
				"%s: got %q %+v with %+v",
				name,
				n.Verification,
				n.Events,
				n.Events[0].Payment,
			)
		}

		if r := n.Response; r.Status != 0 || string(r.Body) != "OK" {
			t.Errorf("TTR Pay gets to hear %+v", r)
		}
	}
}

// What a notice is worth: the host compares Amount with what it asked for.
func TestWhatANoticeSays(t *testing.T) {
	change := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(ipn) }
	for _, c := range []struct {
		name, body   string
		status       sdk.PaymentStatus // "" is no event
		amount, paid string
	}{
		{"success", ipn, sdk.PaymentSucceeded, "3.2 USD", ""},
		{"failure", change(`"1"`, `"-1"`), sdk.PaymentFailed, "3.2 USD", ""},
		{"failure as a number", change(`"1"`, `-1`), sdk.PaymentFailed, "3.2 USD", ""},
		{"another amount", change("3.20", "1.00"), sdk.PaymentSucceeded, "1 USD", ""},
		{"another currency", change("USD", "EUR"), sdk.PaymentSucceeded, "3.2 EUR", ""},
		{"less was paid", change(`"true_amount":"3.20"`, `"true_amount":"3.19"`), sdk.PaymentUnderReview, "3.2 USD", "3.19 USD"},
		{"nothing was paid", change(`"true_amount":"3.20"`, `"true_amount":"0.00"`), sdk.PaymentUnderReview, "3.2 USD", "0 USD"},
		{"less than nothing was paid", change(`"true_amount":"3.20"`, `"true_amount":"-1"`), sdk.PaymentUnderReview, "3.2 USD", ""},
		{"less than nothing was asked for", change(`"amount":"3.20"`, `"amount":"-3.20"`), sdk.PaymentUnderReview, "", ""},
		{"an amount in another country's way", change(`"amount":"3.20"`, `"amount":"3,20"`), sdk.PaymentUnderReview, "", ""},
		{"an amount of thousands", change(`"amount":"3.20"`, `"amount":"1,060.00"`), sdk.PaymentUnderReview, "", ""},
		{"an amount with spaces", change(`"amount":"3.20"`, `"amount":" 3.20 "`), sdk.PaymentUnderReview, "", ""},
		{"an amount with its sign", change(`"amount":"3.20"`, `"amount":"$3.20"`), sdk.PaymentUnderReview, "", ""},
		{"an amount of endless digits", change(`"amount":"3.20"`, `"amount":1e999999999`), sdk.PaymentUnderReview, "", ""},
		{"a paid amount that is none", change(`"true_amount":"3.20"`, `"true_amount":"3,20"`), sdk.PaymentUnderReview, "3.2 USD", ""},
		{"a failure of an odd amount", change(`"1"`, `"-1"`, `"amount":"3.20"`, `"amount":"3,20"`), sdk.PaymentFailed, "", ""},
		{"a currency that is none", change(`USD`, `US dollars`), sdk.PaymentUnderReview, "", ""},
		{"a form with an odd pair", asForm(t, ipn) + "&name=100%&other=a;b&%zz", sdk.PaymentSucceeded, "3.2 USD", ""},
		{"a form in Latin-1", asForm(t, ipn) + "&name=Jos%E9", sdk.PaymentSucceeded, "3.2 USD", ""},
		{"an object beside", change(`"cs_ref_code":"202512-176559703092"`, `"cs_ref_code":{"a":[]},"x":[1]`), sdk.PaymentSucceeded, "3.2 USD", ""},
		{"half a character", change(`202512-176559703092`, `\ud83d`), sdk.PaymentSucceeded, "3.2 USD", ""},
		// Where an amount should be and is an object, none is told.
		{"an amount in an object", change(`"amount":"3.20"`, `"amount":{}`), sdk.PaymentSucceeded, "", ""},
		{"a currency in small letters", change("USD", "usd"), sdk.PaymentSucceeded, "3.2 USD", ""},
		{"a time that is a number", change(`"2025-12-13 03:37:11"`, `1765597031`), sdk.PaymentSucceeded, "3.2 USD", ""},
		{"more was paid", change(`"true_amount":"3.20"`, `"true_amount":"4"`), sdk.PaymentSucceeded, "3.2 USD", "4 USD"},
		{"less was paid of a failure", change(`"1"`, `-1`, `"true_amount":"3.20"`, `"true_amount":"0.00"`), sdk.PaymentFailed, "3.2 USD", ""},
		// Without all of them there is nothing to compare: the host believes no
		// such success.
		{"no amount", change(`"amount":"3.20",`, ``), sdk.PaymentSucceeded, "", ""},
		{"no true_amount", change(`"true_amount":"3.20",`, ``), sdk.PaymentSucceeded, "", ""},
		{"an empty amount", change(`"amount":"3.20"`, `"amount":""`), sdk.PaymentSucceeded, "", ""},
		{"no currency", change(`"currency":"USD",`, ``), sdk.PaymentSucceeded, "", ""},
		{"the short form", "cs_ref_code=1&status=1&merchant_ref_code=48", sdk.PaymentSucceeded, "", ""},
		{"the short form of a failure", "cs_ref_code=1&status=-1&merchant_ref_code=48", sdk.PaymentFailed, "", ""},
		{"pending", change(`"1"`, `"0"`), "", "", ""},
		{"two", change(`"1"`, `"2"`), "", "", ""},
		{"one point zero", change(`"1"`, `1.0`), "", "", ""},
		{"true", change(`"1"`, `true`), "", "", ""},
		{"zero one", change(`"1"`, `"01"`), "", "", ""},
	} {
		n, err := newTestProvider(
			t,
			testConfig(""),
		).ParseWebhook(t.Context(), arrived(c.body, "48"))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}

		if c.status == "" {
			if len(n.Events) != 0 || string(n.Response.Body) != "OK" {
				t.Errorf("%s: got %+v", c.name, n)
			}
			continue
		}

		got := n.Events[0].Payment
		if got.Status != c.status || said(got.Amount) != c.amount ||
			said(got.Paid) != c.paid {
			t.Errorf(
				"%s: got %s for %s, paid %s",
				c.name,
				got.Status,
				said(got.Amount),
				said(got.Paid),
			)
		}
	}
}

func said(m *sdk.Money) string {
	if m == nil {
		return ""
	}
	return m.String()
}

// An unsigned notice is worth what its origin proves.
func TestOrigin(t *testing.T) {
	for _, c := range []struct {
		name  string
		ips   sdk.Networks
		scope sdk.URLScope
		none  bool // no payment
		from  string
		want  sdk.Verification
	}{
		{"the payment's URL", nil, sdk.ScopeIntent, false, "198.51.100.7", sdk.VerifiedByOrigin},
		{"the open URL", nil, sdk.ScopeOpen, true, "198.51.100.7", sdk.NotVerified},
		{"the account's URL", nil, sdk.ScopeAccount, true, "198.51.100.7", sdk.NotVerified},
		{"the account's URL, whatever payment it is about", nil, sdk.ScopeAccount, false, "198.51.100.7", sdk.NotVerified},
		{"a URL of no payment", nil, sdk.ScopeIntent, true, "198.51.100.7", sdk.NotVerified},
		{"the payment's URL and the right address", sdk.Networks{"198.51.100.0/24"}, sdk.ScopeIntent, false, "198.51.100.7", sdk.VerifiedByOrigin},
		{"the payment's URL and another address", sdk.Networks{"198.51.100.8"}, sdk.ScopeIntent, false, "198.51.100.7", sdk.NotVerified},
		{"the payment's URL and no address", sdk.Networks{"198.51.100.8"}, sdk.ScopeIntent, false, "", sdk.NotVerified},
		{"the right address alone", sdk.Networks{"198.51.100.7"}, sdk.ScopeOpen, true, "198.51.100.7", sdk.NotVerified},
	} {
		cfg := testConfig("")
		cfg.NotifyIPs = c.ips
		req := arrived(ipn, "48")
		req.Scope, req.Request.RemoteAddress = c.scope, c.from
		if c.none {
			req.Payment = nil
		}

		n, err := newTestProvider(t, cfg).ParseWebhook(t.Context(), req)
		if err != nil || n.Verification != c.want {
			t.Errorf("%s: got %+v, %v", c.name, n, err)
		}
	}
}

func TestNoticesThatAreRefused(t *testing.T) {
	p := newTestProvider(t, testConfig(""))
	for name, body := range map[string]string{
		"another payment's": strings.Replace(ipn, `"48"`, `"49"`, 1),
		"nobody's":          strings.Replace(ipn, `"48"`, `""`, 1),
		"no status":         strings.Replace(ipn, `"1"`, `null`, 1),
		"half of it":        ipn[:len(ipn)/2],
		"a list":            "[" + ipn + "]",
		"nothing":           "",
		"a page":            "<html></html>",
	} {
		n, err := p.ParseWebhook(t.Context(), arrived(body, "48"))
		wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
		if n != nil {
			t.Errorf("%s: got %+v", name, n)
		}
	}
}

// The simulator's own notices, sent to a URL of the payment: pay, fail, cancel;
// twice; another's.
func TestNoticesOfTheSimulator(t *testing.T) {
	for _, c := range []struct {
		name, form string
		status     sdk.PaymentStatus
		back       string
	}{
		{"paid", "result=pay", sdk.PaymentSucceeded, "/success"},
		{"paid by card", "result=pay&card=4242424242424242", sdk.PaymentSucceeded, "/success"},
		{"failed", "result=pay&card=4000+0000+0000+1018", sdk.PaymentFailed, "/failure"},
		{"canceled", "result=cancel", sdk.PaymentFailed, "/failure"},
	} {
		t.Run(c.name, func(t *testing.T) {
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
					events = append(events, parsed(t, p, r)...)
				}),
			)
			defer hook.Close()

			req := paymentRequest()
			req.NotifyURL = hook.URL
			payment, err := p.CreatePayment(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}

			if to := press(t, payment.NextAction.Redirect.URL, c.form); !strings.HasSuffix(
				to,
				c.back,
			) {
				t.Errorf("sent back to %s", to)
			}

			hook.Close() // waits for the notice
			if len(events) != 1 || events[0].Payment.Status != c.status ||
				said(events[0].Payment.Amount) != "3.2 USD" {
				t.Errorf("got %+v", events)
			}
		})
	}
}

// parsed returns what the plugin makes of a notice on the URL of payment 47.
func parsed(t *testing.T, p *provider, r *http.Request) []sdk.Event {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}

	n, err := p.ParseWebhook(context.Background(), arrived(string(body), "47"))
	if err != nil || n.Verification != sdk.VerifiedByOrigin {
		t.Errorf("got %+v, %v", n, err)
		return nil
	}

	return n.Events
}

// press sends the form of the simulator's page, and gives where it then leads.
func press(t *testing.T, page, form string) string {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	resp, err := client.Post(
		page,
		"application/x-www-form-urlencoded",
		strings.NewReader(form),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("HTTP %d", resp.StatusCode)
	}

	return resp.Header.Get("Location")
}
