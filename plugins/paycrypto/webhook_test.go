package main

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// pushed is a webhook with these events, signed now.
func pushed(action string, events ...string) sdk.HTTPRequest {
	list := make([]ordered.Value, len(events))
	for i, e := range events {
		list[i] = ordered.String(e)
	}
	fields := ordered.Object(
		ordered.Pair("action", ordered.String(action)),
		ordered.Pair("events", ordered.Array(list...)),
	)

	body, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	timestamp := strconv.FormatInt(vectorTime.UnixMilli(), 10)
	signed := timestamp + strings.ToUpper(action) + bodyText(fields)

	return sdk.HTTPRequest{
		Method:     "POST",
		Body:       body,
		ReceivedAt: vectorTime,
		Header: http.Header{
			"Timestamp": {
				timestamp,
			}, "Signature": {signature.HMACSHA256Base64(webhookSecret, signed)},
		},
	}
}

// paidEvent is the document's example.
const paidEvent = `{"id":"bc76488ddda4","create_time":1585293811000,"params":{"order_id":"1234","cust_order_id":"123","status":1,"reason":""}}`

func withStatus(status string) string {
	return strings.Replace(paidEvent, `"status":1`, `"status":`+status, 1)
}

func offline(t *testing.T) *provider {
	t.Helper()
	return newTestProvider(t, testConfig("http://127.0.0.1:1"), atVectorTime)
}

func parse(
	t *testing.T,
	req sdk.HTTPRequest,
	of *sdk.PaymentContext,
) (*sdk.WebhookResult, error) {
	t.Helper()
	scope := sdk.ScopeOpen
	if of != nil {
		scope = sdk.ScopeIntent
	}

	n, err := offline(
		t,
	).ParseWebhook(t.Context(), sdk.ParseWebhookRequest{Request: req, Scope: scope, Payment: of})
	if err != nil {
		return nil, err
	}

	if r := n.Response; r.Status != 0 || string(r.Body) != `{"code":0,"msg":"SUCCESS"}` ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the provider gets to hear %+v", r)
	}

	return n, nil
}

func TestSeveralEventsInOneDelivery(t *testing.T) {
	second := `{"id":7,"create_time":"1585293812000","params":{"order_id":1235,"cust_order_id":"124","status":"4","reason":"支付失败 <&>"}}`
	n, err := parse(t, pushed("order_result", paidEvent, second), nil)
	if err != nil || n.Verification != sdk.VerifiedBySignature || len(n.Events) != 2 {
		t.Fatalf("got %+v, %v", n, err)
	}

	if e := n.Events[0]; e.ID != "bc76488ddda4" || e.Reference != "123" ||
		e.Payment.ProviderReference != "1234" ||
		e.Payment.Status != sdk.PaymentSucceeded ||
		e.Payment.ProviderStatus != "1" ||
		e.Payment.Amount != nil ||
		!e.OccurredAt.Equal(time.UnixMilli(1585293811000)) {
		t.Errorf("got %+v with %+v", e, e.Payment)
	}

	if e := n.Events[1]; e.ID != "7" || e.Reference != "124" ||
		e.Payment.ProviderReference != "1235" ||
		e.Payment.Status != sdk.PaymentFailed ||
		e.Payment.Message != "支付失败 <&>" ||
		!e.OccurredAt.Equal(time.UnixMilli(1585293812000)) {
		t.Errorf("got %+v with %+v", e, e.Payment)
	}
}

func TestStatusesOfEvents(t *testing.T) {
	for status, want := range map[string]sdk.PaymentStatus{
		"0": sdk.PaymentRequiresAction, "1": sdk.PaymentSucceeded, "2": sdk.PaymentProcessing, "3": sdk.PaymentUnderReview,
		"4": sdk.PaymentFailed, "5": sdk.PaymentCanceled, "6": sdk.PaymentExpired, `"5"`: sdk.PaymentCanceled,
	} {
		n, err := parse(t, pushed("order_result", withStatus(status)), nil)
		if err != nil || only(t, n.Events).Payment.Status != want {
			t.Errorf("%s: got %+v, %v", status, n, err)
		}
	}
}

