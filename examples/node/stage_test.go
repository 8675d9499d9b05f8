package node

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/examples/node/simulator"
	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
)

// stage is a host with one account of the plugin, and its provider.
type stage struct {
	t        *testing.T
	host     *host.Host
	sim      *simulator.Simulator
	provider *httptest.Server
	address  string // of the host
	log      *records
	instead  atomic.Pointer[http.HandlerFunc] // of the simulator, when there is one
}

// newStage opens both. They end with the test.
func newStage(t *testing.T) *stage {
	t.Helper()
	plugins := built(t)
	s := &stage{t: t, sim: simulator.New(simulator.WithWebhooks()), log: &records{}}
	s.provider = httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if handle := s.instead.Load(); handle != nil {
				(*handle)(w, r)
				return
			}
			s.sim.ServeHTTP(w, r)
		}),
	)

	t.Cleanup(s.provider.Close)
	hooks := httptest.NewUnstartedServer(nil)
	s.address = "http://" + hooks.Listener.Addr().String()
	s.host = s.open(settings(t, plugins, s.address, s.sim.Config(s.provider.URL)))
	hooks.Config.Handler = s.host.WebhookHandler()
	hooks.Start()
	t.Cleanup(hooks.Close)
	if p := s.acme(); p.State != "ready" {
		t.Fatalf("the plugin is %s: %s", p.State, p.LastError)
	}

	return s
}

// settings is a configuration with one account.
func settings(t *testing.T, plugins, publicURL, own string) *host.Config {
	t.Helper()
	data := filepath.Join(t.TempDir(), "var")
	return &host.Config{
		Host: config.Host{DataDir: data, PluginDir: plugins, PublicURL: publicURL},
		Providers: []config.Provider{{
			Name:    "acme",
			Plugin:  "acme",
			Enabled: true,
			Timeout: 20 * time.Second,
			Config:  json.RawMessage(own),
		}},
	}
}

func (s *stage) open(cfg *host.Config) *host.Host {
	s.t.Helper()
	h, err := host.Open(s.t.Context(), cfg, host.WithLogger(slog.New(handler{s.log, nil})))
	if err != nil {
		s.t.Fatal(err)
	}

	s.t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			s.t.Error(err)
		}
	})

	return h
}

func (s *stage) acme() host.ProviderStatus {
	s.t.Helper()
	status, ok := s.host.Provider("acme")
	if !ok {
		s.t.Fatal("the host has no provider acme")
	}
	return status
}

// pay makes a payment of 60.00 EUR.
func (s *stage) pay(key string) *host.Payment {
	s.t.Helper()
	p, err := s.host.CreatePayment(s.t.Context(), host.PaymentRequest{
		Provider:          "acme",
		Amount:            decimal.RequireFromString("60.00"),
		Currency:          "EUR",
		MerchantReference: "order-47",
	}, host.IdempotencyKey(key))
	if err != nil {
		s.t.Fatal(err)
	}

	return p
}

// becomes waits for the event that says so.
func (s *stage) becomes(p *host.Payment, status host.Status) *host.Payment {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()

	for e, err := range s.host.Events(ctx, "") {
		if err != nil {
			s.t.Fatal(err)
		}
		if e.Type != "payment."+string(status) {
			continue
		}

		now, err := s.host.Payment(ctx, p.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		if now.Status == status {
			return now
		}
	}

	s.t.Fatalf("the payment did not become %s", status)
	return nil
}

// records keeps what the host logs.
type records struct {
	mu   sync.Mutex
	list []record
}

type record struct {
	level   slog.Level
	message string
	attrs   map[string]string
}

// handler puts records there, with what was said With.
type handler struct {
	*records
	attrs []slog.Attr
}

func (h handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) WithGroup(string) slog.Handler            { return h }

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.records, append(append([]slog.Attr(nil), h.attrs...), attrs...)}
}

func (h handler) Handle(_ context.Context, l slog.Record) error {
	kept := record{l.Level, l.Message, map[string]string{}}
	for _, a := range h.attrs {
		kept.attrs[a.Key] = a.Value.String()
	}
	l.Attrs(func(a slog.Attr) bool {
		kept.attrs[a.Key] = a.Value.String()
		return true
	})

	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, kept)

	return nil
}

func (r *records) find(message string) (found []record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.list {
		if one.message == message {
			found = append(found, one)
		}
	}
	return found
}
