package plugin

import (
	"context"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// All three are "unavailable" to gRPC.
func TestTraceTellsHowFarACallCame(t *testing.T) {
	for _, c := range []struct {
		name           string
		handle         func(*grpc.Server) error // nil: there is no server
		sent, answered bool
	}{
		{"no connection", nil, false, false},
		{"the connection breaks", func(s *grpc.Server) error { s.Stop(); return nil }, true, false},
		{"the plugin says so", func(*grpc.Server) error { return status.Error(codes.Unavailable, "closed today") }, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			conns := &connections{}
			cc, err := grpc.NewClient(l.Addr().String(), append(conns.dialOptions(nil), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
			if err != nil {
				t.Fatal(err)
			}
			defer cc.Close()
			stop := serveUnknown(l, c.handle)
			defer stop()
			ctx, trace := WithTrace(context.Background())
			_, err = client.New(cc).Info(ctx)
			if sdk.CodeOf(err) != sdk.CodeUnavailable || trace.Sent() != c.sent || trace.Answered() != c.answered {
				t.Errorf("sent %v, answered %v, %v", trace.Sent(), trace.Answered(), err)
			}
		})
	}
}

// serveUnknown answers every call with handle.
func serveUnknown(l net.Listener, handle func(*grpc.Server) error) (stop func()) {
	if handle == nil {
		l.Close()
		return func() {}
	}
	var s *grpc.Server
	s = grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		done := make(chan error, 1)
		go func() { done <- handle(s) }()
		select {
		case err := <-done:
			return err
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}))
	served := make(chan struct{})
	go func() { defer close(served); _ = s.Serve(l) }()
	return func() { s.Stop(); <-served }
}
