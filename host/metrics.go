package host

import (
	"crypto/x509"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/internal/insight"
	"github.com/payhost/payhost/host/internal/push"
)

// newCommitTimes returns the durations of commits, which the store fills in.
func newCommitTimes() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "payhost_store_commit_duration_seconds",
		Help: "How long the transactions of the store's writer took, the flush to disk " +
			"included. Callers that write at the same time share one.",
		Buckets: prometheus.ExponentialBuckets(0.0001, 2, 19), // up to 26 s
	})
}

// registerMetrics registers everything that is measured of this host alone. The
// supervisor and the API register the counts that they keep call by call.
func (h *Host) registerMetrics(commits prometheus.Collector, version string) {
	h.register(
		commits,
		push.Collector(h.deadLetters),
		h.supervisor.Collector(),
		insight.NewFigures(h.store, h.log, h.providerNames),
		buildInfo(version),
		expiry{h},
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "payhost_store_writable",
			Help: "Whether something can be written to the store: 1, or 0.",
		}, h.writable),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "payhost_config_last_reload_success",
			Help: "Whether the last reload was applied whole: 1, or 0. It is 1 before the first.",
		}, h.reloadedWhole),
	)
	h.register(h.shadows.Collectors()...)
}

// providerNames returns the names of the configured providers.
func (h *Host) providerNames() (names []string) {
	for _, status := range h.supervisor.Statuses() {
		names = append(names, status.Name)
	}
	return names
}

// buildInfo is always 1; its labels say what runs.
func buildInfo(version string) prometheus.Collector {
	if version == "" {
		version = moduleVersion()
	}
	gauge := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "payhost_build_info",
		Help:        "Always 1; the labels say which version of the host runs.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	gauge.Set(1)
	return gauge
}

// hostModule is where the host's own code comes from.
const hostModule = "github.com/payhost/payhost"

// moduleVersion returns the version of the module that a service embeds.
func moduleVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, module := range append(info.Deps, &info.Main) {
		if (module.Path == hostModule) && (module.Version != "") {
			return module.Version
		}
	}
	return "unknown"
}

// reloadedWhole is 1 when the last reload was applied whole.
func (h *Host) reloadedWhole() float64 {
	if h.reloadFailed.Load() {
		return 0
	}
	return 1
}

// expiry shows for how long the certificate that is served is valid. Without
// TLS there is nothing to show.
type expiry struct{ host *Host }

var expiryDesc = prometheus.NewDesc("payhost_certificate_expiry_seconds",
	"For how long the certificate that is served is still valid, its chain included; "+
		"negative when it has expired.", nil, nil)

func (e expiry) Describe(ch chan<- *prometheus.Desc) { ch <- expiryDesc }

func (e expiry) Collect(ch chan<- prometheus.Metric) {
	if ends, ok := e.host.certificateEnds(); ok {
		left := time.Until(ends).Seconds()
		ch <- prometheus.MustNewConstMetric(expiryDesc, prometheus.GaugeValue, left)
	}
}

// certificateEnds returns until when the certificate that is served is valid.
// It is false without TLS.
func (h *Host) certificateEnds() (ends time.Time, served bool) {
	certificate := h.certificate.Load()
	if certificate == nil {
		return time.Time{}, false
	}
	pair, err := certificate.current(nil)
	if err != nil {
		return time.Time{}, false
	}

	// A chain is as good as the first of its certificates to expire.
	for k, der := range pair.Certificate {
		one, err := x509.ParseCertificate(der)
		if err == nil && (k == 0 || one.NotAfter.Before(ends)) {
			ends = one.NotAfter
		}
	}

	return ends, !ends.IsZero()
}
