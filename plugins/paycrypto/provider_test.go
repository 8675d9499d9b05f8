package main

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

const createdAnswer = `{"code": 0, "msg": "SUCCESS", "result": {"order_id": "2021031609283339501898843",` +
	`"redirect_url": "https://pay-sandbox.paycrypto.com/?id=il25050709552116315", "create_time": 1585293811000}}`

// The document's example of a new payment, signed as its Java SDK signs it.
func TestCreatePayment(t *testing.T) {
	p, asked := answering(t, 200, createdAnswer)
	got, err := p.CreatePayment(t.Context(), paymentRequest())
	want := &sdk.Payment{
		ProviderReference: "2021031609283339501898843",
		Status:            sdk.PaymentRequiresAction,
		NextAction: sdk.RedirectTo(
			"https://pay-sandbox.paycrypto.com/?id=il25050709552116315",
		),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}

	r := only(t, asked())
	if r.Method != "POST" || r.URL.Path != "/base/api/v1/payment" || r.URL.RawQuery != "" {
		t.Errorf("asked %s %s", r.Method, r.URL)
	}

	for name, want := range map[string]string{
		"Content-Type": "application/json", "Access-Passphrase": "12345678a",
		"Authorization": "Inst:demo_api_key_0123456789abcdef:1646279846494:XG3ZhoXQkJ0FdN7zpxDvFzk1EBBZxl+Lip+4Rwu0TXE=",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("header %s: got %q, want %q", name, got, want)
		}
	}

	wantJSON(
		t,
		r.Body,
		`{"currency":"USD","amount":"100.05","cust_order_id":"1223","return_url":"https://{yourhost}/index.html",
		"expire":1739356323022,"customer":{"notify_email":"jack001@163.com"}}`,
	)
}

