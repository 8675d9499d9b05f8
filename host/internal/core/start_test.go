package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// stopped makes a payout at a host that never comes to its call: it is stopped
// right after its commit, for good.
func (r *rig) stopped(t *testing.T) (id, instance string) {
	t.Helper()
	if r.Account.Payout == nil {
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			t.Error("it was sent")
			return &sdk.Payout{Status: sdk.PayoutFailed}, nil
		}
	}

	faults := coretest.NewFaulty(r.Store)
	host := r.HostWith(t, core.Options{Store: faults})
	committed := make(chan struct{})
	end := make(chan struct{})
	ended := make(chan struct{})
	t.Cleanup(func() {
		r.Clock.Add(time.Hour) // so that it sends nothing when it is let go
		close(end)
		<-ended
	})

	faults.Next(coretest.Fault{After: func() {
		close(committed)
		<-end
	}})

	go func() {
		defer close(ended)
		_, _, _ = host.CreatePayout(
			context.WithoutCancel(t.Context()),
			coretest.PayoutRequest(),
			"k",
		)
	}()

	<-committed
	return newestPayout(t, r.Node), host.Instance()
}

// What a host was doing that is known to have ended is asked about at once:
// where no other can be at the database, where a host knows who ran before it,
// and otherwise once the other has given no sign of life for a while.
func TestAHostThatStartsAsksAtOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		options func(instance string) core.Options
		pass    time.Duration
		want    payment.Status
	}{
		{"alone at its database", func(string) core.Options { return core.Options{Alone: true} },
			0, payment.Succeeded},
		{"after a predecessor",
			func(instance string) core.Options { return core.Options{Predecessor: instance} },
			0, payment.Succeeded},
		{"after somebody else",
			func(string) core.Options { return core.Options{Predecessor: "host_other"} },
			0, payment.Created},
		{"beside one that has just been there",
			func(string) core.Options { return core.Options{} }, 14 * time.Second, payment.Created},
		{"beside one that is silent", func(string) core.Options { return core.Options{} },
			16 * time.Second, payment.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{
				Retry: sdk.RetryReturnsOriginal,
			}
			r.Account.OnInfo.PayoutLookup = sdk.Lookup{ByReference: true, Immediate: true}
			r.Account.PayoutStatus = func(context.Context,
				sdk.GetPayoutRequest) (*sdk.Payout, error) {
				return &sdk.Payout{
					ProviderReference: "theirs",
					Status:            sdk.PayoutSucceeded,
				}, nil
			}

			id, instance := r.stopped(t)
			r.Clock.Add(c.pass)
			coretest.RecoverAt(t, r.HostWith(t, c.options(instance)))
			if got := r.PayoutStatus(t, id); got != c.want {
				t.Errorf("it is %s, want %s", got, c.want)
			}
		})
	}
}

// Recovery asks at once, and repeats only when nobody can send it any more.
func TestWhatALostHostMayStillSendIsNotRepeated(t *testing.T) {
	r := newRig(t)
	r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}

	id, _ := r.stopped(t)
	host := r.HostWith(t, core.Options{Alone: true})

	for range 7 {
		coretest.RecoverAt(t, host)
		if got := r.PayoutStatus(t, id); got != payment.Unknown ||
			r.Account.Creates() != 0 {
			t.Fatalf("it is %s after %d creates", got, r.Account.Creates())
		}

		r.Clock.Add(5 * time.Second)
	}

	r.Clock.Add(time.Second)
	r.RecoverUntil(t, "the repeat", func() bool {
		return r.PayoutStatus(t, id) == payment.Succeeded
	})
	if r.Account.Creates() != 1 {
		t.Errorf("%d creates", r.Account.Creates())
	}
}

// Refresh asks now, whoever's attempt it is, and says so where nobody can be
// asked.
func TestRefreshAsksAboutWhatALostHostWasDoing(t *testing.T) {
	for _, asked := range []bool{true, false} {
		r := newRig(t)
		id, _ := r.stopped(t)
		r.Clock.Add(16 * time.Second)
		if asked {
			r.Account.OnInfo.PayoutLookup = sdk.Lookup{ByReference: true}
			r.Account.PayoutStatus = func(context.Context,
				sdk.GetPayoutRequest) (*sdk.Payout, error) {
				return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
			}
		}

		p, err := r.RefreshPayout(t.Context(), id)
		if asked && (err != nil || p.Status != payment.Succeeded) {
			t.Errorf("%v, %v", p, err)
		}
		if !asked {
			if e := coretest.Problem(t, err); e.Code != string(sdk.CodeNotSupported) || e.Asked ||
				r.PayoutStatus(t, id) != payment.Unknown {
				t.Errorf("%v, it is %s", e, r.PayoutStatus(t, id))
			}
		}
	}
}

// A host that is there says so, and others leave its calls alone until their
// time is over.
func TestASignOfLifeKeepsOthersFromAHostsCalls(t *testing.T) {
	r := newRig(t)
	id, instance := r.stopped(t)
	other := r.NewHost(t)

	for _, want := range []payment.Status{payment.Created, payment.Created, payment.Created,
		payment.Unknown} {
		r.Clock.Add(10 * time.Second)
		err := r.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.RecordHeartbeat(t.Context(), instance)
		})
		if err != nil {
			t.Fatal(err)
		}

		coretest.RecoverAt(t, other)
		_, _ = other.RefreshPayout(t.Context(), id) // nor is it lost because somebody asks
		if got := r.PayoutStatus(t, id); got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
}
