package chaos

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
)

// cutter stands between a host and its PostgreSQL. Told to, it swallows the
// acknowledgement of a commit and hangs up: the database has written, and the
// host cannot know.
type cutter struct {
	listener net.Listener
	to       string
	next     atomic.Bool  // swallow the next acknowledgement
	lost     atomic.Int64 // how many were

	mu    sync.Mutex
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// newCutter returns a cutter and the URL that leads through it.
func newCutter(t *testing.T, store string) (*cutter, string) {
	t.Helper()
	u, err := url.Parse(store)
	if err != nil {
		t.Fatal(err)
	}

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{listener: l, to: u.Host, conns: map[net.Conn]bool{}}
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(conn) })
		}
	})

	t.Cleanup(func() {
		_ = l.Close()
		c.mu.Lock()
		for conn := range c.conns {
			_ = conn.Close()
		}
		c.mu.Unlock()
		c.wg.Wait()
	})

	u.Host = l.Addr().String()
	return c, u.String()
}

func (c *cutter) keep(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.conns[conn] = true
}

func (c *cutter) drop(conn net.Conn) {
	_ = conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.conns, conn)
}

func (c *cutter) serve(conn net.Conn) {
	c.keep(conn)
	defer c.drop(conn)
	server, err := net.Dial("tcp", c.to)
	if err != nil {
		return // the server is down, as it would be without us
	}

	c.keep(server)
	defer c.drop(server)

	c.wg.Go(func() {
		_, _ = io.Copy(server, conn)
		_ = server.Close()
		_ = conn.Close()
	})

	c.answers(server, conn)
}

// answers passes on what the server says, message by message, until it is told
// to swallow one.
func (c *cutter) answers(server io.Reader, conn io.Writer) {
	var waiting []byte
	chunk := make([]byte, 64<<10)

	for {
		n, err := server.Read(chunk)
		if err != nil {
			return
		}

		waiting = append(waiting, chunk[:n]...)
		for len(waiting) >= 5 {
			size := 1 + int(binary.BigEndian.Uint32(waiting[1:5]))
			if len(waiting) < size {
				break
			}
			committed := waiting[0] == 'C' &&
				bytes.HasPrefix(waiting[5:], []byte("COMMIT\x00"))
			if committed && c.next.CompareAndSwap(true, false) {
				c.lost.Add(1)
				return
			}

			if _, err := conn.Write(waiting[:size]); err != nil {
				return
			}
			waiting = waiting[size:]
		}
	}
}
