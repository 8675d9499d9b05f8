package httpapi_test

import (
	"net/url"
	"strings"
	"testing"
)

// A time that cannot be written again, and half a character, are refused before
// the provider is called: what is stored must be readable for ever.
func TestWhatCannotBeGivenBackIsRefused(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	for at, message := range map[string]string{
		"9999-12-31T23:59:59-05:00": "must be in the years 1 to 9999 of UTC",
		"0001-01-01T00:00:00+05:00": "must be in the years 1 to 9999 of UTC",
		"0001-01-01T00:00:00Z":      "is in the past",
		"2001-01-01T00:00:00Z":      "is in the past",
		"2199-01-01T00:00:00+24:00": "must be RFC 3339 date-time",
		"2199-01-01T0:00:00Z":       "must be RFC 3339 date-time",
		"2199-01-01T00:00:00,5Z":    "must be RFC 3339 date-time",
		"2199-01-01":                "must be RFC 3339 date-time",
		"Tue, 01 Dec 2026":          "must be RFC 3339 date-time",
		"12199-01-01T00:00:00Z":     "must be RFC 3339 date-time",
	} {
		body := strings.Replace(paymentBody, "{", `{"expires_at":"`+at+`",`, 1)
		a := r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").want(t, 422, "invalid_request")
		if got := a.violations(); len(got) != 1 || got["expires_at"] != message {
			t.Errorf("%s: %v", at, got)
		}
	}

	for _, field := range []string{"merchant_reference", "description", "provider_options", "metadata"} {
		for _, text := range []string{`"\ud83d cut"`, `"\ude00"`} {
			value := text
			if field == "provider_options" || field == "metadata" {
				value = `{"a":` + text + `}`
			}
			body := `{"provider":"acme","amount":"60.00","currency":"USD","` + field + `":` + value + `}`
			r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").want(t, 400, "malformed")
		}
	}

	if got := r.account.Creates(); got != 0 {
		t.Errorf("the provider was called %d times", got)
	}
	if ids, _ := r.call(t, "GET", "/v1/payments", "").want(t, 200, "").ids(); len(ids) != 0 {
		t.Errorf("recorded: %v", ids)
	}
	last := strings.Replace(paymentBody, "{", `{"expires_at":"9999-12-31T18:59:59.000001-05:00",`, 1)
	a := r.call(t, "POST", "/v1/payments", last, "Idempotency-Key", "last").want(t, 201, "")
	if a.json["expires_at"] != "9999-12-31T23:59:59.000001Z" {
		t.Errorf("it comes back as %v", a.json["expires_at"])
	}
}

// A cursor that is none, and a query of which a part would be lost, are not
// taken for the first page.
func TestALostPlaceInAListIsNotItsBeginning(t *testing.T) {
	r := newRig(t)
	id := r.pay(t, "k")
	for _, path := range []string{"/v1/payments", "/v1/payouts", "/v1/webhooks", "/v1/dead-letters"} {
		for _, cursor := range []string{"zzz", "pay_", "%20", id[1:], id + "x", strings.Replace(id, "pay_", "re_", 1)} {
			a := r.call(t, "GET", path+"?cursor="+cursor, "").want(t, 422, "invalid_request")
			if got := a.violations(); len(got) != 1 || got["cursor"] == "" {
				t.Errorf("%s %s: %s", path, cursor, a.text)
			}
		}
		r.call(t, "GET", path+"?limit=1;cursor="+id, "").want(t, 400, "malformed")
		r.call(t, "GET", path+"?cursor=%zz", "").want(t, 400, "malformed")
	}
	r.call(t, "GET", "/v1/payouts?cursor="+id, "").want(t, 422, "invalid_request")
	r.call(t, "GET", "/v1/payments?cursor="+id, "").want(t, 200, "")
}

// What no database can look for is answered by the API itself.
func TestAddressesAreText(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/v1/payments/pay_%00", "/v1/payments/%ff", "/v1/payouts/a%0ab", "/v1/webhooks/wh_%00", "/v1/refunds/%00",
		"/v1/providers/%00", "/v1/payments/%00/refunds"} {
		r.call(t, "GET", path, "").want(t, 404, "not_found")
	}
	for _, query := range []string{"merchant_reference=%00", "merchant_reference=%ff", "provider=a%0ab", "merchant_reference=%c3"} {
		a := r.call(t, "GET", "/v1/payments?"+query, "").want(t, 422, "invalid_request")
		name, _, _ := strings.Cut(query, "=")
		if a.violations()[name] == "" {
			t.Errorf("%s: %s", query, a.text)
		}
	}
	r.call(t, "GET", "/v1/payments?merchant_reference="+url.QueryEscape("né 47+1"), "").want(t, 200, "")
}
