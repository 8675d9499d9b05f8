package providerhttp_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// closesReused answers the first request of a connection and closes the
// connection on the second one, which it has read to its end: a provider, or a
// balancer before it, that goes down after it took the request.
func closesReused(t *testing.T, arrived *atomic.Int32) *rawServer {
	return serve(t, func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		for nth := 0; nth < 2; nth++ {
			req, err := http.ReadRequest(reader)
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, req.Body); err != nil {
				return
			}

			if req.URL.Path == "/pay" {
				arrived.Add(1)
			}
			if nth == 0 {
				io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
			}
		}
	})
}

// repeatable are requests that can move money; plain net/http sends some of
// them twice when a reused connection is closed under them.
var repeatable = map[string]struct {
	request  providerhttp.Request
	data     string
	repeated bool // by plain net/http
}{
	"POST with Idempotency-Key": {
		providerhttp.Request{
			Method:     "POST",
			Header:     http.Header{"Idempotency-Key": {"k"}},
			MovesMoney: true,
		}, "{}", true},
	"POST with Idempotency-Key, not declared": {
		providerhttp.Request{
			Method: "POST",
			Header: http.Header{"Idempotency-Key": {"k"}},
		}, "{}", true},
	"POST with X-Idempotency-Key": {
		providerhttp.Request{
			Method:     "POST",
			Header:     http.Header{"X-Idempotency-Key": {"k"}},
			MovesMoney: true,
		}, "{}", true},
	"empty POST with Idempotency-Key": {
		providerhttp.Request{
			Method:     "POST",
			Header:     http.Header{"Idempotency-Key": {"k"}},
			MovesMoney: true,
		}, "", true},
	"empty POST": {providerhttp.Request{Method: "POST", MovesMoney: true}, "", false},
	"GET":        {providerhttp.Request{Method: "GET", MovesMoney: true}, "", true},
}

func TestMoneyIsNeverSentTwice(t *testing.T) {
	for name, tc := range repeatable {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			b := bench1(t, closesReused(t, &arrived).url)

			// A read leaves an idle connection that a careless client would
			// take.
			if _, err := b.client.Do(b.ctx, providerhttp.Request{Path: "/read"}); err != nil {
				t.Fatal(err)
			}

			tc.request.Path = "/pay"
			if tc.data != "" {
				tc.request.Body = providerhttp.JSON([]byte(tc.data))
			}

			for range 3 {
				if _, err := b.client.Do(b.ctx, tc.request); err != nil {
					t.Errorf("on a connection of its own it works; here: %v", err)
				}
			}

			if n := arrived.Load(); n != 3 {
				t.Errorf("3 requests reached the server %d times", n)
			}
		})
	}
}

// Also when the fresh connection is the one that is closed.
func TestMoneyIsNotSentAgainWhenItsConnectionCloses(t *testing.T) {
	for name, tc := range repeatable {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			b := bench1(t, serve(t, func(conn net.Conn) {
				if readRequest(conn) {
					arrived.Add(1)
				}
			}).url)

			_, err := b.client.Do(b.ctx, tc.request)
			wantFailure(
				t,
				err,
				sdk.CodeUnavailable,
				sdk.OutcomeUnknown,
				"closed before the answer",
			)

			if n := arrived.Load(); n != 1 {
				t.Errorf("1 request reached the server %d times", n)
			}
		})
	}
}

// The fault is real: net/http by itself repeats in it. Were this to fail, the
// tests above would prove nothing.
func TestPlainTransportRepeats(t *testing.T) {
	for name, tc := range repeatable {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int32
			s := closesReused(t, &arrived)
			transport := http.DefaultTransport.(*http.Transport).Clone()
			defer transport.CloseIdleConnections()

			for _, path := range []string{"/read", "/pay"} {
				req, err := http.NewRequest(
					tc.request.Method,
					s.url+path,
					bytes.NewReader([]byte(tc.data)),
				)
				if err != nil {
					t.Fatal(err)
				}

				if path == "/pay" {
					req.Header = tc.request.Header.Clone()
				}
				if req.Header == nil {
					req.Header = http.Header{}
				}

				resp, err := transport.RoundTrip(req)
				if err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}

			if n := arrived.Load(); (n > 1) != tc.repeated {
				t.Errorf(
					"plain net/http sent the request %d times, repeated should be %v",
					n,
					tc.repeated,
				)
			}
		})
	}
}

// Reads keep their connection, and survive one that the server has closed.
func TestReadsReuseConnections(t *testing.T) {
	var arrived, connections atomic.Int32
	s := serve(t, func(conn net.Conn) {
		connections.Add(1)
		for reader := bufio.NewReader(conn); ; arrived.Add(1) {
			if _, err := http.ReadRequest(reader); err != nil {
				return
			}
			io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})

	b := bench1(t, s.url)
	for range 3 {
		if _, err := b.client.Do(b.ctx, providerhttp.Request{Path: "/read"}); err != nil {
			t.Fatal(err)
		}
	}

	if n := connections.Load(); n != 1 {
		t.Errorf("3 reads used %d connections, want 1", n)
	}
	b.client.Close()
	if _, err := b.client.Do(b.ctx, providerhttp.Request{Path: "/read"}); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
