package provider

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/payhost/payhost/host/config"
)

// Options say how a Registry works.
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

	tune tuning
}

type tuning struct {
	queueWait, restartWait time.Duration
}

// Registry runs all configured accounts.
type Registry struct {
	tune     tuning
	mu       sync.Mutex
	accounts map[string]*account
}

// Action is what Apply did with one provider.
type Action string

// The actions.
const (
	ActionStarted      Action = "started"
	ActionUnchanged    Action = "unchanged"
	ActionReconfigured Action = "reconfigured" // the same process, another configuration
	ActionSwapped      Action = "swapped"      // another process: new version, checksum or plugin
	ActionDisabled     Action = "disabled"
	ActionRemoved      Action = "removed"
	ActionFailed       Action = "failed" // what served before still serves
)

// Result is what became of one provider in an Apply.
type Result struct {
	Name   string
	Action Action
	// Error is why it failed; an *sdk.Error with Violations when the plugin did not accept the configuration.
	Error error
}

var errUnfinished = errors.New("not there yet")

// New gives a registry without accounts.
func New(o Options) *Registry { return &Registry{} }

// Apply makes the providers what runs: it starts, reconfigures, swaps, disables and removes, all in parallel, and
// returns when every one has come through or failed once. A provider that fails leaves what served before in place, or,
// when nothing did, is tried again in the background; one whose configuration its plugin does not accept is not. Applies
// run one after the other.
//
// A change that would give a provider another identity while it has open intents fails.
func (r *Registry) Apply(ctx context.Context, providers []config.Provider) []Result { return nil }

// ApplyForced is Apply, and does change identities and drop what drains.
func (r *Registry) ApplyForced(ctx context.Context, providers []config.Provider) []Result { return nil }

// Drop ends the draining of a disabled or removed provider, whatever is still open there. It reports whether it was.
func (r *Registry) Drop(name string) bool { return false }

// Release frees a quarantined provider: its plugin is tried again at once. It reports whether there is such a provider.
func (r *Registry) Release(name string) bool { return false }

// Status tells how one provider stands.
func (r *Registry) Status(name string) (Status, bool) { return Status{}, false }

// Statuses tells how all stand, by name.
func (r *Registry) Statuses() []Status { return nil }

// Close takes no new leases, waits for those held (until ctx ends or their drain time has run out), and stops every
// process. Nothing of the registry is left when it returns.
func (r *Registry) Close(ctx context.Context) error { return errUnfinished }

func (r *Registry) find(name string) *account {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.accounts[name]
}
