package httpapi_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestEverythingWrongIsReportedAtOnce(t *testing.T) {
	r := newRig(t)
	a := r.call(t, "POST", "/v1/payments", `{"amount":60,"currency":"usd","Provider":"acme","surprise":1,"description":true,
		"customer":{"email":["x"],"shoe_size":"44"},"metadata":{"a":3},"expires_at":"tomorrow","success_url":"ftp://x","provider_options":[]}`).
		want(t, 422, "invalid_request")
	want := map[string]string{
		"Idempotency-Key":    "is required",
		"Provider":           "is not known here",
		"amount":             `must be a string, not a number; write digits with at most one point in quotes, such as "60.00"`,
		"currency":           `a currency is an upper-case code, such as "USD"`,
		"customer.email":     "must be a string, not a list",
		"customer.shoe_size": "is not known here",
		"description":        "must be a string, not true or false",
		"expires_at":         "must be RFC 3339 date-time",
		"metadata.a":         "must be a string, not a number",
		"provider_options":   "must be a JSON object",
		"success_url":        "must be an absolute http or https URL",
		"surprise":           "is not known here",
	}
	if got := a.violations(); !maps.Equal(got, want) {
		for field := range want {
			if got[field] != want[field] {
				t.Errorf("%s: %q, want %q", field, got[field], want[field])
			}
			delete(got, field)
		}

		t.Errorf("and %v", got)
	}

	if a.json["outcome"] != "not_sent" {
		t.Errorf("the outcome is %v", a.json["outcome"])
	}
}

func TestAmountsAreStringsOfDigits(t *testing.T) {
	r := newRig(t)
	r.account.Create, r.account.Payout = redirecting, nil

	for _, amount := range []string{`60`, `60.5`, `6e1`, `"6e1"`, `"-1"`, `"+1"`, `"1,5"`, `"1.2.3"`, `".5"`, `"5."`, `" 1"`, `""`, `"0"`, `"0.00"`, `null`, `"NaN"`, `{}`,
		`"` + strings.Repeat("9", 41) + `"`} {
		for _, path := range []string{"/v1/payments", "/v1/payouts"} {
			a := r.call(t, "POST", path, `{"provider":"acme","currency":"USD","amount":`+amount+`}`, "Idempotency-Key", "k").
				want(t, 422, "invalid_request")
			if fields := slices.Collect(maps.Keys(a.violations())); !slices.Equal(
				fields,
				[]string{"amount"},
			) {
				t.Errorf("%s %s: %s", path, amount, a.text)
			}
		}
	}

	finer := r.call(
		t,
		"POST",
		"/v1/payments",
		`{"provider":"acme","currency":"USD","amount":"60.001"}`,
		"Idempotency-Key",
		"k",
	)
	if fields := slices.Collect(maps.Keys(finer.want(t, 422, "invalid_request").violations())); !slices.Equal(
		fields,
		[]string{"amount"},
	) {
		t.Errorf("finer than cents: %s", finer.text)
	}

	for _, amount := range []string{"60.00", "0.000000000000000001", "1", strings.Repeat("9", 40)} {
		a := r.call(t, "POST", "/v1/payments", `{"provider":"acme","currency":"TOKEN","amount":"`+amount+`"}`, "Idempotency-Key", "k"+amount).
			want(t, 201, "")
		if a.json["amount"] != amount {
			t.Errorf("%s comes back as %v", amount, a.json["amount"])
		}
	}
}

func TestMalformedBodies(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting

	for name, body := range map[string]string{
		"empty": "", "half": `{"provider":"acme"`, "two": paymentBody + paymentBody, "text": "hello", "a name twice": `{"amount":"1","amount":"2"}`,
		"a name twice inside": `{"metadata":{"a":"1","\u0061":"2"}}`, "not UTF-8": "{\"description\":\"\xff\"}",
		"deep": `{"provider_options":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`,
	} {
		a := r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").
			want(t, 400, "malformed")
		if len(a.violations()) != 0 {
			t.Errorf("%s: %s", name, a.text)
		}
	}

	for _, media := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml"} {
		r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k", "Content-Type", media).
			want(t, 415, "unsupported_media_type")
	}

	for _, media := range []string{"application/json", "application/json; charset=utf-8", "application/JSON", ""} {
		r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k"+media, "Content-Type", media).
			want(t, 201, "")
	}

	for _, body := range []string{"[]", "null", `"x"`, "3"} {
		r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").
			want(t, 422, "invalid_request")
	}
}