// A refund is of a payment that we know, or only a status of it.
func TestRefunds(t *testing.T) {
	for status, want := range map[string]sdk.RefundStatus{"7": sdk.RefundPending, "8": sdk.RefundSucceeded, "9": sdk.RefundFailed} {
		n, err := parse(t, pushed("order_result", withStatus(status)), nil)
		if err != nil {
			t.Fatal(err)
		}
		e := only(t, n.Events)
		if e.Payment != nil || e.Refund == nil || e.Reference != "" ||
			e.PaymentReference != "123" ||
			e.Refund.ProviderReference != "1234" ||
			e.Refund.Status != want ||
			e.Refund.ProviderStatus != status ||
			e.Refund.Amount != nil {
			t.Errorf("got %+v with %+v", e, e.Refund)
		}

		unnamed := strings.Replace(withStatus(status), `"cust_order_id":"123",`, "", 1)
		if n, err = parse(t, pushed("order_result", unnamed), nil); err != nil {
			t.Fatal(err)
		}
		if e := only(t, n.Events); e.Refund != nil ||
			e.Payment.Status != sdk.PaymentSucceeded ||
			e.Payment.ProviderStatus != status {
			t.Errorf("got %+v with %+v", e, e.Payment)
		}

		of := &sdk.PaymentContext{Reference: "pay_1", ProviderReference: "1234"}
		if n, err = parse(t, pushed("order_result", unnamed), of); err != nil ||
			only(t, n.Events).PaymentReference != "pay_1" {
			t.Errorf("got %+v, %v", n, err)
		}
	}
}

// On a payment's own URL an event without our reference is its, unless the
// order's id is another.
func TestWhoseEvent(t *testing.T) {
	unnamed := strings.Replace(paidEvent, `"cust_order_id":"123",`, "", 1)
	for _, c := range []struct {
		name, event string
		of          sdk.PaymentContext
		want        string // reference; "-" is no event
	}{
		{"its own", paidEvent, sdk.PaymentContext{Reference: "123", ProviderReference: "1234"}, "123"},
		{"before the order is known", paidEvent, sdk.PaymentContext{Reference: "123"}, "123"},
		{"without our reference", unnamed, sdk.PaymentContext{Reference: "123", ProviderReference: "1234"}, "123"},
		{"our reference, another order", paidEvent, sdk.PaymentContext{Reference: "123", ProviderReference: "1230"}, "-"},
		{"another order", unnamed, sdk.PaymentContext{Reference: "123", ProviderReference: "1230"}, "-"},
		{"another payment's of the same batch", paidEvent, sdk.PaymentContext{Reference: "124", ProviderReference: "1230"}, "123"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := parse(t, pushed("order_result", c.event), &c.of)
			if err != nil {
				t.Fatal(err)
			}
			if (c.want == "-" && len(n.Events) != 0) ||
				(c.want != "-" && only(t, n.Events).Reference != c.want) {
				t.Errorf("got %+v", n.Events)
			}
		})
	}
}

// What is signed and cannot be read hides nothing else.
func TestOddEvents(t *testing.T) {
	n, err := parse(
		t,
		pushed(
			"order_result",
			`{`,
			`7`,
			`null`,
			``,
			withStatus("10"),
			withStatus("null"),
			withStatus("1.0"),
			withStatus("[]"),
			`{"id":"x","params":{"status":1}}`,
			`{"id":"x"}`,
			`{"id":[],"params":{}}`,
			paidEvent,
		),
		nil,
	)
	if err != nil || n.Verification != sdk.VerifiedBySignature ||
		only(t, n.Events).ID != "bc76488ddda4" {
		t.Errorf("got %+v, %v", n, err)
	}

	for _, req := range []sdk.HTTPRequest{pushed("kyc-status", paidEvent), pushed("", paidEvent), pushed("order_result")} {
		n, err := parse(t, req, nil)
		if err != nil || n.Verification != sdk.VerifiedBySignature || len(n.Events) != 0 {
			t.Errorf("%s: got %+v, %v", req.Body, n, err)
		}
	}

	n, err = parse(
		t,
		pushed(
			"order_result",
			strings.Replace(paidEvent, "1585293811000", "9223372036854775807", 1),
		),
		nil,
	)
	if err != nil || !only(t, n.Events).OccurredAt.IsZero() {
		t.Errorf("got %+v, %v", n, err)
	}
}

