package providerhttp_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rawServer answers on real sockets as a test tells it, also with what no HTTP
// server would say.
type rawServer struct {
	url  string
	addr string
	done chan struct{} // closed when the test ends: a handler that hangs waits for it
}

// serve runs handle for every connection, in its own goroutine, and closes the
// connection after it.
func serve(t *testing.T, handle func(conn net.Conn)) *rawServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	s := &rawServer{
		url:  "http://" + listener.Addr().String(),
		addr: listener.Addr().String(),
		done: make(chan struct{}),
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})

	t.Cleanup(func() {
		close(s.done)
		listener.Close()
		running.Wait()
	})

	return s
}

// answer reads one request and writes text as it is.
func answer(text string) func(net.Conn) {
	return func(conn net.Conn) {
		if readRequest(conn) {
			io.WriteString(conn, text)
		}
	}
}

func readRequest(conn net.Conn) bool {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return false
	}
	_, err = io.Copy(io.Discard, req.Body)
	return err == nil
}

func reset(conn net.Conn) {
	conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// bench is a client with all that it leaves behind.
type bench struct {
	client *providerhttp.Client
	log    *bytes.Buffer
	ctx    context.Context
	record *sdk.ExchangeLog
}

func newBench(t *testing.T, rt sdk.Runtime, opts providerhttp.Options) *bench {
	t.Helper()
	b := &bench{log: &bytes.Buffer{}}
	rt.Logger = slog.New(
		slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}),
	)
	client, err := providerhttp.New(rt, opts)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(client.Close)
	b.client = client
	b.ctx, b.record = sdk.WithExchangeLog(t.Context())

	return b
}

func bench1(t *testing.T, base string) *bench {
	t.Helper()
	return newBench(t, sdk.Runtime{}, providerhttp.Options{BaseURL: base})
}

// pay sends a request that moves money.
func (b *bench) pay(ctx context.Context) (*providerhttp.Response, error) {
	return b.client.Do(ctx, providerhttp.Request{
		Method:     http.MethodPost,
		Path:       "/pay",
		Body:       providerhttp.JSON([]byte(`{"amount":"1"}`)),
		MovesMoney: true,
	})
}

// last is the only exchange recorded since the bench was made.
func (b *bench) last(t *testing.T) sdk.Exchange {
	t.Helper()
	all := b.record.Exchanges()
	if len(all) != 1 {
		t.Fatalf("%d exchanges were recorded, want 1", len(all))
	}
	return all[0]
}

// wantFailure checks an error in all that a caller may rely on.
func wantFailure(t *testing.T, err error, code sdk.Code, outcome sdk.Outcome, text string) {
	t.Helper()
	e, ok := err.(*sdk.Error)
	if !ok {
		t.Fatalf("the error is a %T (%v), want an *sdk.Error", err, err)
	}

	if e.Code != code || e.Outcome != outcome {
		t.Errorf(
			"the error is %s (%s), want %s (%s): %s",
			e.Code,
			e.Outcome,
			code,
			outcome,
			e.Message,
		)
	}

	if !strings.Contains(e.Message, text) {
		t.Errorf("the message is %q, want it to say %q", e.Message, text)
	}
}
