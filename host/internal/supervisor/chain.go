package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
)

// call is one verb with its request already in it.
type call[R any] func(context.Context) (R, error)

// run makes one call through the whole chain.
func run[R any](
	ctx context.Context,
	l *Lease,
	verb sdk.Capability,
	do call[R],
) (R, error) {
	return wrap(l, verb, do)(ctx)
}

// runReading is run for a call in which the plugin reads what came in. A lease
// for reading gives its place up at the end of the call: its holder commits
// next what was read, and others must not wait for the disk to be read. With
// the place the right to read is gone too, so that no more than readingPlaces
// requests are ever read at once.
func runReading[R any](
	ctx context.Context,
	l *Lease,
	verb sdk.Capability,
	do call[R],
) (R, error) {
	if l.purpose != forReading {
		return run(ctx, l, verb, do)
	}

	if l.hasRead.Swap(true) {
		var zero R
		return zero, sdk.NotSent(sdk.CodeInternal, "the lease was for reading one request")
	}
	defer l.leave()

	return run(ctx, l, verb, do)
}

// wrap puts the chain around a call. The last line is the outermost wrapper,
// and the one that a call meets first. The bulkhead and the lease itself come
// before it, in Acquire. The exchange log is the caller's: it rides on the
// context.
func wrap[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	var reached time.Duration // how long the plugin had it; 0 when it was turned away
	do = linked(l, do)        // takes out addresses that must not reach a customer
	do = explained(l, do)     // says so when the process ended during the call
	do = bounded(l, do)       // the account's timeout
	do = timed(l, verb, do, &reached)
	do = guarded(l, verb, do)            // circuit breaker
	do = admitted(l, do)                 // no call for a gone caller or another identity
	do = recovered(l, verb, do)          // a panic of the host's own code is one failed call
	do = observed(l, verb, do, &reached) // counts, one log line; every error is an *sdk.Error
	return do
}

// explained finds out what a failure on the way to the plugin means. A call
// that found no connection has not been sent, whatever gRPC calls it; a call
// whose process ended under it is in doubt. An answer of the plugin itself is
// left alone.
func explained[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		ctx, trace := plugin.WithTrace(ctx)
		answer, err := do(ctx)
		if err == nil {
			return answer, nil
		}

		failure := sdk.AsError(err)
		gaveUp := ctx.Err() != nil
		known := trace.Answered() || failure.Outcome != sdk.OutcomeUnknown
		if known || (gaveUp && trace.Sent()) {
			return answer, failure
		}

		// The host waits for the process's end even when nothing was sent, so
		// that a retry at once meets the next process.
		ended := !gaveUp && l.binding.endsSoon()
		switch {
		case !trace.Sent():
			failure = turnedAway(time.Second, "the plugin could not be reached: %s", failure.Message)
		case ended:
			// The outcome stays unknown: the provider may have acted on the
			// call.
			failure.Code = sdk.CodeUnavailable
			failure.Message = "the plugin's process ended during the call"
		}

		return answer, failure
	}
}

// admitted turns away a call whose deadline has passed, whose lease was
// released, or whose account has another identity at the provider by now: the
// caller has already recorded the old fingerprint for this attempt. While a new
// configuration is being applied, it waits.
func admitted[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		if err := l.admit(ctx); err != nil {
			var none R
			return none, err
		}
		return do(ctx)
	}
}

// bounded sets the account's timeout for the call, unless the caller's deadline
// is sooner. The host's own context decides whether a deadline or the caller
// ended the call: the plugin cannot tell them apart.
func bounded[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		timeout := l.binding.cfg.Timeout
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}

		answer, err := do(ctx)
		if err == nil {
			return answer, nil
		}

		// An error of the provider says more than the end of the time.
		failure := sdk.AsError(err)
		unknown := failure.Outcome == sdk.OutcomeUnknown && failure.ProviderCode == ""
		if unknown && ctx.Err() != nil {
			failure.Code = sdk.CodeUnavailable
			failure.Message = endOf(ctx, timeout)
		}

		return answer, failure
	}
}

func endOf(ctx context.Context, timeout time.Duration) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the caller gave up waiting for the answer"
	}
	return fmt.Sprintf("no answer in time (the account's timeout is %s)", timeout)
}

