package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/sdk"
	"github.com/prometheus/client_golang/prometheus"
)

// Option adds to Open.
type Option func(*options)

type options struct {
	logger   *slog.Logger
	metrics  *prometheus.Registry
	now      func() time.Time
	clock    bool // now is a test's
	attached map[string]Attachment
}

// WithLogger sets where the host and its plugins log. Without it, or with nil, nothing is logged.
func WithLogger(l *slog.Logger) Option { return func(o *options) { o.logger = l } }

// WithMetrics sets where the host's metrics are registered. Without it, or with nil, they are kept apart, and served on
// /metrics.
func WithMetrics(r *prometheus.Registry) Option { return func(o *options) { o.metrics = r } }

// WithClock sets what the time is, for tests: what is due, what expires, what an event is dated. Timeouts and pauses stay
// real. Without it, or with nil, the time is time.Now.
func WithClock(now func() time.Time) Option {
	return func(o *options) { o.now, o.clock = now, now != nil }
}

// chosen puts options together. What is nil is as if it had not been said.
func chosen(opts []Option) options {
	var o options
	for _, option := range opts {
		if option != nil {
			option(&o)
		}
	}

	if o.logger == nil {
		o.logger = slog.New(slog.DiscardHandler)
	}
	if o.metrics == nil {
		o.metrics = prometheus.NewRegistry()
	}
	if o.now == nil {
		o.now = time.Now
	}
	return o
}

// errNoConfig is for a nil *Config.
var errNoConfig = errors.New("there is no configuration: host.LoadConfig reads one, or build a host.Config in code")

// WithAttached has accounts of a plugin, by the plugin's name, served by a process that was started by hand, under a
// debugger as a rule, instead of the program in plugin_dir. Only accounts with environment = "sandbox" may use one. The
// host does not isolate it, does not replace it when it hangs, and never stops it; when it ends its accounts are
// restarting until something listens on the socket again.
func WithAttached(plugins map[string]Attachment) Option {
	return func(o *options) { o.attached = plugins }
}

func attachedPlugins(list map[string]Attachment) map[string]plugin.DebugAttach {
	out := map[string]plugin.DebugAttach{}
	for name, at := range list {
		out[name] = plugin.DebugAttach(at)
	}
	return out
}

// Host is an open payment host. It may be used by any number of goroutines.
type Host struct {
	log      *slog.Logger
	metrics  *prometheus.Registry
	store    *store.Store
	registry *supervisor.Supervisor
	core     *core.Core
	inbox    *inbox.Inbox
	letters  *push.DeadLetters
	shown    []prometheus.Collector // of this host, as far as no other host's are registered
	jobs     *job.Runner
	api      *httpapi.API
	leaving  atomic.Bool                          // about to stop serving
	after    func(time.Duration) <-chan time.Time // time.After, but for tests

	reloading sync.Mutex
	mu        sync.Mutex
	cfg       *config.Config

	unlock     func() error // lets another host have the database
	closing    sync.Once
	closed     error // how closing came out
	stop       context.CancelFunc
	background sync.WaitGroup
}

// Open opens the store, starts the enabled plugins and begins the background work. A provider that does not come up does
// not keep the host from opening: Providers tells, and the host goes on trying. ctx bounds the opening only; Close must be
// called.
func Open(ctx context.Context, cfg *Config, opts ...Option) (*Host, error) {
	o := chosen(opts)
	if cfg == nil {
		return nil, errNoConfig
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Host.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}
	unlock, err := store.LockFile(cfg.Store.URL.Reveal())
	if err != nil {
		return nil, err
	}
	held, err := takePlace(cfg.Host.DataDir)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	h, err := open(ctx, cfg, o, held)
	if err != nil {
		return nil, errors.Join(err, held.leave(), unlock())
	}
	h.unlock = func() error { return errors.Join(held.leave(), unlock()) }
	return h, nil
}

// open opens the store and begins, once nobody else has the database.
func open(ctx context.Context, cfg *Config, o options, held *place) (*Host, error) {
	storeOptions := []store.Option{store.WithLogger(o.logger)}
	if o.clock {
		storeOptions = append(storeOptions, store.WithClock(o.now))
	}
	st, err := store.Open(ctx, cfg.Store.URL.Reveal(), storeOptions...)
	if err != nil {
		return nil, err
	}
	wall := o.now
	o.now = st.Now // what is due is due by the database's clock
	h := &Host{log: o.logger, metrics: o.metrics, store: st, cfg: cfg, after: time.After}
	h.registry = supervisor.New(supervisor.Options{
		Logger: o.logger, PluginDir: cfg.Host.PluginDir, DataDir: cfg.Host.DataDir, Metrics: o.metrics, Now: o.now,
		OpenIntents: h.openIntents, OpenIdentities: h.openIdentities, Attached: attachedPlugins(o.attached),
		Admit: admit(cfg),
	})
	h.core, err = core.New(ctx, core.Options{Store: st, Accounts: accounts{h.registry}, PublicURL: cfg.Host.PublicURL,
		TokenSecrets: each(cfg.Host.TokenSecrets, sdk.Secret.Reveal), Logger: o.logger, Now: wall, Alone: strings.HasPrefix(cfg.Store.URL.Reveal(), "sqlite:"), Predecessor: held.predecessor})
	if err == nil {
		err = held.sign(h.core.Instance())
	}
	if err != nil {
		return nil, errors.Join(err, h.registry.Close(ctx), st.Close())
	}
	h.inbox = inbox.New(inbox.Options{Store: st, Core: h.core, Accounts: readers{h.registry}, Directory: accounts{h.registry},
		TrustedProxies: cfg.HTTP.TrustedProxies, PublicURL: cfg.Host.PublicURL, Logger: o.logger, Now: o.now})
	h.letters = push.NewDeadLetters(st, o.now)
	h.api = h.newAPI()
	pusher, err := h.pusher(ctx, o)
	if err != nil {
		return nil, errors.Join(err, h.registry.Close(ctx), st.Close())
	}
	if err := h.openJobs(ctx, pusher); err != nil {
		return nil, errors.Join(err, h.registry.Close(ctx), st.Close())
	}
	h.show(push.Collector(h.letters), prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "payhost_store_writable",
		Help: "Whether something can be written to the store: 1, or 0."}, h.writable))
	h.registry.Apply(ctx, cfg.Providers) // what did not come up is tried again
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop = stop
	h.background.Go(func() { h.core.Beat(running) })
	h.background.Go(func() { h.jobs.Run(running) })
	if pusher != nil {
		h.background.Go(func() { pusher.Run(running) })
	}
	return h, nil
}

