package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/signature"
)

// noticeOf is a genuine notice of a payment that was paid, with other values in
// it.
func noticeOf(t *testing.T, change map[string]any) []byte {
	t.Helper()
	payment := map[string]any{
		"id":        "p1",
		"reference": "pay_1",
		"status":    "paid",
		"amount":    "60.00",
		"currency":  "EUR",
	}

	body := map[string]any{"id": "evt-1", "created_at": received, "payment": payment}
	for key, value := range change {
		if _, above := body[key]; above {
			body[key] = value
		} else {
			payment[key] = value
		}
	}

	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

var received = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// read has an account read a notice that came with these signatures and
// headers.
func read(
	t *testing.T,
	body []byte,
	signatures []string,
	header http.Header,
) (*sdk.WebhookResult, error) {
	t.Helper()
	cfg, err := sdk.DecodeConfig[config](
		[]byte(simulator.New().Config("http://127.0.0.1:1")),
	)
	if err != nil {
		t.Fatal(err)
	}

	if header == nil {
		header = http.Header{}
	}

	for _, one := range signatures {
		if one == "genuine" {
			one = signature.HMACSHA256Hex(cfg.WebhookKeys[0].Reveal(), string(body))
		}
		header.Add("Signature", one)
	}

	if header.Get("Content-Encoding") != "" {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(body); err != nil || w.Close() != nil {
			t.Fatal(err)
		}

		body = packed.Bytes()
	}

	return (&provider{cfg: cfg}).ParseWebhook(t.Context(), sdk.ParseWebhookRequest{
		Request: sdk.HTTPRequest{Body: body, Header: header, ReceivedAt: received},
	})
}

func TestANoticeIsReadAsFarAsItCanBe(t *testing.T) {
	for name, c := range map[string]struct {
		change map[string]any
		want   sdk.PaymentStatus
		proof  sdk.Verification
	}{
		"as usual":                {nil, sdk.PaymentSucceeded, sdk.VerifiedBySignature},
		"an amount of thousands":  {map[string]any{"amount": "1,060.00"}, sdk.PaymentUnderReview, sdk.VerifiedBySignature},
		"an amount in a list":     {map[string]any{"amount": []string{"60"}}, sdk.PaymentUnderReview, sdk.VerifiedBySignature},
		"a currency that is none": {map[string]any{"currency": "euro"}, sdk.PaymentUnderReview, sdk.VerifiedBySignature},
		"what was taken is odd":   {map[string]any{"taken": "all"}, sdk.PaymentUnderReview, sdk.VerifiedBySignature},
		"a message in an object":  {map[string]any{"message": map[string]any{"en": "ok"}}, sdk.PaymentSucceeded, sdk.VerifiedBySignature},
		"a link that is a number": {map[string]any{"pay_url": 7, "pay_to": "nowhere"}, sdk.PaymentSucceeded, sdk.VerifiedBySignature},
		"an id that is a number":  {map[string]any{"id": 7}, sdk.PaymentSucceeded, sdk.VerifiedBySignature},
		// The time bounds how long a notice counts: without it the provider is
		// asked.
		"a time that is none":         {map[string]any{"created_at": "yesterday"}, sdk.PaymentSucceeded, sdk.NotVerified},
		"a time beyond the last year": {map[string]any{"created_at": "9999-12-31T23:59:59-05:00"}, sdk.PaymentSucceeded, sdk.NotVerified},
	} {
		n, err := read(t, noticeOf(t, c.change), []string{"genuine"}, nil)
		if err != nil || len(n.Events) != 1 || n.Verification != c.proof ||
			n.Events[0].Payment.Status != c.want {
			t.Errorf("%s: got %+v, %v", name, n, err)
		}
	}
}

func TestSeveralSignaturesAndPackedBodies(t *testing.T) {
	for name, c := range map[string]struct {
		signatures []string
		encoding   string
		ok         bool
	}{
		"the second is right":   {[]string{"other", "genuine"}, "", true},
		"all in one header":     {[]string{"other, another"}, "", false},
		"packed on the way":     {[]string{"genuine"}, "gzip", true},
		"none is right":         {[]string{"other", "another"}, "", false},
		"an empty one":          {[]string{""}, "", false},
		"no signature, packed":  {nil, "gzip", false},
		"another one and gzip":  {[]string{"other", "genuine"}, "gzip", true},
		"a comma and a genuine": {[]string{"other,", "genuine"}, "", true},
	} {
		header := http.Header{}
		if c.encoding != "" {
			header.Set("Content-Encoding", c.encoding)
		}
		_, err := read(t, noticeOf(t, nil), c.signatures, header)
		if (err == nil) != c.ok || (!c.ok && sdk.CodeOf(err) != sdk.CodeInvalidSignature) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
