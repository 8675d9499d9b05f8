package main

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// What paykassma may answer in place of what was hoped for, and what that means
// for any of the calls.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		status  int
		answer  string
		code    sdk.Code
		outcome sdk.Outcome
		said    string // provider code and message
	}{
		// The document's errors.
		{404, `Not found`, sdk.CodeAuthentication, sdk.OutcomeRefused, " Not found"},
		{404, `{"status":"fail","message":"Not found"}`, sdk.CodeAuthentication, sdk.OutcomeRefused, ` {"status":"fail","message":"Not found"}`},
		{200, `{"status":"fail","message":"MESSAGE"}`, sdk.CodeDeclined, sdk.OutcomeRefused, " MESSAGE"},
		{200, `{"status":"fail","message":{"key1":["Transaction field has wrong length"]}}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, ` {"key1":["Transaction field has wrong length"]}`},
		{200, `{"status":"fail","message":{"withdrawals_sum_amount":["Insufficient balance"]}}`, sdk.CodeInsufficientFunds, sdk.OutcomeRefused, ` {"withdrawals_sum_amount":["Insufficient balance"]}`},
		{200, `{"status":"fail","message":"Insufficient balance"}`, sdk.CodeInsufficientFunds, sdk.OutcomeRefused, " Insufficient balance"},
		{200, `{"status":"fail","message":{"plugin_custom_order_id":["The plugin custom order id field is required when type is deposit."]}}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, ` {"plugin_custom_order_id":["The plugin custom order id field is required when type is deposit."]}`},
		{200, `{"status":"error","code":30228,"errors":{"target":"secret","code":36205,"message":"Wrong secret"},"error_message":"Data validation error"}`, sdk.CodeAuthentication, sdk.OutcomeRefused, `30228 {"target":"secret","code":36205,"message":"Wrong secret"}`},
		{200, `{"status":"error","code":30228,"errors":{"target":"secret","code":36205,"message":"?"}}`, sdk.CodeAuthentication, sdk.OutcomeRefused, `30228 {"target":"secret","code":36205,"message":"?"}`},
		{200, `{"status":"error","code":30228,"errors":{"target":"secret","code":"36205","message":"?"}}`, sdk.CodeAuthentication, sdk.OutcomeRefused, `30228 {"target":"secret","code":"36205","message":"?"}`},
		{200, `{"status":"fail","message":"Postback not found"}`, sdk.CodeNotFound, sdk.OutcomeRefused, " Postback not found"},
		{200, `{"status":"fail","message":"Withdrawal with this ID not found"}`, sdk.CodeNotFound, sdk.OutcomeRefused, " Withdrawal with this ID not found"},
		// What is likely though not documented.
		{200, `{"status":"fail","message":"Wrong signature"}`, sdk.CodeAuthentication, sdk.OutcomeRefused, " Wrong signature"},
		{200, `{"status":"fail","message":{"withdrawal_id":["The withdrawal id has already been taken."]}}`, sdk.CodeDuplicate, sdk.OutcomeUnknown, ` {"withdrawal_id":["The withdrawal id has already been taken."]}`},
		{200, `{"status":"fail","message":"Duplicate withdrawal_id"}`, sdk.CodeDuplicate, sdk.OutcomeUnknown, " Duplicate withdrawal_id"},
		{422, `{"message":"The given data was invalid.","errors":{"amount":["The amount must be an integer."]}}`, sdk.CodeInvalidRequest, sdk.OutcomeRefused, " The given data was invalid."},
		{401, `{"message":"Unauthenticated."}`, sdk.CodeAuthentication, sdk.OutcomeRefused, " Unauthenticated."},
		{403, `{"status":"fail","message":"No"}`, sdk.CodePermission, sdk.OutcomeRefused, " No"},
		{429, `{"message":"Too Many Attempts."}`, sdk.CodeRateLimited, sdk.OutcomeRefused, " Too Many Attempts."},
		{400, `{"status":"fail","message":"Insufficient balance"}`, sdk.CodeInsufficientFunds, sdk.OutcomeRefused, " Insufficient balance"},
		// A server that fails proves nothing, whatever it says.
		{500, `{"status":"fail","message":"Insufficient balance"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " Insufficient balance"},
		{500, `{"message":"Server Error"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " Server Error"},
		{409, `{"status":"fail","message":"not found"}`, sdk.CodeDuplicate, sdk.OutcomeUnknown, " not found"},
		// Not what the document shows.
		{200, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, " "},
		{200, `null`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " null"},
		{200, `{}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " {}"},
		{200, `[]`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " []"},
		{200, `"ok"`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` "ok"`},
		{200, `{"status":"o`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"o`},
		{200, `{"status":"OK"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"OK"}`},
		{200, `{"status":true}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":true}`},
		{200, `{"status":["ok"]}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":["ok"]}`},
		{200, `{"status":1,"code":20000}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":1,"code":20000}`},
		{200, `{"code":20000,"message":"Done"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"code":20000,"message":"Done"}`},
		{200, `{"status":"fail"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"fail"}`},
		{200, `{"status":"fail","message":""}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"fail","message":""}`},
		{400, `{"status":"ok"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"ok"}`},
		{500, `{"status":"success"}`, sdk.CodeUnavailable, sdk.OutcomeUnknown, ` {"status":"success"}`},
		{401, `Unauthorized`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " Unauthorized"},
		{502, `<html>Bad gateway</html>`, sdk.CodeUnavailable, sdk.OutcomeUnknown, " <html>Bad gateway</html>"},
		{301, ``, sdk.CodeUnavailable, sdk.OutcomeUnknown, " "},
	} {
		all := maps.Clone(writes)
		maps.Copy(all, reads)

		for name, call := range all {
			t.Run(fmt.Sprintf("%s/%d/%s", name, c.status, c.answer), func(t *testing.T) {
				p, asked := answering(t, c.status, c.answer)
				err := call(t.Context(), p)
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

// A yes that lacks what was asked for is none; a payout needs nothing but the
// yes, and neither does a proof.
func TestEmptyYes(t *testing.T) {
	for name, call := range reads {
		for _, answer := range []string{`{"status":"ok"}`, `{"status":"ok","postback":null,"data":null,"params":null,"urls":null}`,
			`{"status":"ok","postback":{},"params":{},"urls":[]}`} {
			p, _ := answering(t, 200, answer)
			if err := call(t.Context(), p); sdk.CodeOf(err) != sdk.CodeUnavailable {
				t.Errorf("%s: %s: got %v", name, answer, err)
			}
		}
	}

	p, _ := answering(t, 200, `{"status":"ok","params":[]}`)
	_, err := p.showWallet(t.Context(), paymentRequest("nagad", ""), parsed(t, `null`))
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
}

// Only a proof can be looked for: elsewhere such an answer proves nothing.
func TestPendingElsewhere(t *testing.T) {
	for _, name := range []string{"create payment", "create payout", "get payment", "list payouts", "balances", "methods", "hash_urls"} {
		call := writes[name]
		if call == nil {
			call = reads[name]
		}

		for status, answer := range map[int]string{
			200: `{"status":"possible_transaction_created","message":"x","params":{"wallets":[]},"data":[]}`,
			400: `{"status":"fail","message":"Check of deposit status started. "}`,
		} {
			p, _ := answering(t, status, answer)
			wantError(t, call(t.Context(), p), sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
	}
}