// show registers what is measured of this host alone. Of several hosts that share
// a registry the first shows its own.
func (h *Host) show(list ...prometheus.Collector) {
	for _, c := range list {
		if err := h.metrics.Register(c); err != nil {
			h.log.Info("some of this host is not among the metrics: another host shows its own there", "error", err)
			continue
		}
		h.shown = append(h.shown, c)
	}
}

// writable is 1 when something can be written to the store.
func (h *Host) writable() float64 {
	if h.api.Writable(context.Background()) {
		return 1
	}
	return 0
}

// pusher makes what pushes events, nil when nothing is to be pushed.
func (h *Host) pusher(ctx context.Context, o options) (*push.Pusher, error) {
	if h.cfg.Events.URL == "" {
		return nil, nil
	}
	return push.New(ctx, push.Options{Store: h.store, Target: push.Target{URL: h.cfg.Events.URL, Secrets: h.cfg.Events.Secrets},
		More: h.core.MoreEvents, Logger: o.logger, Now: o.now})
}

// Close ends the host: background work stops, calls in flight come to their end (until ctx ends), plugins are stopped,
// and the store is closed. Whatever is cut off is found by recovery at the next Open. It may be called again, and gives
// the first call's error.
func (h *Host) Close(ctx context.Context) error {
	h.closing.Do(func() { h.closed = h.close(ctx) })
	return h.closed
}

func (h *Host) close(ctx context.Context) error {
	h.stop()
	h.background.Wait()
	calls := make(chan struct{})
	go func() {
		defer close(calls)
		h.core.Wait()
	}()
	select {
	case <-calls:
	case <-ctx.Done():
	}
	for _, c := range h.shown {
		h.metrics.Unregister(c) // the next host on this registry shows its own
	}
	err := h.registry.Close(ctx)
	h.core.GiveUp() // answers that the database does not take are logged now
	<-calls         // with the plugins gone every call ends
	return errors.Join(err, h.jobs.Close(), h.store.Close(), h.unlock())
}

// openIntents reports whether a provider still has something open, for draining it.
func (h *Host) openIntents(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	n := 0
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.OpenIntents(ctx, name)
		return err
	})
	return err != nil || n > 0
}

// openIdentities names who a provider was in what is still open at it. Where that cannot be read nothing is refused: every
// call is held to its intent's identity in any case.
func (h *Host) openIdentities(name string) (list []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.OpenIdentities(ctx, name)
		return err
	})
	if err != nil {
		h.log.Error("who a provider was in what is open at it could not be read", "provider", name, "error", err)
	}
	return list
}

// accounts shows the registry to the rooms that make calls.
type accounts struct{ registry *supervisor.Supervisor }

func (a accounts) Acquire(ctx context.Context, name string) (core.Lease, error) {
	l, err := a.registry.Acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (a accounts) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	acquire := a.registry.AcquireExisting
	if inbox.Asks(ctx) {
		acquire = a.registry.AcquireQuery
	}
	l, err := acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// readers shows the registry to the inbox, which has the plugins read what came in.
type readers struct{ registry *supervisor.Supervisor }

// Acquire is for nothing here: reading is about what is under way.
func (r readers) Acquire(ctx context.Context, name string) (core.Lease, error) {
	return r.AcquireExisting(ctx, name)
}

func (r readers) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	l, err := r.registry.AcquireReading(ctx, name)
	if err != nil {
		return nil, err
	}
	return l, nil
}

func (a accounts) Trust(name string) ([]sdk.WebhookTrust, bool) {
	s, ok := a.registry.Status(name)
	return s.WebhookTrust, ok
}

// WebhookHandler serves the providers' notices on /webhooks/.
func (h *Host) WebhookHandler() http.Handler { return h.inbox.WebhookHandler() }

// ReturnHandler serves returning customers on /return/.
func (h *Host) ReturnHandler() http.Handler { return h.inbox.ReturnHandler() }
