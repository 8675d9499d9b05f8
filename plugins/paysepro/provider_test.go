package main

import (
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

const (
	// data is the document's example, as JSON.
	data = `{"error":0,"message":"API response -> successful request.","data":{"error":0,"sites":{"status":"enabled","url":"https://test.com/"},` +
		`"modules":{"price":"12.00","status":"enabled","currency":"USD","country":"es","api_ip":"167.57.38.174","methods":{` +
		`"neosurf":[{"method":"neosurf","country":"es","price":"12.00","pmin":"1.00","pmax":"1000.00"}],` +
		`"3esteleingreso":[{"method":"3esteleingreso","country":"es","price":"12.00","pmin":"1.00","pmax":"1000.00"}],` +
		`"sofort":[{"method":"sofort","country":"es","price":"0.000","pmin":"2.00","pmax":"500.00"}],` +
		`"bitcoin":[{"method":"bitcoin","country":"","price":0.000,"pmin":1.00,"pmax":0}]}},` +
		`"gateway":{"url":"GATEWAY"}}}`
	// made is the document's example.
	made = `{"code":"AABBCCDDEEFF","price":2.99,"error":0,"url":"https://api.paysepro.com/pay.php?uid=1&mid=1&method=paypal&country=uy&code=AABBCCDDEEFF"}`
)

func TestListPaymentMethods(t *testing.T) {
	address, asked := answering(t, 200, data, "")
	list, err := newTestProvider(
		t,
		testConfig(address),
	).ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{Country: "ES"})
	if err != nil {
		t.Fatal(err)
	}

	var got []string
	for _, m := range list {
		text := m.ID + " " + m.Country + " " + m.Currency + " " + string(m.Flow)
		if m.Min != nil {
			text += " from " + m.Min.String()
		}
		if m.Max != nil {
			text += " to " + m.Max.String()
		}

		got = append(got, text)
	}

	want := []string{
		"neosurf ES USD redirect from 1 to 1000", "3esteleingreso ES USD redirect from 1 to 1000",
		"sofort ES USD redirect from 2 to 500", "bitcoin  USD redirect from 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}

	r := asked()[0]
	if r.Method != "GET" || r.URL.Path != "/getData.php" ||
		r.URL.RawQuery != "cc=es&mid=54321&uid=12345" ||
		r.Body != "" ||
		// PHP's
		r.Header.Get(
			"signature",
		) != "59f5a4e2ef6bf8ee9f29502e5c116ea847e932a1bdf1fa45e0b844af31fcf389" {
		t.Errorf("asked %s %s %v", r.Method, r.URL, r.Header)
	}
}

// PHP writes a list that lost its first item as an object: its methods and
// their limits count all the same.
func TestMethodsInAnObject(t *testing.T) {
	odd := strings.NewReplacer(`"neosurf":[{`, `"neosurf":{"1":{`, `"pmin":"1.00","pmax":"1000.00"}],`, `"pmin":"5.00","pmax":"1000.00"}},`).
		Replace(data)
	odd = strings.Replace(odd, `"3esteleingreso":[{`, `"3esteleingreso":{"1":{`, 1)
	address, asked := answering(t, 200, odd, made)
	p := newTestProvider(t, testConfig(address))
	list, err := p.ListPaymentMethods(
		t.Context(),
		sdk.ListPaymentMethodsRequest{Country: "es"},
	)
	if err != nil || len(list) != 4 || list[0].ID != "neosurf" ||
		list[0].Min.String() != "5" {
		t.Fatalf("got %+v, %v", list, err)
	}

	req := paymentRequest()
	req.Method = "neosurf"
	_, err = p.CreatePayment(t.Context(), req)
	wantError(t, err, sdk.CodeLimit, sdk.OutcomeNotSent)

	for _, r := range asked() {
		if r.URL.Path != "/getData.php" {
			t.Errorf("asked %s", r.URL)
		}
	}
}

func TestNoMethods(t *testing.T) {
	for _, none := range []string{`[]`, `{}`, `null`} {
		start, end := strings.Index(data, `{"neosurf"`), strings.Index(data, `},"gateway"`)
		address, _ := answering(t, 200, data[:start]+none+data[end:], "")
		list, err := newTestProvider(
			t,
			testConfig(address),
		).ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{Country: "es"})
		if err != nil || len(list) != 0 {
			t.Errorf("%s: got %v, %v", none, list, err)
		}
	}
}

