package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// from is a connection of an address that a test makes up.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) Close() error {
	f.closed = true
	return nil
}

func (f *from) RemoteAddr() net.Addr {
	if f.address == "" {
		return &net.UnixAddr{Net: "unix"}
	}
	return net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(f.address), 1))
}

// queue is a listener whose connections come in order; then it is closed.
type queue struct {
	net.Listener
	conns []net.Conn
}

func (q *queue) Accept() (net.Conn, error) {
	if len(q.conns) == 0 {
		return nil, net.ErrClosed
	}
	next := q.conns[0]
	q.conns = q.conns[1:]
	return next, nil
}

// crowd is a listener that bounds connections, and what has become of those.
type crowd struct {
	*connections
	server *http.Server
	queue  *queue
}

func newCrowd(bounds connectionBounds) *crowd {
	c := &crowd{queue: &queue{}, server: &http.Server{}}
	c.connections = newConnections(
		c.queue,
		bounds,
		func(a netip.Addr) bool { return a.String() == "10.0.0.1" },
	)
	c.limit(c.server)
	return c
}

// open has a connection come, and returns it: nil when it is refused.
func (c *crowd) connect(address string) (accepted net.Conn, came *from) {
	came = &from{address: address}
	c.queue.conns = append(c.queue.conns, came)
	accepted, err := c.Accept()
	if err != nil {
		return nil, came
	}
	return accepted, came
}

func (c *crowd) busy(conn net.Conn) { c.server.ConnState(conn, http.StateActive) }
func (c *crowd) idle(conn net.Conn) { c.server.ConnState(conn, http.StateIdle) }

func TestOneAddressHasABoundOfItsOwn(t *testing.T) {
	c := newCrowd(connectionBounds{all: 10, address: 2})
	for _, address := range []string{"203.0.113.9", "2001:db8::%d", "::ffff:203.0.113.8"} {
		var kept []net.Conn
		for n := range 2 {
			conn, _ := c.connect(strings.ReplaceAll(address, "%d", fmt.Sprint(n+1)))
			if conn == nil {
				t.Fatalf("%s: number %d is refused", address, n)
			}
			c.busy(conn)
			kept = append(kept, conn)
		}

		if conn, came := c.connect(strings.ReplaceAll(address, "%d", "9")); (conn != nil) ||
			!came.closed {
			t.Errorf("%s: one more is served", address)
		}

		_ = kept[0].Close()
		if conn, _ := c.connect(strings.ReplaceAll(address, "%d", "9")); conn == nil {
			t.Errorf("%s: refused although one has ended", address)
		}
	}

	for n := range 4 { // a proxy's are many customers', and the rest of all are free
		if conn, _ := c.connect("10.0.0.1"); conn == nil {
			t.Errorf("number %d of the proxy is refused", n)
		}
	}
}

func TestTheLongestWaitingMakesRoom(t *testing.T) {
	c := newCrowd(connectionBounds{all: 4, address: 4})
	merchant, theirs := c.connect("198.51.100.1")
	c.idle(merchant)
	working, work := c.connect("203.0.113.1")
	c.busy(working)
	first, waitsFirst := c.connect("203.0.113.1")
	c.busy(first)
	c.idle(first)

	_, waitsNext := c.connect("203.0.113.1")

	// The address that has the most of those that wait gives one of its own.
	if conn, _ := c.connect("203.0.113.2"); conn == nil {
		t.Fatal("a new one is refused while others wait for nothing")
	} else {
		c.busy(conn)
	}

	if !waitsFirst.closed || waitsNext.closed || theirs.closed || work.closed {
		t.Errorf(
			"closed: %t, %t, %t, %t",
			waitsFirst.closed,
			waitsNext.closed,
			theirs.closed,
			work.closed,
		)
	}

	// Of equals the one that has waited longest.
	if conn, _ := c.connect("203.0.113.3"); conn == nil {
		t.Fatal("a new one is refused while others wait for nothing")
	} else {
		c.busy(conn)
	}

	if waitsNext.closed == theirs.closed {
		t.Errorf("closed: %t, %t", waitsNext.closed, theirs.closed)
	}
}

