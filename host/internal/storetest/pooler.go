//go:build unix

package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Pooled returns the URL of a database behind a pooler that gives every
// transaction another session, as PgBouncer does in its transaction mode: it
// refuses settings of a session, and knows no statement that was prepared in
// another transaction.
func Pooled(t testing.TB, database string) string {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	p := &pooler{server: at.Host}
	p.running.Go(func() { p.accept(listener) })
	t.Cleanup(func() {
		_ = listener.Close() // ends accept
		p.end()
		p.running.Wait()
	})

	at.Host = listener.Addr().String()
	return at.String()
}

// pooler carries the transactions of its clients to sessions in turn.
type pooler struct {
	server  string
	running sync.WaitGroup

	mu      sync.Mutex
	open    []net.Conn // all of them, to be closed at the end
	idle    []*session
	stopped bool
}

// session is one connection to the server.
type session struct {
	conn  net.Conn
	hello []byte // the server's first messages, up to where it is ready
}

// sessions is how many sessions there are at least before one is used again.
const sessions = 3

// carried are the settings that a pooler keeps for each client.
var carried = []string{
	"user",
	"database",
	"client_encoding",
	"application_name",
	"datestyle",
	"timezone",
	"standard_conforming_strings",
}

// The first byte of a message that the pooler looks at.
const (
	messageQuery     = 'Q'
	messageSync      = 'S'
	messageTerminate = 'X'
	messageReady     = 'Z'
)

// The server's states in its messageReady.
const (
	statusIdle          = 'I'
	statusInTransaction = 'T'
)

// accept serves clients until the listener is closed.
func (p *pooler) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if p.track(conn) {
			p.running.Go(func() { p.serve(conn) })
		}
	}
}

// track makes end close a connection. It reports false, and closes the
// connection itself, when the test is over.
func (p *pooler) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		_ = conn.Close()
		return false
	}
	p.open = append(p.open, conn)
	return true
}

func (p *pooler) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopped = true
	for _, conn := range p.open {
		_ = conn.Close() // its user ends too
	}
}

// serve serves one client.
func (p *pooler) serve(client net.Conn) {
	defer client.Close()
	backend := pgproto3.NewBackend(client, client)
	message, err := backend.ReceiveStartupMessage()
	start, ok := message.(*pgproto3.StartupMessage)
	if err != nil || !ok {
		return
	}

	// A setting of the session would not go with the client to the next one.
	for name := range start.Parameters {
		if !slices.Contains(carried, name) {
			backend.Send(&pgproto3.ErrorResponse{
				Severity:            "FATAL",
				SeverityUnlocalized: "FATAL",
				Code:                "08P01",
				Message:             "unsupported startup parameter: " + name,
			})
			_ = backend.Flush() // the client may have gone

			return
		}
	}

	// The client needs the greeting of a session, not yet the session.
	first, err := p.acquire(start)
	if err != nil {
		return
	}

	if _, err := client.Write(first.hello); err != nil {
		return
	}

	p.release(first)

	for p.transaction(client, start) == nil {
	}
}

// transaction carries one transaction of a client to a session. The error is
// that the client or the session has ended.
func (p *pooler) transaction(client net.Conn, start *pgproto3.StartupMessage) error {
	first, err := read(client)
	if err != nil || first[0] == messageTerminate {
		return io.EOF
	}
	used, err := p.acquire(start)
	if err != nil {
		return err
	}

	// The session is the client's until the transaction has ended.
	for status := byte(statusInTransaction); status != statusIdle; {
		status, err = used.exchange(client, first)
		if err != nil {
			_ = used.conn.Close() // its state is not known
			return err
		}

		first = nil
	}

	p.release(used)
	return nil
}

// exchange carries the client's messages up to a Sync or a Query, and the
// answer. message is the first of them, nil when it has not been read yet.
// exchange returns the session's status after the answer.
func (s *session) exchange(client net.Conn, message []byte) (status byte, err error) {
	for {
		if message == nil {
			message, err = read(client)
			if err != nil {
				return 0, err
			}
		}

		if _, err := s.conn.Write(message); err != nil {
			return 0, err
		}
		if message[0] == messageSync || message[0] == messageQuery {
			return s.answer(client)
		}

		message = nil
	}
}

// answer carries an answer to its end, and returns the status in it.
func (s *session) answer(client io.Writer) (status byte, err error) {
	for {
		message, err := read(s.conn)
		if err != nil {
			return 0, err
		}
		if _, err := client.Write(message); err != nil {
			return 0, err
		}

		if message[0] == messageReady {
			return message[5], nil
		}
	}
}

// read reads one message: a letter, its length, and the rest.
func read(from io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	length := int(binary.BigEndian.Uint32(head[1:])) // without the letter
	message := slices.Grow(head, length)[:1+length]
	_, err := io.ReadFull(from, message[len(head):])
	return message, err
}

// acquire returns a session, never the one that was released last.
func (p *pooler) acquire(start *pgproto3.StartupMessage) (*session, error) {
	if oldest := p.oldestIdle(); oldest != nil {
		return oldest, nil
	}
	conn, err := net.Dial("tcp", p.server)
	if err != nil {
		return nil, err
	}

	if !p.track(conn) {
		return nil, errors.New("the test is over")
	}

	// The server greets a new session up to where it is ready.
	opened := &session{conn: conn}
	frontend := pgproto3.NewFrontend(conn, conn)
	frontend.Send(start)
	if err := frontend.Flush(); err != nil {
		return nil, err
	}

	var hello bytes.Buffer
	if _, err := opened.answer(&hello); err != nil {
		return nil, err
	}
	opened.hello = hello.Bytes()

	return opened, nil
}

// oldestIdle returns the session that was released first, nil when another one
// must be opened.
func (p *pooler) oldestIdle() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < sessions {
		return nil
	}
	oldest := p.idle[0]
	p.idle = p.idle[1:]
	return oldest
}

func (p *pooler) release(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}
