package hosttest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

// pluginName is the name of the plugin whose accounts the scripted providers are.
const pluginName = "hosttest"

// New opens a host with these providers, in a temporary folder. Host and
// providers end with the test.
func New(t testing.TB, providers ...*Provider) *host.Host {
	t.Helper()
	return Start(t, Setup{Providers: providers})
}

// Open is New with options of the host, such as WithClock.
func Open(t testing.TB, providers []*Provider, opts ...host.Option) *host.Host {
	t.Helper()
	return Start(t, Setup{Providers: providers, Options: opts})
}

// Setup is what a host under test is made of. All fields are optional.
type Setup struct {
	// Config is the host's configuration, such as where events are pushed to.
	// Start does not change it. Where it leaves data_dir, plugin_dir,
	// public_url or store.url empty, the test's own folder is used. An account
	// with a scripted provider's name configures that provider, its payment_ttl
	// and timeout for instance; an account whose Plugin is among Plugins is
	// served by it.
	Config *host.Config
	// Providers are scripted: they do what the test says.
	Providers []*Provider
	// Plugins are provider types of your own; see NewPlugin.
	Plugins []*Plugin
	// Options are the host's own, such as WithClock.
	Options []host.Option
}

// Plugin is a provider type that is served in the test's own process.
type Plugin struct {
	name  string
	serve func() *serve.Server
}

// NewPlugin makes a plugin of a provider's constructor, the same that its
// program serves. Its accounts are those of Setup.Config whose Plugin is the
// name in the provider's Info, with environment = "sandbox".
func NewPlugin[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error)) *Plugin {
	var zero P
	return &Plugin{
		name:  zero.Info().Name,
		serve: func() *serve.Server { return serve.NewServer(newProvider, serve.Options{}) },
	}
}

// Start opens a host in a temporary folder. The host and the servers of its
// providers end with the test. An account that does not come up fails the test.
func Start(t testing.TB, setup Setup) *host.Host {
	t.Helper()
	cfg := setup.config(t.TempDir())

	// The host attaches to the plugins like to one under a debugger.
	attached := map[string]host.DebugAttach{}

	plugins := append([]*Plugin{scripted(setup.Providers)}, setup.Plugins...)
	for _, plugin := range plugins {
		attached[plugin.name] = host.DebugAttach{
			Socket:          listen(t, plugin.serve()),
			ContractVersion: client.ContractVersion,
		}
	}

	opts := append([]host.Option{host.WithDebugAttach(attached)}, setup.Options...)
	h, err := host.Open(context.Background(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}

	// Cleanups run in reverse order: the host closes before its plugins end.
	t.Cleanup(func() {
		for _, provider := range setup.Providers {
			provider.end() // a test that has failed may have left calls waiting
		}
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})

	for _, status := range h.Providers() {
		if status.LastError != "" {
			t.Fatalf("provider %s: %s", status.Name, status.LastError)
		}
	}

	return h
}

// config fills in what a test need not say.
func (s *Setup) config(folder string) *host.Config {
	cfg := &host.Config{}
	if s.Config != nil {
		own := *s.Config
		cfg = &own
	}

	cfg.Host.DataDir = cmp.Or(cfg.Host.DataDir, folder)
	cfg.Host.PluginDir = cmp.Or(cfg.Host.PluginDir, folder)
	cfg.Host.PublicURL = cmp.Or(cfg.Host.PublicURL, "http://127.0.0.1")
	if cfg.Store.URL.IsZero() {
		cfg.Store.URL = sdk.NewSecret("sqlite:" + filepath.Join(folder, "payhost.db"))
	}

	// Every scripted provider has an account, which the test may have
	// configured.
	cfg.Providers = slices.Clone(cfg.Providers)
	account, _ := json.Marshal(
		map[string]string{"environment": string(sdk.Sandbox)},
	) // texts

	for _, provider := range s.Providers {
		at := slices.IndexFunc(cfg.Providers, func(configured config.Provider) bool {
			return configured.Name == provider.name
		})
		if at < 0 {
			at = len(cfg.Providers)
			cfg.Providers = append(
				cfg.Providers,
				config.Provider{Name: provider.name, Enabled: true},
			)
		}

		cfg.Providers[at].Plugin = pluginName
		cfg.Providers[at].Config = account
	}

	return cfg
}

// scripted returns the plugin of the providers that do what the test says.
func scripted(providers []*Provider) *Plugin {
	byName := map[string]*Provider{}
	for _, provider := range providers {
		byName[provider.name] = provider
	}

	return NewPlugin(func(_ settings, rt sdk.Runtime) (*account, error) {
		provider := byName[rt.Account]
		if provider == nil {
			return nil, fmt.Errorf("hosttest has no provider %q", rt.Account)
		}
		return &account{provider}, nil
	})
}

// listen serves a plugin in this process, and returns the socket that it listens
// on.
func listen(t testing.TB, server *serve.Server) string {
	t.Helper()

	// A test's own folder can be too long for the path of a socket.
	folder, err := os.MkdirTemp("", "hosttest-")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() { _ = os.RemoveAll(folder) }) // the system cleans up what stays
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}

	// The host attaches to no socket that other users may open.
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}

	g := grpc.NewServer(
		grpc.MaxRecvMsgSize(client.MaxMessageSize),
		grpc.MaxSendMsgSize(client.MaxMessageSize),
	)
	server.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve a plugin in the test: %v", err)
		}
		server.Close()
	})

	return socket
}

// settings are the scripted plugin's own configuration.
type settings struct {
	Environment sdk.Environment `config:"environment,required,identity" oneof:"sandbox,live" doc:"Always sandbox."`
}

// Clock is a time that only moves when the test says so, for
// host.WithClock(c.Now). It may be used by several goroutines.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on. The host looks for what has become due once a
// second of real time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
