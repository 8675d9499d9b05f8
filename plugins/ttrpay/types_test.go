package main

import (
	"errors"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// What may come in place of a link.
func TestErrors(t *testing.T) {
	const mismatch = `{"status":false,"result":{"code":"E012","message":"Signature miss match."}}`
	for _, c := range []struct {
		status  int
		answer  string
		code    sdk.Code
		outcome sdk.Outcome
		said    string // provider code and message; "" is not compared
	}{
		{200, mismatch, sdk.CodeAuthentication, sdk.OutcomeRefused, "E012 Signature miss match."},
		{400, mismatch, sdk.CodeAuthentication, sdk.OutcomeRefused, "E012 Signature miss match."},
		{200, `{"status":false,"result":{"code":"E099","message":"No."}}`, sdk.CodeDeclined, sdk.OutcomeRefused, "E099 No."},
		{200, `{"status":"false","result":{"code":99}}`, sdk.CodeDeclined, sdk.OutcomeRefused, "99 "},
		{422, `{"status":false,"result":{"code":"E001","message":"No."}}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, "E001 No."},
		{429, `{"status":false,"result":{"code":"E001","message":"Slow."}}`, sdk.CodeRateLimited, sdk.OutcomeRefused, "E001 Slow."},
		// A message, or what is missing, in another form than usual does not
		// hide the no.
		{200, `{"status":false,"result":{"code":"E012","message":{"text":"No."},"payment_link":false}}`, sdk.CodeAuthentication, sdk.OutcomeRefused, `E012 {"text":"No."}`},
		{200, `{"status":false,"result":{"code":"E099","message":["No."],"payment_link":[]}}`, sdk.CodeDeclined, sdk.OutcomeRefused, `E099 ["No."]`},
		// A server that fails proves nothing, whatever it says.
		{500, `{"status":false,"result":{"code":"E001","message":"No."}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, "E001 No."},
		{500, made, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		// Not what the document shows.
		{400, made, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"01","payment_link":"https://pay.ttrpay.net/pay/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":false,"result":{"code":"00","payment_link":"https://pay.ttrpay.net/pay/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":false,"result":{"message":"No."}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":false}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"result":{"code":"00","payment_link":"https://pay.ttrpay.net/pay/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"/pay/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"https://pay.ttrpay.net/"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"https://pay.ttrpay.net/.."}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"https://a@pay.ttrpay.net/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"javascript:alert(1)//h/x"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":{"code":"00","payment_link":"%zz"}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":true,"result":[]}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{"status":{}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `[]`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `{}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, `null`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, made[:100], sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{200, made + made, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{502, `<html>Bad gateway</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
		{302, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, ""},
	} {
		address, asked := answering(t, c.status, c.answer)
		_, err := newTestProvider(
			t,
			testConfig(address),
		).CreatePayment(t.Context(), paymentRequest())
		var e *sdk.Error
		if !errors.As(err, &e) || e.Code != c.code || e.Outcome != c.outcome ||
			(c.said != "" && e.ProviderCode+" "+e.ProviderMessage != c.said) {
			t.Errorf("HTTP %d %s: got %v", c.status, c.answer, err)
		}

		if n := len(asked()); n != 1 {
			t.Errorf("HTTP %d %s: asked %d times", c.status, c.answer, n)
		}
	}
}

// A link is a link also with the status that HTTP has for something new.
func TestALinkWithHTTP201(t *testing.T) {
	address, _ := answering(t, 201, made)
	if got, err := newTestProvider(t, testConfig(address)).CreatePayment(t.Context(), paymentRequest()); err != nil ||
		got.NextAction == nil {
		t.Errorf("got %+v, %v", got, err)
	}
}
