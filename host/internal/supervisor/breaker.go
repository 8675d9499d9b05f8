package supervisor

import (
	"context"
	"errors"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/payhost/payhost/sdk"
)

// Ten failures in a row with no answer between them are an outage; ten seconds
// later one call tries again.
const (
	breakerFailures = 10
	breakerOpen     = 10 * time.Second
)

var (
	errPanicked = errors.New("panicked")
	errSkip     = errors.New("says nothing about the provider")
)

// breaker stops calls to a provider that does not answer. Only silence counts:
// an answer, also a refusal, closes it.
type breaker struct {
	two  *gobreaker.TwoStepCircuitBreaker[any]
	open time.Duration
}

func newBreaker(name string, failures uint32, open time.Duration) *breaker {
	return &breaker{
		open: open,
		two: gobreaker.NewTwoStepCircuitBreaker[any](gobreaker.Settings{
			Name:        name,
			Timeout:     open,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= failures },
			IsExcluded:  func(err error) bool { return errors.Is(err, errSkip) },
		}),
	}
}

// allow admits a call, whose verdict goes to done, or gives the refusal.
func (b *breaker) allow() (done func(verdict error), refusal error) {
	done, err := b.two.Allow()
	if err != nil {
		return nil, b.refusal()
	}
	return done, nil
}

// tripped returns the refusal when the breaker is open, without asking for a
// turn.
func (b *breaker) tripped() error {
	if b.two.State() == gobreaker.StateOpen {
		return b.refusal()
	}
	return nil
}

func (b *breaker) state() string { return b.two.State().String() }

func (b *breaker) refusal() error {
	return turnedAway(
		b.open,
		"the provider has not been answering; calls are held back for a while",
	)
}

// verdict says what a call's end means for the breaker: nil for an answer,
// errSkip for what says nothing about the provider (given up by the caller, the
// plugin's own death), the error for silence.
func verdict(ctx context.Context, l *Lease, err error) error {
	if err == nil {
		return nil
	}
	e := sdk.AsError(err)

	switch {
	case errors.Is(ctx.Err(), context.Canceled),
		l.binding.proc.gone(),
		errors.Is(err, errPanicked):
		return errSkip
	case e.Code == sdk.CodeUnavailable:
		return e
	}

	return nil
}

// turnedAway is the error for a call that this host does not even pass on.
func turnedAway(retryAfter time.Duration, format string, args ...any) *sdk.Error {
	e := sdk.NotSent(sdk.CodeUnavailable, format, args...)
	e.RetryAfter = retryAfter
	return e
}