func TestCreatePayment(t *testing.T) {
	for name, gateway := range map[string]string{"given": "GATEWAY", "usual": ""} {
		address, asked := answering(
			t,
			200,
			strings.Replace(data, "GATEWAY", gateway, 1),
			made,
		)
		got, err := newTestProvider(
			t,
			testConfig(address),
		).CreatePayment(t.Context(), paymentRequest())

		price := money("2.99", "USD")
		want := &sdk.Payment{
			ProviderReference: "AABBCCDDEEFF",
			Status:            sdk.PaymentRequiresAction,
			Amount:            &price,
			NextAction: sdk.RedirectTo(
				"https://api.paysepro.com/pay.php?uid=1&mid=1&method=paypal&country=uy&code=AABBCCDDEEFF",
			),
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}

		list := asked()
		if len(list) != 2 {
			t.Fatalf("%s: Paysepro was asked %d times", name, len(list))
		}
		form, _ := url.ParseQuery(list[1].Body)
		wantForm := url.Values{
			"uid": {
				"12345",
			}, "mid": {"54321"}, "type": {"neosurf"}, "cc": {"ar"}, "price": {"2.99"}, "ucode": {"ABC"},
			"name": {"Jack Dalton"}, "email": {"customer@example.com"},
		}
		if r := list[1]; r.Method != "POST" || r.URL.Path != "/createCode.php" ||
			!reflect.DeepEqual(form, wantForm) ||
			r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
			// PHP's
			r.Header.Get(
				"signature",
			) != "61fd9c849506ef23052333bef75cd01e4f605d4d0a31c2bfd27033e215a03e46" {
			t.Errorf("%s: asked %s %s %v %s", name, r.Method, r.URL, r.Header, r.Body)
		}
	}
}

func TestPrices(t *testing.T) {
	for text, want := range map[string]string{"10.00": "10", "2.90": "2.9", "999.99": "999.99", "1000": "1000"} {
		address, asked := answering(t, 200, data, made)
		req := paymentRequest()
		req.Amount = money(text, "USD")
		if _, err := newTestProvider(t, testConfig(address)).CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		if form, _ := url.ParseQuery(asked()[1].Body); form.Get("price") != want {
			t.Errorf("%s: sent %s", text, form.Get("price"))
		}
	}
}

// Another price than what was asked for is the host's to see.
func TestAnotherPrice(t *testing.T) {
	for price, want := range map[string]string{`3`: "3 USD", `"2.99"`: "2.99 USD", `null`: ""} {
		address, _ := answering(t, 200, data, strings.Replace(made, "2.99", price, 1))
		got, err := newTestProvider(
			t,
			testConfig(address),
		).CreatePayment(t.Context(), paymentRequest())
		if err != nil || (got.Amount == nil && want != "") ||
			(got.Amount != nil && got.Amount.String() != want) {
			t.Errorf("%s: got %+v, %v", price, got, err)
		}
	}
}

// The gateway's address comes from outside: nothing is sent to strangers.
func TestStrangeGateways(t *testing.T) {
	for _, gateway := range []string{
		"https://paysepro.example/createCode.php", "http://paysepro.com/createCode.php", "https://api.paysepro.com.example/", "ftp://x",
		"https://paysepro.com:8443/createCode.php", "https://user@paysepro.com/createCode.php", "//api.paysepro.com/x", "createCode.php", "%zz",
	} {
		address, asked := answering(
			t,
			200,
			strings.Replace(data, "GATEWAY", gateway, 1),
			made,
		)
		_, err := newTestProvider(
			t,
			testConfig(address),
		).CreatePayment(t.Context(), paymentRequest())
		if sdk.OutcomeOf(err) != sdk.OutcomeNotSent || len(asked()) != 1 {
			t.Errorf("%s: %d requests, %v", gateway, len(asked()), err)
		}
	}
}

// What getData says is remembered for a while, country by country.
func TestRemembered(t *testing.T) {
	address, asked := answering(t, 200, data, made)
	p, now := newTestProvider(t, testConfig(address)), time.Now()
	p.rt.Now = func() time.Time { return now }

	for _, step := range []struct {
		country string
		after   time.Duration
		asked   int
	}{{"ar", 0, 2}, {"AR", keep - time.Second, 3}, {"es", 0, 5}, {"ar", time.Second, 7}} {
		now = now.Add(step.after)
		req := paymentRequest()
		req.Country = step.country
		if _, err := p.CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		if n := len(asked()); n != step.asked {
			t.Errorf("%+v: asked %d times", step, n)
		}
	}
}

