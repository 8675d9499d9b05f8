package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// signedPostback returns a postback with PHP's signature of this
// additional_data, and other things outside of it.
func signedPostback(data string) sdk.HTTPRequest {
	v, err := ordered.Parse([]byte(data))
	if err != nil {
		panic(err)
	}
	text, err := signature.PHPJSON(
		v,
		signature.UnescapedSlashes,
		signature.UnescapedUnicode,
	)
	if err != nil {
		panic(err)
	}

	mac := signature.SHA1Hex(accessKey + privateKey + signature.MD5Hex(text))
	return sdk.HTTPRequest{
		Method: "POST",
		Body: []byte(
			`{"signature":"` + mac + `","wallet_type":"paytm_api","amount":1,"currency_code":"EUR",` +
				`"label":"other","converted_amount":{"USD":1},"direction":"outgoing","created_datetime":"2020-01-01 00:00:00","additional_data":` + data + `}`,
		),
	}
}

func deposit(id, order, amount string) string {
	return fmt.Sprintf(
		`{"activated_datetime":"2023-06-30 13:59:24","comment":"c","amount":%s,"currency_code":"INR",`+
			`"transaction_id":%s,"plugin_custom_order_id":%s,"withdrawal_id":null,"withdrawal_status":null}`,
		amount,
		id,
		order,
	)
}

func withdrawal(id, status, amount string) string {
	return fmt.Sprintf(
		`{"activated_datetime":"","comment":"by file","amount":%s,"currency_code":"BDT","transaction_id":"",`+
			`"plugin_custom_order_id":"","withdrawal_id":%s,"withdrawal_status":%s}`,
		amount,
		id,
		status,
	)
}

func parse(t *testing.T, p *provider, req sdk.HTTPRequest) ([]sdk.Event, error) {
	t.Helper()
	n, err := p.ParseWebhook(
		t.Context(),
		sdk.ParseWebhookRequest{Request: req, Scope: sdk.ScopeOpen},
	)
	if err != nil {
		return nil, err
	}

	if n.Verification != sdk.VerifiedBySignature || n.Response.Status != 0 ||
		string(n.Response.Body) != `{"status":"ok"}` ||
		n.Response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got %+v", n)
	}

	return n.Events, nil
}

func receipts(list ...string) (out []sdk.Receipt) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, sdk.Receipt{ID: list[i], Amount: money(list[i+1], "INR")})
	}
	return out
}

