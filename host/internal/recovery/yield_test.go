package recovery_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/sdk"
)

// counted counts the writes that reach a store.
type counted struct {
	store.Transactor
	claims, changes atomic.Int64
}

func (c *counted) Write(ctx context.Context, fn func(*store.Tx) error) error {
	c.claims.Add(1)
	return c.Transactor.Write(ctx, fn)
}

func (c *counted) WriteIntent(ctx context.Context, id string,
	fn func(*store.Tx, *intent.Intent) error) error {
	c.changes.Add(1)
	return c.Transactor.WriteIntent(ctx, id, fn)
}

// openPayments makes payments that wait for their customer, and are due.
func openPayments(t *testing.T, r *coretest.Rig, count int) {
	t.Helper()
	r.Account.Create = coretest.Redirecting
	for n := range count {
		r.Pay(t, fmt.Sprint("open-", n))
	}
	r.Clock.Add(time.Minute)
}

func unchanged() *sdk.Payment {
	return &sdk.Payment{Status: sdk.PaymentRequiresAction}
}

// What the free calls are about is claimed in one write, and each answer is
// applied in one more.
func TestRecoveryClaimsForAllItsFreeCallsAtOnce(t *testing.T) {
	r := coretest.NewRig(t)
	openPayments(t, r, 8)
	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return unchanged(), nil
	}

	writes := &counted{Transactor: r.Store}
	host := r.HostOn(t, writes)
	before := writes.claims.Load()
	if err := host.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	if claims, changes := writes.claims.Load()-before, writes.changes.Load(); claims != 1 ||
		changes != 8 {
		t.Errorf("8 payments are claimed in %d writes and answered in %d", claims, changes)
	}
}

// A payment in doubt is queried before those that are only open, however long
// they have been due.
func TestRecoveryResolvesDoubtsFirst(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Settings.MaxInFlight = 1
	openPayments(t, r, 20)
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	r.Account.OnInfo.PaymentLookup.ByReference = true
	doubtful := r.Pay(t, "doubt").ID
	r.Clock.Add(10 * time.Second)

	var queried []string
	r.Account.Get = func(_ context.Context, q sdk.GetPaymentRequest) (*sdk.Payment, error) {
		queried = append(queried, q.Payment.Reference)
		return unchanged(), nil
	}
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	if len(queried) != 21 || queried[0] != doubtful {
		t.Errorf("%s is in doubt, and these are queried: %v", doubtful, queried)
	}
}

// While a caller waits for a call, recovery makes few calls at once.
func TestRecoveryMakesFewCallsBesideThoseOfCallers(t *testing.T) {
	r := coretest.NewRig(t)
	openPayments(t, r, 12)
	calling, answer := make(chan struct{}), make(chan struct{})
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		close(calling)
		<-answer
		return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
	}

	var caller sync.WaitGroup
	caller.Go(func() { r.Pay(t, "caller") })
	<-calling

	var under, most atomic.Int64
	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		now := under.Add(1)
		defer under.Add(-1)
		for was := most.Load(); now > was && !most.CompareAndSwap(was, now); {
			was = most.Load()
		}
		return unchanged(), nil
	}
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	close(answer)
	caller.Wait()
	if got := most.Load(); got < 1 || got > 2 {
		t.Errorf("%d calls at once beside a caller's", got)
	}
}
