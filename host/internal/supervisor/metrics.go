package supervisor

import (
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/sdk"
)

// metrics are the figures of all accounts of one supervisor. Without a
// registerer they are counted and not shown.
type metrics struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	restarts *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	calls := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "payhost_provider_calls_total",
		Help: "Calls to a provider by verb, error code (ok when there was none) and outcome, " +
			"those that the host turned away included.",
	}, []string{"provider", "verb", "code", "outcome"})

	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "payhost_provider_call_duration_seconds",
		Help:    "How long calls took that reached the provider's plugin.",
		Buckets: prometheus.ExponentialBuckets(0.002, 2, 18), // up to 262 s
	}, []string{"provider", "verb"})

	inFlight := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "payhost_provider_in_flight",
		Help: "Leases of a provider held now.",
	}, []string{"provider"})

	restarts := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "payhost_plugin_restarts_total",
		Help: "Processes of a plugin that ended unasked or stopped answering.",
	}, []string{"plugin"})

	return &metrics{
		calls:    registered(reg, calls),
		seconds:  registered(reg, seconds),
		inFlight: registered(reg, inFlight),
		restarts: registered(reg, restarts),
	}
}

// registered returns the collector that is registered already when there is
// one: two hosts in one process may share a registerer.
func registered[C prometheus.Collector](reg prometheus.Registerer, collector C) C {
	if reg == nil {
		return collector
	}

	var already prometheus.AlreadyRegisteredError
	if errors.As(reg.Register(collector), &already) {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing
		}
	}

	return collector
}

// count counts one call; failure is nil for an answer. Codes come from plugins:
// one that is not in the contract is counted as "other", so that a plugin cannot
// grow the set of labels.
func (m *metrics) count(provider string, verb sdk.Capability, failure *sdk.Error) {
	code := "ok"
	outcome := "ok"
	if failure != nil {
		code = codeLabel(failure.Code)
		outcome = outcomeLabel(failure.Outcome)
	}
	m.calls.WithLabelValues(provider, string(verb), code, outcome).Inc()
}

// series are those of one account, each looked up by its labels once. A lease
// that outlives its account goes on with them and brings nothing back that was
// removed with the account.
type series struct {
	all      *metrics
	provider string
	inFlight prometheus.Gauge
	verbs    sync.Map // *verbSeries, by sdk.Capability
}

// verbSeries are those that every answered call of one verb adds to.
type verbSeries struct {
	answered prometheus.Counter
	seconds  prometheus.Observer
}

func (m *metrics) seriesOf(provider string) *series {
	return &series{
		all:      m,
		provider: provider,
		inFlight: m.inFlight.WithLabelValues(provider),
	}
}

// of returns the series of a verb, which begin with its first call.
func (s *series) of(verb sdk.Capability) *verbSeries {
	if found, ok := s.verbs.Load(verb); ok {
		return found.(*verbSeries) //nolint:errcheck // nothing else is ever put there
	}

	made := &verbSeries{
		answered: s.all.calls.WithLabelValues(s.provider, string(verb), "ok", "ok"),
		seconds:  s.all.seconds.WithLabelValues(s.provider, string(verb)),
	}
	s.verbs.Store(verb, made)
	return made
}

// count counts one call; failure is nil for an answer.
func (s *series) count(verb sdk.Capability, failure *sdk.Error) {
	if failure == nil {
		s.of(verb).answered.Inc()
		return
	}
	s.all.count(s.provider, verb, failure)
}

// time records how long one call took.
func (s *series) time(verb sdk.Capability, took time.Duration) {
	s.of(verb).seconds.Observe(took.Seconds())
}

// CountTurnedAway counts a call for which no lease was given, so that the
// figures of a provider are right while its breaker is open. A name that is not
// configured is not counted: it must not become a time series.
func (s *Supervisor) CountTurnedAway(name string, verb sdk.Capability, cause error) {
	if s.find(name) == nil {
		return
	}
	s.metrics.count(name, verb, sdk.AsError(cause))
	s.observe(name, 0, true)
}

// CountBraked counts a call that a brake has kept from being made, under the
// host's own code: "paused", "fenced" or "limit". A name that is not configured
// is not counted.
func (s *Supervisor) CountBraked(name string, verb sdk.Capability, code string) {
	if s.find(name) != nil {
		s.metrics.calls.WithLabelValues(
			name, string(verb), code, outcomeLabel(sdk.OutcomeNotSent)).Inc()
	}
}

// observe hands a call on to who keeps the history of providers.
func (s *Supervisor) observe(provider string, took time.Duration, failed bool) {
	if s.opts.Observe != nil {
		s.opts.Observe(provider, took, failed)
	}
}

// failedCall reports whether a call ended in a way that says something about
// the provider, its plugin or the host. A refusal of the request itself, such
// as a declined card, does not.
func failedCall(failure *sdk.Error) bool {
	if failure == nil {
		return false
	}
	return levelOf(failure) == slog.LevelWarn || failure.Code == sdk.CodeRateLimited
}

// forget removes an account that no longer exists.
func (m *metrics) forget(provider string) {
	match := prometheus.Labels{"provider": provider}
	m.calls.DeletePartialMatch(match)
	m.seconds.DeletePartialMatch(match)
	m.inFlight.DeletePartialMatch(match)
}

func codeLabel(code sdk.Code) string {
	switch code {
	case sdk.CodeInvalidRequest,
		sdk.CodeAuthentication,
		sdk.CodePermission,
		sdk.CodeDeclined,
		sdk.CodeInsufficientFunds,
		sdk.CodeLimit,
		sdk.CodeNotFound,
		sdk.CodeDuplicate,
		sdk.CodeRateLimited,
		sdk.CodeUnavailable,
		sdk.CodeNotSupported,
		sdk.CodeInvalidSignature,
		sdk.CodeInternal:
		return string(code)
	}

	// A code that a plugin makes up must not become a time series of its own.
	return "other"
}

func outcomeLabel(outcome sdk.Outcome) string {
	switch outcome {
	case sdk.OutcomeNotSent, sdk.OutcomeRefused:
		return string(outcome)
	}
	return string(sdk.OutcomeUnknown)
}
