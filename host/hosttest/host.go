package hosttest

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// plugin is what all scripted providers are accounts of.
const plugin = "hosttest"

// New opens a host with these providers, in a temporary folder. Both end with the test.
func New(t testing.TB, providers ...*Provider) *host.Host {
	t.Helper()
	return Open(t, providers)
}

// Open is New with options of the host, such as WithClock.
func Open(t testing.TB, providers []*Provider, opts ...host.Option) *host.Host {
	t.Helper()
	data := t.TempDir()
	cfg := &host.Config{Host: config.Host{DataDir: data, PluginDir: data, PublicURL: "http://127.0.0.1"}}
	cfg.Store.URL = sdk.NewSecret("sqlite:" + filepath.Join(data, "payhost.db"))
	own, _ := json.Marshal(map[string]string{"environment": string(sdk.Sandbox)})
	for _, p := range providers {
		cfg.Providers = append(cfg.Providers, config.Provider{Name: p.name, Plugin: plugin, Enabled: true, Config: own})
	}
	socket := serve(t, providers)
	at := map[string]host.Attachment{plugin: {Socket: socket, ContractVersion: sdk.ContractVersion}}
	h, err := host.Open(context.Background(), cfg, append(opts, host.WithAttached(at))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, p := range providers {
			p.end() // a test that has failed may have left calls waiting
		}
		if err := h.Close(context.Background()); err != nil {
			t.Errorf("close the host: %v", err)
		}
	})
	for _, s := range h.Providers() {
		if s.LastError != "" {
			t.Fatalf("provider %s: %s", s.Name, s.LastError)
		}
	}
	return h
}

// serve is the plugin, in this process. It gives the socket that it listens on.
func serve(t testing.TB, providers []*Provider) string {
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
	by := map[string]*Provider{}
	for _, p := range providers {
		by[p.name] = p
	}
	s := sdk.NewServer(func(_ settings, rt sdk.Runtime) (*account, error) {
		p := by[rt.Account]
		if p == nil {
			return nil, fmt.Errorf("hosttest has no provider %q", rt.Account)
		}
		return &account{p}, nil
	}, sdk.ServerOptions{})
	g := grpc.NewServer(grpc.MaxRecvMsgSize(sdk.MaxMessageSize), grpc.MaxSendMsgSize(sdk.MaxMessageSize))
	s.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	t.Cleanup(func() {
		g.Stop()
		if err := <-served; err != nil {
			t.Errorf("serve the scripted providers: %v", err)
		}
		s.Close()
	})
	return socket
}

// settings are the scripted plugin's own configuration.
type settings struct {
	Environment sdk.Environment `config:"environment,required,identity" doc:"Always sandbox."`
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
