package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/plugins/paycrypto/simulator"
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
		{"too many requests", fault.Fault{Kind: fault.Error, Status: 200, Body: `{"code":119005,"msg":"Too many API requests"}`}, sdk.CodeRateLimited, sdk.OutcomeRefused, 0},
		{"down", fault.Fault{Kind: fault.Error, Status: 200, Body: `{"code":119001,"msg":"Service unusable"}`}, sdk.CodeUnavailable, sdk.OutcomeUnknown, 0},
	} {
		for name, call := range verbs {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				p, sim := simulated(t)
				add(t, sim, c.fault)
				wantError(t, call(t.Context(), p), c.code, c.outcome)
				made := c.made
				if name != "create payment" {
					made = 0
				}

				if n := len(sim.Ledger().Entries()); n != made {
					t.Errorf("the books have %d entries, want %d", n, made)
				}
			})
		}
	}
}

func TestDeadlines(t *testing.T) {
	for _, f := range []fault.Fault{
		{Kind: fault.Delay, Delay: time.Hour}, {Kind: fault.Delay, Delay: time.Hour, Processed: true}, {Kind: fault.SlowDrip, Delay: time.Hour},
	} {
		p, sim := simulated(t)
		add(t, sim, f)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		wantError(
			t,
			verbs["create payment"](ctx, p),
			sdk.CodeUnavailable,
			sdk.OutcomeUnknown,
		)

		cancel()
	}
}

func TestNobodyThere(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	for _, call := range verbs {
		err := call(t.Context(), newTestProvider(t, testConfig(s.URL), time.Now))
		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}
}

// A payment whose answer was lost is found by the next attempt, and made once.
// A first attempt never takes over what is there: somebody else made that.
func TestARepeatedPaymentIsMadeOnce(t *testing.T) {
	p, sim := simulated(t)
	add(t, sim, fault.Fault{Kind: fault.LostResponse, Times: 1})
	req := simulatedRequest("pay_1")
	_, err := p.CreatePayment(t.Context(), req)
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	made := only(t, sim.Ledger().Entries())

	_, err = p.CreatePayment(t.Context(), req)
	wantError(t, err, sdk.CodeDuplicate, sdk.OutcomeUnknown)
	req.Attempt = 2
	got, err := p.CreatePayment(t.Context(), req)
	if err != nil || got.ProviderReference != made.ID ||
		got.Status != sdk.PaymentRequiresAction ||
		!got.Amount.Equal(req.Amount) ||
		// there is no link to send the customer to, and it says so
		got.NextAction != nil ||
		got.Message != linkLost {
		t.Errorf("got %+v, %v", got, err)
	}

	// When it cannot be asked, the doubt remains.
	add(t, sim, fault.Fault{Kind: fault.HTML, Path: "/api/v1/orders"})
	_, err = p.CreatePayment(t.Context(), req)
	wantError(t, err, sdk.CodeDuplicate, sdk.OutcomeUnknown)
	only(t, sim.Ledger().Entries())
}

// Another order that took the reference is not made ours: its amount is told as
// it is.
func TestARepeatWithAnotherAmount(t *testing.T) {
	p, _ := simulated(t)
	req := simulatedRequest("pay_1")
	if _, err := p.CreatePayment(t.Context(), req); err != nil {
		t.Fatal(err)
	}

	req.Attempt, req.Amount = 2, usd("99")
	if got, err := p.CreatePayment(t.Context(), req); err != nil ||
		got.Amount.String() != "100.05 USD" {
		t.Errorf("got %+v, %v", got, err)
	}
}

