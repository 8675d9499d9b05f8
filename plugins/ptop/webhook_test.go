package main

import (
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/signature"
)

// signed returns a notice as a JSON body, with PHP's signature of these JSON
// members.
func signed(members string) sdk.HTTPRequest {
	v, err := ordered.Parse([]byte("{" + members + "}"))
	if err != nil {
		panic(err)
	}
	text, err := signature.PHPJSON(v)
	if err != nil {
		panic(err)
	}

	return sdk.HTTPRequest{
		Method: "POST",
		Body: []byte(
			"{" + members + `,"signature":"` + signature.HMACSHA256Hex(
				secretKey,
				text,
			) + `"}`,
		),
	}
}

const (
	paid     = `"success":true,"transaction_id":3456789,"order_id":4567890,"message":"Payment done"`
	canceled = `"success":false,"transaction_id":3456789,"order_id":4567890,"message":"Payment cancelled by user / auto canceled"`
)

// parse reads a request as webhook and as return, which must say the same.
func parse(
	t *testing.T,
	p *provider,
	req sdk.HTTPRequest,
	of *sdk.PaymentContext,
) ([]sdk.Event, error) {
	t.Helper()
	scope := sdk.ScopeOpen
	if of != nil {
		scope = sdk.ScopeIntent
	}

	notice, err := p.ParseWebhook(
		t.Context(),
		sdk.ParseWebhookRequest{Request: req, Scope: scope, Payment: of},
	)
	back, returnErr := p.ParseReturn(
		t.Context(),
		sdk.ParseReturnRequest{Request: req, Scope: scope, Payment: of},
	)
	if !reflect.DeepEqual(err, returnErr) {
		t.Errorf("webhook: %v, return: %v", err, returnErr)
	}

	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(notice.Events, back.Events) {
		t.Errorf("webhook: %+v, return: %+v", notice.Events, back.Events)
	}

	if notice.Verification != sdk.VerifiedBySignature ||
		back.Verification != sdk.VerifiedBySignature {
		t.Errorf("verification: %q and %q", notice.Verification, back.Verification)
	}

	if r := notice.Response; string(r.Body) != `{"status":"ok"}` ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("ptop gets to hear %+v", r)
	}

	return notice.Events, nil
}

// What a signed notice is worth depends on what payment-check says.
func TestNotices(t *testing.T) {
	const unchecked = `<html>down</html>`
	for _, c := range []struct {
		name, notice, check string
		status              sdk.PaymentStatus
		providerStatus      string
	}{
		{"paid", paid, `{"status":1}`, sdk.PaymentSucceeded, "1"},
		{"paid, not yet there", paid, `{"status":0}`, sdk.PaymentProcessing, "0"},
		{"paid, but canceled", paid, `{"status":2}`, sdk.PaymentUnderReview, "2"},
		{"paid, nobody to ask", paid, unchecked, sdk.PaymentSucceeded, ""},
		{"paid, refused to tell", paid, `{"error":"Invalid secret key","http_code":401}`, sdk.PaymentSucceeded, ""},
		{"canceled", canceled, unchecked, sdk.PaymentCanceled, ""},
		{"in another order", `"message":"m","order_id":4567890,"transaction_id":3456789,"success":true`, `{"status":1}`, sdk.PaymentSucceeded, "1"},
		{"with more fields", paid + `,"amount":"1.00","extra":{"a":[1,null]}`, `{"status":1}`, sdk.PaymentSucceeded, "1"},
		{"success as a text", strings.Replace(paid, "true", `"1"`, 1), `{"status":1}`, sdk.PaymentSucceeded, "1"},
		{"failure as a number", strings.Replace(canceled, "false", `0`, 1), unchecked, sdk.PaymentCanceled, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			address, _ := answering(t, 200, c.check)
			p := newTestProvider(t, testConfig(sdk.Live, address))
			events, err := parse(t, p, signed(c.notice), nil)
			if err != nil || len(events) != 1 || events[0].Payment == nil {
				t.Fatalf("got %+v, %v", events, err)
			}

			e := events[0]
			if e.ID != "" || e.Reference != "4567890" ||
				e.Payment.ProviderReference != "3456789" ||
				e.Payment.Status != c.status ||
				e.Payment.ProviderStatus != c.providerStatus {
				t.Errorf("got %+v with %+v", e, *e.Payment)
			}
		})
	}
}

// A success is checked in the notice's own words.
func TestASignedSuccessIsCheckedOnce(t *testing.T) {
	address, asked := answering(t, 200, `{"status":1}`)
	p := newTestProvider(t, testConfig(sdk.Sandbox, address))
	if _, err := p.ParseReturn(t.Context(), sdk.ParseReturnRequest{Request: signed(paid)}); err != nil {
		t.Fatal(err)
	}

	r := only(t, asked())
	if r.URL.Path != "/api/test/payment-check" ||
		!strings.Contains(r.Body, `"transaction_id":"3456789"`) {
		t.Errorf("asked %s %s", r.URL, r.Body)
	}
}

// Whose payment is it? A genuine notice of another one must not settle this
// one.
func TestWhoseNotice(t *testing.T) {
	address, _ := answering(t, 200, `{"status":1}`)
	p := newTestProvider(t, testConfig(sdk.Live, address))

	for _, c := range []struct {
		name string
		of   sdk.PaymentContext
		ok   bool
	}{
		{"its own", sdk.PaymentContext{Reference: "4567890", ProviderReference: "3456789"}, true},
		{"before the transaction is known", sdk.PaymentContext{Reference: "4567890"}, true},
		{"another order", sdk.PaymentContext{Reference: "4567891", ProviderReference: "3456789"}, false},
		{"another transaction", sdk.PaymentContext{Reference: "4567890", ProviderReference: "3456780"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parse(t, p, signed(paid), &c.of)
			if c.ok && err != nil {
				t.Error(err)
			}
			if !c.ok {
				wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
			}
		})
	}
}

