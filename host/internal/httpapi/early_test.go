package httpapi_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// What a plugin declares that it cannot take is refused before anything is
// recorded: the key is free for the corrected request.
func TestWhatAPluginDeclaresIsTurnedAwayEarly(t *testing.T) {
	r := newRig(t)
	r.account.Create, r.account.Currencies = redirecting, []string{"USD"}
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}

	r.account.OnInfo.PaymentLimits = []sdk.AmountLimit{sdk.MustLimit("USD", "1", "100", 2)}
	r.account.OnInfo.PayoutLimits = []sdk.AmountLimit{sdk.MustLimit("USD", "5", "", 0)}
	r.account.OnInfo.PaymentFields, r.account.OnInfo.PayoutFields = []string{
		"customer.phone",
	}, []string{
		"recipient.email",
	}

	phone := `"customer":{"phone":"+49 1"}`
	for body, fields := range map[string][]string{
		`{"provider":"acme","amount":"60.00","currency":"US",` + phone + `}`:                             {"currency"},
		`{"provider":"acme","amount":"0.99","currency":"USD",` + phone + `}`:                             {"amount"},
		`{"provider":"acme","amount":"100.01","currency":"USD",` + phone + `}`:                           {"amount"},
		`{"provider":"acme","amount":"1.001","currency":"USD",` + phone + `}`:                            {"amount"},
		`{"provider":"acme","amount":"60.00","currency":"USD"}`:                                          {"customer.phone"},
		`{"provider":"acme","amount":"0.001","currency":"EUR","customer":{}}`:                            {"amount", "currency", "customer.phone"},
		`{"provider":"acme","amount":"4","currency":"USD"} payout`:                                       {"amount", "recipient.email"},
		`{"provider":"acme","amount":"5.5","currency":"USD","recipient":{"email":"a@b.example"}} payout`: {"amount"},
	} {
		body, payout := strings.CutSuffix(body, " payout")
		path := map[bool]string{false: "/v1/payments", true: "/v1/payouts"}[payout]
		a := r.call(t, "POST", path, body, "Idempotency-Key", "k").
			want(t, 422, "invalid_request")
		if got := slices.Sorted(maps.Keys(a.violations())); !slices.Equal(got, fields) ||
			a.json["retry"] != "never" ||
			a.json["outcome"] != "not_sent" {
			t.Errorf("%s: %s", body, a.text)
		}
	}

	for _, path := range []string{"/v1/payments", "/v1/payouts", "/v1/events"} {
		if a := r.call(t, "GET", path, ""); len(a.json["data"].([]any)) != 0 {
			t.Errorf("%s: recorded: %s", path, a.text)
		}
	}

	right := `{"provider":"acme","amount":"60.00","currency":"USD",` + phone + `}`
	if a := r.call(t, "POST", "/v1/payments", right, "Idempotency-Key", "k").want(t, 201, ""); a.header.Get(
		"Idempotent-Replayed",
	) != "" {
		t.Error("the key of a refused request is taken")
	}

	if r.account.Creates() != 1 {
		t.Errorf("the provider was called %d times", r.account.Creates())
	}
}

// What only the plugin finds before it sends anything is in the failure, field
// by field, by every way of reading it.
func TestWhatThePluginFindsIsInTheFailure(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, sdk.Invalid(
			sdk.Violation{Field: "customer.phone", Message: "must have a country's prefix"},
		)
	}

	a := r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k").
		want(t, 201, "")

	id := a.json["id"].(string)
	for what, shown := range map[string]map[string]any{
		"created": a.json, "read": r.call(t, "GET", "/v1/payments/"+id, "").json, "event": r.lastEvent(t, id),
		"listed": r.call(t, "GET", "/v1/payments", "").json["data"].([]any)[0].(map[string]any),
	} {
		failure, _ := shown["failure"].(map[string]any)
		list, _ := failure["violations"].([]any)
		if len(list) != 1 || failure["code"] != "invalid_request" ||
			failure["outcome"] != "not_sent" ||
			failure["retry"] != "new_intent" ||
			failure["retry_reason"] == "" {
			t.Errorf("%s: %v", what, failure)
			continue
		}

		if v := list[0].(map[string]any); v["field"] != "customer.phone" ||
			v["message"] != "must have a country's prefix" {
			t.Errorf("%s: %v", what, v)
		}
	}
}