// The simulator checks what it is sent by itself: these are refusals that the
// real one documents.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		from, to string
		code     sdk.Code
		said     string
	}{
		"wrong key":      {simulator.DefaultAPIKey, "another-api-key", sdk.CodeAuthentication, "112008"},
		"key with colon": {simulator.DefaultAPIKey, "a:b", sdk.CodeAuthentication, "112006"},
		"wrong secret":   {simulator.DefaultAPISecret, "another-secret", sdk.CodeAuthentication, "112007"},
		"wrong password": {simulator.DefaultPassphrase, "another-password", sdk.CodeAuthentication, "112005"},
		"no password":    {simulator.DefaultPassphrase, "", sdk.CodeAuthentication, "112005"},
	} {
		for verb, call := range verbs {
			p, sim := simulated(t)
			p = configured(t, strings.Replace(sim.Config(p.cfg.BaseURL), c.from, c.to, 1))
			err := call(t.Context(), p)
			wantError(t, err, c.code, sdk.OutcomeRefused)
			if e := sdk.AsError(err); e.ProviderCode != c.said ||
				len(sim.Ledger().Entries()) != 0 {
				t.Errorf("%s, %s: %v", name, verb, err)
			}
		}
	}

	p, _ := simulated(t)
	for days, said := range map[int]string{-1: "112001", 1: "112001", -365 * 40: "112004"} {
		p.rt.Now = func() time.Time { return time.Now().AddDate(0, 0, days) }
		err := verbs["create payment"](t.Context(), p)
		wantError(t, err, sdk.CodeAuthentication, sdk.OutcomeRefused)
		if e := sdk.AsError(err); e.ProviderCode != said {
			t.Errorf("%d days off: %v", days, err)
		}
	}

	p.rt.Now = time.Now
	for _, m := range []sdk.Money{usd("1"), usd("10000"), {Amount: usd("50").Amount, Currency: "EUR"}} {
		req := simulatedRequest("pay_1")
		req.Amount = m
		_, err := p.CreatePayment(t.Context(), req)
		wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeRefused)
	}

	_, err := get(t.Context(), p, "pay_0")
	wantError(t, err, sdk.CodeNotFound, sdk.OutcomeRefused)
}

// press leaves the simulator's page by a button.
func press(t *testing.T, page, button string) (back *http.Response) {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	resp, err := client.Post(
		page,
		"application/x-www-form-urlencoded",
		strings.NewReader("result="+button),
	)
	if err != nil {
		t.Fatal(err)
	}

	resp.Body.Close()
	return resp
}

// A customer pays: link, page, webhook, return, status. Of the webhooks, forged
// ones are refused.
func TestAPayment(t *testing.T) {
	for _, c := range []struct {
		button  string
		faults  []fault.Kind
		notices int
		status  sdk.PaymentStatus
	}{
		{"pay", nil, 1, sdk.PaymentSucceeded}, {"cancel", nil, 1, sdk.PaymentCanceled},
		{"pay", []fault.Kind{fault.Duplicate}, 2, sdk.PaymentSucceeded},
		{"pay", []fault.Kind{fault.WrongSignature}, 5, sdk.PaymentSucceeded},
	} {
		t.Run(c.button, func(t *testing.T) {
			p, sim := simulated(t, simulator.WithWebhooks())
			var notices []sdk.HTTPRequest
			host := httptest.NewServer(
				http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					notices = append(
						notices,
						sdk.HTTPRequest{
							Method:     r.Method,
							Header:     r.Header,
							Body:       body,
							ReceivedAt: time.Now(),
						},
					)

					n, err := p.ParseWebhook(
						r.Context(),
						sdk.ParseWebhookRequest{Request: notices[len(notices)-1]},
					)
					if err != nil {
						w.WriteHeader(http.StatusUnauthorized)
						return
					}

					_, _ = w.Write(n.Response.Body)
				}),
			)
			defer host.Close()

			req := simulatedRequest("pay_1")
			req.NotifyURL = host.URL
			made, err := p.CreatePayment(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}

			for _, kind := range c.faults {
				add(t, sim, fault.Fault{Kind: kind, Times: 1})
			}
			back, err := press(t, made.NextAction.Redirect.URL, c.button).Location()
			if err != nil ||
				!strings.HasPrefix(
					back.String(),
					"https://example.com/back?t=1&id="+made.ProviderReference+"&status=",
				) {
				t.Errorf("sent back to %v, %v", back, err)
			}

			if len(notices) != c.notices {
				t.Errorf("%d webhooks, want %d", len(notices), c.notices)
			}

			for _, n := range notices {
				parsed, err := p.ParseWebhook(
					t.Context(),
					sdk.ParseWebhookRequest{Request: n},
				)
				if c.notices == 5 {
					wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
				} else if e := only(t, parsed.Events); parsed.Verification != sdk.VerifiedBySignature || e.Reference != "pay_1" || e.Payment.Status != c.status {
					t.Errorf("got %+v with %+v", parsed, e.Payment)
				}
			}

			if got, err := get(t.Context(), p, "pay_1"); err != nil ||
				got.Status != c.status {
				t.Errorf("after: %+v, %v", got, err)
			}
		})
	}
}
