package main

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// The document's tables, and codes that are in none.
func TestErrorCodes(t *testing.T) {
	for code, want := range map[string]string{
		"111001": "invalid_request refused", "111002": "invalid_request refused", "111003": "not_found refused",
		"111004": "invalid_request refused", "111015": "unavailable unknown",
		"112001": "authentication refused", "112002": "permission refused", "112003": "permission refused",
		"112004": "authentication refused", "112005": "authentication refused", "112006": "authentication refused",
		"112007": "authentication refused", "112008": "authentication refused", "112009": "authentication refused",
		"112010": "authentication refused",
		"119001": "unavailable unknown", "119002": "unavailable unknown", "119003": "unavailable unknown",
		"119004": "unavailable unknown", "119005": "rate_limited refused", "119006": "permission refused",
		"119007": "authentication refused", "117008": "duplicate unknown",
		"111099": "declined refused", "117001": "declined refused", "112099": "authentication refused",
		"119099": "unavailable unknown", "1": "unavailable unknown", "-1": "unavailable unknown", "200": "unavailable unknown",
		"500": "unavailable unknown", "00": "unavailable unknown", "0.0": "unavailable unknown",
	} {
		for _, shape := range []string{`{"code":%q,"msg":"No.","result":null}`, `{"code":0,"msg":"SUCCESS","result":{"code":%q,"msg":"No."}}`} {
			for name, call := range verbs {
				p, asked := answering(t, http.StatusOK, fmt.Sprintf(shape, code))
				err := call(t.Context(), p)
				var e *sdk.Error
				if !errors.As(err, &e) || string(e.Code)+" "+string(e.Outcome) != want ||
					e.ProviderCode != code ||
					e.ProviderMessage != "No." {
					t.Errorf("%s, %s: got %v, want %s", name, code, err, want)
				}

				only(t, asked())
			}
		}
	}
}

// The code counts, not the HTTP status; what is no envelope proves nothing.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status  int
		answer  string
		code    sdk.Code
		outcome sdk.Outcome
	}{
		{200, `{"code":112008,"msg":"app key invalid"}`, sdk.CodeAuthentication, sdk.OutcomeRefused},
		{401, `{"code":112008,"msg":"app key invalid"}`, sdk.CodeAuthentication, sdk.OutcomeRefused},
		{500, `{"code":"111001","msg":null}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused},
		{500, createdAnswer, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{404, `{"code":0,"msg":"SUCCESS"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `null`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `[]`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `0`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{"code":null}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{"code":false,"result":{}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{"code":{},"result":{}}`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `{"code":0,"msg":"SUCCESS","resu`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, createdAnswer + createdAnswer, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{200, `<html>0</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{429, `slow down`, sdk.CodeUnavailable, sdk.OutcomeUnknown},
		{301, createdAnswer, sdk.CodeUnavailable, sdk.OutcomeUnknown},
	} {
		for name, call := range verbs {
			t.Run(fmt.Sprintf("%s/%d/%.40s", name, c.status, c.answer), func(t *testing.T) {
				p, asked := answering(t, c.status, c.answer)
				wantError(t, call(t.Context(), p), c.code, c.outcome)
				only(t, asked())
			})
		}
	}
}
