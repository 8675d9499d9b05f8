package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/insight"
	"github.com/payhost/payhost/host/internal/job"
	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/recovery"
	"github.com/payhost/payhost/host/internal/rehearsal"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/supervisor"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/sdk"
	"github.com/prometheus/client_golang/prometheus"
)

// Host is an open payment host. It may be used by any number of goroutines.
type Host struct {
	tracing     *telemetry.Tracing // nil without traces
	log         *slog.Logger
	metrics     *prometheus.Registry
	store       *store.Store
	supervisor  *supervisor.Supervisor
	shadows     *rehearsal.Shadows
	core        *core.Core
	recovery    *recovery.Reconciler
	inbox       *inbox.Inbox
	webhooks    *inbox.Archive
	deadLetters *push.DeadLetters
	pusher      *push.Pusher // nil when events are not pushed
	jobs        *job.Runner
	api         *httpapi.API
	// registered are this host's collectors, as far as no other host's are in
	// the same registry.
	registered []prometheus.Collector
	leaving    atomic.Bool // about to stop serving
	// reloadFailed says that the last reload was not applied whole, certificate
	// is what is served.
	reloadFailed atomic.Bool
	certificate  atomic.Pointer[certificate]
	history      *insight.History
	after        func(time.Duration) <-chan time.Time // time.After, but for tests

	reloading sync.Mutex
	mu        sync.Mutex // protects cfg
	cfg       *config.Config

	unlock     func() error // lets another host have the database
	stop       context.CancelFunc
	background sync.WaitGroup
	closing    sync.Once
	closed     error // the result of closing
}

// Open opens the store, starts the enabled plugins and begins the background
// work. A provider that does not come up does not keep the host from opening:
// Providers tells, and the host goes on trying. ctx bounds the opening only.
// Close must be called.
func Open(ctx context.Context, cfg *Config, opts ...Option) (*Host, error) {
	chosen := ofOpen(opts)
	if cfg == nil {
		return nil, errNoConfig
	}
	if err := cfg.Validate(); err != nil {
		return nil, err
	}

	if err := os.MkdirAll(cfg.Host.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("make data_dir: %w", err)
	}

	// One host an embedded database, and one predecessor a folder.
	unlock, err := store.LockFile(cfg.Store.URL.Reveal())
	if err != nil {
		return nil, err
	}

	folder, err := claimFolder(cfg.Host.DataDir)
	if err != nil {
		return nil, errors.Join(err, unlock())
	}

	h, err := open(ctx, cfg, chosen, folder)
	if err != nil {
		return nil, errors.Join(err, folder.release(), unlock())
	}
	h.unlock = func() error { return errors.Join(folder.release(), unlock()) }

	return h, nil
}

