package plugin

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
)

// A plugin in another language may close idle connections: that is no reason to
// kill it. One that takes no new connection is lost, though its process lives.
//
// go-plugin trap 5: nobody is told of a crash.
func TestConnectionCountsAsLostOnlyWhenThereCanBeNoOther(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(
		grpc.KeepaliveParams(
			keepalive.ServerParameters{MaxConnectionIdle: 20 * time.Millisecond},
		),
	)

	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	c := &connections{}
	cc, err := grpc.NewClient(
		l.Addr().String(),
		append(
			c.dialOptions(nil),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
		)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()

	c.note(cc)
	cc.Connect()

	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	lost := make(chan error, 1)
	go func() { lost <- c.watch(ctx) }()

	for range 3 { // ready, closed by the server, and ready again
		awaitState(
			ctx,
			t,
			cc,
			func(s connectivity.State) bool { return s == connectivity.Ready },
		)

		awaitState(
			ctx,
			t,
			cc,
			func(s connectivity.State) bool { return s != connectivity.Ready },
		)
	}

	select {
	case err := <-lost:
		t.Fatalf("taken for lost: %v", err)
	default:
	}

	server.Stop()
	<-served
	if err := <-lost; !errors.Is(err, errConnectionLost) {
		t.Errorf("err = %v", err)
	}
}

func awaitState(
	ctx context.Context,
	t *testing.T,
	cc *grpc.ClientConn,
	ok func(connectivity.State) bool,
) {
	t.Helper()
	for s := cc.GetState(); !ok(s); s = cc.GetState() {
		if !cc.WaitForStateChange(ctx, s) {
			t.Fatalf("the connection stays %s", s)
		}
	}
}

// Plugins in other languages have none of go-plugin's streams, which would keep
// a connection busy.
//
// go-plugin trap 27: a connection without streams goes idle after 30 minutes.
func TestQuietConnectionStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := bufconn.Listen(1 << 16)
		server := grpc.NewServer()
		served := make(chan error, 1)
		go func() { served <- server.Serve(listener) }()
		dials := 0
		c := &connections{}
		cc, err := grpc.NewClient("passthrough:plugin", append(c.dialOptions(nil),
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
				dials++
				return listener.DialContext(ctx)
			}))...)
		if err != nil {
			t.Fatal(err)
		}

		cc.Connect()
		for range 2 {
			awaitState(
				t.Context(),
				t,
				cc,
				func(s connectivity.State) bool { return s == connectivity.Ready },
			)

			time.Sleep(2 * time.Hour) // of the bubble's clock
		}

		if state := cc.GetState(); state != connectivity.Ready || dials != 1 {
			t.Errorf("the connection is %s after %d dials", state, dials)
		}
		cc.Close()
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// bytesCodec sends bytes as they are.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "bytes" }

func (bytesCodec) Marshal(v any) ([]byte, error) { return v.([]byte), nil }

func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = data
	return nil
}

// go-plugin's own host keeps every knock on its broker, of any size, for ever.
//
// go-plugin trap 29: a plugin makes the host keep gigabytes through the broker.
func TestPluginGetsNoStreamButItsOutput(t *testing.T) {
	opened := make(chan string, 8)
	server := grpc.NewServer(
		grpc.ForceServerCodec(bytesCodec{}),
		grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
			method, _ := grpc.MethodFromServerStream(s)
			opened <- method
			for _, size := range []int{outputSize / 2, 2 * outputSize} {
				if err := s.SendMsg(make([]byte, size)); err != nil {
					return err
				}
			}
			<-s.Context().Done()
			return nil
		}),
	)

	l := bufconn.Listen(1 << 20)
	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	defer func() { server.Stop(); <-served }()

	c := &connections{}
	cc, err := grpc.NewClient("passthrough:plugin", append(
		c.dialOptions(nil),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(
			func(ctx context.Context, _ string) (net.Conn, error) { return l.DialContext(ctx) },
		),
	)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()

	desc := &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}
	for _, method := range []string{"/plugin.GRPCBroker/StartStream", "/payhost.provider.v1.Provider/Watch"} {
		if _, err := cc.NewStream(t.Context(), desc, method); status.Code(
			err,
		) != codes.Unimplemented {
			t.Errorf("%s: %v", method, err)
		}
	}

	output, err := cc.NewStream(
		t.Context(),
		desc,
		outputStream,
		grpc.ForceCodec(bytesCodec{}),
	)
	if err != nil {
		t.Fatal(err)
	}

	if err := output.CloseSend(); err != nil {
		t.Fatal(err)
	}
	var message []byte
	if err := output.RecvMsg(&message); err != nil || len(message) != outputSize/2 {
		t.Errorf("%d bytes, %v", len(message), err)
	}

	if err := output.RecvMsg(&message); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("a message that is too long: %v", err)
	}
	if method := <-opened; method != outputStream || len(opened) > 0 {
		t.Errorf("the plugin saw %s, and %d others", method, len(opened))
	}
}
