package main

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// systemsAnswer is the document's example.
const systemsAnswer = `{"status":"ok","params":{"currency_data":[{"code":"USD","symbol":"$"}],"wallets":[
	{"type":"staging_b_ml","currency_code":"INR","order":6,"logo":"https://api.example/b.png","name":"staging B ml","is_manual":true,"uploading_payment_bill":1},
	{"type":"nagad","currency_code":"USD","order":5,"logo":"https://api.example/n.svg","name":"Nagad","is_manual":false,"uploading_payment_bill":true}]}}`

func TestListPaymentMethods(t *testing.T) {
	p, asked := answering(t, 200, systemsAnswer)
	got, err := p.ListPaymentMethods(
		t.Context(),
		sdk.ListPaymentMethodsRequest{Currency: "USD", CustomerID: "12346547789755"},
	)
	if err != nil || len(got) != 2 {
		t.Fatalf("got %+v, %v", got, err)
	}

	key1 := sdk.Field{
		Name:     "key1",
		Label:    "Transaction number",
		Required: true,
		Kind:     sdk.FieldText,
	}
	amount := sdk.Field{Name: "amount", Label: "Amount paid", Kind: sdk.FieldAmount}
	needed := amount

	needed.Required = true
	bill := sdk.Field{
		Name:  "screenshot",
		Label: "Screenshot of the payment",
		Kind:  sdk.FieldFile,
	}
	want := []sdk.PaymentMethod{
		{
			ID:       "staging_b_ml",
			Name:     "staging B ml",
			Currency: "INR",
			LogoURL:  "https://api.example/b.png",
			Flow:     sdk.FlowDisplayConfirm,
			Fields:   []sdk.Field{key1, needed, bill},
		},
		{
			ID:       "nagad",
			Name:     "Nagad",
			Currency: "USD",
			LogoURL:  "https://api.example/n.svg",
			Flow:     sdk.FlowDisplayConfirm,
			Fields:   []sdk.Field{key1, amount},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}

	r := only(t, asked())
	wantRequest(
		t,
		r,
		"GET",
		"/api/v1/payment-systems/available",
		`{"currency_code":["USD"],"label":"12346547789755"}`,
	)

	if q := r.URL.Query(); q.Get("currency_code[]") != "USD" ||
		q.Get("label") != "12346547789755" {
		t.Errorf("asked %s", r.URL.RawQuery)
	}
}

// The document's example of a payment into a wallet. Which keys there are in
// params differs.
func TestCreatePaymentIntoAWallet(t *testing.T) {
	for params, fields := range map[string][]sdk.DisplayField{
		`{"identifier":"6234234234"}`: {{Name: "identifier", Label: "identifier", Value: "6234234234"}},
		`{"upi":"a@b","account":12,"x":null,"y":{"z":"1"},"ok":""}`: {
			{Name: "upi", Label: "upi", Value: "a@b"}, {Name: "account", Label: "account", Value: "12"},
		},
	} {
		p, asked := serveEach(t, func(r *http.Request) (int, string) {
			if r.Method == http.MethodGet {
				return 200, systemsAnswer
			}
			return 200, `{"status":"ok","params":` + params + `}`
		})

		req := paymentRequest("staging_b_ml", "")
		req.Amount.Currency = "INR"
		got, err := p.CreatePayment(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}

		if got.Status != sdk.PaymentRequiresAction || got.ProviderReference != "" ||
			string(got.State) != "true" ||
			!reflect.DeepEqual(got.NextAction.Display.Fields, fields) ||
			len(got.NextAction.Confirm.Fields) != 3 ||
			got.NextAction.Redirect != nil {
			t.Errorf("got %+v with %+v", got, got.NextAction.Display)
		}

		if !strings.Contains(got.NextAction.Display.Instructions, "1000 INR") {
			t.Errorf("instructions %q", got.NextAction.Display.Instructions)
		}
		wantRequest(
			t,
			asked()[1],
			"POST",
			"/api/v1/transaction/create/staging_b_ml",
			`{"currency":"INR","label":"55"}`,
		)
	}
}

// Which call a method needs, the merchant says or the list does.
func TestWhichFlow(t *testing.T) {
	for _, c := range []struct{ method, options, want string }{
		{"nagad", ``, "GET create/nagad"},
		{"nagad", `{"flow":"activation"}`, "GET create/nagad"},
		{"nagad", `{"flow":"payment","bank":"MBB"}`, "payment/nagad"},
		{"staging_b_ml", `{"bank":"MBB"}`, "GET payment/staging_b_ml"}, // there it is for INR
		{"fpx", `{"bank":"MBB"}`, "GET payment/fpx"},
		{"fpx", `{"flow":"activation"}`, "GET create/fpx"},
		{"a/b?c", `{"flow":"payment","bank":"MBB"}`, "payment/a%2Fb%3Fc"},
	} {
		var calls []string
		p, _ := serveEach(t, func(r *http.Request) (int, string) {
			path := r.URL.EscapedPath()
			switch {
			case r.Method == http.MethodGet:
				calls = append(calls, "GET")
				return 200, systemsAnswer
			case strings.Contains(path, "/transaction/create/"):
				calls = append(calls, path[strings.Index(path, "create/"):])
				return 200, `{"status":"ok","params":{"identifier":"1"}}`
			}

			calls = append(calls, "payment/"+path[strings.Index(path, "create/")+7:])
			return 200, `{"status":"ok"}`
		})

		_, err := p.CreatePayment(t.Context(), paymentRequest(c.method, c.options))
		if got := strings.Join(calls, " "); err != nil || got != c.want {
			t.Errorf("%s %s: asked %q, %v, want %q", c.method, c.options, got, err, c.want)
		}
	}
}

// A list that cannot be had means that nothing was made.
func TestAListThatCannotBeHad(t *testing.T) {
	for answer, want := range map[string]struct {
		status  int
		code    sdk.Code
		outcome sdk.Outcome
	}{
		`<html>`:            {200, sdk.CodeUnavailable, sdk.OutcomeNotSent},
		`{"status":"ok"}`:   {200, sdk.CodeUnavailable, sdk.OutcomeNotSent},
		`{"status":"fail"}`: {503, sdk.CodeUnavailable, sdk.OutcomeNotSent},
		`Not found`:         {404, sdk.CodeAuthentication, sdk.OutcomeRefused},
	} {
		p, asked := answering(t, want.status, answer)
		_, err := p.CreatePayment(t.Context(), paymentRequest("nagad", ""))
		wantError(t, err, want.code, want.outcome)
		only(t, asked())
	}
}

// The document's example of a payment on a page, whose answer it does not show.
func TestCreatePaymentOnAPage(t *testing.T) {
	for answer, want := range map[string]string{
		`{"status":"ok"}`: "",
		`{"status":"ok","url":"https://pay.example/1","params":{"x":"https://pay.example/2"}}`: "https://pay.example/1",
		`{"status":"ok","redirect_url":"http://pay.example/1"}`:                                "http://pay.example/1",
		`{"status":"ok","payment_url":"https://pay.example/1"}`:                                "https://pay.example/1",
		`{"status":"success","params":{"id":7,"anything":"https://pay.example/1"}}`:            "https://pay.example/1",
		`{"status":"ok","url":"javascript:alert(1)//x"}`:                                       "",
		`{"status":"ok","url":"/pay/1"}`:                                                       "",
		`{"status":"ok","url":"https://user@pay.example/1"}`:                                   "",
		`{"status":"ok","params":[]}`:                                                          "",
		`{"status":"ok","support":"https://pay.example/help"}`:                                 "",
	} {
		p, asked := answering(t, 200, answer)
		got, err := p.CreatePayment(
			t.Context(),
			paymentRequest("fpx", `{"flow":"payment","bank":"MBB"}`),
		)
		if err != nil {
			t.Fatal(err)
		}

		if want == "" && (got.Status != sdk.PaymentProcessing || got.NextAction != nil) {
			t.Errorf("%s: got %+v", answer, got)
		}
		if want != "" &&
			(got.Status != sdk.PaymentRequiresAction || !reflect.DeepEqual(got.NextAction, sdk.RedirectTo(want))) {
			t.Errorf("%s: got %+v", answer, got)
		}

		r := only(t, asked())
		wantRequest(
			t,
			r,
			"POST",
			"/api/v1/payment/create/fpx",
			`{"language":"en","currency":"USD","bank":"MBB","amount":1000,`+
				`"label":"55","redirect_url":"https://google.com","custom_transaction_id":"123465477897"}`,
		)

		if !strings.Contains(r.Body, `"amount":1000,`) {
			t.Errorf("the amount is not in its shortest form: %s", r.Body)
		}
	}
}

func TestLanguage(t *testing.T) {
	for language, want := range map[string]string{"": "ru", "de": "de", "pt-BR": "pt", "EN": "en"} {
		p, asked := answering(t, 200, `{"status":"ok"}`)
		p.cfg.Language = "ru"
		req := paymentRequest("fpx", `{"flow":"payment","bank":"MBB"}`)
		req.Language = language
		if _, err := p.CreatePayment(t.Context(), req); err != nil {
			t.Fatal(err)
		}

		if got := text(parsed(t, only(t, asked()).Body), "language"); got != want {
			t.Errorf("%q: got %q, want %q", language, got, want)
		}
	}
}

// The document's example of an activation, with the amount that some systems
// need.
func TestConfirmPayment(t *testing.T) {
	for given, want := range map[string]string{"12.50": "12.5", "": "1000", " 7 ": "7"} {
		p, asked := answering(t, 200, `{"status":"ok"}`)
		req := confirmRequest("false")
		req.Fields["amount"] = given
		got, err := p.ConfirmPayment(t.Context(), req)
		if err != nil || got.Status != sdk.PaymentProcessing || got.ProviderStatus != "ok" {
			t.Errorf("got %+v, %v", got, err)
		}

		wantRequest(
			t,
			only(t, asked()),
			"POST",
			"/api/v1/transaction/activate",
			`{"currency_code":"USD","wallet_type":"paytm",`+
				`"label":"55","key1":"123-ABC-456-DEF","custom_transaction_id":"123465477897","amount":`+want+`}`,
		)
	}
}

func TestConfirmPaymentByHand(t *testing.T) {
	for _, files := range []int{1, 0} {
		p, asked := answering(
			t,
			200,
			`{"status":"success","message":"","code":20000,"data":[],"paginate":{"offset":0,"total":1,"limit":1}}`,
		)
		req := confirmRequest("true")
		req.Attachments = req.Attachments[:files]
		got, err := p.ConfirmPayment(t.Context(), req)
		if err != nil || got.Status != sdk.PaymentProcessing || got.Message != "" {
			t.Errorf("got %+v, %v", got, err)
		}

		r := only(t, asked())
		wantRequest(t, r, "POST", "/api/v1/possible-transaction", "")
		want := map[string]string{
			"currency_code": "USD", "wallet_type": "paytm", "label": "55", "key1": "123-ABC-456-DEF", "amount": "12.5",
			"custom_transaction_id": "123465477897",
		}
		if files > 0 {
			want["screenshot bill.png image/png"] = "\x89PNG"
		}

		if got := form(t, r); !reflect.DeepEqual(got, want) {
			t.Errorf("sent %q, want %q", got, want)
		}
	}
}

// form reads a multipart body: values by name, files by name, file name and
// type.
func form(t *testing.T, r providertest.Received) map[string]string {
	t.Helper()
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		t.Fatalf("the body is %q, %v", kind, err)
	}

	out, reader := map[string]string{}, multipart.NewReader(
		strings.NewReader(r.Body),
		params["boundary"],
	)

	for {
		part, err := reader.NextPart()
		if err == io.EOF {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}

		content, _ := io.ReadAll(part)
		name := part.FormName()
		if part.FileName() != "" {
			name += " " + part.FileName() + " " + part.Header.Get("Content-Type")
		}

		out[name] = string(content)
	}
}

