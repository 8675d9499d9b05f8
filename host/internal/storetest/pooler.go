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

// pooler hands the transactions of its clients to sessions in turn.
type pooler struct {
	server  string
	running sync.WaitGroup

	mu      sync.Mutex
	open    []net.Conn // all, to be closed at the end
	idle    []*session
	stopped bool
}

// session is one connection to the server.
type session struct {
	conn  net.Conn
	hello []byte // what the server says at the start, up to where it is ready
}

func (p *pooler) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if p.keep(conn) {
			p.running.Go(func() { p.serve(conn) })
		}
	}
}

// keep has a connection closed at the end.
func (p *pooler) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopped {
		_ = conn.Close() // the test is over
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
		_ = conn.Close() // whoever uses it is over too
	}
}

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

// serve serves one client.
func (p *pooler) serve(conn net.Conn) {
	defer conn.Close()
	backend := pgproto3.NewBackend(conn, conn)
	message, err := backend.ReceiveStartupMessage()
	start, ok := message.(*pgproto3.StartupMessage)
	if err != nil || !ok {
		return
	}

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

	s, err := p.take(start)
	if err != nil {
		return
	}
	if _, err := conn.Write(s.hello); err != nil {
		return
	}

	p.give(s)
	for p.transaction(conn, start) == nil {
	}
}

// transaction carries one transaction to a session.
func (p *pooler) transaction(client net.Conn, start *pgproto3.StartupMessage) error {
	first, err := read(client)
	if err != nil || first[0] == 'X' {
		return io.EOF
	}
	s, err := p.take(start)
	if err != nil {
		return err
	}

	for status := byte('T'); status != 'I'; {
		if status, err = s.exchange(client, first); err != nil {
			_ = s.conn.Close() // nobody knows what it is at
			return err
		}

		first = nil
	}

	p.give(s)
	return nil
}

// exchange carries what the client says up to a Sync or a Query, and the
// answer. It returns the session's state after it.
func (s *session) exchange(client net.Conn, said []byte) (status byte, err error) {
	for {
		if said == nil {
			if said, err = read(client); err != nil {
				return 0, err
			}
		}

		if _, err := s.conn.Write(said); err != nil {
			return 0, err
		}
		if said[0] == 'S' || said[0] == 'Q' {
			break
		}

		said = nil
	}

	return s.answer(client)
}

// answer carries an answer to its end.
func (s *session) answer(to io.Writer) (status byte, err error) {
	for {
		message, err := read(s.conn)
		if err != nil {
			return 0, err
		}
		if _, err := to.Write(message); err != nil {
			return 0, err
		}

		if message[0] == 'Z' {
			return message[5], nil
		}
	}
}

// read reads one message: a letter, a length and as much.
func read(from io.Reader) ([]byte, error) {
	head := make([]byte, 5)
	if _, err := io.ReadFull(from, head); err != nil {
		return nil, err
	}
	message := slices.Grow(head, int(binary.BigEndian.Uint32(head[1:])))
	message = message[:1+binary.BigEndian.Uint32(head[1:])]
	_, err := io.ReadFull(from, message[5:])
	return message, err
}

// sessions is how many sessions there are at least before one is given again.
const sessions = 3

// take returns a session, never the one that was given back last.
func (p *pooler) take(start *pgproto3.StartupMessage) (*session, error) {
	p.mu.Lock()
	if len(p.idle) >= sessions {
		s := p.idle[0]
		p.idle = p.idle[1:]
		p.mu.Unlock()
		return s, nil
	}

	p.mu.Unlock()

	conn, err := net.Dial("tcp", p.server)
	if err != nil {
		return nil, err
	}
	if !p.keep(conn) {
		return nil, errors.New("the test is over")
	}

	s := &session{conn: conn}
	frontend := pgproto3.NewFrontend(conn, conn)
	frontend.Send(start)
	if err := frontend.Flush(); err != nil {
		return nil, err
	}

	var hello bytes.Buffer
	if _, err := s.answer(&hello); err != nil {
		return nil, err
	}
	s.hello = hello.Bytes()

	return s, nil
}

func (p *pooler) give(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, s)
}
