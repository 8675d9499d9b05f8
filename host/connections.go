package host

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// connectionBounds are how many connections a listener may have open in all,
// and how many of them one address may have. As many requests may be under way:
// over HTTP/2 one connection carries several.
type connectionBounds struct{ all, address int }

// listenerBounds are those of every listener. A connection with the largest
// headers takes some 100 kB of the host's memory.
var listenerBounds = connectionBounds{all: 2048, address: 512}

const (
	// peerBits is how much of an IPv6 address names a peer: a customer of an
	// access provider has the other half to themselves.
	peerBits = 64
	// readBuffer and writeBuffer are how much the system keeps for a connection in
	// either direction: without a bound it would be megabytes for each.
	readBuffer  = 64 << 10
	writeBuffer = 128 << 10
	// stallTimeout is how long a peer may leave the host's answer unread.
	stallTimeout = 30 * time.Second
)

// connections is a listener whose open connections are bounded, in all and per
// address. When there are as many as there may be, the place of one that waits
// for a request goes to the newcomer: of the address that has the most of
// these, the one that has waited longest. When all of them carry requests the
// newcomer is refused. Addresses of proxies have no bound of their own: many
// customers share them.
type connections struct {
	net.Listener
	bounds connectionBounds
	proxy  func(netip.Addr) bool

	mu       sync.Mutex
	open     int
	requests int
	peers    map[netip.Addr]*peer
	// waiting lists the peers by how many of their connections wait for a
	// request; most is the largest such number.
	waiting map[int]*list.List
	most    int
}

// peer is one address.
type peer struct {
	address  netip.Addr
	proxy    bool
	open     int
	requests int
	waiting  list.List     // of *connection, who has waited longest first
	rank     *list.Element // of this peer, in connections.waiting
}

func newConnections(
	listener net.Listener, bounds connectionBounds, proxy func(netip.Addr) bool,
) *connections {
	return &connections{
		Listener: listener,
		bounds:   bounds,
		proxy:    proxy,
		peers:    map[netip.Addr]*peer{},
		waiting:  map[int]*list.List{},
	}
}

// Accept returns the next connection that there is a place for. Others are
// closed.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		admitted, removed := c.admit(conn)
		if removed != nil {
			_ = removed.Conn.Close() // its place is given away already
		}

		if admitted != nil {
			boundBuffers(conn)
			return admitted, nil
		}
		_ = conn.Close() // it is refused
	}
}

// boundBuffers bounds what the system keeps for a connection. Where it cannot,
// the connection is served all the same.
func boundBuffers(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(readBuffer)
		_ = tcp.SetWriteBuffer(writeBuffer)
	}
}

// admit has a new connection take a place, and returns the connection that had
// it before, if there was one. admitted is nil when there is no place.
func (c *connections) admit(conn net.Conn) (admitted, removed *connection) {
	c.mu.Lock()
	defer c.mu.Unlock()
	from := c.peerOf(conn)

	// An address that has all it may have makes room itself.
	switch {
	case !from.proxy && (from.open >= c.bounds.address):
		removed = from.longestWaiting()
	case c.open >= c.bounds.all:
		removed = c.longestWaiting()
	default:
		return c.add(conn, from), nil
	}

	if removed == nil {
		c.forget(from)
		return nil, nil
	}
	admitted = c.add(conn, from)
	c.remove(removed)
	return admitted, removed
}

// peerOf returns the peer that a connection comes from. A connection without an
// address, as on a unix socket, is a proxy's.
func (c *connections) peerOf(conn net.Conn) *peer {
	address := netip.Addr{}
	if from, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		address = from.Addr().Unmap().WithZone("")
	}
	proxy := !address.IsValid() || c.proxy(address)

	// A peer that has one IPv6 address has its whole network.
	if address.Is6() && !proxy {
		if network, err := address.Prefix(peerBits); err == nil {
			address = network.Addr()
		}
	}

	known := c.peers[address]
	if known == nil {
		known = &peer{address: address, proxy: proxy}
		c.peers[address] = known
	}
	return known
}

// add counts a connection that waits for its first request.
func (c *connections) add(conn net.Conn, from *peer) *connection {
	one := &connection{Conn: conn, of: c, peer: from}
	c.open++
	from.open++
	c.setWaiting(one, true)
	return one
}

// remove ends what add began. It may be called again.
func (c *connections) remove(one *connection) {
	if one.removed {
		return
	}
	c.setWaiting(one, false)
	one.removed = true
	c.open--
	one.peer.open--
	c.forget(one.peer)
}

// forget drops a peer of whom nothing is left to count.
func (c *connections) forget(from *peer) {
	if (from.open == 0) && (from.requests == 0) && (c.peers[from.address] == from) {
		delete(c.peers, from.address)
	}
}

// note records whether a connection may be closed for a newcomer.
func (c *connections) note(one *connection, waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setWaiting(one, waits)
}

// setWaiting is note for a caller that holds the lock.
func (c *connections) setWaiting(one *connection, waits bool) {
	if one.removed || (waits == (one.place != nil)) {
		return
	}
	from := one.peer
	// unrank finds the peer by its count, so it must come before the count
	// changes.
	c.unrank(from)
	if waits {
		one.place = from.waiting.PushBack(one)
	} else {
		from.waiting.Remove(one.place)
		one.place = nil
	}

	c.rank(from)
}