// What is neither yes nor no is being looked at. [doc]
func TestConfirmPaymentIsBeingChecked(t *testing.T) {
	const suspicious = "Check of deposit status started. The operation may take longer than expected. Once checked the funds will credit to you account"
	for _, state := range []string{"false", "true"} {
		for _, c := range []struct {
			status             int
			answer, word, said string
		}{
			{200, `{"status":"possible_transaction_created","message":"Transaction not found. Possible transaction created"}`,
				"possible_transaction_created", "Transaction not found. Possible transaction created"},
			{400, `{"status":"fail","message":"` + suspicious + `"}`, "fail", suspicious},
			{400, `{"message":"` + suspicious + `"}`, "", suspicious},
		} {
			p, _ := answering(t, c.status, c.answer)
			got, err := p.ConfirmPayment(t.Context(), confirmRequest(state))
			if err != nil || got.Status != sdk.PaymentProcessing ||
				got.ProviderStatus != c.word ||
				got.Message != c.said {
				t.Errorf("%s: got %+v, %v", c.answer, got, err)
			}
		}
	}
}

// The document's example of a payout, with PHP's signature of it.
func TestCreatePayout(t *testing.T) {
	for environment, test := range map[sdk.Environment]string{sdk.Live: "false", sdk.Sandbox: "true"} {
		vector := map[sdk.Environment]int{sdk.Live: 0, sdk.Sandbox: 1}[environment]
		v := readVectors(t).Payouts[vector]
		p, asked := answering(t, 200, `{"status":"ok"}`)
		p.cfg.Environment = environment
		p.cfg.PrivateKey = []sdk.Secret{sdk.NewSecret(v.Key)}
		got, err := p.CreatePayout(t.Context(), payoutRequest())
		if err != nil ||
			!reflect.DeepEqual(
				got,
				&sdk.Payout{Status: sdk.PayoutProcessing, ProviderStatus: "ok"},
			) {
			t.Errorf("got %+v, %v", got, err)
		}

		r := only(t, asked())
		wantRequest(t, r, "POST", "/v2/withdrawal/create", "")
		body := parsed(t, r.Body)
		if r.URL.RawQuery != "" || text(body, "is_test") != test {
			t.Errorf("asked %s with %s", r.URL, r.Body)
		}

		if text(body, "signature") != v.Expected {
			t.Errorf("signed %s, PHP signs %s", text(body, "signature"), v.Expected)
		}
		var sent, vectors map[string]any
		_ = json.Unmarshal([]byte(r.Body), &sent)
		_ = json.Unmarshal([]byte(v.Data), &vectors)
		delete(sent, "signature")
		if !reflect.DeepEqual(sent, vectors) {
			t.Errorf("sent %v, want %v", sent, vectors)
		}
	}
}