func TestWhatIsNotSigned(t *testing.T) {
	genuine := signed(paid)
	form := url.Values{}

	for _, m := range []string{"success", "transaction_id", "order_id", "message"} {
		form.Set(
			m,
			map[string]string{"success": "true", "transaction_id": "3456789", "order_id": "4567890", "message": "Payment done"}[m],
		)
	}

	v, _ := ordered.Parse(genuine.Body)
	mac, _ := v.Get("signature")
	form.Set("signature", mac.Text())
	changed := func(from, to string) sdk.HTTPRequest {
		return sdk.HTTPRequest{
			Body: []byte(strings.Replace(string(genuine.Body), from, to, 1)),
		}
	}

	formWith := func(key, value string) sdk.HTTPRequest {
		f, _ := url.ParseQuery(form.Encode())
		f.Set(key, value)
		return sdk.HTTPRequest{Query: f.Encode()}
	}

	address, asked := answering(t, 200, `{"status":1}`)
	p := newTestProvider(t, testConfig(sdk.Live, address))

	for name, req := range map[string]sdk.HTTPRequest{
		"nothing":                 {},
		"no signature":            {Body: []byte("{" + paid + "}")},
		"empty signature":         changed(mac.Text(), ""),
		"signature of no text":    changed(`"`+mac.Text()+`"`, "null"),
		"another order":           changed("4567890", "4567891"),
		"another transaction":     changed("3456789", "3456780"),
		"a cancel made a success": {Body: []byte(strings.Replace(string(signed(canceled).Body), "false", "true", 1))},
		"an id made a text":       changed("4567890", `"4567890"`),
		"one more field":          changed(`"success"`, `"amount":1,"success"`),
		"one field twice":         changed(`,"signature"`, `,"order_id":1,"signature"`),
		"half a body":             {Body: genuine.Body[:len(genuine.Body)/2]},
		"not UTF-8":               changed("done", "\xff"),
		"a list":                  {Body: []byte("[" + string(genuine.Body) + "]")},
		"form of another order":   formWith("order_id", "4567891"),
		"form without success":    {Query: strings.Replace(form.Encode(), "success=true", "", 1)},
		"form of a failure":       formWith("success", "false"),
		"JSON hides the query":    {Body: []byte("{}"), Query: form.Encode()},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(t, p, req, nil)
			wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
		})
	}

	if n := len(asked()); n != 0 {
		t.Errorf("ptop was asked %d times about what anybody may have sent", n)
	}

	for name, req := range map[string]sdk.HTTPRequest{
		"JSON": genuine, "form": {Body: []byte(form.Encode())}, "query": {Query: form.Encode()},
		"query beside another body": {Body: []byte("a=b"), Query: form.Encode()},
		"JSON with white space":     {Body: []byte(" \n" + string(genuine.Body) + "\n")},
	} {
		if _, err := parse(t, p, req, nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestASignedNoticeThatSaysNothing(t *testing.T) {
	p := newTestProvider(t, testConfig(sdk.Live, "http://127.0.0.1:1"))
	for _, success := range []string{"", `"success":null,`, `"success":"maybe",`, `"success":2,`, `"success":[true],`} {
		_, err := parse(
			t,
			p,
			signed(success+`"transaction_id":1,"order_id":2,"message":"Payment done"`),
			nil,
		)
		wantError(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
	}
}

// The secret key is in no way known to whoever signs with nothing.
func TestAnEmptyKeySignsNothing(t *testing.T) {
	req := signed(paid)
	req.Body = []byte(
		"{" + paid + `,"signature":"` + signature.HMACSHA256Hex("", "{"+paid+"}") + `"}`,
	)
	_, err := parse(
		t,
		newTestProvider(t, testConfig(sdk.Live, "http://127.0.0.1:1")),
		req,
		nil,
	)

	wantError(t, err, sdk.CodeInvalidSignature, sdk.OutcomeNotSent)
}

// A transaction is named as it was signed: who spells its number in another
// way, on an address that is open to all, does not keep out the genuine notice
// that follows.
func TestATransactionIsNamedAsItWasSigned(t *testing.T) {
	address, _ := answering(t, 200, `{"status":1}`)
	p := newTestProvider(t, testConfig(sdk.Live, address))
	genuine := string(signed(paid).Body)

	for _, spelled := range []string{"3456789", "3456789.0", "3456789.00", "3.456789e6", "3456789E0", "34567890e-1"} {
		body := strings.NewReplacer(`"transaction_id":3456789`, `"transaction_id":`+spelled, `"order_id":4567890`, `"order_id":4567890.0`).
			Replace(genuine)
		events, err := parse(t, p, sdk.HTTPRequest{Body: []byte(body)}, nil)
		if err != nil || len(events) != 1 {
			t.Fatalf("%s: %v, %v", spelled, events, err)
		}

		e := events[0]
		if e.Reference != "4567890" || e.Payment.ProviderReference != "3456789" ||
			!e.BothReferences {
			t.Errorf("%s: got %+v with %+v", spelled, e, e.Payment)
		}
	}
}
