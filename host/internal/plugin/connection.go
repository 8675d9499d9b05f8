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

	"github.com/payhost/payhost/sdk"
)

// connections knows the gRPC connections that go-plugin makes, which it hands
// to nobody: it does not close one whose plugin died before it was quite up,
// and says nothing when one breaks while the process lives on.
type connections struct {
	mu   sync.Mutex
	list []*grpc.ClientConn
}

// dialOptions are for go-plugin's connections. There is no client keepalive: a
// plugin in another language may answer one by closing the connection, and on a
// socket of this machine it tells nothing that the process's end does not.
func (c *connections) dialOptions(intercept grpc.UnaryClientInterceptor) []grpc.DialOption {
	options := []grpc.DialOption{
		grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(sdk.MaxMessageSize),
			grpc.MaxCallSendMsgSize(sdk.MaxMessageSize),
		),
		grpc.WithIdleTimeout(0), // a connection that nobody uses for half an hour stays
		grpc.WithStatsHandler(traceHandler{}),
		grpc.WithStreamInterceptor(c.stream),
	}

	if intercept != nil {
		options = append(options, grpc.WithUnaryInterceptor(intercept))
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
	cc *grpc.ClientConn,
	method string,
	next grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	c.note(cc)
	if method != outputStream {
		return nil, status.Errorf(codes.Unimplemented, "this host does not use %s", method)
	}
	return next(ctx, desc, cc, method, append(opts, grpc.MaxCallRecvMsgSize(outputSize))...)
}

func (c *connections) note(cc *grpc.ClientConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.list, cc) {
		c.list = append(c.list, cc)
	}
}

func (c *connections) all() []*grpc.ClientConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.list)
}

func (c *connections) close() {
	for _, cc := range c.all() {
		_ = cc.Close() // closed already, as a rule
	}
}

func (c *connections) ready() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cc := range c.list {
		if cc.GetState() != connectivity.Ready {
			return false
		}
	}
	return true
}

// awaitReady waits while there is no connection but may be one soon.
func (c *connections) awaitReady(ctx context.Context) {
	for _, cc := range c.all() {
		for s := cc.GetState(); s != connectivity.Ready && s != connectivity.Shutdown; s = cc.GetState() {
			cc.Connect()
			if !cc.WaitForStateChange(ctx, s) {
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

	cc := list[0]
	for {
		state := cc.GetState()
		switch state {
		case connectivity.TransientFailure, connectivity.Shutdown:
			return errConnectionLost
		case connectivity.Idle: // the plugin closed the connection in good order: it must take another
			cc.Connect()
		}

		if !cc.WaitForStateChange(ctx, state) {
			return ctx.Err()
		}
	}
}
