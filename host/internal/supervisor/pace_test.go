package supervisor

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// pacedLease returns a lease of an account with a pace.
func pacedLease(perSecond int, timeout time.Duration) *Lease {
	cfg := config.Provider{
		MaxInFlight: 1,
		Timeout:     timeout,
		Limits:      config.Limits{PerSecond: perSecond},
	}
	a := &account{pace: newPace()}
	a.resize(cfg)
	return &Lease{account: a, binding: &binding{cfg: cfg}}
}

// Calls to the provider are evenly spaced, each waits within its time, and one
// that cannot be made in time is turned away at once. Reading a webhook is no
// call to the provider, and takes no turn.
func TestCallsArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := pacedLease(10, time.Second)
		begun := time.Now()
		var mu sync.Mutex
		var at []time.Duration
		var waiting sync.WaitGroup
		attempt := func(verb sdk.Capability) error {
			made := func(context.Context, *call) error {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, time.Since(begun))
				return nil
			}
			return paced(t.Context(), &call{lease: lease, verb: verb, rest: []wrapper{made}})
		}

		refused := 0
		for range 15 {
			waiting.Go(func() {
				if err := attempt(sdk.CapabilityCreatePayout); err != nil {
					wantError(t, err, sdk.CodeRateLimited, sdk.OutcomeNotSent)
					mu.Lock()
					defer mu.Unlock()
					refused++
					if took := time.Since(begun); took != 0 {
						t.Errorf("one was turned away after %s", took)
					}
				}
			})
		}

		waiting.Wait()
		if (len(at) != 11) || (refused != 4) {
			t.Errorf("%d were made, %d refused", len(at), refused)
		}

		for k := range at {
			if want := time.Duration(k) * 100 * time.Millisecond; at[k].Round(
				time.Millisecond,
			) != want {
				t.Errorf("call %d was made after %s, want %s", k, at[k], want)
			}
		}

		if err := attempt(sdk.CapabilityParseWebhook); err != nil {
			t.Error(err)
		}
	})
}

// A reload changes the pace of what comes after it, and 0 takes it away.
func TestAReloadChangesThePace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lease := pacedLease(1, time.Minute)
		wait := func() time.Duration {
			begun := time.Now()
			if err := lease.awaitTurn(t.Context()); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun).Round(time.Millisecond)
		}

		wait()
		if took := wait(); took != time.Second {
			t.Errorf("the second waited %s", took)
		}
		lease.account.resize(config.Provider{MaxInFlight: 1})

		for range 100 {
			if took := wait(); took != 0 {
				t.Errorf("without a pace one waited %s", took)
			}
		}
	})
}
