package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/correlation"
)

// call is one call on its way through the chain.
type call struct {
	lease *Lease
	verb  sdk.Capability
	rest  []wrapper // the wrappers that it has not met yet

	within  outgoing
	reached time.Duration // how long the plugin had it; 0 when it was turned away
}

// wrapper is one part of the chain. It goes on with next, at most once, or turns
// the call away.
type wrapper func(ctx context.Context, c *call) error

// chain is what a call meets, the first wrapper first. The bulkhead and the
// lease itself come before it, in Acquire. The exchange log is the caller's: it
// rides on the context.
var chain = []wrapper{
	traced,    // names the request to the plugin; a part of its trace
	observed,  // counts, one log line; every error is an *sdk.Error
	recovered, // a panic of the host's own code is one failed call
	paced,     // the account's calls per second
	admitted,  // no call for a gone caller or another identity
	guarded,   // circuit breaker
	timed,     // how long the plugin has it
	bounded,   // the account's timeout
	explained, // says so when the process ended during the call
	linked,    // takes out addresses that must not reach a customer
}

// next has the call meet the next wrapper; after the last it is made.
func (c *call) next(ctx context.Context) error {
	if len(c.rest) == 0 {
		return c.within.make(ctx)
	}
	met := c.rest[0]
	c.rest = c.rest[1:]
	return met(ctx, c)
}

// outgoing is a verb with its request. Its answer is there once it was made
// without an error.
type outgoing interface {
	make(ctx context.Context) error
	answered() any
}

// clientVerb is a method of the plugin's client, which takes the account first.
type clientVerb[Q, R any] func(*client.Account, context.Context, Q) (R, error)

// outgoingVerb is a call with what is made in the end: one object for all of it.
type outgoingVerb[Q, R any] struct {
	call

	do      clientVerb[Q, R]
	request Q
	answer  R
}

func (o *outgoingVerb[Q, R]) make(ctx context.Context) (err error) {
	o.answer, err = o.do(o.lease.binding.verbs, ctx, o.request)
	return err
}

func (o *outgoingVerb[Q, R]) answered() any { return o.answer }

// run makes one call through the whole chain.
func run[Q, R any](
	ctx context.Context,
	l *Lease,
	capability sdk.Capability,
	do clientVerb[Q, R],
	request Q,
) (R, error) {
	made := &outgoingVerb[Q, R]{
		call:    call{lease: l, verb: capability, rest: chain},
		do:      do,
		request: request,
	}
	made.within = made

	if err := made.next(ctx); err != nil {
		var none R
		return none, err
	}
	return made.answer, nil
}

// runReading is run for a call in which the plugin reads what came in. A lease
// for reading gives its place up at the end of the call: its holder commits
// next what was read, and others must not wait for the disk to be read. With
// the place the right to read is gone too, so that no more than readingPlaces
// requests are ever read at once.
func runReading[Q, R any](
	ctx context.Context,
	l *Lease,
	capability sdk.Capability,
	do clientVerb[Q, R],
	request Q,
) (R, error) {
	if l.purpose != forReading {
		return run(ctx, l, capability, do, request)
	}

	if l.hasRead.Swap(true) {
		var none R
		return none, sdk.NotSent(sdk.CodeInternal, "the lease was for reading one request")
	}
	defer l.leave()

	return run(ctx, l, capability, do, request)
}

// explained finds out what a failure on the way to the plugin means. A call
// that found no connection has not been sent, whatever gRPC calls it; a call
// whose process ended under it is in doubt. An answer of the plugin itself is
// left alone.
func explained(ctx context.Context, c *call) error {
	ctx, trace := plugin.WithTrace(ctx)
	err := c.next(ctx)
	if err == nil {
		return nil
	}

	failure := sdk.AsError(err)
	gaveUp := ctx.Err() != nil
	known := trace.Answered() || failure.Outcome != sdk.OutcomeUnknown
	if known || (gaveUp && trace.Sent()) {
		return failure
	}

	// The host waits for the process's end even when nothing was sent, so
	// that a retry at once meets the next process.
	ended := !gaveUp && c.lease.binding.endsSoon()
	switch {
	case !trace.Sent():
		failure = turnedAway(time.Second, "the plugin could not be reached: %s", failure.Message)
	case ended:
		// The outcome stays unknown: the provider may have acted on the
		// call.
		failure.Code = sdk.CodeUnavailable
		failure.Message = "the plugin's process ended during the call"
	}

	return failure
}

