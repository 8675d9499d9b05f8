package httpapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
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
		a := r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").
			want(t, 422, "invalid_request")
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
			r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").
				want(t, 400, "malformed")
		}
	}

	if got := r.account.Creates(); got != 0 {
		t.Errorf("the provider was called %d times", got)
	}
	if ids, _ := r.call(t, "GET", "/v1/payments", "").want(t, 200, "").ids(); len(
		ids,
	) != 0 {
		t.Errorf("recorded: %v", ids)
	}

	last := strings.Replace(
		paymentBody,
		"{",
		`{"expires_at":"9999-12-31T18:59:59.000001-05:00",`,
		1,
	)
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
			a := r.call(t, "GET", path+"?cursor="+cursor, "").
				want(t, 422, "invalid_request")
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

	r.call(t, "GET", "/v1/payments?merchant_reference="+url.QueryEscape("né 47+1"), "").
		want(t, 200, "")
}

// odd are characters that readers and writers of JSON, SQL and lines stumble
// over.
var odd = []rune{
	'a',
	'Z',
	'0',
	' ',
	'"',
	'\\',
	'/',
	'<',
	'&',
	'\'',
	'%',
	';',
	',',
	'\u00e9',
	'\u0301',
	'\u200f',
	'\u2028',
	'\ufeff',
	'\ufffd',
	'\U0001F600',
	'\U0010FFFF',
	'\u00a0',
	'\ue000',
	'\ufffe',
}

func oddText(most int) *rapid.Generator[string] {
	return rapid.Map(
		rapid.SliceOfN(rapid.SampledFrom(odd), 0, most),
		func(r []rune) string { return string(r) },
	)
}

// oddTime draws a time in one of the spellings that RFC 3339 allows, and some
// that it does not.
func oddTime(t *rapid.T) string {
	year := rapid.SampledFrom([]int{1, 2026, 2027, 2199, 9998, 9999}).Draw(t, "year")
	fraction := rapid.SampledFrom([]string{"", ".5", ".000001", ".123456789", ".9999999", ",5"}).
		Draw(t, "fraction")
	zone := rapid.SampledFrom([]string{"Z", "+00:00", "-05:00", "+14:00", "-23:59", "+24:00", "+23:60", "z", ""}).
		Draw(t, "zone")
	clock := rapid.SampledFrom([]string{"T00:00:00", "T23:59:59", "T0:00:00", " 12:00:00", "T24:00:00"}).
		Draw(t, "clock")
	return fmt.Sprintf("%04d-12-31%s%s%s", year, clock, fraction, zone)
}

// Whatever create accepts comes back the same, and equal, by every way of
// reading it, and no list or stream is broken by it.
func TestWhatGoesInComesOut(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{ProviderReference: "theirs", Status: sdk.PayoutSucceeded}, nil
	}

	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		kind := rapid.SampledFrom([]string{"payment", "payout"}).Draw(rt, "kind")
		sent := map[string]any{"provider": "acme",
			"amount": rapid.SampledFrom([]string{"60.00", "1", "0.000000000000000001", "007.10", "99999999999999999999", "1.0000"}).
				Draw(rt, "amount"),
			"currency": rapid.SampledFrom([]string{"USD", "USDT-TRC20", "X"}).
				Draw(rt, "currency"),
			"merchant_reference": oddText(
				20,
			).Draw(rt, "reference"),
			"description": oddText(40).Draw(rt, "description"),
			"metadata": rapid.MapOfN(rapid.StringMatching(`[a-z\x{e9}]{1,10}`), oddText(20), 0, 4).
				Draw(rt, "metadata"),
		}

		if kind == "payment" && rapid.Bool().Draw(rt, "expires") {
			sent["expires_at"] = oddTime(rt)
		}
		if kind == "payout" {
			sent["recipient"] = map[string]any{"name": oddText(20).Draw(rt, "name")}
		}

		body, err := json.Marshal(sent)
		if err != nil {
			rt.Fatal(err)
		}
		made := r.call(
			t,
			"POST",
			"/v1/"+kind+"s",
			string(body),
			"Idempotency-Key",
			fmt.Sprint("odd-", n),
		)
		if made.status == 422 || made.status == 400 {
			return
		}

		made.want(t, 201, "")
		comesBack(t, sent, made.json)

		id := made.json["id"].(string)
		comesBack(t, sent, r.call(t, "GET", "/v1/"+kind+"s/"+id, "").want(t, 200, "").json)
		list := r.call(t, "GET", "/v1/"+kind+"s?limit=1", "").want(t, 200, "").json["data"].([]any)
		comesBack(t, sent, list[0].(map[string]any))
		comesBack(t, sent, r.lastEvent(t, id))
	})
}

// comesBack compares what was sent with what is shown.
func comesBack(t *testing.T, sent, shown map[string]any) {
	t.Helper()
	for name, want := range sent {
		got := shown[name]
		switch name {
		case "amount":
			a, b := decimal.RequireFromString(
				want.(string),
			), decimal.RequireFromString(
				got.(string),
			)
			if !a.Equal(b) || a.Exponent() != b.Exponent() {
				t.Errorf("amount %s comes back as %s", want, got)
			}

			continue

		case "expires_at":
			a, err := time.Parse(time.RFC3339, want.(string))
			b, again := time.Parse(time.RFC3339, got.(string))
			if err != nil || again != nil || !a.Truncate(time.Microsecond).Equal(b) ||
				!strings.HasSuffix(got.(string), "Z") {
				t.Errorf("expires_at %s comes back as %s", want, got)
			}

			continue

		case "metadata":
			want = map[string]any{}
			for key, value := range sent[name].(map[string]string) {
				want.(map[string]any)[key] = value
			}
		case "recipient":
			if want.(map[string]any)["name"] == "" {
				want = map[string]any{}
			}
		}

		if got == nil {
			got = "" // what is empty may be left out
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s %q comes back as %q", name, want, got)
		}
	}
}

// lastEvent reads the stream to its end and returns the data of the last event
// about a payment or payout.
func (r *rig) lastEvent(t *testing.T, id string) (data map[string]any) {
	t.Helper()
	for {
		a := r.call(t, "GET", "/v1/events?limit=200&after="+r.after, "").want(t, 200, "")
		for _, e := range a.json["data"].([]any) {
			e := e.(map[string]any)
			r.after = e["id"].(string)
			if e["payment_id"] == id || e["payout_id"] == id {
				data = e["data"].(map[string]any)
			}
		}

		if a.json["next_cursor"] == nil {
			return data
		}
	}
}
