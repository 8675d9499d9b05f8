package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/payhost/payhost/plugins/paysepro/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// canary is a secret that no text has by chance, and that looks different in a URL and in JSON.
const canary = `cánary/key&"<1>+ %41`

type lockedBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

// host starts the plugin as a host has it, behind gRPC, with a simulator that knows the canary.
func host(t *testing.T) (*sdk.AccountClient, *simulator.Simulator, *lockedBuffer) {
	t.Helper()
	log, sim := &lockedBuffer{}, simulator.New(simulator.WithCredentials("0123", "0456", "owner@shop.example", canary))
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server := sdk.NewServer(newProvider, sdk.ServerOptions{Logger: logger})
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
		cc.Close()
		g.Stop()
		<-served
		server.Close()
	})
	client := sdk.NewClient(cc)
	if _, err := client.Configure(t.Context(), "shop", json.RawMessage(sim.Config(api.URL))); err != nil {
		t.Fatal(err)
	}
	return client.Account("shop"), sim, log
}

// The key is in no error, record or log line, also when Paysepro sends it back, and no signature is in a record.
func TestSecretsStayInside(t *testing.T) {
	escaped, _ := json.Marshal(canary)
	echo := `{"error":"40","message":"no: ` + strings.Trim(string(escaped), `"`) + ` ` + url.QueryEscape(canary) + `"}`
	signature := sign(config{UID: "0123", MID: "0456", Email: "owner@shop.example", APIKey: sdk.NewSecret(canary)}, "ar")
	for _, path := range []string{"/getData.php", "/createCode.php"} {
		for _, f := range []fault.Fault{
			{Kind: fault.Delay}, // nothing goes wrong
			{Kind: fault.Error, Status: 200, Body: echo}, {Kind: fault.Error, Status: 200, Body: echo[:len(echo)-2]},
			{Kind: fault.Error, Status: 401, Body: echo}, {Kind: fault.Error, Status: 200, Body: `{"error":"` + signature + `"}`},
			{Kind: fault.HTML}, {Kind: fault.LostResponse}, {Kind: fault.Truncated},
		} {
			t.Run(fmt.Sprintf("%s %s %d", path, f.Kind, f.Status), func(t *testing.T) {
				account, sim, log := host(t)
				f.Path = path
				if f.Kind != fault.Delay {
					if err := sim.Faults().Add(f); err != nil {
						t.Fatal(err)
					}
				}
				ctx, record := sdk.WithExchangeLog(t.Context())
				_, err := account.CreatePayment(ctx, paymentRequest())
				text := fmt.Sprintf("%+v\n%s\n%v\n", record.Exchanges(), log.String(), err)
				var e *sdk.Error
				if errors.As(err, &e) {
					text += fmt.Sprintf("%+v\n", *e)
				}
				if len(record.Exchanges()) == 0 {
					t.Error("no exchange was recorded")
				}
				for _, secret := range []string{
					canary, url.QueryEscape(canary), url.PathEscape(canary), strings.Trim(string(escaped), `"`), signature,
				} {
					if at := strings.Index(text, secret); at >= 0 {
						t.Errorf("%q was said: …%s…", secret, text[max(0, at-80):min(len(text), at+80)])
					}
				}
			})
		}
	}
}