// breakerOf returns the account's breaker for a verb, nil when there is none:
// verbs that call no provider, and health checks, neither open a breaker nor
// are stopped by one. Queries about what is under way have their own breaker:
// strangers can cause them, and must not be able to stop payments with them.
func breakerOf(a *account, verb sdk.Capability) *breaker {
	switch verb {
	case sdk.CapabilityParseWebhook,
		sdk.CapabilityParseReturn,
		sdk.CapabilityCheckHealth:
		return nil
	case sdk.CapabilityGetPayment,
		sdk.CapabilityGetPayout,
		sdk.CapabilityGetRefund,
		sdk.CapabilityListPayments,
		sdk.CapabilityListPayouts:
		return a.queryBreaker
	}

	return a.breaker
}

// guarded makes the call only when the breaker for the verb lets it through.
func guarded[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	guard := breakerOf(l.account, verb)
	if guard == nil {
		return do
	}

	return func(ctx context.Context) (R, error) {
		done, refusal := guard.allow()
		if refusal != nil {
			var none R
			return none, refusal
		}

		// A panic passes the assignment below.
		err := errPanicked
		defer func() { done(verdict(ctx, l, err)) }()
		var answer R
		answer, err = do(ctx)

		return answer, err
	}
}

// recovered keeps a fault of the host's own client code to one call. The
// request may have left the host, so the outcome is unknown.
func recovered[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	return func(ctx context.Context) (answer R, err error) {
		defer func() {
			fault := recover()
			if fault == nil {
				return
			}
			l.account.log.Error("a provider call panicked",
				"verb", verb,
				"panic", fault,
				"stack", string(debug.Stack()))

			err = &sdk.Error{
				Code:    sdk.CodeInternal,
				Outcome: sdk.OutcomeUnknown,
				Message: "the host failed during the call",
			}
		}()

		return do(ctx)
	}
}

// timed measures how long a call took that was not turned away before: the
// moments of those say nothing about the provider.
func timed[R any](
	l *Lease,
	verb sdk.Capability,
	do call[R],
	reached *time.Duration,
) call[R] {
	return func(ctx context.Context) (R, error) {
		start := time.Now()
		defer func() {
			*reached = time.Since(start)
			l.account.series.time(verb, *reached)
		}()
		return do(ctx)
	}
}

// callsProvider reports whether a verb asks the provider, or only the plugin.
func callsProvider(verb sdk.Capability) bool {
	return verb != sdk.CapabilityParseWebhook && verb != sdk.CapabilityParseReturn
}

// observed counts the call and writes its one line. The line names no request
// and no answer: they may hold what no log should.
func observed[R any](
	l *Lease,
	verb sdk.Capability,
	do call[R],
	reached *time.Duration,
) call[R] {
	return func(ctx context.Context) (R, error) {
		start := time.Now()
		answer, err := do(ctx)
		took := time.Since(start)

		a := l.account
		failure := sdk.AsError(err)
		a.series.count(verb, failure)
		if callsProvider(verb) {
			a.sup.observe(a.name, *reached, failedCall(failure))
		}

		l.logCall(ctx, verb, took, failure)
		if failure == nil {
			return answer, nil
		}
		return answer, failure
	}
}

// logCall writes the line of one call, if its level is on; failure is nil for
// an answer.
func (l *Lease) logCall(
	ctx context.Context,
	verb sdk.Capability,
	took time.Duration,
	failure *sdk.Error,
) {
	a := l.account
	level := slog.LevelDebug
	if failure != nil {
		level = levelOf(failure)
	}
	if !a.log.Enabled(ctx, level) {
		return
	}

	attrs := []slog.Attr{
		slog.String("verb", string(verb)),
		slog.Int64("duration_ms", took.Milliseconds()),
		slog.String("version", l.Version()),
	}
	if failure != nil {
		// The plugin's text may quote a secret, so the host masks it here.
		attrs = append(attrs,
			slog.String("code", string(failure.Code)),
			slog.String("outcome", string(failure.Outcome)),
			slog.String("error", a.sup.mask.Text(failure.Message)))
	}
	a.log.LogAttrs(ctx, level, "provider call", attrs...)
}

// levelOf returns Warn for a failure that a person may have to look at: doubt,
// and faults that are not the request's own.
func levelOf(failure *sdk.Error) slog.Level {
	if failure.Outcome == sdk.OutcomeUnknown {
		return slog.LevelWarn
	}

	switch failure.Code {
	case sdk.CodeUnavailable,
		sdk.CodeInternal,
		sdk.CodeAuthentication,
		sdk.CodePermission:
		return slog.LevelWarn
	}

	return slog.LevelInfo
}
