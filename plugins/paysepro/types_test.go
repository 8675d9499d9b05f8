package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// The document's two tables of error codes.
func TestErrorCodes(t *testing.T) {
	codes := map[string]sdk.Code{
		"01": sdk.CodeInvalidRequest, "02": sdk.CodeInvalidRequest, "03": sdk.CodeInvalidRequest, "04": sdk.CodeInvalidRequest,
		"05": sdk.CodeAuthentication, "06": sdk.CodeAuthentication, "07": sdk.CodePermission, "08": sdk.CodeUnavailable,
		"09": sdk.CodePermission, "10": sdk.CodePermission, "11": sdk.CodeAuthentication, "12": sdk.CodeInsufficientFunds,
		"16": sdk.CodeInvalidRequest, "17": sdk.CodeUnavailable, "18": sdk.CodePermission, "19": sdk.CodePermission,
		"20": sdk.CodePermission, "22": sdk.CodeAuthentication, "26": sdk.CodePermission, "27": sdk.CodePermission,
		"28": sdk.CodePermission, "29": sdk.CodePermission, "31": sdk.CodeNotFound, "32": sdk.CodeInvalidRequest, "40": sdk.CodeAuthentication,
	}
	for code, want := range codes {
		outcome, before := sdk.OutcomeRefused, sdk.OutcomeRefused
		if code == "08" || code == "17" {
			outcome, before = sdk.OutcomeUnknown, sdk.OutcomeNotSent
		}

		// hides no refusal
		for _, more := range []string{``, `,"message":{"text":["no"]},"price":false,"url":[]`} {
			address, asked := answering(t, 200, data, `{"error":"`+code+`"`+more+`}`)
			_, err := newTestProvider(
				t,
				testConfig(address),
			).CreatePayment(t.Context(), paymentRequest())
			wantError(t, err, want, outcome)
			var e *sdk.Error
			if !errors.As(err, &e) || e.ProviderCode != code || len(asked()) != 2 ||
				(more != "" && e.ProviderMessage != `{"text":["no"]}`) {
				t.Errorf("%s: %v", code, err)
			}
		}

		for _, answer := range []string{
			`{"error":"` + code + `","message":"no"}`, `{"error":"` + code + `","message":["no"]}`, `{"error":"` + code + `","data":[]}`, `{"error":0,"data":{"error":"` + code + `"}}`,
		} {
			address, asked := answering(t, 200, answer, made)
			p := newTestProvider(t, testConfig(address))
			_, err := p.ListPaymentMethods(
				t.Context(),
				sdk.ListPaymentMethodsRequest{Country: "es"},
			)
			wantError(t, err, want, outcome)
			_, err = p.CreatePayment(t.Context(), paymentRequest())

			wantError(t, err, want, before)
			if len(asked()) != 2 {
				t.Errorf("%s: asked %d times", answer, len(asked()))
			}
		}
	}
}

// What may come in place of a code.
func TestAnswersOfCreateCode(t *testing.T) {
	for _, c := range []struct {
		status  int
		answer  string
		code    sdk.Code
		outcome sdk.Outcome
	}{
		{200, made, "", ""},
		{200, strings.Replace(made, `"error":0`, `"error":"0"`, 1), "", ""},
		{200, strings.Replace(made, `"error":0`, `"error":"00"`, 1), "", ""},
		{200, `{"error":2}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused}, // a number has lost its 0
		{403, `{"error":"40"}`, sdk.CodeAuthentication, sdk.OutcomeRefused},
		{500, `{"error":"40"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{500, made, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{201, made, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":"000"`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":0.0`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":false`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":null`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":""`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":"99"`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0`, `"error":[]`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"error":0,`, ``, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `"AABBCCDDEEFF"`, `""`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `2.99`, `"free"`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `https:`, `javascript:`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `https://`, `https://a@`, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, strings.Replace(made, `https://api.paysepro.com`, ``, 1), sdk.CodeUnavailable, sdk.OutcomeUnknown},
		// as the document prints it: no JSON
		{200, `{"error":"02",}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `[]`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, made[:50], sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `Error: 02`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{502, `<html>Bad gateway</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{302, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown},
	} {
		t.Run(fmt.Sprintf("%d/%s", c.status, c.answer), func(t *testing.T) {
			address, asked := answering(t, c.status, data, c.answer)
			_, err := newTestProvider(
				t,
				testConfig(address),
			).CreatePayment(t.Context(), paymentRequest())
			wantError(t, err, c.code, c.outcome)
			if n := len(asked()); n != 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// What may come in place of data: for a payment, proof that nothing of it was
// sent.
func TestAnswersOfGetData(t *testing.T) {
	change := func(from, to string) string { return strings.Replace(data, from, to, 1) }
	for _, c := range []struct {
		answer string
		code   sdk.Code
	}{
		{change(`"sites":{"status":"enabled"`, `"sites":{"status":"disabled"`), sdk.CodePermission},
		{change(`"price":"12.00","status":"enabled"`, `"price":"12.00","status":"disabled"`), sdk.CodePermission},
		{change(`"currency":"USD"`, `"currency":""`), sdk.CodeUnavailable},
		{change(`"currency":"USD",`, ``), sdk.CodeUnavailable},
		{change(`"pmax":"1000.00"`, `"pmax":"much"`), sdk.CodeUnavailable},
		{change(`"method":"neosurf"`, `"method":""`), sdk.CodeUnavailable},
		{change(`{"method":"neosurf"`, `7,{"method":"neosurf"`), sdk.CodeUnavailable},
		{change(`"data":{"error":0,`, `"data":{`), sdk.CodeUnavailable},
		{`{"error":0,"message":"","data":[]}`, sdk.CodeUnavailable},
		{`{"error":0}`, sdk.CodeUnavailable},
		{`[]`, sdk.CodeUnavailable}, {``, sdk.CodeUnavailable}, {`<html>`, sdk.CodeUnavailable}, {data[:200], sdk.CodeUnavailable},
	} {
		t.Run(c.answer, func(t *testing.T) {
			address, asked := answering(t, 200, c.answer, made)
			p := newTestProvider(t, testConfig(address))
			if _, err := p.ListPaymentMethods(t.Context(), sdk.ListPaymentMethodsRequest{Country: "es"}); sdk.CodeOf(
				err,
			) != c.code {
				t.Errorf("methods: %v", err)
			}

			_, err := p.CreatePayment(t.Context(), paymentRequest())
			if o := sdk.OutcomeOf(err); sdk.CodeOf(err) != c.code ||
				(o != sdk.OutcomeNotSent && o != sdk.OutcomeRefused) {
				t.Errorf("payment: %v", err)
			}

			if n := len(asked()); n != 2 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}
