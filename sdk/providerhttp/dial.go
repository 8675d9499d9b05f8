package providerhttp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"time"
)

// connectTimeout bounds name lookup, connect and TLS handshake together. It is
// shorter than a request's usual limit, so that a host which is away is
// reported as not sent with time left for another try.
const connectTimeout = 10 * time.Second

// connectionUse reports whether a connection serves one request after another.
type connectionUse bool

const (
	keepAlive connectionUse = true
	singleUse connectionUse = false
)

// newTransport makes the connections of a client. Proxy stays nil on purpose:
// see the package comment.
func newTransport(roots *x509.CertPool, use connectionUse) *http.Transport {
	config := &tls.Config{
		MinVersion: tls.VersionTLS12,
		RootCAs:    roots,
		NextProtos: []string{"http/1.1"},
	}

	return &http.Transport{
		DialContext:            dialer{limit: connectTimeout}.dial,
		DialTLSContext:         dialer{limit: connectTimeout, config: config}.dial,
		DisableKeepAlives:      use == singleUse,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    4,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxResponseHeader,
		// Not nil and empty: no HTTP/2.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
}

// connectError is a failure to get a connection: nothing of the request was
// written.
type connectError struct{ cause error }

func (e *connectError) Error() string { return e.cause.Error() }
func (e *connectError) Unwrap() error { return e.cause }

// dialer makes connections, with TLS when config is not nil.
type dialer struct {
	limit  time.Duration
	config *tls.Config
}

// dial connects. net/http lets a dial go on when its request is over; this one
// ends with the request, whose gate is in ctx.
func (d dialer) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.limit)
	defer cancel()

	// The end of the request ends the dial.
	if g, ok := ctx.Value(gateKey{}).(*gate); ok {
		stop := context.AfterFunc(g.ctx, cancel)
		defer stop()
	}

	conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, &connectError{err}
	}
	if d.config == nil {
		return &gatedConn{Conn: conn, exact: true}, nil
	}

	// The name of the certificate is the host's, not the address's that was
	// found.
	config := d.config.Clone()
	if config.ServerName, _, err = net.SplitHostPort(addr); err != nil {
		config.ServerName = addr
	}

	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, &connectError{err}
	}

	return &gatedConn{Conn: secured}, nil
}