// The document's two examples, and what they could be.
func TestPostbacks(t *testing.T) {
	paid := func(reference, theirs string, list ...sdk.Receipt) sdk.Event {
		return sdk.Event{
			Reference: reference,
			Payment: &sdk.Payment{
				Status:            sdk.PaymentSucceeded,
				ProviderReference: theirs,
				Receipts:          list,
			},
		}
	}

	unclear := func(reference, theirs string, list ...sdk.Receipt) sdk.Event {
		e := paid(reference, theirs, list...)
		e.Payment.Status, e.Payment.Message = sdk.PaymentUnderReview, "a transaction has no id, no amount, or two amounts"
		return e
	}

	amount := money("820", "BDT")
	out := func(reference string, status sdk.PayoutStatus, word, message string, amount *sdk.Money) sdk.Event {
		return sdk.Event{
			Reference: reference,
			Payout: &sdk.Payout{
				Status:         status,
				ProviderStatus: word,
				Message:        message,
				Amount:         amount,
			},
		}
	}

	const strange, twice = "its status is not known, or it has no amount", "the provider tells of it more than once"
	for name, c := range map[string]struct {
		data string
		want []sdk.Event
	}{
		"deposit":                  {deposit(`"160028076535305"`, `"6424468"`, `"13628.5"`), []sdk.Event{paid("6424468", "160028076535305", receipts("160028076535305", "13628.5")...)}},
		"numbers":                  {deposit(`160028076535305`, `6424468`, `13628.5`), []sdk.Event{paid("6424468", "160028076535305", receipts("160028076535305", "13628.5")...)}},
		"withdrawal":               {withdrawal(`"po_1"`, `1`, `"820"`), []sdk.Event{out("po_1", sdk.PayoutSucceeded, "1", "by file", &amount)}},
		"withdrawal as text":       {withdrawal(`"po_1"`, `"1"`, `820`), []sdk.Event{out("po_1", sdk.PayoutSucceeded, "1", "by file", &amount)}},
		"withdrawal with an order": {strings.Replace(withdrawal(`"po_1"`, `1`, `820`), `"plugin_custom_order_id":""`, `"plugin_custom_order_id":"p"`, 1), []sdk.Event{out("po_1", sdk.PayoutSucceeded, "1", "by file", &amount)}},
		"rejected":                 {withdrawal(`"po_1"`, `5`, `"820"`), []sdk.Event{out("po_1", sdk.PayoutFailed, "5", "by file", &amount)}},
		"another status":           {withdrawal(`"po_1"`, `2`, `"820"`), []sdk.Event{out("po_1", sdk.PayoutUnderReview, "2", strange, &amount)}},
		"no status":                {withdrawal(`"po_1"`, `null`, `"820"`), []sdk.Event{out("po_1", sdk.PayoutUnderReview, "", strange, &amount)}},
		"no amount":                {withdrawal(`"po_1"`, `1`, `""`), []sdk.Event{out("po_1", sdk.PayoutUnderReview, "1", strange, nil)}},
		"paid out twice":           {withdrawal(`"po_1"`, `1`, `820`) + "," + withdrawal(`"po_1"`, `1`, `820`), []sdk.Event{out("po_1", sdk.PayoutUnderReview, "1", twice, &amount)}},
		"two parts":                {deposit(`"a"`, `"p"`, `"1.5"`) + "," + deposit(`"b"`, `"p"`, `"2"`), []sdk.Event{paid("p", "a", receipts("a", "1.5", "b", "2")...)}},
		"one part twice":           {deposit(`"a"`, `"p"`, `"1.50"`) + "," + deposit(`"a"`, `"p"`, `1.5`), []sdk.Event{paid("p", "a", receipts("a", "1.50")...)}},
		"two amounts of one":       {deposit(`"a"`, `"p"`, `"1"`) + "," + deposit(`"a"`, `"p"`, `"2"`), []sdk.Event{unclear("p", "a", receipts("a", "1")...)}},
		"two payments":             {deposit(`"a"`, `"p"`, `"1"`) + "," + deposit(`"b"`, `"q"`, `"2"`) + "," + deposit(`"c"`, `"p"`, `"3"`), []sdk.Event{paid("p", "a", receipts("a", "1", "c", "3")...), paid("q", "b", receipts("b", "2")...)}},
		"both kinds":               {deposit(`"a"`, `"x"`, `"1"`) + "," + withdrawal(`"x"`, `1`, `820`), []sdk.Event{paid("x", "a", receipts("a", "1")...), out("x", sdk.PayoutSucceeded, "1", "by file", &amount)}},
		"for nothing we know":      {deposit(`"a"`, `""`, `"1"`) + "," + deposit(`"b"`, `null`, `"2"`), []sdk.Event{paid("", "a", receipts("a", "1")...), paid("", "b", receipts("b", "2")...)}},
		"without an id":            {deposit(`""`, `"p"`, `"1"`), []sdk.Event{unclear("p", "")}},
		"without an amount":        {deposit(`"a"`, `"p"`, `null`), []sdk.Event{unclear("p", "a")}},
		"an amount of words":       {deposit(`"a"`, `"p"`, `"NaN"`), []sdk.Event{unclear("p", "a")}},
		"an exponent":              {deposit(`"a"`, `"p"`, `"1e9"`), []sdk.Event{unclear("p", "a")}},
		"less than nothing":        {deposit(`"a"`, `"p"`, `-1`), []sdk.Event{unclear("p", "a")}},
		"no currency":              {strings.Replace(deposit(`"a"`, `"p"`, `1`), "INR", "", 1), []sdk.Event{unclear("p", "a")}},
		"a part that is unclear":   {deposit(`"a"`, `"p"`, `1`) + "," + deposit(`"b"`, `"p"`, `0`), []sdk.Event{unclear("p", "a", receipts("a", "1")...)}},
		"nothing":                  {``, nil},
		"no object":                {`1,null`, []sdk.Event{unclear("", "")}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parse(
				t,
				newTestProvider(t, testConfig("http://127.0.0.1:1")),
				signedPostback("["+c.data+"]"),
			)
			if err != nil {
				t.Fatal(err)
			}

			if g, w := said(got), said(c.want); g != w {
				t.Errorf("got  %s\nwant %s", g, w)
			}
		})
	}
}

