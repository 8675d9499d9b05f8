package hosttest_test

import (
	"context"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/sdk"
)

// shipWhenPaid is a service's own code.
func shipWhenPaid(ctx context.Context, h *host.Host, id string) (bool, error) {
	p, err := h.RefreshPayment(ctx, id)
	if err != nil {
		return false, err
	}
	return p.Status == "succeeded", nil
}

// A test of a service that embeds the host.
func Example() {
	_ = func(t *testing.T) { // TestShipping
		shop := hosttest.NewProvider("acme")
		h := hosttest.New(t, shop)
		p, err := h.CreatePayment(t.Context(), host.PaymentRequest{
			Provider: shop.Name(),
			Amount:   decimal.NewFromInt(60),
			Currency: "USD",
		}, host.IdempotencyKey("order-47"))
		if err != nil {
			t.Fatal(err)
		}

		shop.Settle(p.ID, string(sdk.PaymentSucceeded))
		if ship, err := shipWhenPaid(t.Context(), h, p.ID); !ship || err != nil {
			t.Errorf("ship %v, %v", ship, err)
		}
	}
}