// Whatever is refused may be a secret that was put into the wrong field: no
// answer and no line of the log repeats it.
func TestARefusedValueIsNotRepeated(t *testing.T) {
	const canary = "cnry-4111111111111111"
	r := newRig(t)
	r.account.Create = redirecting

	id := r.pay(t, "k")
	for _, c := range []struct{ method, path, body, key string }{
		{"POST", "/v1/payments", `{"amount":"` + canary + `","currency":"` + canary + `","provider":"acme","expires_at":"` + canary + `"}`, "x"},
		{"POST", "/v1/payments", `{"amount":["` + canary + `"],"customer":"` + canary + `","metadata":["` + canary + `"]}`, canary + "é"},
		{"POST", "/v1/payments", `{"` + canary, "x"},
		{"POST", "/v1/payments", `{"amount":"1","amount":"` + canary + `"}`, "x"},
		{"POST", "/v1/payments", canary, "x"},
		{"POST", "/v1/payments/" + id + "/confirm", `{"fields":["` + canary + `"]}`, "x"},
		{"POST", "/v1/payments/" + id + "/confirm", `{"fields":{"a":{"b":"` + canary + `"}}}`, "x"},
		{"POST", "/v1/payments/" + id + "/resolve", `{"status":"` + canary + `","reason":""}`, "x"},
		{"POST", "/v1/webhooks/wh_0/attach", `{"payment_id":"` + strings.Repeat(canary, 4) + `"}`, "x"},
		{"GET", "/v1/payments?created_from=" + canary + "&limit=" + canary + "&status=" + canary, "", ""},
		{"GET", "/v1/payments/" + id + "?refresh=" + canary, "", ""},
		{"GET", "/v1/events?after=" + canary, "", ""},
		{"GET", "/v1/providers/acme/payment-methods?amount=" + canary, "", ""},
	} {
		a := r.call(t, c.method, c.path, c.body, "Idempotency-Key", c.key)
		if a.status != 422 && a.status != 400 {
			t.Errorf("%s %s: %d %s", c.method, c.path, a.status, a.text)
		}
		if strings.Contains(a.text, "cnry") {
			t.Errorf("%s %s %s repeats it: %s", c.method, c.path, c.body, a.text)
		}
	}

	if log := r.log.String(); strings.Contains(log, "cnry") ||
		!strings.Contains(log, `route="GET /v1/events"`) {
		t.Errorf("the log: %s", log)
	}
}

func TestParametersAreChecked(t *testing.T) {
	r := newRig(t)
	for query, fields := range map[string][]string{
		"/v1/payments?limit=0":                          {"limit"},
		"/v1/payments?limit=201":                        {"limit"},
		"/v1/payments?limit=ten&status=paid":            {"limit", "status"},
		"/v1/payments?created_from=x&created_to=2026":   {"created_from", "created_to"},
		"/v1/payments?statuss=failed":                   {"statuss"},
		"/v1/payouts?status=canceled":                   {"status"},
		"/v1/webhooks?state=lost":                       {"state"},
		"/v1/events?after=pay_1":                        {"after"},
		"/v1/events?after=evt_1&limit=1000":             {"limit"},
		"/v1/providers/acme/payment-methods?amount=1":   {"currency"},
		"/v1/providers/acme/payment-methods?amount=0":   {"amount", "currency"},
		"/v1/payments/pay_1?refresh=maybe":              {"refresh"},
		"/v1/payments/" + strings.Repeat("x", 65) + "/": nil,
	} {
		a := r.call(t, "GET", query, "")
		if fields == nil {
			a.want(t, 404, "not_found")
			continue
		}

		got := slices.Sorted(maps.Keys(a.want(t, 422, "invalid_request").violations()))
		if !slices.Equal(got, fields) {
			t.Errorf("%s: %s", query, a.text)
		}
	}
}

// Whoever sends too much gets to hear so, also when it sends slowly and reads
// the answer only at the end: its connection is not reset under it.
func TestATooLargeBodyIsAnswered(t *testing.T) {
	r := newRig(t)
	id := r.pay(t, "k")

	form := "--x\r\nContent-Disposition: form-data; name=\"screenshot\"; filename=\"a.png\"\r\n\r\n"
	for path, c := range map[string]struct{ media, begin string }{
		"/v1/payments":                     {"application/json", `{"description":"`},
		"/v1/payments/" + id + "/confirm":  {"application/json", `{"fields":{"a":"`},
		"/v1/payments/" + id + "/confirm?": {"multipart/form-data; boundary=x", form},
	} {
		conn, err := net.Dial("tcp", r.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		const size = 20 << 20
		fmt.Fprintf(
			conn,
			"POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nIdempotency-Key: large\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			path,
			token,
			c.media,
			size,
			c.begin,
		)

		rest := size - len(c.begin)
		for chunk := strings.Repeat("x", 64<<10); rest > 0; rest -= len(chunk) {
			if _, err := io.WriteString(conn, chunk[:min(rest, len(chunk))]); err != nil {
				t.Errorf("%s (%s): %d bytes before the end: %v", path, c.media, rest, err)
				break
			}
		}

		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s (%s): %v, %v", path, c.media, resp, err)
		} else {
			resp.Body.Close()
		}

		conn.Close()
	}
}
