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
func run[R any](ctx context.Context, l *Lease, verb sdk.Capability, do call[R]) (R, error) {
	return wrap(l, verb, do)(ctx)
}

// wrap puts the chain around a call; the last line is the outermost, and what a
// call meets first. The bulkhead and the lease itself come before it, in
// Acquire. The exchange log is the caller's: it rides on the context.
func wrap[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	do = linked(l, do) // addresses that must not reach a customer are taken out

	// a process that ended during the call: say so; the outcome stays unknown
	do = explained(l, do)
	do = bounded(l, do)       // the account's timeout
	do = guarded(l, verb, do) // circuit breaker

	// nothing is sent for a caller who is gone, or as another identity than was
	// prepared
	do = admitted(l, do)
	do = recovered(l, verb, do) // a panic of the host's own code is one failed call
	do = observed(
		l,
		verb,
		do,
	) // metrics and one log line; every error becomes an *sdk.Error

	return do
}

// explained says what a failure on the way to the plugin means. A call that
// found no connection has not been sent, whatever gRPC calls it; one whose
// process ended under it is in doubt. What the plugin itself said is left
// alone.
func explained[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		ctx, trace := plugin.WithTrace(ctx)
		r, err := do(ctx)
		if err == nil {
			return r, nil
		}

		e := sdk.AsError(err)
		if trace.Answered() || e.Outcome != sdk.OutcomeUnknown ||
			(ctx.Err() != nil && trace.Sent()) {
			return r, e
		}

		ended := ctx.Err() == nil && l.binding.endsSoon()
		switch {
		case !trace.Sent():
			e = turnedAway(time.Second, "the plugin could not be reached: %s", e.Message)
		case ended:
			e.Code, e.Message = sdk.CodeUnavailable, "the plugin's process ended during the call"
		}

		return r, e
	}
}

// admitted turns away a call whose deadline has passed, whose lease was given
// back, or whose account has since become somebody else to the provider: the
// caller has already written down the old fingerprint for this attempt. While a
// new configuration is being applied it waits.
func admitted[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		if err := l.admit(ctx); err != nil {
			var zero R
			return zero, err
		}
		return do(ctx)
	}
}

// bounded returns the call the account's timeout unless the caller's deadline
// is sooner. Whether a deadline or the caller ended the call is decided by the
// host's own context: the plugin's side cannot tell.
func bounded[R any](l *Lease, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		if timeout := l.binding.cfg.Timeout; timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}

		r, err := do(ctx)
		if err == nil {
			return r, nil
		}
		e := sdk.AsError(err)
		if e.Outcome == sdk.OutcomeUnknown && e.ProviderCode == "" && ctx.Err() != nil {
			e.Code, e.Message = sdk.CodeUnavailable, endOf(ctx, l.binding.cfg.Timeout)
		}

		return r, e
	}
}

func endOf(ctx context.Context, timeout time.Duration) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the caller gave up waiting for the answer"
	}
	return fmt.Sprintf("no answer in time (the account's timeout is %s)", timeout)
}

// breakerOf returns the account's breaker for a verb, nil when there is none:
// calls that ask nobody outside, and health checks, neither open a breaker nor
// are stopped by one. Questions about what is under way have one of their own:
// strangers can cause them, and must not be able to stop payments by them.
func breakerOf(a *account, verb sdk.Capability) *breaker {
	switch verb {
	case sdk.CapabilityParseWebhook, sdk.CapabilityParseReturn, sdk.CapabilityCheckHealth:
		return nil
	case sdk.CapabilityGetPayment, sdk.CapabilityGetPayout, sdk.CapabilityGetRefund,
		sdk.CapabilityListPayments, sdk.CapabilityListPayouts:
		return a.queryBreaker
	}
	return a.breaker
}

// guarded asks the account's breaker for the verb.
func guarded[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	breaker := breakerOf(l.account, verb)
	if breaker == nil {
		return do
	}

	return func(ctx context.Context) (R, error) {
		done, refusal := breaker.allow()
		if refusal != nil {
			var zero R
			return zero, refusal
		}

		err := errPanicked
		defer func() { done(verdict(ctx, l, err)) }()
		var r R
		r, err = do(ctx)

		return r, err
	}
}

// recovered keeps a fault of the host's own client code to one call. The
// request may have left, so the outcome is unknown.
func recovered[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	return func(ctx context.Context) (r R, err error) {
		defer func() {
			if p := recover(); p != nil {
				l.account.log.Error(
					"a provider call panicked",
					"verb", verb,
					"panic", p,
					"stack", string(debug.Stack()),
				)
				err = &sdk.Error{
					Code:    sdk.CodeInternal,
					Outcome: sdk.OutcomeUnknown,
					Message: "the host failed during the call",
				}
			}
		}()

		return do(ctx)
	}
}

// observed counts the call and writes its one line. It names no request and no
// answer: those may hold what no log should.
func observed[R any](l *Lease, verb sdk.Capability, do call[R]) call[R] {
	return func(ctx context.Context) (R, error) {
		start := time.Now()
		r, err := do(ctx)
		took := time.Since(start)
		e := sdk.AsError(err)
		l.account.metrics.observe(l.account.name, verb, took, e)
		attrs := []slog.Attr{
			slog.String(
				"verb",
				string(verb),
			), slog.Duration("duration", took), slog.String("version", l.Version()),
		}

		if e == nil {
			l.account.log.LogAttrs(ctx, slog.LevelDebug, "provider call", attrs...)
			return r, nil
		}

		attrs = append(
			attrs,
			slog.String("code", string(e.Code)),
			slog.String("outcome", string(e.Outcome)),
			slog.String("error", l.account.sup.mask.Text(e.Message)),
		)
		l.account.log.LogAttrs(ctx, levelOf(e), "provider call", attrs...)

		return r, e
	}
}

// levelOf is Warn for what somebody may have to look at: doubt, and faults that
// are not the request's own.
func levelOf(e *sdk.Error) slog.Level {
	if e.Outcome == sdk.OutcomeUnknown {
		return slog.LevelWarn
	}
	switch e.Code {
	case sdk.CodeUnavailable, sdk.CodeInternal, sdk.CodeAuthentication, sdk.CodePermission:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