// said compares events by what they say: amounts by value.
func said(list []sdk.Event) string {
	text, _ := json.Marshal(list)
	return strings.ReplaceAll(string(text), `"1.50"`, `"1.5"`)
}

// The provider's times have no zone: they are read when the account names one.
func TestTimes(t *testing.T) {
	for zone, want := range map[string]time.Time{
		"": {}, "UTC": time.Date(2023, 6, 30, 13, 59, 24, 0, time.UTC), "Asia/Shanghai": time.Date(2023, 6, 30, 5, 59, 24, 0, time.UTC),
	} {
		cfg := testConfig("http://127.0.0.1:1")
		cfg.TimeZone = sdk.TimeZone(zone)
		events, err := parse(
			t,
			newTestProvider(t, cfg),
			signedPostback(
				"["+deposit(`"a"`, `"p"`, `1`)+","+withdrawal(`"w"`, `1`, `1`)+"]",
			),
		)
		if err != nil || !events[0].OccurredAt.Equal(want) ||
			!events[1].OccurredAt.IsZero() {
			t.Errorf("%q: got %v, %v", zone, events, err)
		}
	}
}

// Outside of additional_data nothing is signed, and so nothing is believed.
func TestWhatIsNotSigned(t *testing.T) {
	genuine := string(signedPostback("[" + deposit(`"a"`, `"p/é"`, `"1.50"`) + "]").Body)
	p := newTestProvider(t, testConfig("http://127.0.0.1:1"))
	want, err := parse(t, p, sdk.HTTPRequest{Body: []byte(genuine)})
	if err != nil {
		t.Fatal(err)
	}

	for _, change := range [][2]string{
		{`"amount":1,`, `"amount":1000000,`}, {`"EUR"`, `"INR"`}, {`"other"`, `"p"`}, {"outgoing", "ingoing"},
		{"2020-01-01", "2021-01-01"}, {`"wallet_type"`, `"withdrawal_id":"x","transactions":[],"wallet_type"`},
		{`"additional_data":`, `"Additional_Data":[` + deposit(`"z"`, `"q"`, `5`) + `],"additional_data":`},
		{`p/é`, `p\/\u00e9`}, {`[{`, "[ {\n"},
	} {
		got, err := parse(
			t,
			p,
			sdk.HTTPRequest{
				Body: []byte(strings.Replace(genuine, change[0], change[1], 1)),
			},
		)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, %v", change[1], got, err)
		}
	}

	mac := text(parsed(t, genuine), "signature")
	for _, change := range [][2]string{
		{mac, ""}, {mac, strings.ToUpper(mac)}, {mac, mac[1:]}, {`"` + mac + `"`, "null"}, {`"` + mac + `"`, `["` + mac + `"]`}, {`"signature"`, `"Signature"`},
		{`"1.50"`, `"1.5"`}, {`"1.50"`, `1.50`}, {`"p/é"`, `"q"`}, {`"transaction_id":"a"`, `"transaction_id":"b"`}, {`"INR"`, `"USD"`},
		{`"withdrawal_id":null`, `"withdrawal_id":"w"`}, {`"comment":"c",`, ``}, {`"comment":"c","amount":"1.50"`, `"amount":"1.50","comment":"c"`},
		{`"additional_data":[`, `"additional_data":[` + deposit(`"z"`, `"q"`, `5`) + ","}, {`]}`, `],"additional_data":[]}`},
		{`}`, ``}, {"additional_data", "additional"}, {`"comment":"c"`, "\"comment\":\"\xff\""},
	} {
		body := strings.Replace(genuine, change[0], change[1], 1)
		if body == genuine {
			t.Fatalf("%q is not there", change[0])
		}
		_, err := parse(t, p, sdk.HTTPRequest{Body: []byte(body)})
		if sdk.CodeOf(err) != sdk.CodeInvalidSignature ||
			sdk.OutcomeOf(err) != sdk.OutcomeNotSent {
			t.Errorf("%s for %s: got %v", change[1], change[0], err)
		}
	}

	for _, body := range []string{"", "[]", "null", "{}", `{"signature":"","additional_data":[]}`, "[" + genuine + "]", genuine + genuine} {
		_, err := parse(t, p, sdk.HTTPRequest{Body: []byte(body)})
		wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
	}
}