// Nothing that is empty is sent, and nothing has spaces at its ends.
func TestAPayoutWithLittle(t *testing.T) {
	p, asked := answering(t, 200, `{"status":"ok"}`)
	req := sdk.CreatePayoutRequest{
		Reference:   "297",
		Amount:      money("1218", "INR"),
		Method:      " imps_ib ",
		Description: " \t",
		Recipient: sdk.Recipient{
			ID:    "125199 ",
			Name:  " José 李 & <b> ",
			Email: "a@b.example",
			IBAN:  "DE89 3704",
		},
		Options: json.RawMessage(
			`{"bank_details":{"bank_code":" IFCS0123456 "},"payments_details":{}}`,
		),
	}
	if _, err := p.CreatePayout(t.Context(), req); err != nil {
		t.Fatal(err)
	}

	body := parsed(t, only(t, asked()).Body)
	mac, _ := payoutSignature(sdk.NewSecret(privateKey), body)
	sent, _ := json.Marshal(body)
	wantJSON(
		t,
		string(sent),
		`{"withdrawal_id":"297","payment_system":"imps_ib","amount":1218,"currency_code":"INR","label":"125199",`+
			`"is_test":false,"account_name":"José 李 & <b>","account_email":"a@b.example","iban":"DE89 3704",`+
			`"bank_details":{"bank_code":"IFCS0123456"},"signature":"`+mac+`"}`,
	)
}

