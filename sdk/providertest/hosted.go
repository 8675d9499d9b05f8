package providertest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/serve"
)

// Hosted is a plugin as a host has it, in the test's own process: behind gRPC, with one account.
type Hosted struct {
	*client.Account
	// Client is for more accounts, and for what the plugin says of itself.
	Client *client.Client
	// Info is what the plugin says of the account.
	Info sdk.AccountInfo

	log lockedBuffer
}

// Host serves the plugin until the test ends, and configures the account "shop".
func Host[C any, P sdk.Provider](t testing.TB, newProvider func(C, sdk.Runtime) (P, error), config string) *Hosted {
	t.Helper()
	h := &Hosted{}
	logger := slog.New(slog.NewJSONHandler(&h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server := serve.NewServer(newProvider, serve.Options{Logger: logger})
	listener, g := bufconn.Listen(1<<20), grpc.NewServer()
	server.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	cc, err := grpc.NewClient("passthrough:plugin", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cc.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		server.Close()
	})
	h.Client = client.New(cc)
	if h.Info, err = h.Client.Configure(t.Context(), "shop", json.RawMessage(config)); err != nil {
		t.Fatal(err)
	}
	h.Account = h.Client.Account("shop")
	return h
}

// Said is all that has left the plugin: its log, the exchanges that were recorded, and the errors in full.
func (h *Hosted) Said(record *sdk.ExchangeLog, errs ...error) string {
	said := fmt.Sprintf("%+v\n%s\n", record.Exchanges(), h.log.String())
	for _, err := range errs {
		var e *sdk.Error
		if errors.As(err, &e) {
			said += fmt.Sprintf("%v\n%+v\n", err, *e)
		} else {
			said += fmt.Sprintf("%v\n", err)
		}
	}
	return said
}

// WantNoSecret fails the test when a secret is in what was said, as it is or as a URL or JSON spells it. A good secret is
// one that no text has by chance, with characters that all of them spell in their own way: see Spelled.
func WantNoSecret(t testing.TB, said string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, spelling := range Spelled(secret) {
			if at := strings.Index(said, spelling); at >= 0 {
				t.Errorf("%q was said: …%s…", spelling, said[max(0, at-80):min(len(said), at+80)])
			}
		}
	}
}

// Spelled gives a secret in the spellings in which a provider may send it back.
func Spelled(secret string) []string {
	quoted, _ := json.Marshal(secret) // a text always encodes
	return []string{secret, url.QueryEscape(secret), url.PathEscape(secret), strings.Trim(string(quoted), `"`)}
}

// lockedBuffer is a log that several goroutines write.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
