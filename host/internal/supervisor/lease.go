package supervisor

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// Lease is the right to call one account, pinned to one process and one configuration. While it is held its process is
// not stopped, unless the drain time runs out. It may be used by several goroutines, and must be released.
type Lease struct {
	account  *account
	seat     *seat
	leave    func() // gives its places back
	released atomic.Bool
}

// Acquire gives a lease for something new. The errors are *sdk.Error with OutcomeNotSent: CodeNotFound when there is no
// such provider, CodeUnavailable with RetryAfter when it has no running plugin, as many calls in flight as it may, or
// its breaker is open. It waits a moment for a place and for a plugin that is just being restarted.
func (r *Supervisor) Acquire(ctx context.Context, name string) (*Lease, error) {
	return r.acquire(ctx, name, forNew)
}

// AcquireExisting gives a lease for what is already under way. It also works for a provider that is disabled or removed as
// long as that is draining, and does not ask the breaker.
func (r *Supervisor) AcquireExisting(ctx context.Context, name string) (*Lease, error) {
	return r.acquire(ctx, name, forExisting)
}

// AcquireQuery is AcquireExisting for a question about what is under way that strangers can cause. Those of one account
// may have a part of its max_in_flight.
func (r *Supervisor) AcquireQuery(ctx context.Context, name string) (*Lease, error) {
	return r.acquire(ctx, name, forAsking)
}

// AcquireReading is AcquireExisting for having the plugin read what came in: ParseWebhook and ParseReturn. It takes no
// part of max_in_flight.
func (r *Supervisor) AcquireReading(ctx context.Context, name string) (*Lease, error) {
	return r.acquire(ctx, name, forReading)
}

func (r *Supervisor) acquire(ctx context.Context, name string, why use) (*Lease, error) {
	if err := tooLate(ctx); err != nil {
		return nil, err
	}
	if r.closing.Err() != nil {
		return nil, turnedAway(5*time.Second, "the host is shutting down")
	}
	a := r.find(name)
	if a == nil {
		return nil, noSuchProvider(name)
	}
	if why == forNew {
		if err := a.breaker.tripped(); err != nil {
			return nil, err
		}
	}

	leave, err := a.enter(ctx, why, r.tune.waitFor(why))
	if err != nil {
		return nil, err
	}
	s, err := a.take(ctx, why == forNew, r.tune.restartWait)
	if err != nil {
		leave()
		return nil, err
	}
	a.countInFlight(+1)
	return &Lease{account: a, seat: s, leave: leave}, nil
}

// Release gives the lease back. It may be called more than once.
func (l *Lease) Release() {
	if l.released.Swap(true) {
		return
	}
	l.seat.leave()
	l.leave()
	l.account.countInFlight(-1)
}

// Provider is the account's name.
func (l *Lease) Provider() string { return l.account.name }

// Plugin is the plugin's name.
func (l *Lease) Plugin() string { return l.seat.cfg.Plugin }

// Version is the version that the running plugin says it has.
func (l *Lease) Version() string { return l.Info().Version }

// Fingerprint says who the account is to its provider. A call on the lease is made as that or not at all.
func (l *Lease) Fingerprint() string { return l.seat.info.IdentityFingerprint }

// Info is what the plugin says of itself.
func (l *Lease) Info() sdk.Info { return l.seat.run.proc.Info() }

// Account is what the account can do.
func (l *Lease) Account() sdk.AccountInfo { return l.seat.info }

// Has reports whether the account can do c.
func (l *Lease) Has(c sdk.Capability) bool { return slices.Contains(l.seat.info.Capabilities, c) }

// Config is the account's configuration in force for this lease. Its Config and Secrets are secret.
func (l *Lease) Config() config.Provider { return l.seat.cfg }

// admit says whether a call may begin now.
func (l *Lease) admit(ctx context.Context) error {
	if l.released.Load() {
		return sdk.NotSent(sdk.CodeInternal, "the lease has been given back")
	}
	if err := tooLate(ctx); err != nil {
		return err
	}
	// A socket takes what nobody will read any more: once written, the call would be in doubt.
	if l.seat.gone() {
		return turnedAway(time.Second, "the plugin could not be reached: its process has ended")
	}

	return l.seat.settled(ctx)
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

// take gives the account's seat, leased. It waits at most wait for a plugin that is on its way.
func (a *account) take(ctx context.Context, fresh bool, wait time.Duration) (*seat, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	for {
		s, changed, err := a.tryTake(fresh)
		if err != nil {
			return nil, err
		}
		if s != nil {
			s.run.proc.AwaitReady(ctx)
			if !s.gone() {
				return s, nil
			}
			s.leave()
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, turnedAway(5*time.Second, "the provider's plugin is not running; it is being started")
		}
	}
}

// tryTake gives a leased seat, or an error that waiting does not mend, or the channel that tells of the next change.
func (a *account) tryTake(fresh bool) (*seat, <-chan struct{}, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case fresh && a.removed:
		return nil, nil, noSuchProvider(a.name)
	case fresh && a.winding, a.phase == StateDisabled:
		return nil, nil, turnedAway(0, "the provider is disabled")
	case a.phase == StateQuarantined:
		return nil, nil, turnedAway(time.Minute, "the provider's plugin is quarantined until an operator or a new configuration frees it")
	case a.seat != nil && !a.seat.gone():
		a.seat.enter()
		return a.seat, nil, nil
	}
	return nil, a.changed, nil
}