// What paykassma cannot do or would refuse is found out here: nothing may reach
// it.
func TestNothingIsSent(t *testing.T) {
	payment := func(options string, change func(*sdk.CreatePaymentRequest)) func(*provider) error {
		return func(p *provider) error {
			req := paymentRequest("fpx", options)
			if change != nil {
				change(&req)
			}
			_, err := p.CreatePayment(t.Context(), req)
			return err
		}
	}

	payout := func(change func(*sdk.CreatePayoutRequest)) func(*provider) error {
		return func(p *provider) error {
			req := payoutRequest()
			change(&req)
			_, err := p.CreatePayout(t.Context(), req)
			return err
		}
	}

	confirm := func(state string, change func(*sdk.ConfirmPaymentRequest)) func(*provider) error {
		return func(p *provider) error {
			req := confirmRequest(state)
			change(&req)
			_, err := p.ConfirmPayment(t.Context(), req)
			return err
		}
	}

	operation := func(name, input string) func(*provider) error {
		return func(p *provider) error {
			_, err := p.InvokeOperation(
				t.Context(),
				sdk.InvokeOperationRequest{Operation: name, Input: json.RawMessage(input)},
			)
			return err
		}
	}

	const page = `{"flow":"payment","bank":"MBB"}`
	for field, calls := range map[string][]func(*provider) error{
		"customer.id":           {payment(page, func(r *sdk.CreatePaymentRequest) { r.Customer.ID = "" }), payment(page, func(r *sdk.CreatePaymentRequest) { r.Customer.ID = strings.Repeat("é", 191) })},
		"method":                {payment(page, func(r *sdk.CreatePaymentRequest) { r.Method = "" }), payout(func(r *sdk.CreatePayoutRequest) { r.Method = " " })},
		"currency":              {payment("", func(r *sdk.CreatePaymentRequest) { r.Amount.Currency = "USDT" }), payment(page, func(r *sdk.CreatePaymentRequest) { r.Amount.Currency = "USDT" }), payout(func(r *sdk.CreatePayoutRequest) { r.Amount.Currency = "USDT" })},
		"success_url":           {payment(page, func(r *sdk.CreatePaymentRequest) { r.ReturnURL = "" })},
		"provider_options.bank": {payment(`{"flow":"payment"}`, nil)},
		"provider_options.flow": {payment(`{"flow":"other"}`, nil)},
		"provider_options.more": {payment(`{"more":1}`, nil), payout(func(r *sdk.CreatePayoutRequest) { r.Options = json.RawMessage(`{"more":1}`) })},
		"payment":               {confirm("", func(*sdk.ConfirmPaymentRequest) {})},
		"fields.key1":           {confirm("false", func(r *sdk.ConfirmPaymentRequest) { r.Fields["key1"] = " " }), confirm("true", func(r *sdk.ConfirmPaymentRequest) { r.Fields = nil })},
		"fields.amount": {
			confirm("true", func(r *sdk.ConfirmPaymentRequest) { r.Fields["amount"] = "" }), confirm("false", func(r *sdk.ConfirmPaymentRequest) { r.Fields["amount"] = "1,5" }),
			confirm("false", func(r *sdk.ConfirmPaymentRequest) { r.Fields["amount"] = "-1" }), confirm("false", func(r *sdk.ConfirmPaymentRequest) { r.Fields["amount"] = "1e9" }),
		},
		"amount":                   {payout(func(r *sdk.CreatePayoutRequest) { r.Amount = money("1000.5", "INR") })},
		"recipient.id":             {payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.ID = "" }), payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.ID = "a:b" })},
		"recipient.account_number": {payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.AccountNumber = "1:2" })},
		"recipient.name":           {payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.Name = ":" })},
		"recipient.email":          {payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.Email = "a:b@c.example" })},
		"recipient.iban":           {payout(func(r *sdk.CreatePayoutRequest) { r.Recipient.IBAN = "DE:1" })},
		"description":              {payout(func(r *sdk.CreatePayoutRequest) { r.Description = "invoice: 7" })},
		"provider_options.bank_details.bank_code": {payout(func(r *sdk.CreatePayoutRequest) { r.Options = json.RawMessage(`{"bank_details":{"bank_code":"a:b"}}`) })},
		"success_urls":        {operation("hash_urls", `{"pending_urls":[{"order":1,"url":"https://a.example"}]}`)},
		"pending_urls[0].url": {operation("hash_urls", `{"success_urls":[{"order":1,"url":"https://a.example"}],"pending_urls":[{"order":1}]}`)},
		"fail_urls[0].order":  {operation("hash_urls", `{"fail_urls":[{"url":"https://a.example"}]}`)},
		"x":                   {operation("media_hints", `{"x":1}`)},
		"customer_id": {func(p *provider) error {
			_, err := p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{Currency: "USD"})
			return err
		}},
	} {
		for i, call := range calls {
			t.Run(fmt.Sprint(field, i), func(t *testing.T) {
				p, asked := answering(t, 200, `{"status":"ok"}`)
				err := call(p)
				wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
				e := sdk.AsError(err)
				if e == nil ||
					!slices.ContainsFunc(
						e.Violations,
						func(v sdk.Violation) bool { return v.Field == field },
					) {
					t.Errorf("no violation of %s: %v", field, err)
				}

				if n := len(asked()); n != 0 {
					t.Errorf("paykassma was asked %d times", n)
				}
			})
		}
	}
}

