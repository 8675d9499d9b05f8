package httpapi_test

import (
	"context"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// overTheWire has a call leave an exchange, as a plugin's does.
func overTheWire(ctx context.Context) {
	sdk.RecordExchange(ctx, sdk.Exchange{
		Method: "POST",
		URL:    "https://acme.example/said",
		Status: 200,
		Sent:   true,
	})
}

// Nobody gets the provider's wire by the way: neither in the answer that makes
// something nor in any reading that did not ask for it. Who asks needs the scope
// for it, and leaves a row.
func TestTheWireIsShownOnlyWhenItIsAskedFor(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(ctx context.Context, _ sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		overTheWire(ctx)
		return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
	}
	r.account.Payout = func(ctx context.Context, _ sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		overTheWire(ctx)
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	r.account.Refund = func(ctx context.Context, _ sdk.CreateRefundRequest) (*sdk.Refund, error) {
		overTheWire(ctx)
		return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
	}

	quiet := func(a answer) answer {
		t.Helper()
		if strings.Contains(a.text, "exchanges") || strings.Contains(a.text, "/said") {
			t.Errorf("it has the wire: %s", a.text)
		}
		return a
	}
	make := func(key, path, body string) string {
		t.Helper()
		a := quiet(r.call(t, "POST", path, body, "Idempotency-Key", key).want(t, 201, ""))
		quiet(r.call(t, "POST", path, body, "Idempotency-Key", key).want(t, 201, ""))
		return a.json["id"].(string)
	}

	pay, out := make("a", "/v1/payments", paymentBody), make("b", "/v1/payouts", payoutBody)
	refund := make("c", "/v1/payments/"+pay+"/refunds", "{}")
	quiet(r.call(t, "GET", "/v1/payments/"+pay+"/refunds", "").want(t, 200, ""))
	quiet(r.call(t, "GET", "/v1/events", "").want(t, 200, ""))

	before := len(r.audited(t))
	reader := r.give("reader", nil, caller.PaymentsRead, caller.PayoutsRead)
	for _, path := range []string{"/v1/payments/" + pay, "/v1/payouts/" + out, "/v1/refunds/" + refund} {
		quiet(r.call(t, "GET", path, "").want(t, 200, ""))
		a := r.call(t, "GET", path+"?include=exchanges", "").want(t, 200, "")
		if !strings.Contains(a.text, "https://acme.example/said") {
			t.Errorf("%s has no wire: %s", path, a.text)
		}
		r.call(t, "GET", path+"?include=everything", "").want(t, 422, "invalid_request")
		a = send(t, "GET", r.URL+path+"?include=exchanges", nil, "Authorization", reader).
			want(t, 403, "permission")
		if strings.Contains(a.text, "/said") || !strings.Contains(a.text, "webhooks:read") {
			t.Errorf("%s: %s", path, a.text)
		}
	}

	log := r.audited(t)[before:]
	if len(log) != 3 || log[0] != "api get-payment "+pay+" done: with the exchanges" {
		t.Errorf("the audit log has %v", log)
	}
	r.faults.Next(coretest.Fault{Refuse: store.ErrUnwritten})
	r.call(t, "GET", "/v1/payments/"+pay+"?include=exchanges", "").want(t, 503, "storage")
}
