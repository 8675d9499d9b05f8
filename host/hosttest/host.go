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

// plugin is what all scripted providers are accounts of.
const plugin = "hosttest"

// New opens a host with these providers, in a temporary folder. Both end with the test.
func New(t testing.TB, providers ...*Provider) *host.Host {
	t.Helper()
	return Start(t, Setup{Providers: providers})
}

// Open is New with options of the host, such as WithClock.
func Open(t testing.TB, providers []*Provider, opts ...host.Option) *host.Host {
	t.Helper()
	return Start(t, Setup{Providers: providers, Options: opts})
}

// Setup is what a host under test is made of. All of it may be left out.
type Setup struct {
	// Config is what the host is told, such as where events are pushed to. It is not changed. What it leaves open of
	// data_dir, plugin_dir, public_url and store.url is the test's own. An account of it that has a scripted provider's
	// name is that provider, with what it says of payment_ttl, timeout and the rest; one whose Plugin is among Plugins is
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

// NewPlugin makes a plugin of a provider's constructor, the same that its program gives to serve.Provider. Its accounts are those
// of Setup.Config whose Plugin is the name in the provider's Info, with environment = "sandbox".
func NewPlugin[C any, P sdk.Provider](newProvider func(C, sdk.Runtime) (P, error)) *Plugin {
	var none P
	return &Plugin{name: none.Info().Name, serve: func() *serve.Server {
		return serve.NewServer(newProvider, serve.Options{})
	}}
}

// Start opens a host in a temporary folder. It ends with the test, and so does what serves its providers. An account that
// does not come up fails the test.
func Start(t testing.TB, s Setup) *host.Host {
	t.Helper()
	cfg := s.config(t.TempDir())
	at := map[string]host.DebugAttach{}
	for _, p := range append([]*Plugin{scripted(s.Providers)}, s.Plugins...) {
		at[p.name] = host.DebugAttach{Socket: listen(t, p.serve()), ContractVersion: client.ContractVersion}
	}

	opts := append([]host.Option{host.WithDebugAttach(at)}, s.Options...)
	h, err := host.Open(context.Background(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range s.Providers {
			p.end() // a test that has failed may have left calls waiting
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
func (s *Setup) config(data string) *host.Config {
	cfg := &host.Config{}
	if s.Config != nil {
		whole := *s.Config
		cfg = &whole
	}
	cfg.Host.DataDir = cmp.Or(cfg.Host.DataDir, data)
	cfg.Host.PluginDir = cmp.Or(cfg.Host.PluginDir, data)
	cfg.Host.PublicURL = cmp.Or(cfg.Host.PublicURL, "http://127.0.0.1")
	if cfg.Store.URL.IsZero() {
		cfg.Store.URL = sdk.NewSecret("sqlite:" + filepath.Join(data, "payhost.db"))
	}

	cfg.Providers = slices.Clone(cfg.Providers)
	own, _ := json.Marshal(map[string]string{"environment": string(sdk.Sandbox)}) // a text always marshals
	for _, p := range s.Providers {
		at := slices.IndexFunc(cfg.Providers, func(c config.Provider) bool { return c.Name == p.name })
		if at < 0 {
			at = len(cfg.Providers)
			cfg.Providers = append(cfg.Providers, config.Provider{Name: p.name, Enabled: true})
		}
		cfg.Providers[at].Plugin, cfg.Providers[at].Config = plugin, own
	}
	return cfg
}

// scripted is the plugin of the providers that do what the test says.
func scripted(providers []*Provider) *Plugin {
	by := map[string]*Provider{}
	for _, p := range providers {
		by[p.name] = p
	}
	return NewPlugin(func(_ settings, rt sdk.Runtime) (*account, error) {
		p := by[rt.Account]
		if p == nil {
			return nil, fmt.Errorf("hosttest has no provider %q", rt.Account)
		}
		return &account{p}, nil
	})
}

// listen serves a plugin in this process. It returns the socket that it listens on.
func listen(t testing.TB, s *serve.Server) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "hosttest-") // short: a test's own folder can be too long for the path of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) }) // what is left is the system's to clean
	socket := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(socket, 0o600); err != nil {
		t.Fatal(err)
	}

	g := grpc.NewServer(grpc.MaxRecvMsgSize(client.MaxMessageSize), grpc.MaxSendMsgSize(client.MaxMessageSize))
	s.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve a plugin in the test: %v", err)
		}
		s.Close()
	})
	return socket
}

// settings are the scripted plugin's own configuration.
type settings struct {
	Environment sdk.Environment `config:"environment,required,identity" oneof:"sandbox,live" doc:"Always sandbox."`
}

// Clock is a time that only moves when the test says so, for host.WithClock(c.Now).
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock gives a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now is the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves it on. The host looks for what has become due once a second of real time.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}
