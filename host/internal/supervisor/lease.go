package supervisor

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// Lease is the right to call one account, pinned to one process and one
// configuration. While it is held its process is not stopped, unless the drain
// time runs out. It may be used by several goroutines, and must be released.
type Lease struct {
	account  *account
	binding  *binding
	purpose  use
	places   places
	hasLeft  atomic.Bool // the places are free again
	hasRead  atomic.Bool
	released atomic.Bool
}

// Acquire returns a lease for something new. It waits a moment for a place and
// for a plugin that is being restarted.
//
// The errors are *sdk.Error with OutcomeNotSent: CodeNotFound when there is no
// such provider, CodeUnavailable when it has no running plugin, has as many
// calls in flight as it may, or has an open breaker. RetryAfter is set when
// waiting may help.
func (s *Supervisor) Acquire(ctx context.Context, name string) (*Lease, error) {
	return s.acquire(ctx, name, forNew)
}

// AcquireExisting returns a lease for what is already under way. It is Acquire,
// but also works for a disabled or removed provider while that is draining, and
// does not look at the breaker.
func (s *Supervisor) AcquireExisting(ctx context.Context, name string) (*Lease, error) {
	return s.acquire(ctx, name, forExisting)
}

// AcquireQuery is AcquireExisting for a query about what is under way that
// strangers can cause. The queries of one account may have a part of its
// max_in_flight.
func (s *Supervisor) AcquireQuery(ctx context.Context, name string) (*Lease, error) {
	return s.acquire(ctx, name, forQuery)
}

// AcquireReading is AcquireExisting for having the plugin read what came in:
// ParseWebhook and ParseReturn. It takes no part of max_in_flight, and is good
// for one such call: its place is free for the next request when that has
// ended, while the lease still pins its process and its configuration.
func (s *Supervisor) AcquireReading(ctx context.Context, name string) (*Lease, error) {
	return s.acquire(ctx, name, forReading)
}

func (s *Supervisor) acquire(
	ctx context.Context,
	name string,
	purpose use,
) (*Lease, error) {
	if err := tooLate(ctx); err != nil {
		return nil, err
	}
	if s.closing.Err() != nil {
		return nil, turnedAway(5*time.Second, "the host is shutting down")
	}

	a := s.find(name)
	if a == nil {
		return nil, noSuchProvider(name)
	}
	if purpose == forNew {
		if err := a.breaker.tripped(); err != nil {
			return nil, err
		}
	}

	// The places come first: callers wait for a plugin in order, and not more of
	// them than may call it.
	entered, err := a.enter(ctx, purpose, s.tune.waitFor(purpose))
	if err != nil {
		return nil, err
	}
	bound, err := a.take(ctx, purpose, s.tune.restartWait)
	if err != nil {
		entered.leave()
		return nil, err
	}

	a.series.inFlight.Inc()
	return &Lease{
		account: a,
		binding: bound,
		purpose: purpose,
		places:  entered,
	}, nil
}

// leave frees the lease's places, at its first call.
func (l *Lease) leave() {
	if !l.hasLeft.Swap(true) {
		l.places.leave()
	}
}

// Release ends the lease. It may be called more than once.
func (l *Lease) Release() {
	if l.released.Swap(true) {
		return
	}
	l.binding.leave()
	l.leave()
	l.account.series.inFlight.Dec()
}

// Provider returns the account's name.
func (l *Lease) Provider() string { return l.account.name }

// Plugin returns the plugin's name.
func (l *Lease) Plugin() string { return l.binding.cfg.Plugin }

// Version returns the version that the running plugin says it has.
func (l *Lease) Version() string { return l.binding.proc.Version() }

// Fingerprint returns the account's identity at its provider. A call on the
// lease is made under this identity or not at all.
func (l *Lease) Fingerprint() string { return l.binding.info.IdentityFingerprint }

// Info returns what the plugin says of itself.
func (l *Lease) Info() sdk.Info { return l.binding.proc.Info() }

// Account returns what the account can do.
func (l *Lease) Account() sdk.AccountInfo { return l.binding.info }

// Has reports whether the account can do c.
func (l *Lease) Has(c sdk.Capability) bool {
	return slices.Contains(l.binding.info.Capabilities, c)
}

// Config returns the account's configuration in force for this lease. Its
// Config and Secrets are secret.
func (l *Lease) Config() config.Provider { return l.binding.cfg }

// admit returns why no call may begin now, or nil.
func (l *Lease) admit(ctx context.Context) error {
	if l.released.Load() {
		return sdk.NotSent(sdk.CodeInternal, "the lease has been given back")
	}
	if err := tooLate(ctx); err != nil {
		return err
	}

	// A socket takes what no process will read: once written, the call would be
	// in doubt.
	if l.binding.proc.gone() {
		return turnedAway(
			time.Second,
			"the plugin could not be reached: its process has ended",
		)
	}

	return l.binding.awaitConfigured(ctx)
}

func tooLate(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return turnedAway(0, "the call was over before it began: %v", err)
	}
	return nil
}

func noSuchProvider(name string) error {
	return sdk.NotSent(sdk.CodeNotFound, "there is no provider %q", name)
}

// take returns the account's binding, leased. It waits at most wait for a
// plugin that is being started.
func (a *account) take(
	ctx context.Context,
	purpose use,
	wait time.Duration,
) (*binding, error) {
	// Usually it is there, and nothing has to be waited for.
	bound, changed, err := a.tryTake(purpose)
	if err != nil {
		return nil, err
	}
	if (bound != nil) && bound.proc.Ready() && !bound.proc.gone() {
		return bound, nil
	}

	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()

	for {
		// The process may be ending: then the next one is waited for.
		if bound != nil {
			bound.proc.AwaitReady(ctx)
			if !bound.proc.gone() {
				return bound, nil
			}
			bound.leave()
		} else {
			select {
			case <-changed:
			case <-ctx.Done():
				return nil, turnedAway(
					5*time.Second,
					"the provider's plugin is not running; it is being started",
				)
			}
		}

		bound, changed, err = a.tryTake(purpose)
		if err != nil {
			return nil, err
		}
	}
}

// tryTake returns a leased binding, or an error that waiting does not change,
// or the channel that is closed at the next change.
func (a *account) tryTake(purpose use) (*binding, <-chan struct{}, error) {
	a.mu.Lock()
	defer a.mu.Unlock()

	// A provider that drains refuses only what is new: queries and webhooks
	// about open payments still reach it.
	fresh := purpose == forNew
	switch {
	case fresh && a.removed:
		return nil, nil, noSuchProvider(a.name)
	case fresh && a.draining, a.phase == StateDisabled:
		return nil, nil, turnedAway(0, "the provider is disabled")
	case a.phase == StateQuarantined:
		return nil, nil, turnedAway(
			time.Minute,
			"the provider's plugin is quarantined until an operator or a new configuration frees it",
		)

	case a.binding != nil && !a.binding.proc.gone():
		// Counted under the lock, the lease is seen by every switch that
		// follows, which waits for it before the process is stopped.
		a.binding.enter()
		return a.binding, nil, nil
	}

	return nil, a.changed, nil
}