func TestWhenAllWorkTheNewOneIsRefused(t *testing.T) {
	c := newCrowd(connectionBounds{all: 2, address: 2})
	one, _ := c.connect("203.0.113.1")
	other, _ := c.connect("203.0.113.2")
	c.busy(one)
	c.busy(other)
	if conn, came := c.connect("198.51.100.1"); (conn != nil) || !came.closed {
		t.Error("one more is served")
	}

	_ = one.Close()
	_ = one.Close() // as the server may do
	if conn, _ := c.connect("198.51.100.1"); conn == nil {
		t.Error("refused although one has ended")
	}

	if conn, _ := c.connect(""); conn != nil { // the one that waits has gone
		_ = conn.Close()
	}
	_ = other.Close()
	if (c.open != 0) || (len(c.peers)+len(c.waiting)+c.most != 0) {
		t.Errorf("something is left: %d, %v, %v, %d", c.open, c.peers, c.waiting, c.most)
	}
}

// One connection of HTTP/2 carries many requests: they are bounded as
// connections are.
func TestRequestsOfOneConnectionAreBounded(t *testing.T) {
	begun, goOn := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewUnstartedServer(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			begun <- struct{}{}
			<-goOn
		}),
	)

	server.EnableHTTP2 = true
	bounded := newConnections(
		server.Listener,
		connectionBounds{all: 9, address: 3},
		func(netip.Addr) bool { return false },
	)

	server.Listener = bounded
	bounded.limit(server.Config)
	server.StartTLS()
	defer server.Close()

	client := server.Client()
	answered := make(chan int, 4)
	send := func() {
		resp, err := client.Get(server.URL)
		if err != nil {
			answered <- -1
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode * resp.ProtoMajor
	}

	for range 3 {
		go send()
		<-begun
	}

	send()
	if got := <-answered; got != 2*http.StatusServiceUnavailable {
		t.Errorf("the fourth at once is answered %d", got)
	}
	close(goOn)

	for range 3 {
		if got := <-answered; got != 2*http.StatusOK {
			t.Errorf("answered %d", got)
		}
	}

	send()
	if got := <-answered; got != 2*http.StatusOK {
		t.Errorf("afterwards: %d", got)
	}
}

// A peer that takes nothing of its answer is hung up on, one that reads slowly
// is not.
func TestWhoeverReadsNothingIsHungUpOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, pause := range map[string]time.Duration{"reads slowly": stallTimeout / 2, "reads nothing": 2 * stallTimeout} {
			near, far := net.Pipe()
			c := newConnections(nil, connectionBounds{all: 1, address: 1}, nil)
			one := c.add(&from{Conn: near, address: "203.0.113.1"}, &peer{})
			_ = one.SetWriteDeadline(time.Now().Add(time.Hour))
			var reader sync.WaitGroup
			reader.Go(func() {
				defer far.Close()
				for {
					time.Sleep(pause)
					if _, err := io.CopyN(io.Discard, far, writePart); err != nil {
						return
					}
				}
			})

			count, err := one.Write(make([]byte, 4*writePart))
			var slow net.Error
			timedOut := errors.As(err, &slow) && slow.Timeout()
			if wholly := (err == nil) && (count == 4*writePart); (wholly != (pause < stallTimeout)) ||
				(timedOut == wholly) {
				t.Errorf("%s: %d bytes were written, %v", name, count, err)
			}

			_ = near.Close()
			reader.Wait()
		}
	})
}

// A request with more headers than any client sends is refused.
func TestHeadersAreBounded(t *testing.T) {
	server := &http.Server{
		MaxHeaderBytes: maxHeaderBytes,
		HTTP2:          &http2Bounds,
		Handler:        http.NotFoundHandler(),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	bounded := newConnections(
		listener,
		listenerBounds,
		func(netip.Addr) bool { return false },
	)

	bounded.limit(server)
	done := make(chan error, 1)
	go func() { done <- server.Serve(bounded) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	fmt.Fprintf(
		conn,
		"GET / HTTP/1.1\r\nHost: x\r\nX-Large: %s\r\n\r\n",
		strings.Repeat("x", 40<<10),
	)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if (err != nil) || !strings.Contains(line, "431") {
		t.Errorf("answered %q, %v", line, err)
	}

	_ = conn.Close()
	_ = server.Close()
	if err := <-done; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
