package supervisor

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk"
)

// Options say how a Supervisor works.
type Options struct {
	Logger    *slog.Logger // nil: nothing is logged
	PluginDir string       // holds <plugin> and <plugin>@<version>
	DataDir   string       // private copies of plugins, their sockets and working folders
	// Metrics takes the registry's collectors; nil: none.
	Metrics prometheus.Registerer
	Now     func() time.Time // nil: time.Now
	// OpenIntents reports whether anything is still open at a provider. A disabled or removed one drains until it says
	// no; nil: nothing ever is. It is asked often and must not block for long.
	OpenIntents func(provider string) bool
	// OpenIdentities names who a provider was, by fingerprint, in what is still open at it. A host that starts does not serve
	// it as somebody else. It may be nil.
	OpenIdentities func(provider string) []string
	// Attached are plugins that were started by hand, by name: they are used as they are found instead of the program in
	// PluginDir, by accounts in the sandbox only.
	Attached map[string]plugin.DebugAttach
	// Admit reports why no account of a plugin may be served here, by what the
	// plugin says of itself; nil: all may.
	Admit func(sdk.Info) error

	tune *tuning
}

// tuning is what tests change.
type tuning struct {
	queueWait, restartWait         time.Duration // of Acquire: for a place, for a plugin that is on its way
	readWait                       time.Duration // of AcquireReading: for a place
	startTimeout, configureTimeout time.Duration
	memory                         int64                      // soft limit of a plugin in bytes; 0: package plugin's own
	contracts                      map[int]goplugin.PluginSet // that the host speaks; nil: those of the SDK
	placeTimeout                   time.Duration              // for one try to bring up one provider
	liveEvery, liveDeadline        time.Duration
	liveMisses                     int
	crashLimit                     int // so many crashes within crashWindow lead to quarantine
	crashWindow                    time.Duration
	retryFirst, retryMost          time.Duration // pauses before a plugin is tried again
	openEvery                      time.Duration // between looks at what is open
	lastAnswers                    time.Duration // for what a dead process had already answered
	stopBudget                     time.Duration
	breakerFailures                uint32
	breakerOpen                    time.Duration
}

func defaultTuning() *tuning {
	return &tuning{
		queueWait: time.Second, restartWait: 2 * time.Second, readWait: 10 * time.Second,
		startTimeout: 10 * time.Second, configureTimeout: 10 * time.Second, placeTimeout: 30 * time.Second,
		liveEvery: 10 * time.Second, liveDeadline: 5 * time.Second, liveMisses: 3,
		crashLimit: 5, crashWindow: time.Minute,
		retryFirst: 250 * time.Millisecond, retryMost: 30 * time.Second,
		openEvery: 2 * time.Second, lastAnswers: time.Second, stopBudget: 3 * time.Second,
		breakerFailures: breakerFailures, breakerOpen: breakerOpen,
	}
}

// Supervisor runs all configured accounts.
type Supervisor struct {
	opts    Options
	tune    *tuning
	log     *slog.Logger
	metrics *metrics
	mask    *plugin.Mask // of all accounts' secrets
	// What all accounts together may ask and read at once.
	asking, reading bulkhead

	applying sync.Mutex      // held by whoever changes what runs
	closing  context.Context // ends when Close begins
	close    context.CancelFunc
	hurry    context.Context // ends when drains have to be cut short
	cut      context.CancelFunc
	drains   sync.WaitGroup

	workspace *plugin.Workspace // nil before the first Apply
	catalog   *plugin.Catalog

	mu       sync.Mutex
	accounts map[string]*account
	units    map[unitKey]*unit
}

