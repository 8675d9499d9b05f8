package sdk

import (
	"context"
	"encoding/json"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/test/bufconn"

	wire "github.com/payhost/payhost/sdk/internal/providerv1"
)

// plug connects a client to a gRPC server as Serve makes it, in memory, and counts the connections.
func plug(t *testing.T, l *liar, opts ...grpc.DialOption) (*Client, *int, func()) {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	g := newGRPCServer(nil)
	wire.RegisterProviderServiceServer(g, l)
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	dials := 0
	cc, err := grpc.NewClient("passthrough:plugin", append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			dials++
			return listener.DialContext(ctx)
		}))...)
	if err != nil {
		t.Fatal(err)
	}
	return NewClient(cc), &dials, func() {
		cc.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

func named() (*wire.GetInfoResponse, error) { return &wire.GetInfoResponse{Name: "plugin"}, nil }

// TestKeepaliveOfAHostIsAllowed lets a quiet host ask every ten seconds for an hour: a server without our policy ends
// the connection, and with it the calls on it, after forty.
//
// go-plugin trap 8: a server without a policy answers keepalive with too_many_pings.
func TestKeepaliveOfAHostIsAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dials, stop := plug(t, &liar{info: named}, grpc.WithIdleTimeout(0), grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time: 10 * time.Second, Timeout: time.Second, PermitWithoutStream: true,
		}))
		defer stop()
		for range 2 {
			if _, err := c.Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour) // of the bubble's clock
		}
		if *dials != 1 {
			t.Errorf("%d connections", *dials)
		}
	})
}

func TestServerTakesAndGivesLargeMessages(t *testing.T) {
	large := `"` + strings.Repeat("x", 10<<20) + `"`
	c, _, stop := plug(t, &liar{
		payment: func(context.Context) (*wire.CreatePaymentResponse, error) {
			return &wire.CreatePaymentResponse{Payment: &wire.Payment{Status: 1}}, nil
		},
		output: json.RawMessage(large),
	})
	defer stop()
	if _, err := c.Account("main").CreatePayment(t.Context(), CreatePaymentRequest{Description: large}); err != nil {
		t.Errorf("a large request: %v", err)
	}
	output, err := c.Account("main").InvokeOperation(t.Context(), InvokeOperationRequest{Operation: "report"})
	if (err != nil) || (string(output) != large) {
		t.Errorf("a large answer: %d bytes, %v", len(output), err)
	}
}
