package httpapi_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

func TestTheSameRequestGivesTheSameResourceAsItIsNow(t *testing.T) {
	r := newRig(t)
	r.account.Create = redirecting
	id := r.pay(t, "k")
	r.account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentSucceeded}, nil
	}

	r.call(t, "GET", "/v1/payments/"+id+"?refresh=true", "").want(t, 200, "")
	for name, body := range map[string]string{
		"as it was": paymentBody,
		"reordered": "{ \"currency\": \"USD\",\n\"amount\":\"60.00\", \"merchant_reference\":\"order-47\", \"provider\":\"acme\" }",
		"with nothing said": `{"provider":"acme","amount":"60.00","currency":"USD","merchant_reference":"order-47",
			"method":"","country":"","language":"","customer":{"id":"","email":""},"metadata":{}}`,
	} {
		a := r.call(t, "POST", "/v1/payments", body, "Idempotency-Key", "k").
			want(t, 201, "")
		if a.header.Get("Idempotent-Replayed") != "true" || a.json["id"] != id ||
			a.json["status"] != "succeeded" {
			t.Errorf("%s: %v %s", name, a.header, a.text)
		}
	}

	if n := r.account.Creates(); n != 1 {
		t.Errorf("the provider was called %d times", n)
	}
	a := r.call(t, "POST", "/v1/payments", `{"provider":"acme","amount":"60.01","currency":"USD","merchant_reference":"order-47"}`,
		"Idempotency-Key", "k").
		want(t, 409, payment.CodeIdempotencyConflict)
	if a.json["payment_id"] != id || a.header.Get("Idempotent-Replayed") != "" {
		t.Errorf("a conflict: %v %s", a.header, a.text)
	}
}

func TestRequestsAtOnceUnderOneKeyGetOneAnswer(t *testing.T) {
	r := newRig(t)
	called, goOn := make(chan struct{}), make(chan struct{})
	r.account.Create = func(ctx context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		close(called) // a second call would panic
		<-goOn
		return redirecting(ctx, q)
	}

	answers := make([]answer, 6)
	var all sync.WaitGroup

	for k := range answers {
		all.Go(
			func() { answers[k] = r.call(t, "POST", "/v1/payments", paymentBody, "Idempotency-Key", "k") },
		)
	}

	<-called
	close(goOn)
	all.Wait()
	replayed := 0

	for _, a := range answers {
		if a.want(t, 201, "").json["id"] != answers[0].json["id"] ||
			a.json["status"] != "requires_action" {
			t.Errorf("got %s", a.text)
		}

		if a.header.Get("Idempotent-Replayed") == "true" {
			replayed++
		}
	}

	if replayed != len(answers)-1 {
		t.Errorf("%d of %d answers are replays", replayed, len(answers))
	}
}

func TestChangesAreReplayed(t *testing.T) {
	for _, action := range actions {
		t.Run(action.name, func(t *testing.T) {
			r := newRig(t)
			action.script(r, nil)
			path := "/v1/payments/" + r.pay(t, "k") + action.path
			first := r.call(t, "POST", path, action.body, "Idempotency-Key", "k2").
				want(t, action.status, "")
			action.script(r, failing(sdk.CodeDeclined, sdk.OutcomeRefused))
			again := r.call(t, "POST", path, action.body, "Idempotency-Key", "k2").
				want(t, action.status, "")
			if again.json["id"] != first.json["id"] ||
				first.header.Get("Idempotent-Replayed") != "" ||
				again.header.Get("Idempotent-Replayed") != "true" {
				t.Errorf("replayed %v and %v: %s", first.header, again.header, again.text)
			}

			r.call(t, "POST", path, action.body, "Idempotency-Key", "k3").
				want(t, 422, "declined")
			a := r.call(t, "POST", path, action.body, "Idempotency-Key", "k3").
				want(t, 422, "declined")
			if a.header.Get("Idempotent-Replayed") != "true" ||
				a.json["provider_code"] != "E17" {
				t.Errorf("a refusal is replayed as %v %s", a.header, a.text)
			}
		})
	}
}

func TestAnOperationThatMovesMoneyRunsOnce(t *testing.T) {
	r := newRig(t)
	calls := 0
	r.account.OnInfo.Operations = []sdk.Operation{{Name: "swap", MovesMoney: true}}
	r.account.Operation = func(_ context.Context, q sdk.InvokeOperationRequest) (json.RawMessage, error) {
		calls++
		return json.RawMessage(
			`{"n":` + string(q.Input) + `,"key":"` + q.IdempotencyKey + `"}`,
		), nil
	}

	const path = "/v1/providers/acme/operations/swap"
	if a := r.call(t, "POST", path, `1`).want(t, 422, "invalid_request"); a.violations()["Idempotency-Key"] == "" {
		t.Errorf("the missing key is not named: %s", a.text)
	}

	for k, replayed := range []string{"", "true"} {
		a := r.call(t, "POST", path, `1.0000000000000000001`, "Idempotency-Key", "k").
			want(t, 200, "")
		if a.text != `{"n":1.0000000000000000001,"key":"k"}`+"\n" ||
			a.header.Get("Idempotent-Replayed") != replayed ||
			calls != 1 {
			t.Errorf("answer %d after %d calls: %v %s", k, calls, a.header, a.text)
		}
	}

	r.call(t, "POST", path, `2`, "Idempotency-Key", "k").
		want(t, 409, payment.CodeIdempotencyConflict)
	if a := r.call(t, "POST", path, ``, "Idempotency-Key", "none").want(t, 200, ""); a.text != `{"n":{},"key":"none"}`+"\n" {
		t.Errorf("without a body: %s", a.text)
	}
}
