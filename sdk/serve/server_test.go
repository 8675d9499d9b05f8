package serve_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// want fails the test unless err is an *Error with the code and outcome.
func want(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome) *sdk.Error {
	t.Helper()
	var e *sdk.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *Error", err)
	}
	if e.Code != code || e.Outcome != outcome {
		t.Fatalf("got %v, want %s (%s)", e, code, outcome)
	}
	return e
}

func TestInfoIsCompletedBySDK(t *testing.T) {
	r := serveScript(t, &script{})
	info, err := r.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if info.ContractVersion != 1 || len(info.Capabilities) != 17 ||
		slices.Contains(info.Capabilities, "made_up") {
		t.Errorf("version %d, capabilities %v", info.ContractVersion, info.Capabilities)
	}

	if !json.Valid(info.ConfigSchema) || info.PaymentLimits[0].Max.String() != "1000" ||
		*info.PaymentLimits[0].Decimals != 2 {
		t.Errorf("info %+v", info)
	}

	if got := r.server.Info(); got.Name != "fake" || len(got.Capabilities) != 17 {
		t.Errorf("the server's own %+v", got)
	}
}

func TestEveryVerbReachesTheProvider(t *testing.T) {
	var verbs []string
	r := serveScript(
		t,
		&script{verb: func(_ context.Context, p *fake, verb string, _ any) (any, error) {
			verbs = append(verbs, verb+" "+p.rt.Account)
			return nil, nil
		}},
	)

	for name, call := range calls {
		if _, err := call(t.Context(), r.main()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if len(verbs) == 0 || verbs[len(verbs)-1] != name+" main" {
			t.Errorf("%s called %v", name, verbs)
		}
	}

	if len(verbs) != 17 {
		t.Errorf("%d verbs", len(verbs))
	}
}

func TestRequestArrivesAsItWasSent(t *testing.T) {
	var got any
	r := serveScript(
		t,
		&script{verb: func(_ context.Context, _ *fake, _ string, req any) (any, error) {
			got = req
			return nil, nil
		}},
	)

	req := validPayment()
	req.Amount = amount("60.01", "EUR")
	req.Metadata = map[string]string{"a": "b"}
	req.ExpiresAt = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	req.Options = json.RawMessage(`{"rate": 1.50}`)
	req.Customer = sdk.Customer{ID: "7", Email: "a@b.example"}
	if _, err := r.main().CreatePayment(t.Context(), req); err != nil {
		t.Fatal(err)
	}

	if !reflect.DeepEqual(got, req) {
		t.Errorf("got  %+v\nwant %+v", got, req)
	}
}

func TestUnknownAccount(t *testing.T) {
	r := serveScript(t, &script{})
	for name, call := range calls {
		_, err := call(t.Context(), r.Account("other"))
		e := want(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
		if !strings.Contains(e.Message, `"other"`) {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestMissingCapabilities(t *testing.T) {
	t.Run("the configuration turns them off", func(t *testing.T) {
		r := serveScript(t, &script{})
		info := r.configure(t, `{"without": ["create_payment"], "shop": "s"}`)
		if slices.Contains(info.Capabilities, sdk.CapabilityCreatePayment) ||
			len(info.Capabilities) != 16 ||
			info.Warnings[0] != "shop is s" ||
			!slices.Equal(info.Currencies, []string{"USD", "EUR"}) {
			t.Errorf("account %+v", info)
		}

		_, err := r.main().CreatePayment(t.Context(), validPayment())
		want(t, err, sdk.CodeNotSupported, sdk.OutcomeNotSent)
		if _, err := calls["GetPayment"](t.Context(), r.main()); err != nil {
			t.Error(err)
		}
	})

	t.Run("the account has its own currencies", func(t *testing.T) {
		r := serveScript(t, &script{})
		if info := r.configure(t, `{"currencies": ["GBP"]}`); !slices.Equal(
			info.Currencies,
			[]string{"GBP"},
		) {
			t.Errorf("account %+v", info)
		}

		_, err := r.main().CreatePayment(t.Context(), validPayment())
		if e := want(t, err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent); e.Violations[0].Field != "currency" {
			t.Errorf("got %v", e)
		}
	})

	t.Run("the provider has none", func(t *testing.T) {
		r := serveNew(t, func(struct{}, sdk.Runtime) (bare, error) { return bare{}, nil })
		if info := r.configure(t, `{}`); len(info.Capabilities) != 0 {
			t.Errorf("account %+v", info)
		}
		for _, call := range calls {
			_, err := call(t.Context(), r.main())
			want(t, err, sdk.CodeNotSupported, sdk.OutcomeNotSent)
		}
	})
}

// bare has a name and can do nothing.
type bare struct{}

func (bare) Info() sdk.Info { return sdk.Info{Name: "bare", Description: "caf\xe9"} }

func TestInfoMayBeWrittenInAnything(t *testing.T) {
	r := serveNew(t, func(struct{}, sdk.Runtime) (bare, error) { return bare{}, nil })
	if info, err := r.Info(t.Context()); err != nil || info.Description != "caf\uFFFD" {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestPanicsAreErrorsOfTheirCall(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(_ context.Context, _ *fake, verb string, _ any) (any, error) {
			panic("at " + verb)
		}},
	)

	for name, call := range calls {
		_, err := call(t.Context(), r.main())
		e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown)
		if e.Message != fmt.Sprintf("panic in %s: at %s", name, name) {
			t.Errorf("%s: %v", name, e)
		}
	}

	if log := r.log.String(); !strings.Contains(log, "server_test.go") ||
		!strings.Contains(log, `"account":"main"`) {
		t.Errorf("the log has no stack: %s", log)
	}
}

func TestNoAnswerIsInternal(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(_ context.Context, _ *fake, verb string, _ any) (any, error) {
			return struct{}{}, nil // of no verb's type: perform gives the zero value
		}},
	)

	for name, call := range calls {
		if name == "GetBalances" ||
			name == "ListPaymentMethods" { // an empty list is an answer
			continue
		}

		_, err := call(t.Context(), r.main())
		want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown)
	}
}

func TestNilErrorPointer(t *testing.T) {
	r := serveScript(
		t,
		&script{verb: func(context.Context, *fake, string, any) (any, error) {
			var none *sdk.Error
			return nil, none
		}},
	)
	_, err := r.main().CreatePayment(t.Context(), validPayment())
	want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown)
}

