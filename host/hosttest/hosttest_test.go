package hosttest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func pay(t *testing.T, h *host.Host, provider, key string) *host.Payment {
	t.Helper()
	p, err := h.CreatePayment(
		t.Context(),
		host.PaymentRequest{
			Provider: provider,
			Amount:   decimal.NewFromInt(60),
			Currency: "USD",
		},
		host.IdempotencyKey(key),
	)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func refresh(t *testing.T, h *host.Host, id string) *host.Payment {
	t.Helper()
	p, err := h.RefreshPayment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAnswersAreWhatTheHostSees(t *testing.T) {
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)

	for _, c := range []struct {
		answer        hosttest.Answer
		status, after string // at once, and once the provider has been asked
	}{
		{hosttest.Succeed(), "requires_action", "requires_action"},
		{hosttest.Refuse(sdk.CodeDeclined, "51", "no money"), "failed", ""},
		{hosttest.Lose(), "unknown", "requires_action"},
	} {
		t.Run(c.status, func(t *testing.T) {
			shop.On(sdk.CapabilityCreatePayment, c.answer)
			p := pay(t, h, "shop", "key-"+c.status)
			if string(p.Status) != c.status {
				t.Errorf("the payment is %s", p.Status)
			}

			if c.status == "failed" &&
				(p.Failure.ProviderCode != "51" || p.Failure.Outcome != string(sdk.OutcomeRefused)) {
				t.Errorf("failure %+v", p.Failure)
			}

			if c.status == "failed" {
				return // the provider knows nothing of it
			}
			shop.On(sdk.CapabilityCreatePayment, hosttest.Succeed())
			if p = refresh(t, h, p.ID); string(p.Status) != c.after {
				t.Errorf("asked, it is %s", p.Status)
			}
		})
	}

	if n := shop.Calls(sdk.CapabilityCreatePayment); n < 3 {
		t.Errorf("%d creates", n)
	}
}

// What is in doubt and never happened is not there to be settled.
func TestDoubtLeavesNothingBehind(t *testing.T) {
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)
	shop.On(sdk.CapabilityCreatePayment, hosttest.Doubt())
	p := pay(t, h, "shop", "k")
	if p.Status != "unknown" || shop.Settle(p.ID, "succeeded") {
		t.Errorf("the payment is %s", p.Status)
	}
}

func TestNoticeSettlesPaymentRefundAndPayout(t *testing.T) {
	shop := hosttest.NewProvider("shop")
	h := hosttest.New(t, shop)
	p := pay(t, h, "shop", "k")
	settle := func(id, status string) {
		t.Helper()
		if !shop.Settle(id, status) {
			t.Fatalf("%s is not known", id)
		}
		if r := shop.Notify(t, h, id); r.StatusCode != http.StatusOK {
			t.Fatalf("the notice was answered %d", r.StatusCode)
		}
	}

	settle(p.ID, "succeeded")
	if got, err := h.Payment(t.Context(), p.ID); err != nil || got.Status != "succeeded" {
		t.Errorf("%+v, %v", got, err)
	}
	r, err := h.CreateRefund(
		t.Context(),
		p.ID,
		host.RefundRequest{},
		host.IdempotencyKey("refund"),
	)
	if err != nil || r.Status != "pending" {
		t.Fatalf("%+v, %v", r, err)
	}

	settle(r.ID, "succeeded")
	o, err := h.CreatePayout(
		t.Context(),
		host.PayoutRequest{
			Provider: "shop",
			Amount:   decimal.NewFromInt(5),
			Currency: "USD",
		},
		host.IdempotencyKey("payout"),
	)
	if err != nil || o.Status != "processing" {
		t.Fatalf("%+v, %v", o, err)
	}

	settle(o.ID, "succeeded")
	if got, err := h.Payout(t.Context(), o.ID); err != nil || got.Status != "succeeded" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHeldCallWaitsUntilItIsReleased(t *testing.T) {
	shop, other := hosttest.NewProvider(
		"shop",
	), hosttest.NewProvider(
		"other",
		sdk.CapabilityCreatePayout,
	)
	h := hosttest.New(t, shop, other)
	answer, entered, release := hosttest.Hold(hosttest.Succeed())

	shop.On(sdk.CapabilityCreatePayment, answer)
	done := make(chan string, 1)
	go func() {
		p, err := h.CreatePayment(
			context.Background(),
			host.PaymentRequest{
				Provider: "shop",
				Amount:   decimal.NewFromInt(60),
				Currency: "USD",
			},
			host.IdempotencyKey("k"),
		)
		if err != nil {
			done <- err.Error()
			return
		}

		done <- string(p.Status)
	}()

	<-entered

	// the other provider does not wait
	if p := pay(t, h, "other", "k2"); p.Status != "requires_action" {
		t.Errorf("the other's is %s", p.Status)
	}

	select {
	case status := <-done:
		t.Errorf("it did not wait: %s", status)
	default:
	}

	release()
	if status := <-done; status != "requires_action" {
		t.Errorf("released, it is %s", status)
	}
	_, err := h.CreatePayout(
		t.Context(),
		host.PayoutRequest{
			Provider: "other",
			Amount:   decimal.NewFromInt(5),
			Currency: "USD",
		},
		host.IdempotencyKey("payout"),
	)
	if e := sdk.AsError(err); err == nil || e == nil {
		t.Error("a verb that the provider does not have was carried out")
	}
}

// A test that ends while calls are held must not hang: New's own cleanup gives
// them up.
func TestHeldCallsEndWithTheTest(t *testing.T) {
	t.Run("held", func(t *testing.T) {
		shop := hosttest.NewProvider("shop")
		h := hosttest.New(t, shop)
		answer, entered, _ := hosttest.Hold(hosttest.Succeed())
		shop.On(sdk.CapabilityCreatePayment, answer)
		go func() {
			_, _ = h.CreatePayment(
				context.Background(),
				host.PaymentRequest{
					Provider: "shop",
					Amount:   decimal.NewFromInt(60),
					Currency: "USD",
				},
				host.IdempotencyKey("k"),
			)
		}()

		<-entered
	})
}

func TestClockStandsUntilItIsAdvanced(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	clock := hosttest.NewClock(start)
	shop := hosttest.NewProvider("shop")
	h := hosttest.Open(t, []*hosttest.Provider{shop}, host.WithClock(clock.Now))

	for day := range 2 {
		p := pay(t, h, "shop", fmt.Sprint("k", day))
		if want := start.AddDate(0, 0, day); !p.CreatedAt.Equal(want) {
			t.Errorf("created at %s, want %s", p.CreatedAt, want)
		}
		clock.Advance(24 * time.Hour)
	}
}
