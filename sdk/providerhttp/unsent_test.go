package providerhttp_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"log"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// wantUnsent checks an error, and that the record agrees with it.
func wantUnsent(t *testing.T, b *bench, err error, text string) {
	t.Helper()
	wantFailure(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent, text)
	e := b.last(t)
	if e.Sent || e.Status != 0 || e.Error != err.(*sdk.Error).Message {
		t.Errorf(
			"recorded sent=%v status=%d error=%q, want what the error says",
			e.Sent,
			e.Status,
			e.Error,
		)
	}
}

func TestWithoutConnectionNothingIsSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	listener.Close()

	for name, tc := range map[string]struct{ base, want string }{
		"refused":      {"http://" + closed, "could not connect to " + closed + ": connection refused"},
		"no such host": {"https://no..such.host", "could not connect to no..such.host: no such host"},
	} {
		t.Run(name, func(t *testing.T) {
			b := bench1(t, tc.base)
			_, err := b.pay(b.ctx)
			wantUnsent(t, b, err, tc.want)
		})
	}
}

func TestFailedHandshakeSendsNothing(t *testing.T) {
	quiet := func(s *httptest.Server) *httptest.Server {
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		t.Cleanup(s.Close)
		return s
	}

	handler := http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { t.Error("a request arrived") },
	)
	secure := quiet(httptest.NewUnstartedServer(handler))
	secure.StartTLS()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	old := quiet(httptest.NewUnstartedServer(handler))

	old.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	old.StartTLS()
	plain := quiet(httptest.NewUnstartedServer(handler))
	plain.Start()

	for name, tc := range map[string]struct {
		base  string
		roots *x509.CertPool
		want  string
	}{
		"self-signed":  {secure.URL, nil, "its certificate is not signed by a trusted authority"},
		"another name": {strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), roots, "its certificate is for another name"},
		"TLS 1.1":      {old.URL, roots, "the TLS handshake"},
		"no TLS":       {strings.Replace(plain.URL, "http:", "https:", 1), roots, "it does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(
				t,
				sdk.Runtime{},
				providerhttp.Options{BaseURL: tc.base, RootCAs: tc.roots},
			)
			_, err := b.pay(b.ctx)
			wantUnsent(t, b, err, tc.want)
		})
	}
}

// A host that accepts and then says nothing never gets past the handshake.
func TestTimeInHandshake(t *testing.T) {
	for name, tc := range map[string]struct {
		timeout, deadline time.Duration
		want              string
	}{
		"the request's limit": {50 * time.Millisecond, time.Hour, "was not sent: the limit of 50ms for one request passed"},
		"the call's deadline": {time.Hour, 50 * time.Millisecond, "was not sent: the call's deadline passed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, func(conn net.Conn) { io.Copy(io.Discard, conn) })
			b := newBench(
				t,
				sdk.Runtime{},
				providerhttp.Options{BaseURL: "https://" + s.addr, Timeout: tc.timeout},
			)
			ctx, cancel := context.WithTimeout(b.ctx, tc.deadline)
			defer cancel()

			_, err := b.pay(ctx)
			wantUnsent(t, b, err, tc.want)
		})
	}
}

func TestCanceledInHandshake(t *testing.T) {
	arrived := make(chan struct{}, 1)
	s := serve(t, func(conn net.Conn) {
		arrived <- struct{}{}
		io.Copy(io.Discard, conn)
	})

	b := bench1(t, "https://"+s.addr)
	ctx, cancel := context.WithCancel(b.ctx)
	go func() {
		<-arrived
		cancel()
	}()

	_, err := b.pay(ctx)
	wantUnsent(t, b, err, "was not sent: the call was canceled")
}

func TestPastDeadlineDoesNotConnect(t *testing.T) {
	s := serve(t, func(net.Conn) { t.Error("a connection was made") })
	b := bench1(t, s.url)
	ctx, cancel := context.WithDeadline(b.ctx, time.Now().Add(-time.Second))
	defer cancel()
	_, err := b.pay(ctx)
	wantUnsent(t, b, err, "was not sent: the call's deadline passed")
}

// The worst moment: the connection stands, and net/http's writer is about to
// write. The server counts the bytes.
func TestNoFirstByteOnceTheCallIsOver(t *testing.T) {
	received := make(chan int64, 1)
	s := serve(t, func(conn net.Conn) {
		n, _ := io.Copy(io.Discard, conn)
		received <- n
	})

	// a fresh connection, and one to be kept alive
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		for range 30 {
			b := bench1(t, s.url)
			ctx, cancel := context.WithCancel(b.ctx)
			ctx = httptrace.WithClientTrace(
				ctx,
				&httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { cancel() }},
			)

			_, err := b.client.Do(ctx, providerhttp.Request{Method: method, Path: "/pay"})
			cancel()
			wantUnsent(t, b, err, "was not sent: the call was canceled")
			b.client.Close()
			if n := <-received; n != 0 {
				t.Fatalf(
					"%s: %d bytes reached the server of a request reported as not sent",
					method,
					n,
				)
			}
		}
	}
}
