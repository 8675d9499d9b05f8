package supervisor

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"github.com/payhost/payhost/sdk"
)

// newPace returns the rate of an account's calls. Calls are evenly spaced: a
// provider that counts them by the second never sees more than it allows.
func newPace() *rate.Limiter { return rate.NewLimiter(rate.Inf, 1) }

// paceOf returns limits.per_second as a rate; 0 is none.
func paceOf(perSecond int) rate.Limit {
	if perSecond == 0 {
		return rate.Inf
	}
	return rate.Limit(perSecond)
}

// paced has a call to the provider wait for its turn. A call whose turn does
// not come within its time is turned away at once.
func paced(ctx context.Context, c *call) error {
	if callsProvider(c.verb) {
		if err := c.lease.awaitTurn(ctx); err != nil {
			return err
		}
	}
	return c.next(ctx)
}

func (l *Lease) awaitTurn(ctx context.Context) error {
	if l.account.pace.Allow() {
		return nil
	}
	if timeout := l.binding.cfg.Timeout; timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}

	if err := l.account.pace.Wait(ctx); err != nil {
		failure := sdk.NotSent(sdk.CodeRateLimited,
			"as many calls wait for limits.per_second as fit into this call's time")
		failure.RetryAfter = time.Second
		return failure
	}

	return nil
}