// The document's example of balances.
func TestGetBalances(t *testing.T) {
	p, asked := answering(
		t,
		200,
		`{"status":"success","message":"","code":20000,"data":{"balances":[
		{"wallet_type":"paytm","currency_code":"IDR","amount":-324324.00},{"wallet_type":"bkash","currency_code":"BRL","amount":187239.195},
		{"wallet_type":"bkash","currency_code":"EUR","amount":"23.9375"}]}}`,
	)
	got, err := p.GetBalances(t.Context())
	if err != nil ||
		fmt.Sprint(
			got,
		) != "[{paytm -324324 IDR} {bkash 187239.195 BRL} {bkash 23.9375 EUR}]" {
		t.Errorf("got %v, %v", got, err)
	}

	wantRequest(t, only(t, asked()), "GET", "/api/v1/accounts-balance", "")
	for _, wrong := range []string{`[]`, `{}`, `null`, `{"balances":null}`, `{"balances":[{"wallet_type":"a","currency_code":"EUR"}]}`,
		`{"balances":[{"wallet_type":"a","currency_code":"euro","amount":1}]}`, `{"balances":[{"currency_code":"EUR","amount":"NaN"}]}`} {
		p, _ := answering(t, 200, `{"status":"success","data":`+wrong+`}`)
		_, err := p.GetBalances(t.Context())
		wantError(t, err, sdk.CodeUnavailable, "")
	}
}

