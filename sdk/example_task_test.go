package sdk_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

func euros(text string) sdk.Money {
	return sdk.Money{Amount: decimal.RequireFromString(text), Currency: "EUR"}
}

// A provider's error codes become ours by a table. What is not in it is still
// the provider's no; a duplicate alone says that an earlier attempt may have
// arrived.
func ExampleRefused() {
	codes := map[string]sdk.Code{
		"E01": sdk.CodeAuthentication, "E17": sdk.CodeInsufficientFunds, "E20": sdk.CodeDuplicate,
	}
	refusal := func(code, message string) error {
		ours, known := codes[code]
		if !known {
			ours = sdk.CodeDeclined
		}
		e := sdk.Refused(ours, code, message)
		if ours == sdk.CodeDuplicate {
			e.Outcome = sdk.OutcomeUnknown
		}
		return e
	}

	fmt.Println(refusal("E17", "Balance too low"))
	fmt.Println(refusal("E99", "Computer says no"))
	fmt.Println(refusal("E20", "Order exists"))
	// Output:
	// insufficient_funds (refused): the provider refused the request [provider said: E17 Balance too low]
	// declined (refused): the provider refused the request [provider said: E99 Computer says no]
	// duplicate (unknown): the provider refused the request [provider said: E20 Order exists]
}

// What the provider needs and a request may lack is found before anything is
// sent, all of it at once.
func ExampleInvalid() {
	check := func(r sdk.Recipient) error {
		var missing []sdk.Violation
		for field, value := range map[string]string{"recipient.iban": r.IBAN} {
			if value == "" {
				missing = append(missing, sdk.Violation{Field: field, Message: "is needed"})
			}
		}

		if len(missing) > 0 {
			return sdk.Invalid(missing...)
		}

		return nil
	}

	fmt.Println(check(sdk.Recipient{Name: "Ada"}))
	fmt.Println(check(sdk.Recipient{IBAN: "DE02120300000000202051"}))
	// Output:
	// invalid_request (not_sent): the request is not valid: recipient.iban: is needed
	// <nil>
}

// Whoever gets an error reads its code and its outcome; an error that says
// nothing is in doubt.
func ExampleAsError() {
	for _, err := range []error{
		sdk.NotSent(sdk.CodeLimit, "at most 100 a day"), errors.New("broken pipe"), context.DeadlineExceeded,
	} {
		e := sdk.AsError(err)
		fmt.Println(e.Code, e.Outcome)
	}
	// Output:
	// limit not_sent
	// internal unknown
	// unavailable unknown
}

// feeInput and feeOutput are an operation's; its JSON Schemas are made from
// them.
type feeInput struct {
	Amount   decimal.Decimal `config:"amount,required" min:"0.01" doc:"What the customer would pay."`
	Currency string          `config:"currency,required" doc:"Upper-case code."`
}

type feeOutput struct {
	Fee decimal.Decimal `json:"fee" doc:"What the provider would keep."`
}

// invoke is the InvokeOperation of a provider with one operation. The SDK has
// turned other names away.
func invoke(_ context.Context, req sdk.InvokeOperationRequest) (json.RawMessage, error) {
	var in feeInput
	if err := sdk.DecodeInput(req.Input, &in); err != nil {
		return nil, err // strictly: unknown keys and missing ones are violations
	}
	return json.Marshal(feeOutput{Fee: in.Amount.Shift(-2)})
}

// What only one provider has is an operation: it is declared in Info and called
// by its name.
func ExampleOperation() {
	declared := sdk.Operation{
		Name:         "quote_fee",
		Description:  "What a payment of this amount will cost.",
		InputSchema:  sdk.Schema[feeInput](),
		OutputSchema: sdk.Schema[feeOutput](),
	}
	fmt.Println(declared.Name, json.Valid(declared.InputSchema))
	out, err := invoke(context.Background(), sdk.InvokeOperationRequest{
		Operation: "quote_fee",
		Input:     json.RawMessage(`{"amount": 60, "currency": "EUR"}`),
	})

	fmt.Println(string(out), err)
	_, err = invoke(
		context.Background(),
		sdk.InvokeOperationRequest{
			Input: json.RawMessage(`{"amount": 0, "curency": "EUR"}`),
		},
	)
	fmt.Println(len(sdk.AsError(err).Violations), "violations:", sdk.CodeOf(err))
	// Output:
	// quote_fee true
	// {"fee":"0.6"} <nil>
	// 3 violations: invalid_request
}

// A notice that nothing proves is a hint: the host asks, and never takes its
// word. The provider gets its answer anyway.
func ExampleWebhookResult() {
	notice := func(scope sdk.URLScope) sdk.WebhookResult {
		n := sdk.WebhookResult{
			Events: []sdk.Event{
				{Reference: "pay_1", Payment: &sdk.Payment{Status: sdk.PaymentSucceeded}},
			},
			Response: sdk.HTTPResponse{Status: 200, Body: []byte("OK")},
		}
		if scope == sdk.ScopeIntent { // an address that only the provider was told
			n.Verification = sdk.VerifiedByOrigin
		}

		return n
	}

	fmt.Printf(
		"%q %q\n",
		notice(sdk.ScopeIntent).Verification,
		notice(sdk.ScopeOpen).Verification,
	)
	// Output:
	// "origin" ""
}
