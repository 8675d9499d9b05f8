package providerhttp

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// silent accepts one connection and says nothing on it until the other side
// closes it.
func silent(t *testing.T) (addr string, accepted <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	came, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		came <- struct{}{}
		_, _ = io.Copy(io.Discard, conn)
	}()

	t.Cleanup(func() {
		listener.Close()
		<-done
	})

	return listener.Addr().String(), came
}

// net/http takes the request's end away from the context it dials with.
func TestDialEndsWithItsRequest(t *testing.T) {
	addr, accepted := silent(t)
	request, cancel := context.WithCancel(t.Context())
	go func() {
		<-accepted
		cancel()
	}()

	ctx := context.WithoutCancel((&gate{ctx: request}).context())
	_, err := dialer{limit: connectTimeout, config: &tls.Config{}}.dial(ctx, "tcp", addr)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the dial ended with %v, want context.Canceled", err)
	}
}

func TestDialHasItsOwnLimit(t *testing.T) {
	addr, _ := silent(t)
	_, err := dialer{
		limit:  50 * time.Millisecond,
		config: &tls.Config{},
	}.dial(
		t.Context(),
		"tcp",
		addr,
	)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the dial ended with %v, want context.DeadlineExceeded", err)
	}
}

// What a failed dial is reported as, when net/http passes it on before it looks
// at the request's context.
func TestDialErrors(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()

	for name, tc := range map[string]struct {
		ctx  context.Context
		err  error
		want string
	}{
		"own limit":          {t.Context(), context.DeadlineExceeded, "could not connect to api.example.com: no connection within 10s"},
		"call over":          {canceled, context.Canceled, "was not sent: the call was canceled"},
		"failed by itself":   {canceled, &net.DNSError{IsNotFound: true}, "could not connect to api.example.com: no such host"},
		"name lookup":        {t.Context(), &net.DNSError{Server: "10.0.0.1", Name: "canary"}, "could not connect to api.example.com: the name lookup failed"},
		"remote alert":       {t.Context(), &net.OpError{Op: "remote error", Err: tls.AlertError(40)}, "it refused the TLS handshake"},
		"something else":     {t.Context(), errors.New("canary"), "could not connect to api.example.com: the connection failed"},
		"closed in the dark": {t.Context(), io.EOF, "the connection was closed"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := New(sdk.Runtime{}, Options{BaseURL: "https://api.example.com"})
			if err != nil {
				t.Fatal(err)
			}
			c.once = roundTripFunc(
				func(*http.Request) (*http.Response, error) { return nil, &connectError{tc.err} },
			)

			_, err = c.Do(tc.ctx, Request{Method: http.MethodPost})
			e := sdk.AsError(err)
			if e == nil || e.Outcome != sdk.OutcomeNotSent ||
				!strings.Contains(e.Message, tc.want) ||
				strings.Contains(e.Message, "canary") {
				t.Errorf("the error is %v, want not sent and %q", err, tc.want)
			}
		})
	}
}
