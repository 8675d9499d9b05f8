package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/recovery"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// A provider that hangs on every question, with more doubts than recovery asks
// about at once, does not delay another's.
func TestAProviderThatHangsDelaysNobodyElsesDoubts(t *testing.T) {
	t.Parallel()
	url := storetest.URL(t)
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	var at atomic.Int64 // seconds that the clock has been moved by
	began := time.Now()
	hanging, other := coretest.New("acme"), coretest.New("zen")
	doubt := func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "as the test says",
		}
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

	c, err := core.New(t.Context(), core.Options{
		Store:     s,
		Accounts:  coretest.NewAccounts(hanging, other),
		PublicURL: "http://host.example",
		Now:       func() time.Time { return began.Add(time.Duration(at.Load()) * time.Second) },
	})
	if err != nil {
		t.Fatal(err)
	}

	for n := range 20 {
		if _, _, err := c.CreatePayment(t.Context(), request("acme"), fmt.Sprint("hanging-", n)); err != nil {
			t.Fatal(err)
		}
	}

	reconciler := recovery.New(recovery.Options{
		Core:     c,
		Store:    s,
		Accounts: coretest.NewAccounts(hanging, other),
	})
	at.Add(60)
	var log journal
	var r *job.Runner
	ready := make(chan struct{})
	r, stop := run(t, url, "one", &log, job.Work{
		Name:  "recovery",
		Every: time.Second,
		Do: func(ctx context.Context, _ string) error {
			<-ready
			due, err := reconciler.DueProviders(ctx)
			for _, name := range due {
				err = errors.Join(err, r.Trigger(ctx, "provider", name))
			}
			return err
		},
	}, job.Work{
		Name: "provider",
		Do: func(ctx context.Context, name string) error {
			reconciler.RunProvider(ctx, name)
			return nil
		},
	})

	close(ready)
	for range 8 {
		<-hung // all that recovery asks at once hangs
	}
	p, _, err := c.CreatePayment(t.Context(), request("zen"), "other")
	if err != nil || p.Status != payment.Unknown {
		t.Fatalf("%+v %v", p, err)
	}

	at.Add(60)
	<-settled
	stop()
	c.Wait()
	if n := other.Leases(); n != 0 {
		t.Errorf("%d leases are still held", n)
	}

	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func request(provider string) payment.Request {
	return payment.Request{
		Provider:          provider,
		Amount:            decimal.RequireFromString("60.00"),
		Currency:          "USD",
		MerchantReference: "order-47",
	}
}
