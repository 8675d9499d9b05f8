package main

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

const made = `{"status":true,"result":{"code":"00","message":"Create payment link successfully.",` +
	`"payment_link":"https://pay.ttrpay.net/pay/DxT0a1UNzfj4KlTrpH3tkGQ98paX7y65AGFEDCHEBF"}}`

// The document's example, to the byte: the token signs what is sent.
func TestCreatePayment(t *testing.T) {
	address, asked := answering(t, 200, made)
	got, err := newTestProvider(
		t,
		testConfig(address),
	).CreatePayment(t.Context(), paymentRequest())
	want := &sdk.Payment{
		ProviderReference: "DxT0a1UNzfj4KlTrpH3tkGQ98paX7y65AGFEDCHEBF",
		Status:            sdk.PaymentRequiresAction,
		NextAction: sdk.RedirectTo(
			"https://pay.ttrpay.net/pay/DxT0a1UNzfj4KlTrpH3tkGQ98paX7y65AGFEDCHEBF",
		),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}

	list := asked()
	if len(list) != 1 {
		t.Fatalf("TTR Pay was asked %d times", len(list))
	}
	const body = `{"amount":3.2,"cancel_url":"https://localhost/checkout/failure","currency_code":"USD","customer_email":"demo@test.com",` +
		`"customer_firstname":"abc","customer_ip":"171.251.156.58","customer_lastname":"xyz","customer_phone":"+84123456789",` +
		`"description":"Order 47","ipn_format":"json","ipn_url":"https://localhost/handleIpn","order_id":"47",` +
		`"return_url":"https://localhost/checkout/success"}`

	token := "d3JWyGxoVVPm0Q6k." + signature.MD5Hex(body+"demo_merchant_secret")
	r := list[0]
	if r.Method != "POST" || r.URL.Path != "/v2/payment-links" || r.Body != body ||
		r.Header.Get(
			"Authorization",
		) != "Bearer "+token || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("asked %s %s with %v %s", r.Method, r.URL, r.Header, r.Body)
	}
}

func TestDescriptionIsWhatTheMerchantSays(t *testing.T) {
	for _, c := range []struct{ description, merchantReference, want string }{
		{"A <&> 李", "47", "A <&> 李"}, {"", "order/47", "order/47"}, {"", "", "47"},
	} {
		address, asked := answering(t, 200, made)
		req := paymentRequest()
		req.Description, req.MerchantReference = c.description, c.merchantReference
		if _, err := newTestProvider(t, testConfig(address)).CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		if body := asked()[0].Body; !strings.Contains(body, `"description":"`+c.want+`"`) {
			t.Errorf("sent %s", body)
		}
	}
}

// What the document requires is asked for before anything is sent, all at once.
func TestRequiredFields(t *testing.T) {
	address, asked := answering(t, 200, made)
	p := newTestProvider(t, testConfig(address))
	_, err := p.CreatePayment(
		t.Context(),
		sdk.CreatePaymentRequest{Reference: "47", Amount: money("1", "USD")},
	)
	wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	var e *sdk.Error

	errors.As(err, &e)
	want := []string{
		"customer.email", "customer.first_name", "customer.ip", "customer.last_name", "customer.phone",
		"notify_url", "success_url", "cancel_url",
	}
	var got []string
	for _, v := range e.Violations {
		got = append(got, v.Field)
	}

	if !slices.Equal(got, want) {
		t.Errorf("violations of %v", got)
	}

	for field, empty := range map[string]func(*sdk.CreatePaymentRequest){
		"customer.email":      func(r *sdk.CreatePaymentRequest) { r.Customer.Email = "" },
		"customer.first_name": func(r *sdk.CreatePaymentRequest) { r.Customer.FirstName = "" },
		"customer.ip":         func(r *sdk.CreatePaymentRequest) { r.Customer.IP = "" },
		"customer.last_name":  func(r *sdk.CreatePaymentRequest) { r.Customer.LastName = "" },
		"customer.phone":      func(r *sdk.CreatePaymentRequest) { r.Customer.Phone = "" },
		"notify_url":          func(r *sdk.CreatePaymentRequest) { r.NotifyURL = "" },
		"success_url":         func(r *sdk.CreatePaymentRequest) { r.ReturnURL = "" },
		"cancel_url":          func(r *sdk.CreatePaymentRequest) { r.CancelURL = "" },
	} {
		req := paymentRequest()
		empty(&req)
		_, err := p.CreatePayment(t.Context(), req)
		if !errors.As(err, &e) || len(e.Violations) != 1 || e.Violations[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}

	if n := len(asked()); n != 0 {
		t.Errorf("TTR Pay was asked %d times", n)
	}
}

// What the host's recovery goes by, and what the sdk checks.
func TestDeclarations(t *testing.T) {
	info := (*provider)(nil).Info()
	if g := info.CreatePayment; g.Retry != sdk.RetryNone || !g.LinkOnly {
		t.Errorf("%+v: a repeat makes a second link, which moves no money", g)
	}
	if info.PaymentLookup != (sdk.Lookup{}) ||
		!slices.Equal(info.WebhookTrust, []sdk.WebhookTrust{sdk.TrustPaymentURL}) {
		t.Errorf(
			"nothing can be asked, and notices are not signed: %+v, %v",
			info.PaymentLookup,
			info.WebhookTrust,
		)
	}

	for i, currency := range []string{"USD", "EUR"} {
		if l := info.PaymentLimits[i]; l.Currency != currency || *l.Decimals != 2 ||
			l.Max.String() != "9999999999999.99" ||
			l.Min != nil {
			t.Errorf("limits: %+v", l)
		}
	}
}

// Sandbox and live are one address: whoever expects play money there is told.
func TestWarning(t *testing.T) {
	for _, c := range []struct {
		environment sdk.Environment
		address     string
		warnings    int
	}{{sdk.Sandbox, "", 1}, {sdk.Live, "", 0}, {sdk.Sandbox, "http://127.0.0.1:1", 0}} {
		cfg := testConfig(c.address)
		cfg.Environment = c.environment
		if d := newTestProvider(t, cfg).DescribeAccount(); len(d.Warnings) != c.warnings {
			t.Errorf("%s %q: %v", c.environment, c.address, d.Warnings)
		}
	}
}

func TestConfiguration(t *testing.T) {
	const good = `"environment":"live","merchant_key":"k","merchant_secret":"s"`
	for text, field := range map[string]string{
		`{` + good + `}`: "",
		`{` + good + `,"notify_ips":["198.51.100.7","2001:db8::/32"]}`: "",
		`{` + good + `,"notify_ips":["ttrpay.net"]}`:                   "notify_ips[0]",
		`{` + good + `,"base_url":"http://api.ttrpay.net"}`:            "base_url",
		`{"environment":"live","merchant_secret":"s"}`:                 "merchant_key",
		`{"environment":"live","merchant_key":"k"}`:                    "merchant_secret",
	} {
		_, err := sdk.DecodeConfig[config]([]byte(text))
		var e *sdk.Error
		if (field == "" && err != nil) ||
			(field != "" && (!errors.As(err, &e) || len(e.Violations) != 1 || e.Violations[0].Field != field)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