// A signature of long ago, or of a time to come, is a hint to ask; a stored
// webhook is judged by when it came.
func TestTimestamps(t *testing.T) {
	for late, want := range map[time.Duration]sdk.Verification{
		0: sdk.VerifiedBySignature, 5 * time.Minute: sdk.VerifiedBySignature, -5 * time.Minute: sdk.VerifiedBySignature,
		5*time.Minute + time.Millisecond: sdk.NotVerified, -5*time.Minute - time.Millisecond: sdk.NotVerified,
		24 * time.Hour: sdk.NotVerified, -1e6 * time.Hour: sdk.NotVerified,
	} {
		req := pushed("order_result", paidEvent)
		req.ReceivedAt = vectorTime.Add(late)
		n, err := parse(t, req, nil)
		if err != nil || hinted(n.Verification) != hinted(want) ||
			only(t, n.Events).Reference != "123" {
			t.Errorf("%s late: got %+v, %v", late, n, err)
		}
	}

	req := pushed("order_result", paidEvent)
	req.ReceivedAt = time.Time{}
	if n, err := parse(t, req, nil); err != nil ||
		n.Verification != sdk.VerifiedBySignature {
		t.Errorf("by the clock: got %+v, %v", n, err)
	}

	for _, timestamp := range []string{"", "yesterday", "-1", "1646279846", "99999999999999999999", "1e12"} {
		body, err := ordered.Parse(req.Body)
		if err != nil {
			t.Fatal(err)
		}
		signed := signature.HMACSHA256Base64(
			webhookSecret,
			timestamp+"ORDER_RESULT"+bodyText(body),
		)

		req.Header = http.Header{"Timestamp": {timestamp}, "Signature": {signed}}
		if n, err := parse(t, req, nil); err != nil || !hinted(n.Verification) {
			t.Errorf("signed at %q: got %+v, %v", timestamp, n, err)
		}
	}
}

// hinted: the contract reads an empty degree as NotVerified.
func hinted(v sdk.Verification) bool { return v == "" || v == sdk.NotVerified }

// The forms of the FAQ, signed or not, are reasons to ask.
func TestHints(t *testing.T) {
	for _, body := range []string{
		`{"cust_order_id":"1_1746926531","order_id":"p25051101221118256","status":1}`,
		`{"id":"bc76488ddda4","create_time":1585293811000,"params":{"order_id":"p25051101221118256","cust_order_id":"1_1746926531","status":1,"reason":""}}`,
	} {
		for _, header := range []http.Header{nil, {"Signature": {"x"}, "Timestamp": {"1646279846494"}}} {
			n, err := parse(
				t,
				sdk.HTTPRequest{
					Method:     "POST",
					Body:       []byte(body),
					Header:     header,
					ReceivedAt: vectorTime,
				},
				nil,
			)
			if err != nil || !hinted(n.Verification) {
				t.Fatalf("got %+v, %v", n, err)
			}

			if e := only(t, n.Events); e.Reference != "1_1746926531" ||
				e.Payment.ProviderReference != "p25051101221118256" ||
				e.Payment.Status != sdk.PaymentSucceeded {
				t.Errorf("got %+v with %+v", e, e.Payment)
			}
		}
	}
}