// The document's examples of both operations.
func TestOperations(t *testing.T) {
	for _, c := range []struct{ name, input, answer, method, path, body, want string }{
		{
			"media_hints", `{}`, `{"status":"success","message":"","code":20000,"data":{"imps":{"id":486,"url":"https://a.example/b.mp4"},"paytm":{"id":"500","url":"https://a.example/c.gif"}}}`,
			"GET", "/wallet-type/images/", "",
			`{"hints":[{"payment_system":"imps","id":"486","url":"https://a.example/b.mp4"},{"payment_system":"paytm","id":"500","url":"https://a.example/c.gif"}]}`,
		},
		{"media_hints", ``, `{"status":"success","data":[]}`, "GET", "/wallet-type/images/", "", `{"hints":[]}`},
		{
			"hash_urls", `{"success_urls":[{"order":2,"url":"https://test.com/success2.jpg"}],"pending_urls":[{"order":3,"url":"https://test.com/p.jpg"}]}`,
			`{"status":"ok","urls":{"success_url":[{"order":1,"url":"a93558ba"}],"fail_url":[],"pending_url":[{"order":1,"url":"8b99db57"}]}}`,
			"POST", "/payment-plugin/hash-url",
			`{"success_urls":[{"order":2,"url":"https://test.com/success2.jpg"}],"fail_urls":[],"pending_urls":[{"order":3,"url":"https://test.com/p.jpg"}]}`,
			`{"success_url":[{"order":1,"url":"a93558ba"}],"fail_url":[],"pending_url":[{"order":1,"url":"8b99db57"}]}`,
		},
	} {
		p, asked := answering(t, 200, c.answer)
		got, err := p.InvokeOperation(
			t.Context(),
			sdk.InvokeOperationRequest{Operation: c.name, Input: json.RawMessage(c.input)},
		)
		if err != nil {
			t.Fatal(err)
		}

		wantJSON(t, string(got), c.want)
		wantRequest(t, only(t, asked()), c.method, c.path, c.body)
	}
}
