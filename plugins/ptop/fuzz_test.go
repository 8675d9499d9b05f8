package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// Whatever ptop answers, it is an error with code and outcome or something that
// can be used.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"status":"success","Code":200,"payment_url":"https://ptop.me/api/test/payment/23456789"}`,
		`{"error":"Invalid secret key","http_code":401}`, `{"status":"error","message":"Duplicate request detected."}`,
		`{"status":"success","message":"Payment sent successfully."}`, `{"status":1}`, `{"data":{"payment_status":"2"}}`,
		`{"status":"success","data":[]}`, `{"status":null}`, `[]`, `<html>`, ``, "\xef\xbb\xbf{}",
	} {
		f.Add(200, []byte(seed))
		f.Add(401, []byte(seed))
		f.Add(500, []byte(seed))
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := readAnswer(
			&providerhttp.Response{Status: status, Header: http.Header{}, Body: body},
		)
		if err != nil {
			wantKnown(t, err)
			return
		}

		if status < 200 || status > 299 || a.Error != "" {
			t.Errorf("HTTP %d with %q is no error", status, body)
		}
		if p, err := a.payment(); err != nil {
			wantKnown(t, err)
		} else if u, err := url.Parse(p.NextAction.Redirect.URL); err != nil || u.Host == "" || p.ProviderReference == "" {
			t.Errorf("%q was read as %+v", body, p)
		}

		if code, err := a.paymentCode(); err != nil {
			wantKnown(t, err)
		} else if paymentStatuses[code] == "" {
			t.Errorf("%q was read as %q", body, code)
		}
	})
}

// wantKnown: an answer that is no success is never worth less than a code, nor
// more than what it proves.
func wantKnown(t *testing.T, err error) {
	t.Helper()
	if e := sdk.AsError(err); e.Code == sdk.CodeInternal ||
		e.Outcome == sdk.OutcomeNotSent ||
		e.Message == "" {
		t.Errorf("got %+v", e)
	}
}

// Whatever comes in, only what was signed with the key is believed, and then
// all of it.
func FuzzNotice(f *testing.F) {
	for _, members := range []string{paid, canceled} {
		body := signed(members).Body
		f.Add(body, "")
		v, err := ordered.Parse(body)
		if err != nil {
			f.Fatal(err)
		}

		form := url.Values{}
		for _, m := range v.Members() {
			form.Set(m.Key, m.Value.Text())
		}
		f.Add([]byte(form.Encode()), "")
		f.Add([]byte(nil), form.Encode())
	}

	f.Add([]byte(`{"signature":""}`), "signature=")
	f.Add(
		[]byte(`{"signature":{"a":1},"success":"\ud800"}`),
		"success=1&transaction_id=2&order_id=3&message=%00&signature=x",
	)
	f.Fuzz(func(t *testing.T, body []byte, query string) {
		got, candidates := signedFields(sdk.HTTPRequest{Body: body, Query: query})
		if len(candidates) > 8 {
			t.Errorf("%d candidates", len(candidates))
		}

		for _, fields := range candidates {
			text, err := signature.PHPJSON(fields)
			if err != nil {
				continue // what PHP cannot write it cannot have signed
			}
			own := signature.HMACSHA256Hex("another key", text)
			if _, err := verify(sdk.NewSecret(secretKey), own, candidates); err == nil {
				t.Errorf("another key's signature of %s verifies", text)
			}

			own = signature.HMACSHA256Hex(secretKey, text)
			if _, err := verify(sdk.NewSecret(secretKey), own, candidates); err != nil {
				t.Errorf("the signature of %s does not verify", text)
			}
		}

		if fields, err := verify(sdk.NewSecret(secretKey), got, candidates); err == nil {
			text, _ := signature.PHPJSON(fields)
			if got != signature.HMACSHA256Hex(secretKey, text) {
				t.Errorf("%q was believed", text)
			}
		}
	})
}