// open opens the store and starts, once no other host has the database.
func open(ctx context.Context, cfg *Config, chosen options, folder *dataFolder) (_ *Host, err error) {
	// The database comes first: its clock is everyone's.
	commits := newCommitTimes()
	database, err := openStore(ctx, cfg, chosen, commits)
	if err != nil {
		return nil, err
	}
	tracing, err := telemetry.Open(ctx, telemetry.Options{
		Endpoint: cfg.Telemetry.OTLP, Version: chosen.version,
	})
	if err != nil {
		return nil, errors.Join(err, database.Close())
	}
	h := &Host{
		tracing: tracing,
		log:     chosen.logger,
		metrics: chosen.metrics,
		store:   database,
		cfg:     cfg,
		after:   time.After,
		history: insight.NewHistory(database.Now),
	}

	h.supervisor = h.newSupervisor(chosen)
	h.shadows = rehearsal.NewShadows(rehearsal.ShadowOptions{
		PluginDir: cfg.Host.PluginDir,
		Logger:    chosen.logger,
		Now:       database.Now,
	})
	defer func() {
		if err != nil {
			err = errors.Join(err, h.supervisor.Close(ctx), database.Close())
		}
	}()

	h.core, err = core.New(ctx, core.Options{
		Store:        database,
		VerifyAudit:  database.VerifyAudit,
		Scrub:        database.Scrub,
		Remember:     remember(database),
		Approval:     func() config.Approval { return h.config().Approval },
		Accounts:     accounts{h.supervisor, h.shadows},
		PublicURL:    cfg.Host.PublicURL,
		Limits:       h.supervisor.Limits,
		Braked:       h.supervisor.CountBraked,
		TokenSecrets: each(cfg.Host.TokenSecrets, sdk.Secret.Reveal),
		Logger:       chosen.logger,
		Now:          chosen.now,
		Alone:        strings.HasPrefix(cfg.Store.URL.Reveal(), "sqlite:"),
		Predecessor:  folder.predecessor,
	})
	if err != nil {
		return nil, err
	}

	h.log.Info("the host starts", "version", chosen.version, "go", runtime.Version(),
		"host", h.core.Instance())
	h.tellFence(ctx)
	if err := folder.sign(h.core.Instance()); err != nil {
		return nil, err
	}
	if err := h.assemble(ctx); err != nil {
		return nil, err
	}
	h.registerMetrics(commits, chosen.version)

	// From here on there are no errors.
	h.supervisor.Apply(ctx, cfg.Providers) // a plugin that does not come up is tried again
	h.shadows.Apply(cfg.Providers)
	h.start(context.WithoutCancel(ctx))

	return h, nil
}

func openStore(
	ctx context.Context,
	cfg *Config,
	o options,
	commits prometheus.Histogram,
) (*store.Store, error) {
	opts := []store.Option{
		store.WithLogger(o.logger),
		store.WithTimes(func(took time.Duration) { commits.Observe(took.Seconds()) }),
		store.WithMark(store.MarkPath(cfg.Store.URL.Reveal(), cfg.Host.DataDir)),
	}
	if o.clock {
		opts = append(opts, store.WithClock(o.now))
	}
	return store.Open(ctx, cfg.Store.URL.Reveal(), opts...)
}

func (h *Host) newSupervisor(chosen options) *supervisor.Supervisor {
	return supervisor.New(supervisor.Options{
		Logger:         h.log,
		PluginDir:      h.cfg.Host.PluginDir,
		DataDir:        h.cfg.Host.DataDir,
		Metrics:        h.metrics,
		Now:            h.store.Now,
		Observe:        h.history.Observe,
		Attached:       attachedPlugins(chosen.attached),
		OpenIntents:    h.openIntents,
		OpenIdentities: h.openIdentities,
		Admit:          admit(h.cfg),
	})
}

// assemble makes what stands on the core. All of it goes by the database's
// clock: what is due is due by that.
func (h *Host) assemble(ctx context.Context) (err error) {
	h.recovery = recovery.New(recovery.Options{
		Core:     h.core,
		Store:    h.store,
		Accounts: accounts{h.supervisor, h.shadows},
		Logger:   h.log,
	})
	h.inbox = inbox.New(inbox.Options{
		Store:          h.store,
		Core:           h.core,
		Accounts:       readers{h.supervisor, h.shadows},
		Directory:      accounts{h.supervisor, h.shadows},
		TrustedProxies: h.cfg.HTTP.TrustedProxies,
		PublicURL:      h.cfg.Host.PublicURL,
		Logger:         h.log,
		Now:            h.store.Now,
	})

	h.webhooks = inbox.NewArchive(h.inbox, h.config, h.configSchema)
	h.deadLetters = push.NewDeadLetters(h.store, h.store.Now)
	h.api = httpapi.New(httpapi.Options{
		Payments:    h.core,
		Webhooks:    h.webhooks,
		Incoming:    h.inbox,
		DeadLetters: h.deadLetters,
		Providers:   h,
		Insight:     h,
		Store:       h.store,
		StoreReason: store.Reason,
		Config:      h.config,
		Metrics:     h.metrics,
		Logger:      h.log,
		Trace:       h.tracing.Request,
		Reload:      h.reloadFile,
		Now:         h.store.Now,
		Leaving:     h.leaving.Load,
	})

	// Events are recorded in any case; pushing them is an offer.
	if h.cfg.Events.URL != "" {
		h.pusher, err = push.New(ctx, push.Options{
			Store:  h.store,
			Target: push.Target{URL: h.cfg.Events.URL, Secrets: h.cfg.Events.Secrets},
			More:   h.core.MoreEvents,
			Logger: h.log,
			Now:    h.store.Now,
		})
		if err != nil {
			return err
		}
	}

	if err := h.openJobs(ctx); err != nil {
		return err
	}

	return nil
}

