package main

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// The document's example of a new payment, in both environments.
func TestCreatePayment(t *testing.T) {
	for environment, path := range map[sdk.Environment]string{sdk.Live: "/api/payment", sdk.Sandbox: "/api/test/payment"} {
		address, asked := answering(
			t,
			200,
			`{"status":"success","Code":200,"payment_url":"https://ptop.me/api/test/payment/23456789"}`,
		)
		got, err := newTestProvider(
			t,
			testConfig(environment, address+"/base"),
		).CreatePayment(t.Context(), paymentRequest())
		if err != nil {
			t.Fatal(err)
		}

		want := &sdk.Payment{
			ProviderReference: "23456789",
			Status:            sdk.PaymentRequiresAction,
			NextAction:        sdk.RedirectTo("https://ptop.me/api/test/payment/23456789"),
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v", got)
		}

		r := only(t, asked())
		if r.Method != "POST" || r.URL.Path != "/base"+path || r.Body != "" {
			t.Errorf("asked %s %s with body %q", r.Method, r.URL.Path, r.Body)
		}
		wantHeaders(t, r)
		wantQuery := url.Values{
			"website_id": {
				websiteID,
			}, "secret_key": {secretKey}, "amount": {"60.00"}, "product": {"Sample"},
			"order_id": {"66510effg2eec"}, "currency": {"USD"},
			"success_url": {
				"https://example.com/success",
			}, "fail_url": {"https://example.com/fail"},
		}
		if !reflect.DeepEqual(r.URL.Query(), wantQuery) {
			t.Errorf("asked for %v", r.URL.Query())
		}
	}
}