// What Paysepro cannot do or would refuse is found out here: nothing of the
// payment is sent.
func TestNotSent(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*sdk.CreatePaymentRequest, *config)
		code   sdk.Code
		asked  int
	}{
		{"no country", func(r *sdk.CreatePaymentRequest, _ *config) { r.Country = "" }, sdk.CodeInvalidRequest, 0},
		{"a long country", func(r *sdk.CreatePaymentRequest, _ *config) { r.Country = "ARG" }, sdk.CodeInvalidRequest, 0},
		{"a country of others", func(r *sdk.CreatePaymentRequest, _ *config) { r.Country = "é" }, sdk.CodeInvalidRequest, 0},
		{"no method", func(r *sdk.CreatePaymentRequest, _ *config) { r.Method = "" }, sdk.CodeInvalidRequest, 0},
		{"another currency", func(r *sdk.CreatePaymentRequest, _ *config) { r.Amount.Currency = "EUR" }, sdk.CodeInvalidRequest, 1},
		{"not the configured currency", func(_ *sdk.CreatePaymentRequest, c *config) { c.Currency = "EUR" }, sdk.CodeInvalidRequest, 1},
		{"the configured currency alone", func(r *sdk.CreatePaymentRequest, c *config) { c.Currency, r.Amount.Currency = "EUR", "EUR" }, sdk.CodeInvalidRequest, 1},
		{"less than pmin", func(r *sdk.CreatePaymentRequest, _ *config) { r.Amount = money("0.99", "USD") }, sdk.CodeLimit, 1},
		{"more than pmax", func(r *sdk.CreatePaymentRequest, _ *config) { r.Amount = money("1000.01", "USD") }, sdk.CodeLimit, 1},
	} {
		address, asked := answering(t, 200, data, made)
		req, cfg := paymentRequest(), testConfig(address)
		c.change(&req, &cfg)
		_, err := newTestProvider(t, cfg).CreatePayment(t.Context(), req)
		wantError(t, err, c.code, sdk.OutcomeNotSent)
		if n := len(asked()); n != c.asked {
			t.Errorf("%s: asked %d times", c.name, n)
		}
	}

	for name, change := range map[string]func(*sdk.CreatePaymentRequest, *config){
		"the configured country":      func(r *sdk.CreatePaymentRequest, c *config) { r.Country, c.Country = "", "ES" },
		"the configured currency":     func(_ *sdk.CreatePaymentRequest, c *config) { c.Currency = "USD" },
		"pmin":                        func(r *sdk.CreatePaymentRequest, _ *config) { r.Amount = money("1", "USD") },
		"pmax":                        func(r *sdk.CreatePaymentRequest, _ *config) { r.Amount = money("1000", "USD") },
		"no pmax":                     func(r *sdk.CreatePaymentRequest, _ *config) { r.Method, r.Amount = "bitcoin", money("5000", "USD") },
		"a method that is not listed": func(r *sdk.CreatePaymentRequest, _ *config) { r.Method, r.Amount = "new", money("5000", "USD") },
	} {
		address, _ := answering(t, 200, data, made)
		req, cfg := paymentRequest(), testConfig(address)
		change(&req, &cfg)
		if _, err := newTestProvider(t, cfg).CreatePayment(t.Context(), req); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What the host's recovery goes by.
func TestDeclarations(t *testing.T) {
	info := (*provider)(nil).Info()
	if g := info.CreatePayment; g.Retry != sdk.RetryNone || !g.LinkOnly {
		t.Errorf("%+v: a repeat makes a second code, which moves no money", g)
	}
	if info.PaymentLookup != (sdk.Lookup{}) ||
		!slices.Equal(
			info.WebhookTrust,
			[]sdk.WebhookTrust{sdk.TrustAccountURL, sdk.TrustAddress},
		) {
		t.Errorf(
			"nothing can be asked, and notices are not signed: %+v, %v",
			info.PaymentLookup,
			info.WebhookTrust,
		)
	}

	cfg := testConfig("")
	cfg.Currency = "USD"
	if d := newTestProvider(t, cfg).DescribeAccount(); !slices.Equal(
		d.Currencies,
		[]string{"USD"},
	) ||
		len(d.Warnings) != 1 {
		t.Errorf("got %+v", d)
	}

	if d := newTestProvider(t, testConfig("http://127.0.0.1:1")).DescribeAccount(); d.Currencies != nil ||
		d.Warnings != nil {
		t.Errorf("got %+v", d)
	}
}

func TestConfiguration(t *testing.T) {
	const good = `"environment":"live","uid":"1","mid":"2","email":"a@b.co","api_key":"k"`
	for text, fields := range map[string]string{
		`{` + good + `}`: "",
		`{` + good + `,"country":"es","currency":"USD","notify_ips":["51.195.200.0/24"]}`: "",
		`{` + good + `,"notify_ips":[]}`:                                                        "",
		`{` + strings.Replace(good, "live", "sandbox", 1) + `,"allow_debug":true}`:              "",
		`{` + good + `,"country":"esp","currency":"usd","notify_ips":["x"],"allow_debug":true}`: "country currency notify_ips[0] allow_debug",
		`{"environment":"live"}`:                                                                "uid mid email api_key",
		`{` + strings.Replace(good, `"uid":"1"`, `"uid":1`, 1) + `}`:                            "uid",
		`{` + good + `,"base_url":"http://api.paysepro.com"}`:                                   "base_url",
	} {
		cfg, err := sdk.DecodeConfig[config]([]byte(text))
		var e *sdk.Error
		var got []string
		if errors.As(err, &e) {
			for _, v := range e.Violations {
				got = append(got, v.Field)
			}
		}

		if strings.Join(got, " ") != fields {
			t.Errorf("%s: %v", text, err)
		}
		if err == nil && !strings.Contains(text, "notify_ips") &&
			!slices.Equal(cfg.NotifyIPs, sdk.Networks{"51.195.200.178"}) {
			t.Errorf("%s: notify_ips %v", text, cfg.NotifyIPs)
		}
	}
}
