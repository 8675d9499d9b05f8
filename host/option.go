package host

import (
	"errors"
	"log/slog"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/prometheus/client_golang/prometheus"
)

// Option adds to Open.
type Option func(*options)

type options struct {
	logger   *slog.Logger
	metrics  *prometheus.Registry
	now      func() time.Time
	clock    bool // now is a test's
	attached map[string]DebugAttach
	version  string
}

// WithLogger sets where the host and its plugins log. Without it, or with nil,
// nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithMetrics sets where the host's metrics are registered. Without it, or with
// nil, they are kept apart, and served on /metrics.
func WithMetrics(r *prometheus.Registry) Option {
	return func(o *options) { o.metrics = r }
}

// WithVersion sets the version that the metric payhost_build_info shows. Without
// it, that is the version of the module.
func WithVersion(version string) Option { return func(o *options) { o.version = version } }

// WithClock sets the time, for tests: what is due, what expires, what an event
// is dated. Timeouts and pauses stay real. Without it, or with nil, the time is
// time.Now.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now, o.clock = now, now != nil }
}

// WithDebugAttach has accounts of a plugin, by the plugin's name, served by a
// process that was started by hand, usually under a debugger, instead of the
// program in plugin_dir. Only accounts with environment = "sandbox" may use
// one. The host does not isolate it, does not replace it when it hangs, and
// never stops it; when it ends, its accounts are restarting until something
// listens on the socket again.
func WithDebugAttach(plugins map[string]DebugAttach) Option {
	return func(o *options) { o.attached = plugins }
}

// DebugAttach says where a plugin listens that was started by hand; plugin
// programs print it when given the argument "debug".
type DebugAttach struct {
	// Socket is the unix socket that the plugin listens on. Only its owner may
	// open it, in a folder that only its owner may enter.
	Socket string `json:"socket"`
	// ContractVersion is the one version of the contract that is spoken there.
	ContractVersion int `json:"contract_version"`
}

func attachedPlugins(list map[string]DebugAttach) map[string]plugin.DebugAttach {
	out := map[string]plugin.DebugAttach{}
	for name, at := range list {
		out[name] = plugin.DebugAttach(at)
	}
	return out
}

// ofOpen puts options together. A nil one is as if it had not been given.
func ofOpen(list []Option) options {
	var chosen options
	for _, option := range list {
		if option != nil {
			option(&chosen)
		}
	}

	// Everything else may rely on these.
	if chosen.logger == nil {
		chosen.logger = slog.New(slog.DiscardHandler)
	}
	chosen.logger = telemetry.Logger(chosen.logger)
	if chosen.metrics == nil {
		chosen.metrics = prometheus.NewRegistry()
	}

	if chosen.now == nil {
		chosen.now = time.Now
	}

	return chosen
}

// errNoConfig is for a nil *Config.
var errNoConfig = errors.New(
	"there is no configuration: host.LoadConfig reads one, or build a host.Config in code",
)