func TestProductIsWhatTheMerchantSays(t *testing.T) {
	for _, c := range []struct{ description, merchantReference, want string }{
		{"A & B", "47", "A & B"}, {"", "order 47", "order 47"}, {"", "", "66510effg2eec"},
	} {
		address, asked := answering(
			t,
			200,
			`{"status":"success","payment_url":"http://ptop.test/1"}`,
		)
		req := paymentRequest()
		req.Description, req.MerchantReference = c.description, c.merchantReference
		if _, err := newTestProvider(t, testConfig(sdk.Sandbox, address)).CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		if got := only(t, asked()).URL.Query().Get("product"); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestReferenceOfANewPayment(t *testing.T) {
	for answer, want := range map[string]string{
		`{"status":"success","payment_url":"https://ptop.me/p/67990c6385454/"}`:                     "67990c6385454",
		`{"status":"success","payment_url":"https://ptop.me/p/a%20b?x=1#y"}`:                        "a b",
		`{"status":"success","payment_url":"https://ptop.me/p/1","transaction_id":3456789}`:         "3456789",
		`{"status":"success","payment_url":"https://ptop.me/p/1","transaction_id":"67990c6385454"}`: "67990c6385454",
		`{"status":"success","payment_url":"https://ptop.me/p/1","transaction_id":null}`:            "1",
		// None of these is an address to send a customer to and a transaction
		// to ask for.
		`{"status":"success","payment_url":"https://ptop.me/"}`:            "",
		`{"status":"success","payment_url":"https://ptop.me"}`:             "",
		`{"status":"success","payment_url":"https://ptop.me/.."}`:          "",
		`{"status":"success","payment_url":"/api/test/payment/1"}`:         "",
		`{"status":"success","payment_url":"javascript:alert(1)//h/1"}`:    "",
		`{"status":"success","payment_url":"https://user@ptop.me/p/1"}`:    "",
		`{"status":"success","payment_url":"ftp://ptop.me/p/1"}`:           "",
		`{"status":"success","payment_url":"https:///p/1"}`:                "",
		`{"status":"success","payment_url":"%zz"}`:                         "",
		`{"status":"success","payment_url":7}`:                             "",
		`{"status":"success"}`:                                             "",
		`{"status":"success","Code":200,"transaction_id":"67990c6385454"}`: "",
		`{"payment_url":"https://ptop.me/p/1"}`:                            "",
	} {
		address, _ := answering(t, 200, answer)
		got, err := newTestProvider(
			t,
			testConfig(sdk.Live, address),
		).CreatePayment(t.Context(), paymentRequest())
		if want == "" {
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
		} else if err != nil || got.ProviderReference != want {
			t.Errorf("%s: got %+v, %v", answer, got, err)
		}
	}
}

// The document's example of a status check, in both environments.
func TestGetPayment(t *testing.T) {
	for environment, path := range map[sdk.Environment]string{sdk.Live: "/api/payment-check", sdk.Sandbox: "/api/test/payment-check"} {
		address, asked := answering(t, 200, `{"status":1}`)
		got, err := newTestProvider(
			t,
			testConfig(environment, address),
		).GetPayment(t.Context(), sdk.GetPaymentRequest{
			Payment: sdk.PaymentContext{
				Reference:         "pay_1",
				ProviderReference: "67990c6385454",
			},
		})

		want := &sdk.Payment{
			ProviderReference: "67990c6385454",
			Status:            sdk.PaymentSucceeded,
			ProviderStatus:    "1",
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}

		r := only(t, asked())
		if r.Method != "POST" || r.URL.Path != path || r.URL.RawQuery != "" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
		wantHeaders(t, r)
		wantJSON(
			t,
			r.Body,
			`{"website_id":"w123456","secret_key":"secxyz890","transaction_id":"67990c6385454"}`,
		)
	}
}

func TestPaymentCheckAnswers(t *testing.T) {
	for answer, want := range map[string]sdk.PaymentStatus{
		`{"status":0}`: sdk.PaymentRequiresAction, `{"status":1}`: sdk.PaymentSucceeded, `{"status":2}`: sdk.PaymentCanceled,
		`{"status":"1"}`: sdk.PaymentSucceeded, `{"status_code":"2"}`: sdk.PaymentCanceled, `{"payment_status":0}`: sdk.PaymentRequiresAction,
		`{"data":{"status":1}}`:                                       sdk.PaymentSucceeded,
		`{"data":{"status_code":2},"data2":{"status":1}}`:             sdk.PaymentCanceled,
		`{"status":"success","Code":200,"data":{"payment_status":1}}`: sdk.PaymentSucceeded,
		`{"status":1,"data":[]}`:                                      sdk.PaymentSucceeded,
		`{"status":1,"status_code":"1","data":{"status":1}}`:          sdk.PaymentSucceeded,
		`{"status":2,"message":"Payment cancelled","http_code":200}`:  sdk.PaymentCanceled,
		// Nothing that can be read in two ways is an answer.
		`{"status":1,"data":{"status":2}}`:       "",
		`{"status":"1","payment_status":"paid"}`: "",
		`{"status":3}`:                           "",
		`{"status":-1}`:                          "",
		`{"status":"01"}`:                        "",
		`{"status":1.0}`:                         "",
		`{"status":true}`:                        "",
		`{"status":""}`:                          "",
		`{"status":null}`:                        "",
		`{"status":[1]}`:                         "",
		`{"status":"paid"}`:                      "",
		`{"status":"success"}`:                   "",
		`{"code":1}`:                             "",
		`{"Code":1}`:                             "",
		`{"http_code":1}`:                        "",
		`{"data":{"code":1}}`:                    "",
		`{"data":"1"}`:                           "",
		`{}`:                                     "",
		`[]`:                                     "",
		`1`:                                      "",
		``:                                       "",
		`<html>1</html>`:                         "",
		`{"status":1}{"status":1}`:               "",
	} {
		address, _ := answering(t, 200, answer)
		got, err := newTestProvider(
			t,
			testConfig(sdk.Live, address),
		).GetPayment(t.Context(), sdk.GetPaymentRequest{
			Payment: sdk.PaymentContext{ProviderReference: "1"},
		})
		if want == "" {
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
			if err == nil {
				t.Errorf("%s was read as %s", answer, got.Status)
			}
		} else if err != nil || got.Status != want {
			t.Errorf("%s: got %+v, %v", answer, got, err)
		}
	}
}

// The document's example of a payout. Its amount is sent in its shortest form.
func TestCreatePayout(t *testing.T) {
	for _, environment := range []sdk.Environment{sdk.Live, sdk.Sandbox} {
		address, asked := answering(
			t,
			200,
			`{"status":"success","message":"Payment sent successfully."}`,
		)
		got, err := newTestProvider(
			t,
			testConfig(environment, address),
		).CreatePayout(t.Context(), payoutRequest())

		want := &sdk.Payout{Status: sdk.PayoutSucceeded, ProviderStatus: "success"}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v", got, err)
		}
		r := only(t, asked())
		if r.Method != "POST" || r.URL.Path != "/api/api-payout" || r.URL.RawQuery != "" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}

		wantHeaders(t, r)
		wantJSON(
			t,
			r.Body,
			`{"website_id":"w123456","secret_key":"secxyz890","reviverEmail":"client@email.com","amount":50,`+
				`"signature":"e5413a6feceda006e9f3fde964aa2f43c6f4fd8d1aed0d8751b509a5f12eb4cd","sendingTrx":"A1X9T3"}`,
		)
		if !strings.Contains(r.Body, `"amount":50,`) {
			t.Errorf("the amount is not in its shortest form: %s", r.Body)
		}
	}
}