func TestErrorsArriveWhole(t *testing.T) {
	sent := &sdk.Error{
		Code:            sdk.CodeDeclined,
		Outcome:         sdk.OutcomeRefused,
		Message:         "no",
		ProviderCode:    "51",
		ProviderMessage: "INSUFFICIENT \xe9",
		RetryAfter:      time.Minute,
		Violations:      []sdk.Violation{{Field: "a.b", Message: "bad"}},
	}

	r := serveScript(
		t,
		&script{verb: func(context.Context, *fake, string, any) (any, error) {
			return nil, fmt.Errorf("wrapped: %w", sent)
		}},
	)

	_, err := r.main().CreatePayout(t.Context(), sdk.CreatePayoutRequest{
		Reference:      "po_1",
		IdempotencyKey: "k",
		Sequence:       1,
		Attempt:        1,
		Amount:         amount("1", "USD"),
	})
	e := want(t, err, sdk.CodeDeclined, sdk.OutcomeRefused)

	sent.ProviderMessage = "INSUFFICIENT \uFFFD"
	if !reflect.DeepEqual(e, sent) {
		t.Errorf("got  %+v\nwant %+v", e, sent)
	}
}

func TestOtherErrorsAreUnknown(t *testing.T) {
	for _, c := range []struct {
		failure error
		code    sdk.Code
	}{
		{errors.New("eof"), sdk.CodeInternal},
		{fmt.Errorf("post: %w", context.DeadlineExceeded), sdk.CodeUnavailable},
		{&sdk.Error{}, sdk.CodeInternal},
		{&sdk.Error{Code: "made_up", Outcome: "made_up"}, sdk.CodeInternal},
	} {
		r := serveScript(
			t,
			&script{
				verb: func(context.Context, *fake, string, any) (any, error) { return nil, c.failure },
			},
		)

		_, err := calls["CreatePayout"](t.Context(), r.main())
		want(t, err, c.code, sdk.OutcomeUnknown)
	}
}

func TestLinkOnlyCreatesAreSafeToMakeAnew(t *testing.T) {
	r := serveScript(
		t,
		&script{
			verb: func(context.Context, *fake, string, any) (any, error) { return nil, errors.New("eof") },
		},
	)

	_, err := r.main().CreatePayment(t.Context(), validPayment())
	if e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown); !e.NewAttemptSafe {
		t.Error("CreatePayment is declared link-only: a new attempt is safe")
	}

	for _, verb := range []string{"CreatePayout", "CreateRefund", "CapturePayment", "GetPayment"} {
		_, err := calls[verb](t.Context(), r.main())
		if e := want(t, err, sdk.CodeInternal, sdk.OutcomeUnknown); e.NewAttemptSafe {
			t.Errorf("%s is not link-only", verb)
		}
	}
}

func TestExchangesArriveEitherWay(t *testing.T) {
	var fail error
	var mu sync.Mutex
	r := serveScript(
		t,
		&script{verb: func(ctx context.Context, _ *fake, _ string, _ any) (any, error) {
			for i := range 20 {
				sdk.RecordExchange(ctx, sdk.Exchange{
					Method:   "POST",
					URL:      "https://p.example/x",
					Status:   200 + i,
					Sent:     true,
					Duration: time.Second,
				})
			}

			mu.Lock()
			defer mu.Unlock()
			return nil, fail
		}},
	)

	for _, failure := range []error{nil, errors.New("eof")} {
		mu.Lock()
		fail = failure
		mu.Unlock()
		ctx, log := sdk.WithExchangeLog(t.Context())
		_, err := r.main().CreatePayment(ctx, validPayment())
		if (err != nil) != (failure != nil) {
			t.Fatal(err)
		}

		got := log.Exchanges()
		if len(got) != 16 || got[0] != (sdk.Exchange{
			Method:   "POST",
			URL:      "https://p.example/x",
			Status:   200,
			Sent:     true,
			Duration: time.Second,
		}) {
			t.Errorf("exchanges %+v", got)
		}
	}
}