func TestWhatIsNotSigned(t *testing.T) {
	genuine := pushed("order_result", paidEvent)
	changed := func(from, to string) sdk.HTTPRequest {
		r := genuine
		r.Body = []byte(strings.Replace(string(genuine.Body), from, to, 1))
		if string(r.Body) == string(genuine.Body) {
			t.Fatalf("%q is not in it", from)
		}
		return r
	}

	headers := func(h http.Header) sdk.HTTPRequest {
		r := genuine
		r.Header = h
		return r
	}

	at := genuine.Header.Get("Timestamp")
	for name, req := range map[string]sdk.HTTPRequest{
		"nothing":                 {},
		"no headers":              headers(nil),
		"no signature":            headers(http.Header{"Timestamp": {at}}),
		"no timestamp":            headers(http.Header{"Signature": genuine.Header["Signature"]}),
		"another time":            headers(http.Header{"Signature": genuine.Header["Signature"], "Timestamp": {"1646279846495"}}),
		"another key":             headers(http.Header{"Signature": {signature.HMACSHA256Base64("", at+"ORDER_RESULT"+"x")}, "Timestamp": {at}}),
		"another order":           changed("1234", "1235"),
		"a success made of it":    changed(`\"status\":1`, `\"status\":8`),
		"one more event":          changed(`"events":[`, `"events":["{}",`),
		"one more field":          changed(`{"action"`, `{"a":1,"action"`),
		"events that are no text": {Body: []byte(`{"action":"order_result","events":[` + paidEvent + `]}`), Header: genuine.Header},
		"half a body":             {Body: genuine.Body[:len(genuine.Body)/2], Header: genuine.Header},
		"not UTF-8":               changed("order_result", "\xff"),
		"a list":                  changed(`{"action"`, `[{"action"`),
		"a flat form of nothing":  {Body: []byte(`{"cust_order_id":"1","order_id":"2"}`)},
		"a form":                  {Body: []byte("order_id=1&cust_order_id=2&status=1")},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := parse(t, req, nil)
			wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
			if err == nil {
				t.Errorf("it was read as %+v", n)
			}
		})
	}

	for name, req := range map[string]sdk.HTTPRequest{
		"white space": changed(`{"action"`, " \n{ \"action\""), "escapes": changed("order_result", `\u006frder_result`),
	} {
		if n, err := parse(t, req, nil); err != nil ||
			n.Verification != sdk.VerifiedBySignature {
			t.Errorf("%s, which the signature does not cover: %v", name, err)
		}
	}
}

// What the customer's browser brings is a hint, and whose it is the host knows.
func TestReturns(t *testing.T) {
	of := &sdk.PaymentContext{Reference: "pay_1", ProviderReference: "p1"}
	for _, c := range []struct {
		query string
		of    *sdk.PaymentContext
		want  string // reference, provider's reference and status; "" is no event
	}{
		{"id=2021031609283339501898843&status=1", nil, " 2021031609283339501898843 succeeded"},
		{"t=1&id=il25050709552116315&status=5", of, "pay_1 p1 canceled"},
		{"status=8", of, "pay_1 p1 succeeded"},
		{"id=1&status=1&%zz", of, "pay_1 p1 succeeded"},
		{"id=1", of, ""}, {"id=1&status=", of, ""}, {"id=1&status=10", of, ""}, {"", of, ""}, {"", nil, ""},
	} {
		back, err := offline(
			t,
		).ParseReturn(t.Context(), sdk.ParseReturnRequest{Request: sdk.HTTPRequest{Method: "GET", Query: c.query}, Payment: c.of})
		if err != nil || !hinted(back.Verification) {
			t.Fatalf("%s: got %+v, %v", c.query, back, err)
		}

		got := ""
		for _, e := range back.Events {
			got += e.Reference + " " + e.Payment.ProviderReference + " " + string(
				e.Payment.Status,
			)
		}

		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.query, got, c.want)
		}
	}
}

// What a webhook says beyond id and status may have any form: the notice is not
// lost, and an amount that cannot be compared is no success.
func TestOddFieldsOfAnEvent(t *testing.T) {
	for more, want := range map[string]sdk.PaymentStatus{
		`"reason":{"code":7},"paid_amount":[],"redirect_url":1`: sdk.PaymentSucceeded,
		`"amount":"13.2","currency":"usd"`:                      sdk.PaymentSucceeded,
		`"amount":"13.2 USD","currency":"USD"`:                  sdk.PaymentUnderReview,
		`"amount":{"value":1},"currency":"USD"`:                 sdk.PaymentUnderReview,
		`"amount":"13.2","currency":"U S D"`:                    sdk.PaymentUnderReview,
	} {
		event := strings.Replace(paidEvent, `"status":1`, more+`,"status":1`, 1)
		n, err := parse(t, pushed("order_result", event), nil)
		if err != nil || len(n.Events) != 1 || n.Events[0].Payment.Status != want {
			t.Errorf("%s: got %+v, %v", more, n, err)
		}
	}
}
