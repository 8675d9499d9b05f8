package supervisor

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/sdk"
)

// metrics are the figures of all accounts of one registry. Without a registerer
// they are kept and shown to nobody.
type metrics struct {
	calls    *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	inFlight *prometheus.GaugeVec
	restarts *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer) *metrics {
	return &metrics{
		calls: registered(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payhost_provider_calls_total",
			Help: "Calls to a provider by verb, error code (ok when there was none) and outcome.",
		}, []string{"provider", "verb", "code", "outcome"})),
		seconds: registered(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "payhost_provider_call_seconds",
			Help:    "How long calls to a provider took.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30},
		}, []string{"provider", "verb"})),
		inFlight: registered(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "payhost_provider_in_flight",
			Help: "Leases of a provider held now.",
		}, []string{"provider"})),
		restarts: registered(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "payhost_plugin_restarts_total",
			Help: "Processes of a plugin that ended unasked or stopped answering.",
		}, []string{"plugin"})),
	}
}

// registered returns the collector that is registered already when there is
// one: two hosts in one process may share a registerer.
func registered[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing
		}
	}

	return c
}

// observe counts one call. Codes come from plugins: one that is not in the
// contract is counted as "other", so that a plugin cannot grow the set of
// labels.
func (m *metrics) observe(
	provider string,
	verb sdk.Capability,
	took time.Duration,
	e *sdk.Error,
) {
	code, outcome := "ok", "ok"
	if e != nil {
		code, outcome = codeLabel(e.Code), outcomeLabel(e.Outcome)
	}
	m.calls.WithLabelValues(provider, string(verb), code, outcome).Inc()
	m.seconds.WithLabelValues(provider, string(verb)).Observe(took.Seconds())
}

// countInFlight counts a lease that was given or given back. What an account
// that has left gives back late is not counted: it would make its series anew.
func (a *account) countInFlight(by float64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.forgotten {
		a.metrics.inFlight.WithLabelValues(a.name).Add(by)
	}
}

// forget removes an account that no longer exists.
func (m *metrics) forget(provider string) {
	match := prometheus.Labels{"provider": provider}
	m.calls.DeletePartialMatch(match)
	m.seconds.DeletePartialMatch(match)
	m.inFlight.DeletePartialMatch(match)
}

func codeLabel(c sdk.Code) string {
	switch c {
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
		return string(c)
	}

	return "other"
}

func outcomeLabel(o sdk.Outcome) string {
	switch o {
	case sdk.OutcomeNotSent, sdk.OutcomeRefused:
		return string(o)
	}
	return string(sdk.OutcomeUnknown)
}