// What ptop cannot do or would refuse is found out here: nothing may reach it.
func TestNothingIsSent(t *testing.T) {
	ctx := t.Context()
	payout := func(change func(*sdk.CreatePayoutRequest)) func(*provider) error {
		return func(p *provider) error {
			req := payoutRequest()
			change(&req)
			_, err := p.CreatePayout(ctx, req)
			return err
		}
	}

	recipient := func(email string) func(*provider) error {
		return payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.Email = email })
	}
	for name, c := range map[string]struct {
		call func(*provider) error
		code sdk.Code
	}{
		"payment without success_url": {func(p *provider) error {
			req := paymentRequest()
			req.ReturnURL = ""
			_, err := p.CreatePayment(ctx, req)
			return err
		}, sdk.CodeInvalidRequest},
		"payment without fail_url": {func(p *provider) error {
			req := paymentRequest()
			req.CancelURL = ""
			_, err := p.CreatePayment(ctx, req)
			return err
		}, sdk.CodeInvalidRequest},
		"status by our reference": {func(p *provider) error {
			_, err := p.GetPayment(ctx, sdk.GetPaymentRequest{Payment: sdk.PaymentContext{Reference: "pay_1"}})
			return err
		}, sdk.CodeInvalidRequest},
		"payout to nobody":              {recipient(""), sdk.CodeInvalidRequest},
		"payout to no address":          {recipient("client"), sdk.CodeInvalidRequest},
		"payout to a name with address": {recipient("Client <client@email.com>"), sdk.CodeInvalidRequest},
		"payout with a forged amount":   {recipient("client|1@email.com"), sdk.CodeInvalidRequest},
		"payout after the last key":     {payout(func(r *sdk.CreatePayoutRequest) { r.Sequence = 36 * 36 * 36 * 36 * 36 * 36 }), sdk.CodeLimit},
	} {
		t.Run(name, func(t *testing.T) {
			address, asked := answering(t, 200, `{"status":"success"}`)
			wantError(
				t,
				c.call(newTestProvider(t, testConfig(sdk.Live, address))),
				c.code,
				sdk.OutcomeNotSent,
			)
			if n := len(asked()); n != 0 {
				t.Errorf("ptop was asked %d times", n)
			}
		})
	}
}

func TestAccountsThatCannotPayOut(t *testing.T) {
	unsigned := testConfig(sdk.Live, "")
	unsigned.TheSignature = sdk.Secret{}

	for name, c := range map[string]struct {
		cfg      config
		can      bool
		warnings int
	}{
		"live":                      {testConfig(sdk.Live, ""), true, 0},
		"live without a key":        {unsigned, false, 0},
		"sandbox":                   {testConfig(sdk.Sandbox, ""), false, 1},
		"sandbox with its own host": {testConfig(sdk.Sandbox, "http://127.0.0.1:1"), true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTestProvider(t, c.cfg)
			d := p.DescribeAccount()
			if can := !slices.Contains(d.Without, sdk.CapabilityCreatePayout); can != c.can ||
				len(d.Warnings) != c.warnings {
				t.Errorf("got %+v", d)
			}

			if c.can {
				return
			}
			_, err := p.CreatePayout(t.Context(), payoutRequest())
			wantError(t, err, sdk.CodeNotSupported, sdk.OutcomeNotSent)
		})
	}
}

func TestTheUsualAddress(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing is sent, but the record says where to
	ctx, log := sdk.WithExchangeLog(ctx)
	_, err := newTestProvider(
		t,
		testConfig(sdk.Live, ""),
	).CreatePayment(ctx, paymentRequest())
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)

	if list := log.Exchanges(); len(list) != 1 ||
		!strings.HasPrefix(list[0].URL, "https://ptop.me/api/payment?") {
		t.Errorf("got %+v", list)
	}
}

func only(t *testing.T, list []providertest.Received) providertest.Received {
	t.Helper()
	if len(list) != 1 {
		for _, r := range list {
			t.Logf(
				"%s %s %s from %s: %v %s",
				r.Method,
				r.Host,
				r.URL,
				r.RemoteAddr,
				r.Header,
				r.Body,
			)
		}

		t.Fatalf("ptop was asked %d times", len(list))
	}

	return list[0]
}

func wantHeaders(t *testing.T, r providertest.Received) {
	t.Helper()
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Accept": "application/json", "Referer": websiteURL,
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("header %s: got %q, want %q", name, got, want)
		}
	}
}

func wantJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil ||
		!reflect.DeepEqual(g, w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// What the host's recovery goes by.
func TestDeclarations(t *testing.T) {
	info := (*provider)(nil).Info()
	if g := info.CreatePayment; g.Retry != sdk.RetryNone || !g.LinkOnly {
		t.Errorf("payments: %+v: a repeat makes a second link, which moves no money", g)
	}
	if g := info.CreatePayout; g.Retry != sdk.RetryRejectsDuplicates || g.LinkOnly {
		t.Errorf("payouts: %+v: sendingTrx is an idempotency key", g)
	}

	if info.PaymentLookup != (sdk.Lookup{}) || info.PayoutLookup != (sdk.Lookup{}) {
		t.Errorf(
			"ptop finds nothing by our reference, and tells no amounts: %+v, %+v",
			info.PaymentLookup,
			info.PayoutLookup,
		)
	}

	for _, c := range []struct {
		limits []sdk.AmountLimit
		least  string
	}{{info.PaymentLimits, "1"}, {info.PayoutLimits, "0.01"}} {
		if l := c.limits[0]; len(c.limits) != 1 || l.Currency != "USD" ||
			l.Min.String() != c.least ||
			l.Max != nil ||
			*l.Decimals != 2 {
			t.Errorf("limits: %+v, want at least %s", c.limits, c.least)
		}
	}
}