// The document's examples of asking.
func TestGetPayment(t *testing.T) {
	for data, want := range map[string]string{
		deposit(`"t"`, `"r"`, `"13628.5"`):                             "succeeded t 13628.5",
		deposit(`"t"`, `"masked"`, `1`):                                "",
		deposit(`"t"`, `""`, `1`):                                      "succeeded t 1",
		deposit(`"t"`, `""`, `1`) + "," + deposit(`"u"`, `"s"`, `2`):   "succeeded t 1",
		deposit(`"t"`, `"r"`, `1`) + "," + deposit(`"u"`, `"s"`, `2`):  "succeeded t 1",
		deposit(`"t"`, `"r"`, `1`) + "," + deposit(`"u"`, `"r"`, `2`):  "succeeded t 1 u 2",
		deposit(`"t"`, `"r"`, `1`) + "," + withdrawal(`"r"`, `1`, `1`): "succeeded t 1",
		withdrawal(`"r"`, `1`, `1`):                                    "",
		``:                                                             "",
		deposit(`""`, `"r"`, `1`):                                      "under_review",
	} {
		p, asked := answering(
			t,
			200,
			`{"status":"ok","postback":{"amount":7,"currency_code":"EUR","direction":"ingoing","additional_data":[`+data+`]}}`,
		)
		got, err := p.GetPayment(
			t.Context(),
			sdk.GetPaymentRequest{
				Payment: sdk.PaymentContext{Reference: "r", Amount: money("1", "INR")},
			},
		)

		if want == "" {
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
			continue
		}

		if err != nil {
			t.Fatal(err)
		}
		said := string(got.Status)
		for _, r := range got.Receipts {
			said += " " + r.ID + " " + r.Amount.Amount.String()
		}

		if said != want || got.Amount != nil {
			t.Errorf("got %s and %v, want %s", said, got.Amount, want)
		}
		r := only(t, asked())
		wantRequest(t, r, "GET", "/api/v1/postback", "")
		if q := r.URL.Query(); q.Get("type") != "deposit" || q.Get("custom_id") != "r" ||
			len(q) != 3 {
			t.Errorf("asked %v", q)
		}
	}
}

func TestGetPayout(t *testing.T) {
	p, asked := answering(
		t,
		200,
		`{"status":"ok","postback":{"additional_data":[`+withdrawal(
			`"masked"`,
			`5`,
			`"820"`,
		)+`]}}`,
	)

	got, err := p.GetPayout(
		t.Context(),
		sdk.GetPayoutRequest{Payout: sdk.PayoutContext{Reference: "po_1"}},
	)
	if err != nil || got.Status != sdk.PayoutFailed || got.Message != "by file" ||
		!got.Amount.Equal(money("820", "BDT")) {
		t.Errorf("got %+v, %v", got, err)
	}

	r := only(t, asked())
	if q := r.URL.Query(); r.URL.Path != "/base/api/v1/postback" ||
		q.Get("type") != "withdrawal" ||
		q.Get("withdrawal_id") != "po_1" {
		t.Errorf("asked %v", r.URL)
	}
}

