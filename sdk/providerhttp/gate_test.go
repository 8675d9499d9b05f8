package providerhttp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/sdk"
)

// lateTimer is a context whose deadline has passed and whose timer has not
// fired yet.
type lateTimer struct{ context.Context }

func (lateTimer) Deadline() (time.Time, bool) { return time.Now().Add(-time.Nanosecond), true }

// fakeConn writes what it is told to.
type fakeConn struct {
	net.Conn
	n      int
	err    error
	writes int
}

func (c *fakeConn) Write(p []byte) (int, error) {
	c.writes++
	if c.err != nil {
		return c.n, c.err
	}
	return len(p), nil
}

func TestGate(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()

	broken := errors.New("broken")
	for name, tc := range map[string]struct {
		ctx      context.Context
		conn     fakeConn
		tls      bool
		closed   bool
		wantSent bool
		wantErr  error
		writes   int
	}{
		"written":                {ctx: t.Context(), wantSent: true, writes: 1},
		"call over":              {ctx: canceled, wantErr: errTooLate},
		"deadline passed":        {ctx: lateTimer{t.Context()}, wantErr: errTooLate},
		"given up":               {ctx: t.Context(), closed: true, wantErr: errTooLate},
		"nothing written":        {ctx: t.Context(), conn: fakeConn{err: broken}, wantErr: broken, writes: 1},
		"something written":      {ctx: t.Context(), conn: fakeConn{n: 1, err: broken}, wantErr: broken, wantSent: true, writes: 1},
		"TLS, nothing accounted": {ctx: t.Context(), conn: fakeConn{err: broken}, tls: true, wantErr: broken, wantSent: true, writes: 1},
	} {
		t.Run(name, func(t *testing.T) {
			g := &gate{ctx: tc.ctx}
			conn := &gatedConn{Conn: &tc.conn, exact: !tc.tls}
			conn.gate.Store(g)
			if tc.closed {
				g.close()
			}

			_, err := conn.Write([]byte("x"))
			if !errors.Is(err, tc.wantErr) {
				t.Errorf("Write gives %v, want %v", err, tc.wantErr)
			}
			if sent := g.close(); sent != tc.wantSent {
				t.Errorf("sent is %v, want %v", sent, tc.wantSent)
			}

			if tc.conn.writes != tc.writes {
				t.Errorf(
					"%d writes reached the connection, want %d",
					tc.conn.writes,
					tc.writes,
				)
			}
		})
	}
}

// What has begun may end: only the first write is refused.
func TestGateLetsTheRestThrough(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	conn := &gatedConn{Conn: &fakeConn{}}
	conn.gate.Store(&gate{ctx: ctx})
	if _, err := conn.Write([]byte("first")); err != nil {
		t.Fatal(err)
	}

	cancel()
	if _, err := conn.Write([]byte("second")); err != nil {
		t.Errorf("the second write is refused: %v", err)
	}
}

func TestConnectionWithoutRequestWritesNothing(t *testing.T) {
	inner := &fakeConn{}
	if _, err := (&gatedConn{Conn: inner}).Write([]byte("x")); err == nil ||
		inner.writes != 0 {
		t.Errorf("error %v, %d writes; want an error and none", err, inner.writes)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// An answer to a request that never left is nobody's answer.
func TestAnswerBeforeTheRequestIsNone(t *testing.T) {
	c, err := New(sdk.Runtime{}, Options{BaseURL: "https://api.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	c.once = roundTripFunc(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: 200,
			Header:     http.Header{},
			Body:       io.NopCloser(strings.NewReader("{}")),
			Request:    r,
		}, nil
	})

	_, err = c.Do(t.Context(), Request{Method: http.MethodPost, MovesMoney: true})
	e := sdk.AsError(err)
	if e == nil || e.Outcome != sdk.OutcomeNotSent ||
		!strings.Contains(e.Message, "answered before it was asked") {
		t.Errorf("the error is %v, want one that says not sent", err)
	}
}
