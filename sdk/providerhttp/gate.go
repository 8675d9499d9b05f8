package providerhttp

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"

	"github.com/payhost/payhost/sdk"
)

var (
	errTooLate   = errors.New("the request was given up before its first byte was written")
	errNoRequest = errors.New("this connection carries no request")
)

// gate stands between one request and its connections. It knows whether a byte
// of the request may have left, and lets none leave when it is too late for the
// first one.
type gate struct {
	ctx context.Context

	mu     sync.Mutex
	sent   bool
	closed bool
}

// pass is called before every write. first reports whether this write is the
// request's first one.
func (g *gate) pass() (first bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.sent {
		return false, nil
	}

	// InTime looks at the clock too: a context's timer may fire late.
	if g.closed || !sdk.InTime(g.ctx) {
		return false, errTooLate
	}
	g.sent = true

	return true, nil
}

// retract takes back that something was sent: the first write is proven to have
// written nothing.
func (g *gate) retract() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sent = false
}

// close ends the request and reports whether it was sent. After it no first
// byte leaves any more, so the answer stays true while net/http's goroutines
// end.
func (g *gate) close() (sent bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	return g.sent
}

type gateKey struct{}

// context returns the request's context: its connection, new or reused, is put
// behind the gate before net/http writes to it, and the dialer finds the gate
// to end with the request.
func (g *gate) context() context.Context {
	ctx := context.WithValue(g.ctx, gateKey{}, g)
	gotConn := func(info httptrace.GotConnInfo) {
		if conn, ok := info.Conn.(*gatedConn); ok {
			conn.gate.Store(g)
		}
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: gotConn})
}

// gatedConn is a connection, its TLS handshake done, that asks the gate of its
// present request before it writes.
type gatedConn struct {
	net.Conn
	// exact is set where a write which reports no bytes wrote none. TLS cannot
	// promise that.
	exact bool
	gate  atomic.Pointer[gate]
}

func (c *gatedConn) Write(data []byte) (int, error) {
	guard := c.gate.Load()
	if guard == nil {
		return 0, errNoRequest
	}
	first, err := guard.pass()
	if err != nil {
		return 0, err
	}

	n, err := c.Conn.Write(data)
	// Not sent is claimed only where it is proven: a wrong claim would let the
	// host send the money again.
	if first && n == 0 && c.exact {
		guard.retract()
	}

	return n, err
}
