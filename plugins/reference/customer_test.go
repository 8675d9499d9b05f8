package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// A customer goes to the page, pays and comes back, and the provider tells: the
// simulator alone can show it.
func TestCustomerPays(t *testing.T) {
	for _, c := range []struct {
		name     string
		press    string
		faults   []fault.Kind
		want     sdk.PaymentStatus
		notices  int
		verified bool
	}{
		{"paid", "paid", nil, sdk.PaymentSucceeded, 1, true},
		{"failed", "failed", nil, sdk.PaymentFailed, 1, true},
		{"told twice", "paid", []fault.Kind{fault.Duplicate}, sdk.PaymentSucceeded, 2, true},
		{"told by a stranger", "paid", []fault.Kind{fault.WrongSignature}, sdk.PaymentSucceeded, 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			notices := make(chan sdk.HTTPRequest, 8)
			host := httptest.NewServer(
				http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					body, err := io.ReadAll(r.Body)
					if err != nil {
						t.Error(err)
					}
					notices <- sdk.HTTPRequest{Method: r.Method, Header: r.Header, Body: body}
				}),
			)

			t.Cleanup(host.Close)
			sim := simulator.New(simulator.WithWebhooks())
			server := httptest.NewServer(sim)
			t.Cleanup(server.Close)

			for _, kind := range c.faults {
				if err := sim.Faults().Add(fault.Fault{Kind: kind, Times: 1}); err != nil {
					t.Fatal(err)
				}
			}

			p := at(t, server.URL)
			made, err := p.CreatePayment(t.Context(), sdk.CreatePaymentRequest{
				Reference:      "pay_1",
				IdempotencyKey: "k",
				Amount:         euro("60"),
				NotifyURL:      host.URL + "/notify",
				ReturnURL:      host.URL + "/return?a=b",
			})
			if err != nil {
				t.Fatal(err)
			}

			back := press(t, made.NextAction.Redirect.URL, c.press)
			returned, err := p.ParseReturn(
				t.Context(),
				sdk.ParseReturnRequest{Request: sdk.HTTPRequest{Query: back.RawQuery}},
			)
			if err != nil || returned.Verification != sdk.VerifiedBySignature ||
				returned.Events[0].Payment.Status != c.want {
				t.Errorf("the customer comes back to %s with %+v, %v", back, returned, err)
			}

			for range c.notices {
				told, err := p.ParseWebhook(
					t.Context(),
					sdk.ParseWebhookRequest{Request: <-notices},
				)
				if !c.verified {
					if sdk.CodeOf(err) != sdk.CodeInvalidSignature {
						t.Errorf("a stranger's notice: %+v, %v", told, err)
					}
					continue
				}

				if err != nil || told.Events[0].Payment.Status != c.want ||
					told.Events[0].Reference != "pay_1" {
					t.Errorf("the notice says %+v, %v", told, err)
				}
			}
		})
	}
}

// press presses a button of the page and gives the address to which it leads.
func press(t *testing.T, page, button string) *url.URL {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	shown, err := client.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(shown.Body)
	_ = shown.Body.Close()
	if err != nil || !strings.Contains(string(text), `value="`+button+`"`) {
		t.Fatalf("the page is %q, %v", text, err)
	}

	resp, err := client.PostForm(page, url.Values{"result": {button}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	back, err := resp.Location()
	if err != nil || back.Query().Get("a") != "b" {
		t.Fatalf("the page leads to %v, %v", back, err)
	}

	return back
}
