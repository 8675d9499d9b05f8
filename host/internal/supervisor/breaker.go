package supervisor

import (
	"context"
	"errors"
	"log/slog"
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
	steps *gobreaker.TwoStepCircuitBreaker[any]
	open  time.Duration
}

// newBreaker returns a breaker that says in the log when it opens and when it
// closes again. The tries between are not worth a line each.
func newBreaker(log *slog.Logger, calls string, failures uint32, open time.Duration) *breaker {
	settings := gobreaker.Settings{
		Timeout: open,
		OnStateChange: func(_ string, from, to gobreaker.State) {
			switch {
			case from == gobreaker.StateClosed:
				log.Warn("the provider does not answer: calls are held back",
					"breaker", calls, "failures", failures, "retry_ms", open.Milliseconds())
			case to == gobreaker.StateClosed:
				log.Info("the provider answers again: calls are made", "breaker", calls)
			}
		},
		ReadyToTrip: func(counts gobreaker.Counts) bool {
			return counts.ConsecutiveFailures >= failures
		},
		IsExcluded: func(err error) bool { return errors.Is(err, errSkip) },
	}

	return &breaker{
		steps: gobreaker.NewTwoStepCircuitBreaker[any](settings),
		open:  open,
	}
}

// allow admits a call, whose verdict must be passed to done, or returns the
// refusal.
func (b *breaker) allow() (done func(verdict error), refusal error) {
	done, err := b.steps.Allow()
	if err != nil {
		return nil, b.refusal()
	}
	return done, nil
}

// tripped returns the refusal when the breaker is open. It takes no turn.
func (b *breaker) tripped() error {
	if b.steps.State() == gobreaker.StateOpen {
		return b.refusal()
	}
	return nil
}

func (b *breaker) state() string { return b.steps.State().String() }

func (b *breaker) refusal() error {
	return turnedAway(b.open, "the provider has not been answering; calls are held back for a while")
}

// verdict returns what a call's end means for the breaker: nil for an answer,
// errSkip when it says nothing about the provider (the caller gave up, the
// plugin died), the error for silence.
func verdict(ctx context.Context, l *Lease, err error) error {
	if err == nil {
		return nil
	}

	gaveUp := errors.Is(ctx.Err(), context.Canceled)
	if gaveUp || l.binding.proc.gone() || errors.Is(err, errPanicked) {
		return errSkip
	}
	if failure := sdk.AsError(err); failure.Code == sdk.CodeUnavailable {
		return failure
	}

	return nil
}

// turnedAway returns the error for a call that the host does not pass on.
func turnedAway(retryAfter time.Duration, format string, args ...any) *sdk.Error {
	refusal := sdk.NotSent(sdk.CodeUnavailable, format, args...)
	refusal.RetryAfter = retryAfter
	return refusal
}
