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

// Hosted is a plugin as a host has it, in the test's own process: behind gRPC,
// with one account, whose verbs it has.
type Hosted struct {
	*client.Account
	// Client configures more accounts and returns the plugin's own Info.
	Client *client.Client
	// Info is what Configure returned for the account.
	Info sdk.AccountInfo

	log lockedBuffer
}

// Host serves the plugin until the test ends, and configures the account
// "shop".
func Host[C any, P sdk.Provider](
	t testing.TB, newProvider func(C, sdk.Runtime) (P, error), config string,
) *Hosted {
	t.Helper()
	hosted := &Hosted{}
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	logger := slog.New(slog.NewJSONHandler(&hosted.log, options))
	server := serve.NewServer(newProvider, serve.Options{Logger: logger})

	conn := connect(t, server)
	hosted.Client = client.New(conn)
	info, err := hosted.Client.Configure(t.Context(), "shop", json.RawMessage(config))
	if err != nil {
		t.Fatal(err)
	}

	hosted.Info = info
	hosted.Account = hosted.Client.Account("shop")
	return hosted
}

// connect serves a plugin in memory until the test ends, and returns a
// connection to it.
func connect(t testing.TB, server *serve.Server) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	dial := func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	conn, err := grpc.NewClient("passthrough:plugin",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(dial))
	if err != nil {
		t.Fatal(err)
	}

	g := grpc.NewServer()
	server.Register(g)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()

	t.Cleanup(func() {
		_ = conn.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
		server.Close()
	})

	return conn
}

// Said returns all that has left the plugin: its log, the exchanges that were
// recorded, and the errors in full.
func (h *Hosted) Said(record *sdk.ExchangeLog, errs ...error) string {
	said := fmt.Sprintf("%+v\n%s\n", record.Exchanges(), h.log.String())
	for _, err := range errs {
		said += fmt.Sprintf("%v\n", err)
		var detailed *sdk.Error
		if errors.As(err, &detailed) {
			said += fmt.Sprintf("%+v\n", *detailed)
		}
	}
	return said
}

// WantNoSecret fails the test when a secret is in what was said, as it is or as
// a URL or JSON spells it. A good secret is one that no text has by chance,
// with characters that each of them spells in its own way: see Spelled.
func WantNoSecret(t testing.TB, said string, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		for _, spelling := range Spelled(secret) {
			at := strings.Index(said, spelling)
			if at < 0 {
				continue
			}
			around := said[max(0, at-80):min(len(said), at+80)]
			t.Errorf("%q was said: …%s…", spelling, around)
		}
	}
}

// Spelled returns a secret in the spellings in which a provider may send it
// back.
func Spelled(secret string) []string {
	quoted, _ := json.Marshal(secret) // a text always encodes
	return []string{
		secret,
		url.QueryEscape(secret),
		url.PathEscape(secret),
		strings.Trim(string(quoted), `"`),
	}
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