// Of a list only what is finished counts, under the id that it was asked by.
func TestLists(t *testing.T) {
	row := func(key, id, data string) string {
		return `{"` + key + `":"` + id + `","postback":{"additional_data":[` + data + `]}}`
	}
	rows := `{"withdrawal_id":"p1","message":"Withdrawal with this ID not found"},` + row(
		"withdrawal_id",
		"p2",
		withdrawal(`"87be1f94"`, `5`, `3000`),
	) +
		"," + row(
		"withdrawal_id",
		"stranger",
		withdrawal(`"p1"`, `1`, `1`),
	)

	p, asked := answering(
		t,
		200,
		`{"status":"success","message":"","code":20000,"data":{"withdrawals":[`+rows+`]},"paginate":{"offset":0,"total":1,"limit":1}}`,
	)
	payouts, err := p.ListPayouts(
		t.Context(),
		sdk.ListPayoutsRequest{
			Payouts: []sdk.PayoutContext{{Reference: "p1"}, {Reference: "p2"}},
		},
	)
	if err != nil || len(payouts.Payouts) != 1 || payouts.Payouts[0].Reference != "p2" ||
		payouts.Payouts[0].Payout.Status != sdk.PayoutFailed {
		t.Errorf("got %+v, %v", payouts, err)
	}

	r := only(t, asked())
	wantRequest(t, r, "GET", "/api/v1/pullpostbacks", "")
	if q := r.URL.Query(); q.Get("type") != "withdrawal" ||
		!reflect.DeepEqual(q["withdrawal_id[]"], []string{"p1", "p2"}) {
		t.Errorf("asked %v", q)
	}

	rows = `{"plugin_custom_order_id":"p1","message":"Postback not found"},` + row(
		"plugin_custom_order_id",
		"p2",
		deposit(`"t"`, `"p2"`, `100`),
	)
	p, asked = answering(t, 200, `{"status":"success","data":{"transactions":[`+rows+`]}}`)
	var all []sdk.PaymentContext
	for i := range 120 {
		all = append(all, sdk.PaymentContext{Reference: fmt.Sprintf("p%d", i)})
	}

	payments, err := p.ListPayments(t.Context(), sdk.ListPaymentsRequest{Payments: all})
	if err != nil || len(payments.Payments) != 1 ||
		payments.Payments[0].Reference != "p2" ||
		payments.Payments[0].Payment.Receipts[0].ID != "t" {
		t.Errorf("got %+v, %v", payments, err)
	}

	total := 0
	for _, r := range asked() {
		total += len(r.URL.Query()["plugin_custom_order_id[]"])
	}
	if len(asked()) != 3 || total != 120 {
		t.Errorf("asked %d times for %d", len(asked()), total)
	}

	p, _ = answering(t, 200, `{"status":"success","data":[]}`)
	if got, err := p.ListPayments(t.Context(), sdk.ListPaymentsRequest{Payments: all[:1]}); err != nil ||
		len(got.Payments) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// A transaction is named as it was signed, however the number is spelled: one
// that comes in ten spellings came once.
func TestATransactionInManySpellingsIsOne(t *testing.T) {
	p := newTestProvider(t, testConfig("https://api.example.com"))
	genuine := string(signedPostback("[" + deposit(`555`, `"p1"`, `100`) + "]").Body)

	for _, spelled := range []string{"555", "555.0", "5.55e2", "5.55E+2", "55500e-2", "0.555e3"} {
		for _, amount := range []string{"100", "100.00", "1e2"} {
			body := strings.NewReplacer(`"transaction_id":555`, `"transaction_id":`+spelled, `"amount":100,`, `"amount":`+amount+`,`).
				Replace(genuine)
			events, err := parse(t, p, sdk.HTTPRequest{Body: []byte(body)})
			if err != nil || len(events) != 1 {
				t.Fatalf("%s: %v, %v", spelled, events, err)
			}

			of := events[0].Payment
			if !reflect.DeepEqual(of.Receipts, receipts("555", "100")) ||
				of.ProviderReference != "555" ||
				of.Status != sdk.PaymentSucceeded {
				t.Errorf("%s of %s: got %+v", spelled, amount, of)
			}
		}
	}
}

// An hour that nobody can write is only information.
func TestATimeBeyondTheLastYear(t *testing.T) {
	cfg := testConfig("https://api.example.com")
	cfg.TimeZone = "America/New_York"
	late := strings.Replace(
		deposit(`"t1"`, `"p1"`, `"100.00"`),
		"2023-06-30 13:59:24",
		"9999-12-31 23:59:59",
		1,
	)

	events, err := parse(t, newTestProvider(t, cfg), signedPostback("["+late+"]"))
	if err != nil || len(events) != 1 || !events[0].OccurredAt.IsZero() ||
		events[0].Payment.Status != sdk.PaymentSucceeded {
		t.Errorf("got %+v, %v", events, err)
	}
}
