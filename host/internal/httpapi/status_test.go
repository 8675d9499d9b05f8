package httpapi_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// failing returns an error as a plugin would.
func failing(code sdk.Code, outcome sdk.Outcome) *sdk.Error {
	return &sdk.Error{
		Code:            code,
		Outcome:         outcome,
		Message:         "it failed",
		ProviderCode:    "E17",
		ProviderMessage: "nope",
	}
}

func TestARecordedPaymentIs201WhateverBecameOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		err     error
		status  string
		outcome any
	}{
		"made":         {nil, "requires_action", nil},
		"refused":      {failing(sdk.CodeDeclined, sdk.OutcomeRefused), "failed", "refused"},
		"authenticate": {failing(sdk.CodeAuthentication, sdk.OutcomeRefused), "failed", "refused"},
		"not sent":     {failing(sdk.CodeLimit, sdk.OutcomeNotSent), "failed", "not_sent"},
		"in doubt":     {failing(sdk.CodeUnavailable, sdk.OutcomeUnknown), "unknown", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.account.Create = func(ctx context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
				if c.err != nil {
					return nil, c.err
				}
				return redirecting(ctx, q)
			}

			a := r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k").
				want(t, 201, "")
			if a.json["status"] != c.status || a.at("failure.outcome") != c.outcome {
				t.Errorf("got %s", a.text)
			}

			if c.err != nil &&
				(a.at("failure.provider_code") != "E17" || a.at("failure.provider_message") != "nope") {
				t.Errorf("the provider's words are lost: %s", a.text)
			}

			if want := "/v1/payments/" + a.json["id"].(string); a.header.Get(
				"Location",
			) != want {
				t.Errorf("Location is %s, want %s", a.header.Get("Location"), want)
			}

			if a.header.Get("Idempotent-Replayed") != "" {
				t.Error("the first answer says that it is a replay")
			}
		})
	}
}

func TestNothingIsRecordedWithAProblem(t *testing.T) {
	for name, c := range map[string]struct {
		path, body, key string
		prepare         func(*rig)
		status          int
		code            string
		field           string
	}{
		"no plugin":          {"/v1/payments", paymentBody, "k", func(r *rig) { r.account.SetDown(true) }, 503, "unavailable", ""},
		"no plugin, payout":  {"/v1/payouts", payoutBody, "k", func(r *rig) { r.account.SetDown(true) }, 503, "unavailable", ""},
		"cannot do it":       {"/v1/payouts", payoutBody, "k", nil, 422, "not_supported", ""},
		"no such provider":   {"/v1/payments", strings.Replace(paymentBody, "acme", "nobody", 1), "k", nil, 422, "invalid_request", "provider"},
		"no provider":        {"/v1/payments", `{"amount":"1","currency":"USD"}`, "k", nil, 422, "invalid_request", "provider"},
		"no key":             {"/v1/payments", paymentBody, "", nil, 422, "invalid_request", "Idempotency-Key"},
		"no key, payout":     {"/v1/payouts", payoutBody, "", nil, 422, "invalid_request", "Idempotency-Key"},
		"a long key":         {"/v1/payments", paymentBody, strings.Repeat("k", 256), nil, 422, "invalid_request", "Idempotency-Key"},
		"a key not of ASCII": {"/v1/payments", paymentBody, "clé", nil, 422, "invalid_request", "Idempotency-Key"},
		"not JSON":           {"/v1/payments", `{"provider":`, "k", nil, 400, "malformed", ""},
		"nothing":            {"/v1/payments", ``, "k", nil, 400, "malformed", ""},
		"too large":          {"/v1/payments", `{"description":"` + strings.Repeat("x", 1<<20) + `"}`, "k", nil, 413, "too_large", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.account.Create = redirecting
			if c.prepare != nil {
				c.prepare(r)
			}

			a := r.call(t, "POST", c.path, c.body, "Idempotency-Key", c.key).
				want(t, c.status, c.code)
			if a.json["outcome"] != "not_sent" {
				t.Errorf("the outcome is %v", a.json["outcome"])
			}

			if fields := slices.Collect(maps.Keys(a.violations())); c.field != "" &&
				!slices.Equal(fields, []string{c.field}) {
				t.Errorf("the violations are of %v, want %s: %s", fields, c.field, a.text)
			}

			if c.status == 503 && a.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
			}
			if n := r.account.Creates(); n != 0 {
				t.Errorf("the provider was called %d times", n)
			}

			for _, list := range []string{"/v1/payments", "/v1/payouts"} {
				if a := r.call(t, "GET", list, ""); len(a.json["data"].([]any)) != 0 {
					t.Errorf("something is recorded: %s", a.text)
				}
			}
		})
	}
}

