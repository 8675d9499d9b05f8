package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// What ptop may answer in place of what was hoped for, and what that means for
// any of the calls.
func TestErrors(t *testing.T) {
	const duplicate = `{"status":"error","message":"Duplicate request detected."}`
	const mismatch = `{"status":"error","message":"Signature mismatch. Untrusted origin."}`
	for _, c := range []struct {
		status  int
		answer  string
		code    sdk.Code
		outcome sdk.Outcome
		said    string // provider code and message
	}{
		// The document's errors.
		{401, `{"error":"Invalid secret key","http_code":401}`, sdk.CodeAuthentication, sdk.OutcomeRefused, "401 Invalid secret key"},
		{200, `{"error":"Invalid secret key","http_code":401}`, sdk.CodeAuthentication, sdk.OutcomeRefused, "401 Invalid secret key"},
		{200, `{"error":"Missing parameter","http_code":"400"}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, "400 Missing parameter"},
		{200, `{"error":"Server error","http_code":500}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, "500 Server error"},
		{200, `{"error":"Missing parameter","Code":400}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, "400 Missing parameter"},
		{400, `{"status":"error","message":"Invalid format"}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, " Invalid format"},
		{401, `{"message":"Unauthorized"}`, sdk.CodeAuthentication, sdk.OutcomeRefused, " Unauthorized"},
		{200, mismatch, sdk.CodeAuthentication, sdk.OutcomeRefused, " Signature mismatch. Untrusted origin."},
		{401, mismatch, sdk.CodeAuthentication, sdk.OutcomeRefused, " Signature mismatch. Untrusted origin."},
		{200, `{"status":"error","message":"Receiver not found."}`, sdk.CodeDeclined, sdk.OutcomeRefused, " Receiver not found."},
		{200, `{"error":"No","http_code":200}`, sdk.CodeDeclined, sdk.OutcomeRefused, "200 No"},
		{404, `{"error":"Not found","http_code":404}`, sdk.CodeNotFound, sdk.OutcomeRefused, "404 Not found"},
		{429, `{"error":"Slow down"}`, sdk.CodeRateLimited, sdk.OutcomeRefused, " Slow down"},
		// Words in another form than usual hide neither that it is a no nor
		// what it says.
		{200, `{"status":"error","message":{"amount":["Too much."]},"payment_url":false}`, sdk.CodeDeclined, sdk.OutcomeRefused, ` {"amount":["Too much."]}`},
		{200, `{"error":["Invalid secret key"],"http_code":401}`, sdk.CodeAuthentication, sdk.OutcomeRefused, `401 ["Invalid secret key"]`},
		{200, `{"status":"error","message":["Duplicate request detected."]}`, sdk.CodeDuplicate, sdk.OutcomeUnknown, ` ["Duplicate request detected."]`},
		// An earlier attempt may have arrived.
		{200, duplicate, sdk.CodeDuplicate, sdk.OutcomeUnknown, " Duplicate request detected."},
		{400, duplicate, sdk.CodeDuplicate, sdk.OutcomeUnknown, " Duplicate request detected."},
		{500, duplicate, sdk.CodeDuplicate, sdk.OutcomeUnknown, " Duplicate request detected."},
		{200, `{"status":"error","message":"duplicate request detected"}`, sdk.CodeDuplicate, sdk.OutcomeUnknown, " duplicate request detected"},
		// A server that fails proves nothing, whatever it says.
		{500, `{"status":"error","message":"Server error"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " Server error"},
		{503, `{"error":"Invalid secret key","http_code":401}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, "401 Invalid secret key"},
		{200, `{"error":"?","http_code":99999999999}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, "99999999999 ?"},
		{200, `{"error":"?","http_code":"E1"}`, sdk.CodeDeclined, sdk.OutcomeRefused, "E1 ?"},
		{200, `{"error":"?","http_code":302}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, "302 ?"},
		// Not what the document shows.
		{200, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, " "},
		{200, `null`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " null"},
		{200, `{}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " {}"},
		{200, `[]`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " []"},
		{200, `"success"`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` "success"`},
		{200, `{"status":"succ`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"succ`},
		{200, `{"status":"pending"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"pending"}`},
		{200, `{"status":"error"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"error"}`},
		{200, `{"status":"success","error":"No"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"success","error":"No"}`},
		{200, `{"status":"success","http_code":401}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"success","http_code":401}`},
		{401, `{"status":"success","Code":200,"payment_url":"https://a/b"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"success","Code":200,"payment_url":"https://a/b"}`},
		{401, `{"status":"success","message":"ok"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"success","message":"ok"}`},
		{200, `{"error":false,"message":"sent"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"error":false,"message":"sent"}`},
		{200, `{"status":{"a":1}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":{"a":1}}`},
		{401, `Unauthorized`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " Unauthorized"},
		{502, `<html>Bad gateway</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " <html>Bad gateway</html>"},
		{301, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, " "},
	} {
		for name, call := range verbs {
			t.Run(fmt.Sprintf("%s/%d/%s", name, c.status, c.answer), func(t *testing.T) {
				address, asked := answering(t, c.status, c.answer)
				err := call(t.Context(), newTestProvider(t, testConfig(sdk.Live, address)))
				wantError(t, err, c.code, c.outcome)
				var e *sdk.Error
				if !errors.As(err, &e) || e.ProviderCode+" "+e.ProviderMessage != c.said {
					t.Errorf("the provider's words: %v, want %q", err, c.said)
				}
				only(t, asked())
			})
		}
	}
}

func TestPayoutAnswersThatAreNoSuccess(t *testing.T) {
	for _, answer := range []string{
		`{"status":"Success"}`, `{"status":true}`, `{"status":1}`, `{"status":200,"message":"Payment sent successfully."}`,
		`{"message":"Payment sent successfully."}`, `{"success":true}`,
	} {
		address, _ := answering(t, 200, answer)
		_, err := newTestProvider(
			t,
			testConfig(sdk.Live, address),
		).CreatePayout(t.Context(), payoutRequest())
		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
}

func TestAnAnswerThatIsTooLarge(t *testing.T) {
	address, _ := answering(
		t,
		200,
		`{"status":"success","message":"`+strings.Repeat("x", 1<<20)+`"}`,
	)
	_, err := newTestProvider(
		t,
		testConfig(sdk.Live, address),
	).CreatePayout(t.Context(), payoutRequest())

	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
}
