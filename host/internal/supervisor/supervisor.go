package supervisor

import (
	"context"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
)

// Options say how a Supervisor works.
type Options struct {
	Logger    *slog.Logger // nil: nothing is logged
	PluginDir string       // holds <plugin> and <plugin>@<version>
	DataDir   string       // private copies of plugins, their sockets and working folders

	// Metrics takes the supervisor's collectors; nil: none.
	Metrics prometheus.Registerer

	Now func() time.Time // nil: time.Now

	// Observe is told of each call that was to ask a provider: how long its plugin
	// had it, 0 when it was turned away before, and whether it failed for another
	// reason than the request itself. It may be nil, and must return at once.
	Observe func(provider string, took time.Duration, failed bool)

	// OpenIntents reports whether anything is still open at a provider. A
	// disabled or removed provider drains until it returns false; nil: nothing
	// is ever open. It is called often and must not block for long.
	OpenIntents func(provider string) bool

	// OpenIdentities returns the fingerprints under which something is still
	// open at a provider. The host does not serve the provider under another
	// one after a restart. It may be nil.
	OpenIdentities func(provider string) []string

	// Attached are plugins that the operator has started by hand, by name. They
	// are used as they are found instead of the program in PluginDir, by
	// accounts in the sandbox only.
	Attached map[string]plugin.DebugAttach

	// Admit returns why no account of a plugin may be served by this host,
	// given what the plugin says of itself; nil: all may.
	Admit func(sdk.Info) error

	tune *tuning
}

// Supervisor runs all configured accounts. Its methods may be called by several
// goroutines.
type Supervisor struct {
	opts    Options
	tune    *tuning
	log     *slog.Logger
	metrics *metrics
	mask    *redact.Set // of all accounts' secrets

	// The places of queries and of reading that all accounts share.
	querying, reading bulkhead

	applying   sync.Mutex      // held while it is changed which accounts run
	closing    context.Context // ends when Close begins
	beginClose context.CancelFunc
	hurrying   context.Context // ends when drains have to be cut short
	endDrains  context.CancelFunc
	background sync.WaitGroup    // drains and retries
	workspace  *plugin.Workspace // nil before the first Apply
	catalog    *plugin.Catalog

	mu        sync.Mutex
	accounts  map[string]*account
	instances map[programKey]*instance
}

// New returns a Supervisor without accounts. It touches nothing before the
// first Apply.
func New(opts Options) *Supervisor {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}

	if opts.tune == nil {
		opts.tune = defaultTuning()
	}

	s := &Supervisor{
		opts:      opts,
		tune:      opts.tune,
		log:       opts.Logger,
		metrics:   newMetrics(opts.Metrics),
		mask:      &redact.Set{},
		accounts:  map[string]*account{},
		instances: map[programKey]*instance{},
	}

	s.querying.resize(allQuerying)
	s.reading.resize(allReading)
	s.reading.queue = readingQueue

	s.closing, s.beginClose = context.WithCancel(context.Background())
	s.hurrying, s.endDrains = context.WithCancel(context.Background()) //nolint:gosec // by Close

	return s
}

// open makes the private folder. The caller holds applying.
func (s *Supervisor) open() error {
	if s.closing.Err() != nil {
		return turnedAway(0, "the host is shutting down")
	}
	if s.workspace != nil {
		return nil
	}

	data, err := filepath.Abs(s.opts.DataDir)
	if err != nil {
		return err
	}
	workspace, err := plugin.OpenWorkspace(data)
	if err != nil {
		return err
	}

	s.workspace = workspace
	s.catalog = plugin.NewCatalog(s.opts.PluginDir, workspace)
	return nil
}

// Close takes no new leases, waits for those held until ctx ends or their drain
// time has run out, and stops every process. Nothing of the supervisor is left
// when it returns.
func (s *Supervisor) Close(ctx context.Context) error {
	s.beginClose()
	s.applying.Lock()
	defer s.applying.Unlock()
	defer context.AfterFunc(ctx, s.endDrains)()

	// Every account goes out of service, whatever is open: the next host carries
	// that on.
	var accounts sync.WaitGroup
	for _, a := range s.all() {
		accounts.Go(func() {
			a.bringUp.end()
			a.set(func() {
				a.draining = true
				a.removed = true
			})
			a.endDraining()
		})
	}

	accounts.Wait()
	s.background.Wait()

	if s.workspace == nil {
		return nil
	}

	return s.workspace.Close()
}

// account returns the configured provider's account, and makes it when there is
// none. An account that was removed is wanted again.
func (s *Supervisor) account(cfg config.Provider) *account {
	s.mu.Lock()
	defer s.mu.Unlock()

	a := s.accounts[cfg.Name]
	if a == nil {
		a = s.newAccount(cfg)
		s.accounts[cfg.Name] = a
	}

	a.mu.Lock()
	defer a.mu.Unlock()
	a.removed = false

	return a
}

// find returns the account of that name, or nil.
func (s *Supervisor) find(name string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accounts[name]
}

// all returns the accounts by name.
func (s *Supervisor) all() []*account {
	s.mu.Lock()
	defer s.mu.Unlock()
	byName := func(a, b *account) int { return strings.Compare(a.name, b.name) }
	return slices.SortedFunc(maps.Values(s.accounts), byName)
}

// forgetIfOver forgets a removed account of which nothing is left.
func (s *Supervisor) forgetIfOver(a *account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()

	over := a.removed && (a.instance == nil) && (a.retiring == 0)
	if over && s.accounts[a.name] == a {
		delete(s.accounts, a.name)
		s.metrics.forget(a.name)
	}
}

func (s *Supervisor) openIntents(name string) bool {
	return s.opts.OpenIntents != nil && s.opts.OpenIntents(name)
}

func (s *Supervisor) openIdentities(name string) []string {
	if s.opts.OpenIdentities == nil {
		return nil
	}
	return s.opts.OpenIdentities(name)
}