func TestEverythingOptionalOrNothing(t *testing.T) {
	for _, c := range []struct {
		change func(*sdk.CreatePaymentRequest, *config)
		want   string
	}{
		{func(r *sdk.CreatePaymentRequest, c *config) {
			r.NotifyURL = "https://h.example/n"
			c.CompanyName, c.CompanyEmail = "ACME & Sons <x> Ünï", "a+b@acme.example"
		}, `{"currency":"USD","amount":"100.05","cust_order_id":"1223","return_url":"https://{yourhost}/index.html","expire":1739356323022,
			"notify_url":"https://h.example/n","company_name":"ACME & Sons <x> Ünï","company_email":"a+b@acme.example",
			"customer":{"notify_email":"jack001@163.com"}}`},
		{func(r *sdk.CreatePaymentRequest, _ *config) {
			*r = sdk.CreatePaymentRequest{Reference: "r", Amount: sdk.Money{Amount: decimal.RequireFromString("0.000001"), Currency: "USDT-TRC20"}}
		}, `{"currency":"USDT-TRC20","amount":"0.000001","cust_order_id":"r"}`},
	} {
		p, asked := answering(t, 200, createdAnswer)
		req := paymentRequest()
		c.change(&req, &p.cfg)
		if _, err := p.CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		wantJSON(t, only(t, asked()).Body, c.want)
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

// What is no link for a browser with an order is no payment.
func TestAnswersThatAreNoPayment(t *testing.T) {
	for _, result := range []string{
		`{}`, `{"order_id":"p1"}`, `{"order_id":"p1","redirect_url":""}`, `{"order_id":"p1","redirect_url":"javascript:alert(1)"}`,
		`{"redirect_url":"https://a.example/?id=p1"}`, `{"order_id":"","redirect_url":"https://a.example"}`,
		`{"order_id":{},"redirect_url":"https://a.example"}`, `[]`, `"p1"`, `null`, `{"order_id":"p1","redirect_url":7}`,
	} {
		p, _ := answering(t, 200, `{"code":0,"msg":"SUCCESS","result":`+result+`}`)
		_, err := p.CreatePayment(t.Context(), paymentRequest())
		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
}

const (
	recordJSON = `{"currency": "USD", "amount": "13.2", "paid_currency": "", "paid_amount": "0", "order_id": "20210716080455300000193",
		"cust_order_id": "1ec7b32b-0750-4308-b882-f00d45b4f712", "currency_rate":"0", "reason":"Approved", "status": 0,
		"create_time": 1626418074000, "update_time": 1626418074000}`
	reference = "1ec7b32b-0750-4308-b882-f00d45b4f712"
)

// single wraps records as the document's answer about one order does: twice.
func single(records string) string {
	return `{"code":0,"msg":"SUCCESS","result":{"code":0,"msg":"SUCCESS","result":{"page_num":1,"page_size":10,"total":1,"pages":1,"records":[` +
		records + `]}}}`
}

// The document's example of a query, and its variations.
func TestGetPayment(t *testing.T) {
	for name, c := range map[string]struct {
		change []string
		status sdk.PaymentStatus
		paid   string
	}{
		"the example":             {nil, sdk.PaymentRequiresAction, ""},
		"a status as text":        {[]string{`"status": 0`, `"status": "2"`}, sdk.PaymentProcessing, ""},
		"amounts as numbers":      {[]string{`"13.2"`, `13.20`, `"0"`, `0`}, sdk.PaymentRequiresAction, ""},
		"currency in lower case":  {[]string{`"USD"`, `"usd"`}, sdk.PaymentRequiresAction, ""},
		"null for nothing":        {[]string{`"paid_currency": "", "paid_amount": "0"`, `"paid_currency": null, "paid_amount": null`}, sdk.PaymentRequiresAction, ""},
		"paid in something else":  {[]string{`"paid_currency": "", "paid_amount": "0"`, `"paid_currency": "USDT-TRC20", "paid_amount": "13.199"`, `"status": 0`, `"status": 1`}, sdk.PaymentSucceeded, "13.199 USDT-TRC20"},
		"abnormal":                {[]string{`"status": 0`, `"status": 3`}, sdk.PaymentUnderReview, ""},
		"failed":                  {[]string{`"status": 0`, `"status": 4`}, sdk.PaymentFailed, ""},
		"canceled":                {[]string{`"status": 0`, `"status": 5`}, sdk.PaymentCanceled, ""},
		"expired":                 {[]string{`"status": 0`, `"status": 6`}, sdk.PaymentExpired, ""},
		"refunding has succeeded": {[]string{`"status": 0`, `"status": 7`}, sdk.PaymentSucceeded, ""},
		"refunded has succeeded":  {[]string{`"status": 0`, `"status": 8`}, sdk.PaymentSucceeded, ""},
		"a refund that failed":    {[]string{`"status": 0`, `"status": 9`}, sdk.PaymentSucceeded, ""},
	} {
		t.Run(name, func(t *testing.T) {
			twice := single(strings.NewReplacer(c.change...).Replace(recordJSON))
			once := strings.TrimSuffix(
				strings.Replace(twice, `"result":{"code":0,"msg":"SUCCESS",`, ``, 1),
				"}",
			)
			for _, answer := range []string{twice, once} {
				p, asked := answering(t, 200, answer)
				got, err := p.GetPayment(
					t.Context(),
					sdk.GetPaymentRequest{Payment: sdk.PaymentContext{
						Reference:         reference,
						ProviderReference: "20210716080455300000193",
						Amount:            usd("1"),
					}},
				)
				if err != nil {
					t.Fatal(err)
				}

				paid := ""
				if got.Paid != nil {
					paid = got.Paid.String()
				}
				if got.Status != c.status || !got.Amount.Equal(usd("13.2")) ||
					paid != c.paid ||
					got.ProviderReference != "20210716080455300000193" {
					t.Errorf("got %+v for %s, paid %s", got, got.Amount, paid)
				}

				r := only(t, asked())
				if r.Method != "GET" ||
					r.URL.String() != "/base/api/v1/orders?cust_order_id="+reference ||
					r.Body != "" {
					t.Errorf("asked %s %s with %q", r.Method, r.URL, r.Body)
				}

				if auth := r.Header.Get("Authorization"); !strings.HasPrefix(
					auth,
					"Inst:"+apiKey+":1646279846494:",
				) {
					t.Errorf("authorized by %s", auth)
				}
			}
		})
	}
}

// Another order, or one of which the document would show more, says nothing of
// ours.
func TestOrdersThatAreNoAnswer(t *testing.T) {
	change := func(change ...string) string { return single(strings.NewReplacer(change...).Replace(recordJSON)) }
	paid := []string{`"status": 0`, `"status": 1`}
	for name, answer := range map[string]string{
		"another order":        change(append(paid, reference, "another")...),
		"our reference twice":  single(recordJSON + "," + recordJSON),
		"a filter not applied": single(recordJSON + "," + strings.Replace(recordJSON, reference, "another", 1)),
		"an unknown status":    change(`"status": 0`, `"status": 10`),
		"a status like one":    change(`"status": 0`, `"status": 1.0`),
		"no status":            change(`"status": 0,`, ``),
		"null":                 change(`"status": 0`, `"status": null`),
		"no amount":            change(append(paid, `"amount": "13.2",`, ``)...),
		"an amount of nothing": change(append(paid, `"13.2"`, `"0"`)...),
		"a negative amount":    change(append(paid, `"13.2"`, `"-13.2"`)...),
		"an amount of words":   change(append(paid, `"13.2"`, `"13.2 USD"`)...),
		"no currency":          change(append(paid, `"currency": "USD",`, ``)...),
		"an odd currency":      change(append(paid, `"USD"`, `"U S D"`)...),
		"no id":                change(append(paid, `20210716080455300000193`, ``)...),
		"no records":           `{"code":0,"msg":"SUCCESS","result":{"total":0,"pages":0}}`,
		"no result":            `{"code":0,"msg":"SUCCESS"}`,
		"no inner result":      `{"code":0,"msg":"SUCCESS","result":{"code":0,"msg":"SUCCESS"}}`,
		"wrapped three times":  `{"code":0,"result":` + single(recordJSON) + `}`,
	} {
		t.Run(name, func(t *testing.T) {
			p, _ := answering(t, 200, answer)
			_, err := get(t.Context(), p, reference)
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
		})
	}

	for name, answer := range map[string]string{
		"an empty page": single(""), "no list": strings.Replace(single("?"), "[?]", "null", 1), "a code": `{"code":111003,"msg":"This order does not exist."}`,
		"an inner code": `{"code":0,"msg":"SUCCESS","result":{"code":111003,"msg":"This order does not exist.","result":null}}`,
	} {
		p, _ := answering(t, 200, answer)
		_, err := get(t.Context(), p, reference)
		t.Log(name)
		wantError(t, err, sdk.CodeNotFound, sdk.OutcomeRefused)
	}
}

// Another amount is reported as it is: the host compares it, and never calls it
// a success.
func TestTheAmountIsTheProviders(t *testing.T) {
	p, _ := answering(
		t,
		200,
		single(
			strings.NewReplacer(`"13.2"`, `"12.99"`, `"USD"`, `"USDT"`, `"status": 0`, `"status": 1`).
				Replace(recordJSON),
		),
	)

	got, err := p.GetPayment(
		t.Context(),
		sdk.GetPaymentRequest{
			Payment: sdk.PaymentContext{Reference: reference, Amount: usd("13.2")},
		},
	)
	if err != nil || got.Amount == nil || got.Amount.String() != "12.99 USDT" {
		t.Errorf("got %+v, %v", got, err)
	}
}

const listAnswer = `{"code": 0, "msg": "SUCCESS", "result": {"page_num": 2, "page_size": 20, "total": 22, "pages": 2, "records": [
	{"currency": "USD", "amount": "1", "paid_currency": "USDT", "paid_amount": "0", "order_id": "20210716080455300000193",
		"cust_order_id": "4e2ee23c-6521-41b6-9203-16cecf9dac48", "status": 0, "reason":"Approved", "create_time": 1626339048000},
	{"currency": "?", "amount": "?", "order_id": "odd"}, {"order_id": {}}, 7, null,
	{"currency": "USD", "amount": "2", "paid_currency": "", "paid_amount": "0", "order_id": "20210716080455300000111",
		"cust_order_id": "976e79b5-5c52-45a6-ac2b-cfee58894866", "reason":"Approved", "status": 1, "create_time": 1626314595000}]}}`

// The document's example of a list, with an order in it that cannot be read.
func TestListPayments(t *testing.T) {
	p, asked := answering(t, 200, listAnswer)
	from := time.UnixMilli(1585293811000)
	got, err := p.ListPayments(
		t.Context(),
		sdk.ListPaymentsRequest{From: from, To: from.Add(1333 * time.Millisecond)},
	)
	if err != nil || len(got.Payments) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}

	for i, want := range []string{
		"4e2ee23c-6521-41b6-9203-16cecf9dac48 20210716080455300000193 requires_action 1 USD",
		"976e79b5-5c52-45a6-ac2b-cfee58894866 20210716080455300000111 succeeded 2 USD",
	} {
		l := got.Payments[i]
		if s := strings.Join([]string{l.Reference, l.Payment.ProviderReference, string(l.Payment.Status), l.Payment.Amount.String()}, " "); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}

	want := url.Values{
		"start_time": {"1585293811000"},
		"end_time":   {"1585293812333"},
		"page_num":   {"1"},
		"page_size":  {"50"},
	}
	if r := only(t, asked()); r.URL.Path != "/base/api/v1/orders" ||
		!reflect.DeepEqual(r.URL.Query(), want) {
		t.Errorf("asked %s", r.URL)
	}
}

// A long range is asked for in windows of less than a month without a gap, each
// page by page.
func TestWindowsAndPages(t *testing.T) {
	page := func(pages, records string) string {
		return `{"code":0,"msg":"SUCCESS","result":{"pages":` + pages + `,"records":[` + records + `]}}`
	}
	full := strings.TrimSuffix(strings.Repeat(recordJSON+",", 50), ",")
	p, asked := answering(
		t,
		200,
		page(`2`, recordJSON),
		page(`"2"`, recordJSON), // the first window
		page(`9`, ``),           // a window without orders, whatever it says
		`{"code":0,"msg":"SUCCESS","result":{"records":[`+full+`]}}`,
		`{"code":0,"msg":"SUCCESS","result":{"records":[]}}`,
	)

	const day = 24 * time.Hour
	req := sdk.ListPaymentsRequest{From: vectorTime.Add(-60 * day)} // until now
	payments := 0

	for {
		got, err := p.ListPayments(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		payments += len(got.Payments)
		if req.PageToken = got.NextPageToken; req.PageToken == "" {
			break
		}
	}

	var windows []string
	for _, r := range asked() {
		q := r.URL.Query()
		windows = append(
			windows,
			q.Get("start_time")+" "+q.Get("end_time")+" "+q.Get("page_num"),
		)
	}

	if want := []string{
		"1641095846494 1643428646494 1", "1641095846494 1643428646494 2", "1643428646494 1645761446494 1",
		"1645761446494 1646279846494 1", "1645761446494 1646279846494 2",
	}; !slices.Equal(windows, want) || payments != 52 {
		t.Errorf("%d payments, asked for %q", payments, windows)
	}
}

func TestListsThatCannotBegin(t *testing.T) {
	p, asked := answering(t, 200, listAnswer)
	for _, req := range []sdk.ListPaymentsRequest{
		{}, {To: vectorTime}, {From: vectorTime, PageToken: "x"}, {From: vectorTime, PageToken: "1-"},
		{Payments: []sdk.PaymentContext{{Reference: "pay_1"}}},
	} {
		_, err := p.ListPayments(t.Context(), req)
		wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	}

	if n := len(asked()); n != 0 {
		t.Errorf("the provider was asked %d times", n)
	}
}

// The document's example of the limits, and the name of its table.
func TestListPaymentMethods(t *testing.T) {
	const answer = `{"code": 0, "msg": "SUCCESS", "result": {"cust_name": "Surfshark Limited", "min_limit": 1.000000, "max_limit": 10.000000, "fiat_list": ["USD", "eur"]}}`
	for _, text := range []string{answer, strings.Replace(answer, "min_limit", "min_limt", 1), strings.Replace(answer, "1.000000", `"1"`, 1)} {
		p, asked := answering(t, 200, text)
		got, err := p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{})
		if err != nil || len(got) != 2 || got[0].Currency != "USD" ||
			got[1].Currency != "EUR" {
			t.Fatalf("got %+v, %v", got, err)
		}

		if m := got[0]; m.Min.String() != "1" || m.Max.String() != "10" ||
			!m.LimitsExclusive ||
			m.Flow != sdk.FlowRedirect {
			t.Errorf("got %+v", m)
		}

		if r := only(t, asked()); r.Method != "GET" ||
			r.URL.String() != "/base/api/v1/merchant/limit" {
			t.Errorf("asked %s %s", r.Method, r.URL)
		}
	}

	for _, key := range []string{"min_limit", "max_limit", "fiat_list"} {
		p, _ := answering(t, 200, strings.Replace(answer, key, "x", 1))
		_, err := p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{})
		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
}

// What limit names is taken from then on, and what it no longer names no more;
// the document's five always are.
func TestCurrenciesThatLimitNames(t *testing.T) {
	p, _ := answering(
		t,
		200,
		`{"code":0,"msg":"SUCCESS","result":{"min_limit":1,"max_limit":10,"fiat_list":["eur"]}}`,
	)
	if p.TakesCurrency("EUR") {
		t.Error("EUR is known before anybody asked")
	}

	if _, err := p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{}); err != nil {
		t.Fatal(err)
	}
	if !p.TakesCurrency("EUR") || p.TakesCurrency("GBP") {
		t.Error("limit names EUR alone")
	}
}

func TestSendTestWebhook(t *testing.T) {
	p, asked := answering(t, 200, `{"code": 0, "msg": "SUCCESS"}`)
	out, err := p.InvokeOperation(
		t.Context(),
		sdk.InvokeOperationRequest{Operation: "send_test_webhook", Input: []byte(`{}`)},
	)
	if err != nil || string(out) != `{}` {
		t.Errorf("got %s, %v", out, err)
	}

	r := only(t, asked())
	if r.Method != "POST" || r.URL.Path != "/base/api/v1/events/test" || r.Body != `{}` {
		t.Errorf("asked %s %s with %s", r.Method, r.URL, r.Body)
	}

	for _, v := range readVectors(t).Vectors {
		if v.ID == "empty_body" && r.Header.Get("Authorization") != v.Authorization {
			t.Errorf(
				"authorized by %s, want %s",
				r.Header.Get("Authorization"),
				v.Authorization,
			)
		}
	}
}

func TestTheUsualAddresses(t *testing.T) {
	for environment, host := range map[sdk.Environment]string{
		sdk.Sandbox: "https://payapi-sandbox.paycrypto.com", sdk.Live: "https://payapi.paycrypto.com",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // nothing is sent, but the record says where to
		ctx, log := sdk.WithExchangeLog(ctx)
		cfg := testConfig("")
		cfg.Environment = environment
		_, err := newTestProvider(t, cfg, time.Now).CreatePayment(ctx, paymentRequest())
		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
		if list := log.Exchanges(); len(list) != 1 ||
			list[0].URL != host+"/api/v1/payment" {
			t.Errorf("got %+v", list)
		}
	}
}

// What the host's recovery goes by.
func TestDeclarations(t *testing.T) {
	info := (*provider)(nil).Info()
	if g := info.CreatePayment; g.Retry != sdk.RetryRejectsDuplicates || !g.LinkOnly {
		t.Errorf("payments: %+v: a cust_order_id is taken once, and makes a link", g)
	}
	if info.PaymentLookup != (sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true}) {
		t.Errorf("lookup: %+v", info.PaymentLookup)
	}

	if !slices.Equal(info.WebhookTrust, []sdk.WebhookTrust{sdk.TrustSignature}) ||
		len(info.PaymentLimits) != 0 {
		t.Errorf("got %+v", info)
	}
}