// New gives a registry without accounts. It touches nothing before the first Apply.
func New(o Options) *Supervisor {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.tune == nil {
		o.tune = defaultTuning()
	}
	r := &Supervisor{
		opts: o, tune: o.tune, log: o.Logger, metrics: newMetrics(o.Metrics), mask: &plugin.Mask{},
		accounts: map[string]*account{}, units: map[unitKey]*unit{},
	}
	r.asking.resize(allAsking)
	r.reading.resize(allReading)
	r.reading.queue = readingQueue
	r.closing, r.close = context.WithCancel(context.Background())
	r.hurry, r.cut = context.WithCancel(context.Background()) //nolint:gosec // Close calls it
	return r
}

// open makes the private folder. The caller holds applying.
func (r *Supervisor) open() error {
	if r.closing.Err() != nil {
		return turnedAway(0, "the host is shutting down")
	}
	if r.workspace != nil {
		return nil
	}
	data, err := filepath.Abs(r.opts.DataDir)
	if err != nil {
		return err
	}
	w, err := plugin.OpenWorkspace(data)
	if err != nil {
		return err
	}
	r.workspace, r.catalog = w, plugin.NewCatalog(r.opts.PluginDir, w)
	return nil
}

// Close takes no new leases, waits for those held (until ctx ends or their drain time has run out), and stops every
// process. Nothing of the registry is left when it returns.
func (r *Supervisor) Close(ctx context.Context) error {
	r.close()
	r.applying.Lock()
	defer r.applying.Unlock()
	defer context.AfterFunc(ctx, r.cut)()
	var wg sync.WaitGroup
	for _, a := range r.all() {
		wg.Go(func() {
			a.retry.end()
			a.set(func() { a.winding, a.removed = true, true })
			a.windUp(true)
		})
	}
	wg.Wait()
	r.drains.Wait()
	if r.workspace == nil {
		return nil
	}
	return r.workspace.Close()
}

// account gives the configured provider's, and makes it when there is none. One that was removed is no longer.
func (r *Supervisor) account(cfg config.Provider) *account {
	r.mu.Lock()
	defer r.mu.Unlock()
	a := r.accounts[cfg.Name]
	if a == nil {
		a = r.newAccount(cfg)
		r.accounts[cfg.Name] = a
	}
	a.mu.Lock()
	a.removed = false
	a.mu.Unlock()
	return a
}

func (r *Supervisor) find(name string) *account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accounts[name]
}

// all gives the accounts by name.
func (r *Supervisor) all() []*account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.accounts), func(a, b *account) int { return strings.Compare(a.name, b.name) })
}

// leave forgets a removed account of which nothing is left.
func (r *Supervisor) leave(a *account) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.removed && a.unit == nil && a.retiring == 0 && r.accounts[a.name] == a {
		delete(r.accounts, a.name)
		a.left = true
		r.metrics.forget(a.name)
	}
}

func (r *Supervisor) openIntents(name string) bool {
	return r.opts.OpenIntents != nil && r.opts.OpenIntents(name)
}

func (r *Supervisor) openIdentities(name string) []string {
	if r.opts.OpenIdentities == nil {
		return nil
	}
	return r.opts.OpenIdentities(name)
}

func (r *Supervisor) now() time.Time {
	if r.opts.Now != nil {
		return r.opts.Now()
	}
	return time.Now()
}

// delay is how long to wait before try n of something that fails: nothing before the first, then doubling, give or take a
// quarter, so that what failed together is not tried together.
func (r *Supervisor) delay(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	d := r.tune.retryMost
	if n < 20 {
		d = min(d, r.tune.retryFirst<<(n-1))
	}
	return time.Duration(float64(d) * (0.75 + rand.Float64()/2)) //nolint:gosec // a spread, not a secret
}

// attachEvery is how long to wait at most for a plugin that somebody starts by hand.
const attachEvery = time.Second

// delayFor is delay, for a plugin that may be attached.
func (r *Supervisor) delayFor(name string, n int) time.Duration {
	if _, attached := r.opts.Attached[name]; attached {
		return min(r.delay(n), attachEvery)
	}
	return r.delay(n)
}

// pause waits; it reports whether ctx goes on.
func (r *Supervisor) pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}