// admitted turns away a call whose deadline has passed, whose lease was
// released, or whose account has another identity at the provider by now: the
// caller has already recorded the old fingerprint for this attempt. While a new
// configuration is being applied, it waits.
func admitted(ctx context.Context, c *call) error {
	if err := c.lease.admit(ctx); err != nil {
		return err
	}
	return c.next(ctx)
}

// bounded sets the account's timeout for the call, unless the caller's deadline
// is sooner. The host's own context decides whether a deadline or the caller
// ended the call: the plugin cannot tell them apart.
func bounded(ctx context.Context, c *call) error {
	timeout := c.lease.binding.cfg.Timeout
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}

	err := c.next(ctx)
	if err == nil {
		return nil
	}

	// An error of the provider says more than the end of the time.
	failure := sdk.AsError(err)
	unknown := failure.Outcome == sdk.OutcomeUnknown && failure.ProviderCode == ""
	if unknown && ctx.Err() != nil {
		failure.Code = sdk.CodeUnavailable
		failure.Message = endOf(ctx, timeout)
	}

	return failure
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
func guarded(ctx context.Context, c *call) error {
	guard := breakerOf(c.lease.account, c.verb)
	if guard == nil {
		return c.next(ctx)
	}

	done, refusal := guard.allow()
	if refusal != nil {
		return refusal
	}

	// A panic passes the assignment below.
	err := errPanicked
	defer func() { done(verdict(ctx, c.lease, err)) }()
	err = c.next(ctx)

	return err
}

// recovered keeps a fault of the host's own client code to one call. The
// request may have left the host, so the outcome is unknown.
func recovered(ctx context.Context, c *call) (err error) {
	defer func() {
		fault := recover()
		if fault == nil {
			return
		}
		c.lease.account.log.Error("a provider call panicked",
			"verb", c.verb,
			"panic", fault,
			"stack", string(debug.Stack()))

		err = &sdk.Error{
			Code:    sdk.CodeInternal,
			Outcome: sdk.OutcomeUnknown,
			Message: "the host failed during the call",
		}
	}()

	return c.next(ctx)
}

// timed measures how long a call took that was not turned away before: the
// moments of those say nothing about the provider.
func timed(ctx context.Context, c *call) error {
	start := time.Now()
	defer func() {
		c.reached = time.Since(start)
		c.lease.account.series.time(c.verb, c.reached)
	}()
	return c.next(ctx)
}

// callsProvider reports whether a verb asks the provider, or only the plugin.
func callsProvider(verb sdk.Capability) bool {
	return verb != sdk.CapabilityParseWebhook && verb != sdk.CapabilityParseReturn
}

// traced names the request to the plugin and, when it is traced, makes the call
// and what the plugin said to its provider parts of the trace.
func traced(ctx context.Context, c *call) error {
	request := caller.From(ctx).RequestID
	if !telemetry.Recording(ctx) {
		return c.next(correlation.With(ctx, correlation.Request{ID: request}))
	}

	a, begun := c.lease.account, time.Now()
	inside, end := telemetry.Start(ctx, string(c.verb),
		attribute.String("payhost.provider", a.name),
		attribute.String("payhost.plugin_version", c.lease.Version()))
	inside, said := sdk.WithExchangeLog(inside)
	inside = correlation.With(inside, telemetry.Correlation(inside, request))

	err := c.next(inside)
	exchanges := said.Exchanges()
	telemetry.Exchanges(inside, begun, exchanges)
	for _, exchange := range exchanges {
		sdk.RecordExchange(ctx, exchange)
	}
	end(err)
	return err
}

// observed counts the call and writes its one line. The line names no request
// and no answer: they may hold what no log should.
func observed(ctx context.Context, c *call) error {
	start := time.Now()
	err := c.next(ctx)
	took := time.Since(start)

	a := c.lease.account
	failure := sdk.AsError(err)
	a.series.count(c.verb, failure)
	if callsProvider(c.verb) {
		a.sup.observe(a.name, c.reached, failedCall(failure))
	}

	c.lease.logCall(ctx, c.verb, took, failure)
	if failure == nil {
		return nil
	}
	return failure
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
