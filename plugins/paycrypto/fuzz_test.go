package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// Whatever the provider answers, it is an error with code and outcome or
// something that can be used.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		createdAnswer, single(recordJSON), listAnswer, `{"code":0,"msg":"SUCCESS"}`, `{"code":"117008","msg":7}`, `{"code":111003}`,
		`{"code":0,"result":{"code":0,"result":{"code":0}}}`, `{"code":0,"result":{"records":[{"amount":1e64,"currency":"\u0131"}]}}`,
		`{"code":-0}`, `{"code":null}`, `[]`, `<html>`, ``, "\xef\xbb\xbf{}",
	} {
		f.Add(200, []byte(seed))
		f.Add(500, []byte(seed))
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		var got struct {
			page
			order
		}
		err := readAnswer(
			&providerhttp.Response{Status: status, Header: http.Header{}, Body: body},
			&got,
		)
		if err != nil {
			if e := sdk.AsError(err); e.Code == sdk.CodeInternal ||
				e.Outcome == sdk.OutcomeNotSent ||
				e.Message == "" {
				t.Errorf("got %+v", e)
			}

			return
		}

		if status > 299 || !strings.Contains(string(body), "0") {
			t.Errorf("HTTP %d with %q is no error", status, body)
		}
		var records []order
		_ = json.Unmarshal(got.Records, &records)

		for _, o := range append(records, got.order) {
			if p := o.payment(); p.Amount != nil &&
				(!p.Amount.Amount.IsPositive() || sdk.CheckCurrency(p.Amount.Currency) != nil) {
				t.Errorf("%q was read as %s", body, p.Amount)
			}
		}
	})
}

// Whatever comes in, only what was signed with the key is believed, and it
// means the same each time.
func FuzzWebhook(f *testing.F) {
	for _, req := range []sdk.HTTPRequest{pushed("order_result", paidEvent, withStatus("8")), pushed("kyc-status", paidEvent), pushed("", "")} {
		f.Add(req.Body, req.Header.Get("Signature"), req.Header.Get("Timestamp"))
	}
	f.Add([]byte(paidEvent), "x", "1646279846494")
	f.Add([]byte(`{"action":{"a":[1e3,-0,0.10,"\u007f\u2028"]},"events":{}}`), "", "")
	f.Add([]byte(`{"order_id":1,"status":1}`), "", "")
	p, err := newProvider(testConfig("http://127.0.0.1:1"), sdk.Runtime{Now: atVectorTime})
	if err != nil {
		f.Fatal(err)
	}

	f.Fuzz(func(t *testing.T, body []byte, got, timestamp string) {
		parse := func(signed string) (*sdk.WebhookResult, error) {
			header := http.Header{"Signature": {signed}, "Timestamp": {timestamp}}
			return p.ParseWebhook(
				t.Context(),
				sdk.ParseWebhookRequest{
					Request: sdk.HTTPRequest{
						Body:       body,
						Header:     header,
						ReceivedAt: vectorTime,
					},
				},
			)
		}

		genuine := ""
		if fields, err := ordered.Parse(body); err == nil {
			action, _ := fields.Get("action")
			genuine = signature.HMACSHA256Base64(
				webhookSecret,
				timestamp+strings.ToUpper(action.Text())+bodyText(fields),
			)
			if fields.Kind() == ordered.KindObject {
				if _, err := parse(genuine); err != nil {
					t.Errorf("the signature of %q does not verify: %v", body, err)
				}
			}
		}

		n, err := parse(got)
		if err != nil && sdk.CodeOf(err) != sdk.CodeInvalidSignature {
			t.Errorf("got %v", err)
		}
		if err == nil && n.Verification == sdk.VerifiedBySignature && got != genuine {
			t.Errorf("%q was believed", body)
		}
	})
}

// The nested values of a signed body are JSON that means the same.
func FuzzBodyText(f *testing.F) {
	f.Add(`{"customer":{"notify_email":"jack001@163.com"}}`)
	f.Add(
		`["\"\\\/\b\f\n\r\t\u0000\u001f\u007f\u009f\u2028 é 😀",1.50,1e3,-1E-7,true,null,{}]`,
	)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ordered.Parse([]byte(text))
		if err != nil || v.Kind() == ordered.KindString {
			return
		}
		out := strings.TrimPrefix(bodyText(ordered.Object(ordered.Pair("a", v))), "a=")
		if !json.Valid([]byte(out)) {
			t.Errorf("%q is signed as %q", text, out)
		}
	})
}

// FuzzReturn: what a browser brings never proves anything.
func FuzzReturn(f *testing.F) {
	f.Add("id=1&status=1")
	f.Add("status=9&%zz")
	f.Fuzz(func(t *testing.T, query string) {
		back, err := (&provider{}).ParseReturn(
			t.Context(),
			sdk.ParseReturnRequest{
				Request: sdk.HTTPRequest{Query: query, ReceivedAt: time.Time{}},
			},
		)
		if err != nil || !hinted(back.Verification) {
			t.Errorf("%q: got %+v, %v", query, back, err)
		}
	})
}
