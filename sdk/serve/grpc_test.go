package serve

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

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	pb "github.com/payhost/payhost/sdk/internal/providerv1"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// plug connects a client to a gRPC server as Provider makes it, in memory, and
// counts the connections.
func plug(t *testing.T, p *peer, opts ...grpc.DialOption) (*client.Client, *int, func()) {
	t.Helper()
	listener := bufconn.Listen(1 << 16)
	g := newGRPCServer(nil)
	pb.RegisterProviderServiceServer(g, p)
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

	return client.New(cc), &dials, func() {
		cc.Close()
		g.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}

// peer answers with the least, and with a large output.
type peer struct {
	pb.UnimplementedProviderServiceServer
	output json.RawMessage
}

func (*peer) GetInfo(context.Context, *pb.GetInfoRequest) (*pb.GetInfoResponse, error) {
	return &pb.GetInfoResponse{Name: "plugin"}, nil
}

func (*peer) CreatePayment(
	context.Context,
	*pb.CreatePaymentRequest,
) (*pb.CreatePaymentResponse, error) {
	return &pb.CreatePaymentResponse{Payment: &pb.Payment{Status: 1}}, nil
}

func (p *peer) InvokeOperation(
	context.Context,
	*pb.InvokeOperationRequest,
) (*pb.InvokeOperationResponse, error) {
	return &pb.InvokeOperationResponse{Output: p.output}, nil
}

// TestKeepaliveOfAHostIsAllowed lets a quiet host ask every ten seconds for an
// hour: a server without our policy ends the connection, and with it the calls
// on it, after forty.
//
// go-plugin trap 8: a server without a policy answers keepalive with
// too_many_pings.
func TestKeepaliveOfAHostIsAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, dials, stop := plug(
			t,
			&peer{},
			grpc.WithIdleTimeout(0),
			grpc.WithKeepaliveParams(keepalive.ClientParameters{
				Time:                10 * time.Second,
				Timeout:             time.Second,
				PermitWithoutStream: true,
			}),
		)
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
	c, _, stop := plug(t, &peer{
		output: json.RawMessage(large),
	})
	defer stop()

	if _, err := c.Account("main").CreatePayment(t.Context(), sdk.CreatePaymentRequest{Description: large}); err != nil {
		t.Errorf("a large request: %v", err)
	}
	output, err := c.Account("main").
		InvokeOperation(t.Context(), sdk.InvokeOperationRequest{Operation: "report"})
	if (err != nil) || (string(output) != large) {
		t.Errorf("a large answer: %d bytes, %v", len(output), err)
	}
}

// The server's own answer to a call that had ended on its way, which no client
// of ours sends.
func TestServerRefusesEndedCalls(t *testing.T) {
	s := NewServer(
		func(struct{}, sdk.Runtime) (idle, error) { return idle{}, nil },
		Options{},
	)
	defer s.Close()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := (&service{server: s}).CreatePayment(
		ctx,
		&pb.CreatePaymentRequest{Account: "main"},
	)
	e, _ := wire.DecodeError(t.Context(), err)
	if (e.Code != sdk.CodeUnavailable) || (e.Outcome != sdk.OutcomeNotSent) ||
		!strings.Contains(e.Error(), "had ended before the plugin began") {
		t.Errorf("got %v", e)
	}

	if err := s.put(ctx, "main", nil, s.nextTurn()); err == nil {
		t.Error("an account was changed for a host that has gone")
	}
}

// idle has a name and can do nothing.
type idle struct{}

func (idle) Info() sdk.Info { return sdk.Info{Name: "idle"} }
