package recovery_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// narrow is accounts of which one gives as many leases as its max_in_flight.
type narrow struct {
	*coretest.Accounts
	account *coretest.Account
	mu      sync.Mutex
}

func (n *narrow) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.account.Leases() >= int64(n.account.Settings.MaxInFlight) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}
	return n.Accounts.AcquireExisting(ctx, name)
}

// Recovery takes no more at once than the account may have in flight: what it
// could not ask about would be put off, or expire, though it has been paid.
func TestRecoveryKeepsWithinMaxInFlight(t *testing.T) {
	for _, most := range []int{1, 2} {
		t.Run(fmt.Sprint(most), func(t *testing.T) {
			r := coretest.NewRig(t)
			r.Account.Settings.MaxInFlight = most
			r.Account.Create = func(_ context.Context, q sdk.CreatePaymentRequest) (*sdk.Payment, error) {
				return &sdk.Payment{
					ProviderReference: q.Reference,
					Status:            sdk.PaymentRequiresAction,
				}, nil
			}

			r.Account.OnInfo.PaymentLookup.ByReference = true
			r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
				time.Sleep(10 * time.Millisecond)
				return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
			}

			var ids []string
			for n := range 8 {
				ids = append(ids, r.Pay(t, fmt.Sprint(n)).ID)
			}
			r.Clock.Add(r.Account.Settings.PaymentTTL + time.Second)
			coretest.RecoverAt(t, r.HostWith(t, core.Options{Accounts: &narrow{
				Accounts: coretest.NewAccounts(r.Account),
				account:  r.Account,
			}}))

			for _, id := range ids {
				if got := r.PaymentStatus(t, id); got != payment.Succeeded {
					t.Errorf("a payment that was paid is %s", got)
				}
			}
		})
	}
}

// some is accounts that give some leases, and then none.
type some struct {
	*coretest.Accounts
	mu   sync.Mutex
	left int
}

func (s *some) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left < 0 {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}
	return s.Accounts.AcquireExisting(ctx, name)
}

// What was claimed when no call could be made any more is asked about soon,
// however often that happens, and does not expire unasked.
func TestWhatCouldNotBeAskedAboutIsAskedAboutSoon(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = coretest.Redirecting
	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
	}

	id := r.Pay(t, "k").ID
	r.Clock.Add(r.Account.Settings.PaymentTTL + time.Second)

	for range 5 {
		// Two are taken to look whether there is one, and for a list.
		coretest.RecoverAt(t, r.HostWith(t, core.Options{Accounts: &some{left: 2,
			Accounts: coretest.NewAccounts(r.Account)}}))
		r.Clock.Add(3 * time.Second)
	}

	if got := r.PaymentStatus(t, id); got != payment.RequiresAction ||
		r.Account.Asks() != 0 {
		t.Errorf("it is %s, and was asked about %d times", got, r.Account.Asks())
	}

	coretest.RecoverAt(t, r.Node)
	if got := r.PaymentStatus(t, id); got != payment.Succeeded {
		t.Errorf("a payment that was paid is %s", got)
	}
}
