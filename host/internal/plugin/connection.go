package plugin

import (
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/status"

	"github.com/payhost/payhost/sdk/client"
)

// connections knows the gRPC connections that go-plugin makes and keeps to
// itself: it does not close one whose plugin died before it was quite up, and
// does not tell when one breaks while the process lives on.
type connections struct {
	mu   sync.Mutex
	list []*grpc.ClientConn
}

// windowSize is how much of an answer, and of all answers, a plugin may send
// before the host has read it, in bytes.
const windowSize = 1 << 20

// dialOptions returns the options of go-plugin's connections. There is no
// client keepalive: a plugin in another language may answer one by closing the
// connection, and on a socket of this machine it tells nothing that the
// process's end does not.
func (c *connections) dialOptions(intercept grpc.UnaryClientInterceptor) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(client.MaxMessageSize),
			grpc.MaxCallSendMsgSize(client.MaxMessageSize),
		),
		// Windows of a fixed size: gRPC would measure a bandwidth that there is
		// none of within a machine.
		grpc.WithInitialWindowSize(windowSize),
		grpc.WithInitialConnWindowSize(windowSize),
		grpc.WithIdleTimeout(0), // a connection that is not used for half an hour stays
		grpc.WithChainUnaryInterceptor(traceCall),
		grpc.WithStreamInterceptor(c.stream),
	}

	if intercept != nil {
		options = append(options, grpc.WithChainUnaryInterceptor(intercept))
	}

	return options
}

// outputStream is the only stream that the host opens: go-plugin's own for the
// plugin's output, made before a connection is given out. outputSize bounds one
// message of it, in bytes; go-plugin's server sends a kilobyte.
const (
	outputStream = "/plugin.GRPCStdio/StreamStdio"
	outputSize   = maxLine
)

// stream refuses go-plugin's broker, for which a plugin can make the host keep
// whatever it sends, and any other stream.
func (c *connections) stream(
	ctx context.Context,
	desc *grpc.StreamDesc,
	conn *grpc.ClientConn,
	method string,
	next grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	c.note(conn)
	if method != outputStream {
		return nil, status.Errorf(codes.Unimplemented, "this host does not use %s", method)
	}
	opts = append(opts, grpc.MaxCallRecvMsgSize(outputSize))
	return next(ctx, desc, conn, method, opts...)
}

func (c *connections) note(conn *grpc.ClientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.list, conn) {
		c.list = append(c.list, conn)
	}
}

func (c *connections) all() []*grpc.ClientConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

func (c *connections) close() {
	for _, conn := range c.all() {
		_ = conn.Close() // it is usually closed already
	}
}

// ready reports whether no connection is broken.
func (c *connections) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.list {
		if conn.GetState() != connectivity.Ready {
			return false
		}
	}
	return true
}

// awaitReady waits while a connection is broken but may be whole again soon.
func (c *connections) awaitReady(ctx context.Context) {
	for _, conn := range c.all() {
		for {
			state := conn.GetState()
			if state == connectivity.Ready || state == connectivity.Shutdown {
				break
			}
			conn.Connect()
			if !conn.WaitForStateChange(ctx, state) {
				return
			}
		}
	}
}

var errConnectionLost = errors.New("the connection to the plugin broke")

// watch returns when the plugin can no longer be reached, or ctx ends.
func (c *connections) watch(ctx context.Context) error {
	list := c.all()
	if len(list) == 0 {
		<-ctx.Done()
		return ctx.Err()
	}

	conn := list[0]
	for {
		state := conn.GetState()
		switch state {
		case connectivity.TransientFailure, connectivity.Shutdown:
			return errConnectionLost
		case connectivity.Idle:
			// The plugin closed the connection in good order: it must take
			// another.
			conn.Connect()
		}

		if !conn.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
	}
}
