package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A provider that hangs on every question, with more doubts than recovery asks about at once, does not delay another's.
func TestAProviderThatHangsDelaysNobodyElsesDoubts(t *testing.T) {
	r := newRig(t)
	hanging, other := r.account, coretest.New("zen")
	doubt := func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	hanging.Create, other.Create = doubt, doubt
	hanging.OnInfo.PaymentLookup.ByReference, other.OnInfo.PaymentLookup.ByReference = true, true
	hung := make(chan struct{}, 100)
	hanging.Get = func(ctx context.Context, _ sdk.GetPaymentRequest) (*sdk.Payment, error) {
		hung <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	settled := make(chan struct{}, 1)
	other.Get = func(_ context.Context, q sdk.GetPaymentRequest) (*sdk.Payment, error) {
		settled <- struct{}{}
		return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentFailed}, nil
	}
	c, err := core.New(t.Context(), core.Options{Store: r.store, Accounts: coretest.NewAccounts(hanging, other),
		PublicURL: "http://host.example", Now: r.clock.now})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 20 {
		if _, _, err := c.CreatePayment(t.Context(), request(), fmt.Sprint("hanging-", n)); err != nil {
			t.Fatal(err)
		}
	}
	r.clock.add(time.Minute)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c.Run(ctx)
	}()
	for range 8 {
		<-hung // all that recovery asks at once hangs
	}
	q := request()
	q.Provider = "zen"
	p, _, err := c.CreatePayment(t.Context(), q, "other")
	if err != nil || p.Status != payment.Unknown {
		t.Fatalf("%+v %v", p, err)
	}
	r.clock.add(time.Minute)
	<-settled
	stop()
	<-ended
	if n := other.Leases(); n != 0 {
		t.Errorf("%d leases are still held", n)
	}
}