// actions are the calls that change a payment, with the statuses of their
// success.
var actions = []struct {
	name, path, body string
	status           int
	script           func(*rig, error)
}{
	{"confirm", "/confirm", `{"fields":{"key1":"x"}}`, 200, func(r *rig, err error) {
		r.account.Confirm = func(context.Context, sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
			return processing(err)
		}
	}},
	{"capture", "/capture", `{"amount":"20.00"}`, 200, func(r *rig, err error) {
		r.account.Capture = func(context.Context, sdk.CapturePaymentRequest) (*sdk.Payment, error) { return processing(err) }
	}},
	{"cancel", "/cancel", `{"reason":"sold out"}`, 200, func(r *rig, err error) {
		r.account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) { return processing(err) }
	}},
	{
		"refund",
		"/refunds",
		`{"amount":"10.00","reason":"broken"}`,
		201,
		func(r *rig, err error) {
			r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
				return &sdk.Payment{
					ProviderReference: "theirs",
					Status:            sdk.PaymentSucceeded,
				}, nil
			}

			r.account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
				if err != nil {
					return nil, err
				}
				return &sdk.Refund{
					ProviderReference: "re-theirs",
					Status:            sdk.RefundSucceeded,
				}, nil
			}
		},
	},
}

func processing(err error) (*sdk.Payment, error) {
	if err != nil {
		return nil, err
	}
	return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentProcessing}, nil
}

func TestWhatAChangeAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		status int // 0: the action's own
		code   string
	}{
		"done":       {nil, 0, ""},
		"refused":    {failing(sdk.CodeDeclined, sdk.OutcomeRefused), 422, "declined"},
		"credential": {failing(sdk.CodeAuthentication, sdk.OutcomeRefused), 422, "authentication"},
		"in doubt":   {failing(sdk.CodeUnavailable, sdk.OutcomeUnknown), 504, "unavailable"},
		"a bad end":  {failing(sdk.CodeInternal, sdk.OutcomeUnknown), 504, "internal"},
		"not sent":   {failing(sdk.CodeUnavailable, sdk.OutcomeNotSent), 503, "unavailable"},
		"violations": {sdk.Invalid(sdk.Violation{Field: "fields.key1", Message: "is too short"}), 422, "invalid_request"},
	} {
		for _, action := range actions {
			t.Run(action.name+" "+name, func(t *testing.T) {
				r := newRig(t)
				action.script(r, c.err)
				id := r.pay(t, "k")
				before := r.call(t, "GET", "/v1/payments/"+id, "").json["status"]
				a := r.call(
					t,
					"POST",
					"/v1/payments/"+id+action.path,
					action.body,
					"Idempotency-Key",
					"k2",
				)

				if c.status == 0 {
					a.want(t, action.status, "")
					return
				}

				a.want(t, c.status, c.code)
				if want := string(sdk.OutcomeOf(c.err)); a.json["outcome"] != want ||
					a.json["payment_id"] != id {
					t.Errorf("want outcome %s and payment %s: %s", want, id, a.text)
				}

				if sdk.AsError(c.err).ProviderCode != "" &&
					a.json["provider_code"] != "E17" {
					t.Errorf("the provider's code is lost: %s", a.text)
				}

				if c.status == 503 && a.header.Get("Retry-After") != "1" {
					t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
				}
				if after := r.call(t, "GET", "/v1/payments/"+id, "").json["status"]; after != before {
					t.Errorf("the payment was %v and is %v", before, after)
				}
			})
		}
	}
}

func TestChangesThatNeverReachTheProvider(t *testing.T) {
	for _, action := range actions {
		t.Run(action.name, func(t *testing.T) {
			r := newRig(t)
			action.script(r, nil)
			id := r.pay(t, "k")
			r.call(t, "POST", "/v1/payments/pay_0"+action.path, action.body, "Idempotency-Key", "n").
				want(t, 404, "not_found")
			a := r.call(t, "POST", "/v1/payments/"+id+action.path, action.body).
				want(t, 422, "invalid_request")
			if a.violations()["Idempotency-Key"] == "" {
				t.Errorf("the missing key is not named: %s", a.text)
			}

			r.call(t, "POST", "/v1/payments/"+id+action.path, action.body, "Idempotency-Key", "k").
				want(t, 409, payment.CodeIdempotencyConflict)
			r.call(t, "POST", "/v1/payments/"+id+action.path, `[`, "Idempotency-Key", "m").
				want(t, 400, "malformed")
			r.call(t, "POST", "/v1/payments/"+id+action.path, `{"surprise":1}`, "Idempotency-Key", "m").
				want(t, 422, "invalid_request")
			if action.name == "capture" || action.name == "refund" {
				a := r.call(t, "POST", "/v1/payments/"+id+action.path, `{"amount":"0.00"}`, "Idempotency-Key", "z").
					want(t, 422, "invalid_request")
				if a.violations()["amount"] != "must be more than zero" {
					t.Errorf("a zero is taken for all of it: %s", a.text)
				}
			}

			r.account.SetDown(true)
			r.call(t, "POST", "/v1/payments/"+id+action.path, action.body, "Idempotency-Key", "d").
				want(t, 503, "unavailable")
		})
	}
}