// start begins the background work, which ends with Close.
func (h *Host) start(ctx context.Context) {
	running, stop := context.WithCancel(ctx)
	h.stop = stop
	h.background.Go(func() { h.core.Beat(running) })
	h.background.Go(func() { h.jobs.Run(running) })
	h.background.Go(func() { insight.WatchDoubts(running, h.store, h.history) })
	if h.pusher != nil {
		h.background.Go(func() { h.pusher.Run(running) })
	}
}

// register registers what is measured of this host alone. The first of
// several hosts that share a registry shows its own.
func (h *Host) register(list ...prometheus.Collector) {
	for _, collector := range list {
		if err := h.metrics.Register(collector); err != nil {
			h.log.Info(
				"some of this host is not among the metrics: another host shows its own there",
				"error", err,
			)
			continue
		}

		h.registered = append(h.registered, collector)
	}
}

// writable is 1 when something can be written to the store.
func (h *Host) writable() float64 {
	if h.api.Writable(context.Background()) {
		return 1
	}
	return 0
}

// Close ends the host: background work stops, calls in flight come to their end
// (until ctx ends), plugins are stopped, and the store is closed. Whatever is
// cut off is found by recovery at the next Open. It may be called again, and
// returns the first call's error.
func (h *Host) Close(ctx context.Context) error {
	h.closing.Do(func() { h.closed = h.close(ctx) })
	return h.closed
}

func (h *Host) close(ctx context.Context) error {
	// Nothing new begins.
	h.stop()
	h.background.Wait()

	// Calls in flight come to their end, for as long as the caller waits.

	calls := make(chan struct{})
	go func() {
		defer close(calls)
		h.core.Wait()
	}()

	select {
	case <-calls:
	case <-ctx.Done():
	}

	// Then everything is taken apart in the reverse order of its making.
	for _, collector := range h.registered {
		h.metrics.Unregister(collector) // the next host on this registry shows its own
	}
	h.shadows.Close()
	err := h.supervisor.Close(ctx)
	h.core.GiveUp() // answers that the database does not take are logged now
	<-calls         // with the plugins gone every call ends

	return errors.Join(err, h.jobs.Close(), h.store.Close(), h.tracing.Close(ctx), h.unlock())
}

// readOpen bounds how long the supervisor waits to learn what is open at a
// provider.
const readOpen = 5 * time.Second

// openIntents reports whether a provider still has something open, for draining
// it. While that cannot be read, it has.
func (h *Host) openIntents(name string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), readOpen)
	defer cancel()
	open := 0
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		open, err = tx.OpenIntents(ctx, name)
		return err
	})
	return err != nil || open > 0
}

// openIdentities returns the identities under which something is still open at
// a provider. While they cannot be read nothing is refused: every call is held
// to its intent's identity in any case.
func (h *Host) openIdentities(name string) (list []string) {
	ctx, cancel := context.WithTimeout(context.Background(), readOpen)
	defer cancel()
	err := h.store.Read(ctx, func(tx *store.Tx) (err error) {
		list, err = tx.OpenIdentities(ctx, name)
		return err
	})
	if err != nil {
		h.log.Error("who a provider was in what is open at it could not be read",
			"provider", name, "error", err)
	}

	return list
}
