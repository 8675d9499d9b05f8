package main

import (
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
	"github.com/payhost/payhost/sdk/signature"
)

// Whatever comes as a postback, only what is signed is believed, and it makes
// events that a host can take.
func FuzzPostback(f *testing.F) {
	for _, v := range readVectors(f).Meta.Postbacks {
		f.Add(
			[]byte(`{"signature":"`+v.Expected+`","additional_data":`+v.Transport+`}`),
			[]byte(v.Data),
		)
	}

	f.Add(
		[]byte(`{"signature":""}`),
		[]byte("["+deposit(`"a"`, `"p"`, `1`)+","+withdrawal(`"w"`, `1`, `1`)+"]"),
	)
	f.Add(
		[]byte(`{"additional_data":{"0":{}}}`),
		[]byte(`{"0":{"withdrawal_id":1},"1":[[]],"2":"x"}`),
	)

	p := &provider{cfg: testConfig("http://127.0.0.1:1")}
	f.Fuzz(func(t *testing.T, body, data []byte) {
		n, err := p.ParseWebhook(
			t.Context(),
			sdk.ParseWebhookRequest{Request: sdk.HTTPRequest{Body: body}},
		)
		if err == nil {
			v, _ := ordered.Parse(body)
			text, _ := signature.PHPJSON(
				v.At("additional_data"),
				signature.UnescapedSlashes,
				signature.UnescapedUnicode,
			)
			if v.At("signature").
				Text() !=
				signature.SHA1Hex(
					accessKey+privateKey+signature.MD5Hex(text),
				) {
				t.Errorf("%q was believed: %+v", body, n.Events)
			}
		}

		v, err := ordered.Parse(data)
		if err != nil {
			return
		}

		for _, e := range p.events(ordered.Object(ordered.Pair("additional_data", v)), asNamed) {
			if (e.Payment == nil) == (e.Payout == nil) {
				t.Errorf("an event is about %+v", e)
			}
			if e.Payment != nil && e.Payment.Status == sdk.PaymentSucceeded &&
				len(e.Payment.Receipts) == 0 {
				t.Errorf("a success without a receipt: %+v", e.Payment)
			}

			if e.Payout != nil && e.Payout.Status == sdk.PayoutSucceeded &&
				e.Payout.Amount == nil {
				t.Errorf("a success without an amount: %+v", e.Payout)
			}
		}
	})
}

// Whatever comes as an answer, it is yes, being checked, or an error with a
// code and an outcome.
func FuzzAnswer(f *testing.F) {
	for _, s := range []string{
		systemsAnswer, `{"status":"fail","message":{"key1":["x"]}}`, `{"status":"error","code":30228,"errors":{"code":36205}}`,
		`{"status":"possible_transaction_created"}`, `{"message":"Check of deposit status started."}`, `<html>`, `{"status":"ok"`, `[[]]`,
	} {
		for _, status := range []int{200, 204, 400, 404, 500} {
			f.Add(status, []byte(s))
		}
	}

	f.Fuzz(func(t *testing.T, status int, body []byte) {
		a, err := readAnswer(&providerhttp.Response{Status: status, Body: body})
		if err == nil {
			if (a.status != "ok" && a.status != "success" && !a.pending()) ||
				((status < 200 || status > 299) && !a.pending()) {
				t.Errorf("HTTP %d with %q was read as a yes", status, body)
			}

			return
		}

		if e := sdk.AsError(err); e.Code == sdk.CodeInternal ||
			e.Outcome == sdk.OutcomeNotSent ||
			(status >= 500 && e.Outcome != sdk.OutcomeUnknown) {
			t.Errorf("HTTP %d with %q: %v", status, body, err)
		}
	})
}

// What is joined and signed never fails for JSON that can be parsed and whose
// numbers are ones to PHP.
func FuzzJoin(f *testing.F) {
	for _, v := range readVectors(f).Payouts {
		f.Add([]byte(v.Data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ordered.Parse(data)
		if err != nil {
			return
		}
		first, err := payoutSignature(sdk.NewSecret(privateKey), v)
		second, again := payoutSignature(sdk.NewSecret(privateKey), v)
		if err != nil || again != nil || first != second {
			t.Errorf("%q: %v", data, err)
		}
	})
}