func TestAFinalPaymentIsAConflict(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentFailed}, nil
	}

	for _, action := range actions[:3] {
		action.script(r, nil)
		a := r.call(
			t,
			"POST",
			"/v1/payments/"+r.pay(t, "k")+action.path,
			action.body,
			"Idempotency-Key",
			action.name,
		)

		a.want(t, 409, payment.CodeConflict)
	}
}

// questions are the calls that only ask.
var questions = []struct {
	name, method, path, body string
	script                   func(*rig, error)
}{
	{"methods", "GET", "/v1/providers/acme/payment-methods", "", func(r *rig, err error) {
		r.account.Methods = func(context.Context, sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) { return nil, err }
	}},
	{"balances", "GET", "/v1/providers/acme/balances", "", func(r *rig, err error) {
		r.account.Balances = func(context.Context) ([]sdk.Balance, error) { return nil, err }
	}},
	{
		"operation",
		"POST",
		"/v1/providers/acme/operations/rates",
		`{"pair":"USDEUR"}`,
		func(r *rig, err error) {
			r.account.OnInfo.Operations = []sdk.Operation{{Name: "rates"}}
			r.account.Operation = func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error) {
				return json.RawMessage(`{"rate":"1.08"}`), err
			}
		},
	},
	{"refresh", "GET", "/v1/payments/ID?refresh=true", "", func(r *rig, err error) {
		// else "not found" may mean "not yet", which is no error
		r.account.OnInfo.PaymentLookup.Immediate = true
		r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) { return processing(err) }
	}},
}

func TestWhatAQuestionAnswers(t *testing.T) {
	limited := failing(sdk.CodeRateLimited, sdk.OutcomeRefused)
	limited.RetryAfter = 1500 * time.Millisecond

	for name, c := range map[string]struct {
		err    error
		status int
		code   string
		retry  string
	}{
		"answered":    {nil, 200, "", ""},
		"credentials": {failing(sdk.CodeAuthentication, sdk.OutcomeRefused), 502, "authentication", ""},
		"not found":   {failing(sdk.CodeNotFound, sdk.OutcomeRefused), 502, "not_found", ""},
		"no outcome":  {failing(sdk.CodePermission, ""), 502, "permission", ""},
		"limited":     {limited, 502, "rate_limited", "2"},
		"silent":      {failing(sdk.CodeUnavailable, sdk.OutcomeUnknown), 504, "unavailable", ""},
		"not reached": {failing(sdk.CodeUnavailable, sdk.OutcomeNotSent), 504, "unavailable", ""},
		"crashed":     {failing(sdk.CodeInternal, sdk.OutcomeUnknown), 504, "internal", ""},
		"violations":  {sdk.Invalid(sdk.Violation{Field: "pair", Message: "is not known"}), 422, "invalid_request", ""},
	} {
		for _, q := range questions {
			t.Run(q.name+" "+name, func(t *testing.T) {
				r := newRig(t)
				id := r.pay(t, "k")
				var err error // a nil *sdk.Error is an error
				if c.err != nil {
					err = c.err
				}

				q.script(r, err)
				a := r.call(t, q.method, strings.Replace(q.path, "ID", id, 1), q.body).
					want(t, c.status, c.code)
				if a.header.Get("Retry-After") != c.retry {
					t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
				}

				if c.status == 502 && a.json["provider_message"] != "nope" {
					t.Errorf("the provider's words are lost: %s", a.text)
				}
			})
		}
	}
}

func TestQuestionsThatNeverReachTheProvider(t *testing.T) {
	for _, q := range questions {
		t.Run(q.name, func(t *testing.T) {
			r := newRig(t)
			id := r.pay(t, "k")
			path := strings.Replace(q.path, "ID", id, 1)
			if q.name != "operation" {
				r.call(t, q.method, path, q.body).want(t, 422, "not_supported")
			}

			q.script(r, nil)
			missing := strings.NewReplacer("acme", "nobody", id, "pay_0", "rates", "rats").
				Replace(path)
			r.call(t, q.method, missing, q.body).want(t, 404, "not_found")
			r.account.SetDown(true)
			a := r.call(t, q.method, path, q.body).want(t, 503, "unavailable")
			if a.header.Get("Retry-After") != "1" {
				t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
			}
		})
	}
}