// rank puts a peer among those that have as many waiting connections.
func (c *connections) rank(from *peer) {
	count := from.waiting.Len()
	if count == 0 {
		return
	}
	if c.waiting[count] == nil {
		c.waiting[count] = list.New()
	}
	from.rank = c.waiting[count].PushBack(from)
	c.most = max(c.most, count)
}

// unrank takes a peer out of where rank has put it.
func (c *connections) unrank(from *peer) {
	if from.rank == nil {
		return
	}
	count := from.waiting.Len()
	alike := c.waiting[count]
	alike.Remove(from.rank)
	from.rank = nil
	if alike.Len() > 0 {
		return
	}

	// The largest number may have been this one.
	delete(c.waiting, count)
	for (c.most > 0) && (c.waiting[c.most] == nil) {
		c.most--
	}
}

// longestWaiting returns the connection whose place a newcomer gets, nil when
// none waits.
func (c *connections) longestWaiting() *connection {
	if c.most == 0 {
		return nil
	}
	first, _ := c.waiting[c.most].Front().Value.(*peer)
	return first.longestWaiting()
}

func (p *peer) longestWaiting() *connection {
	first := p.waiting.Front()
	if first == nil {
		return nil
	}
	one, _ := first.Value.(*connection)
	return one
}

// beginRequest counts a request, and reports whether it may be served.
// endRequest must follow when it may.
func (c *connections) beginRequest(from *peer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	tooMany := !from.proxy && (from.requests >= c.bounds.address)
	if tooMany || (c.requests >= c.bounds.all) {
		return false
	}
	c.requests++
	from.requests++
	return true
}

func (c *connections) endRequest(from *peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests--
	from.requests--
	c.forget(from)
}

// connectionKey is the connection of a request, in its context.
type connectionKey struct{}

// limit has a server keep to the bounds, and tell what its connections do.
func (c *connections) limit(server *http.Server) {
	// A connection between two requests may lose its place to a newcomer; one
	// that carries a request keeps it.
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		if one := connectionOf(conn); one != nil {
			c.note(one, (state == http.StateNew) || (state == http.StateIdle))
		}
	}
	server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		if one := connectionOf(conn); one != nil {
			ctx = context.WithValue(ctx, connectionKey{}, one)
		}
		return ctx
	}

	// Requests are counted as well: over HTTP/2 a bound on connections alone
	// would not hold.
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one, known := r.Context().Value(connectionKey{}).(*connection)
		if !known {
			next.ServeHTTP(w, r)
			return
		}
		c.serve(one, next, w, r)
	})
}

// serve serves a request when it is not one too many. A connection that is closed
// after its answer may be closed at once when there is a newcomer: the server
// waits a while for its peer to read the answer.
func (c *connections) serve(one *connection, next http.Handler, w http.ResponseWriter, r *http.Request) {
	if c.beginRequest(one.peer) {
		defer c.endRequest(one.peer)
		next.ServeHTTP(w, r)
	} else {
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Connection", "close") // the rest of the request is not read
		http.Error(w, "too many requests at once", http.StatusServiceUnavailable)
	}

	if (r.ProtoMajor == 1) && (w.Header().Get("Connection") == "close") {
		c.note(one, true)
	}
}

// connectionOf returns what the listener has handed out, which TLS may wrap.
func connectionOf(conn net.Conn) *connection {
	if wrapped, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = wrapped.NetConn()
	}
	one, _ := conn.(*connection)
	return one
}

// connection is one open connection. Its place is given back when it is closed.
type connection struct {
	net.Conn
	of   *connections
	peer *peer

	place   *list.Element // in peer.waiting, while it waits for a request
	removed bool

	deadline atomic.Int64 // for writing, as the server has set it: nanoseconds, 0 for none
}

// Close closes the connection.
func (c *connection) Close() error {
	c.of.mu.Lock()
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// SetDeadline keeps the deadline for Write.
func (c *connection) SetDeadline(at time.Time) error {
	c.keepDeadline(at)
	return c.Conn.SetDeadline(at)
}

// SetWriteDeadline keeps the deadline for Write.
func (c *connection) SetWriteDeadline(at time.Time) error {
	c.keepDeadline(at)
	return c.Conn.SetWriteDeadline(at)
}

func (c *connection) keepDeadline(at time.Time) {
	if at.IsZero() {
		c.deadline.Store(0)
		return
	}
	c.deadline.Store(at.UnixNano())
}

// Write fails when the peer takes nothing for stallTimeout: who reads slowly
// must not hold a place for as long as the longest answer may take.
func (c *connection) Write(data []byte) (written int, err error) {
	for {
		// Each part has a deadline of its own, so that a long answer may take
		// its time; the server's deadline counts where it is nearer.
		part := data[:min(len(data), writePart)]
		until := time.Now().Add(stallTimeout)
		if set := c.deadline.Load(); (set != 0) && (set < until.UnixNano()) {
			until = time.Unix(0, set)
		}

		if err := c.Conn.SetWriteDeadline(until); err != nil {
			return written, err
		}

		count, err := c.Conn.Write(part)
		written += count
		data = data[count:]
		if (err != nil) || (len(data) == 0) {
			return written, err
		}
	}
}

// writePart is how much is written under one deadline.
const writePart = 64 << 10
