package store

import (
	"context"
	"database/sql"
	"strconv"
	"sync"
)

// maxStatements bounds the statements that are kept prepared. The store's own
// texts are some sixty; a list's text varies with its filters, and what does
// not fit is parsed each time.
const maxStatements = 256

// statements keeps SQL texts prepared. SQLite parses a text each time it runs,
// which costs more than running it: a third of a durable payment's time, by a
// CPU profile. pgx keeps its own, so PostgreSQL has none of these.
//
// A text is prepared after the transaction that ran it first, because preparing
// takes a connection, and the transaction may hold the last one.
type statements struct {
	db *sql.DB

	mu     sync.Mutex
	ready  map[string]*sql.Stmt // nil for a text that is to be prepared
	wanted []string
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, ready: map[string]*sql.Stmt{}}
}

// of returns a text's statement on tx, or nil when it has to be run as text. s
// may be nil: nothing is prepared then.
func (s *statements) of(ctx context.Context, tx *sql.Tx, query string) *sql.Stmt {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	stmt, known := s.ready[query]
	if !known && len(s.ready) < maxStatements {
		s.ready[query] = nil
		s.wanted = append(s.wanted, query)
	}

	s.mu.Unlock()
	if stmt == nil {
		return nil
	}

	return tx.StmtContext(ctx, stmt)
}

// prepare readies what was run as text. The caller must hold no connection. A
// text that cannot be prepared stays text: running it says what is wrong with
// it.
func (s *statements) prepare(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.Lock()
	wanted := s.wanted
	s.wanted = nil
	s.mu.Unlock()

	for _, query := range wanted {
		stmt, err := s.db.PrepareContext(ctx, query) //nolint:sqlclosecheck // close does
		s.mu.Lock()
		if err == nil {
			s.ready[query] = stmt
		} else if ctx.Err() != nil { // the caller's time was up, which says nothing about the text
			delete(s.ready, query)
		}

		s.mu.Unlock()
	}
}

// close returns the statements up. Nothing may use them any more.
func (s *statements) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, stmt := range s.ready {
		if stmt != nil {
			_ = stmt.Close() // the database is closed next
		}
	}

	s.ready = map[string]*sql.Stmt{}
}

// limitedTo is the end of a text that reads so many rows at most, for a number
// that has few values. SQLite plans by it, and parses a prepared statement
// again each time that it is run with the number as an argument.
func limitedTo(rows int) string { return " LIMIT " + strconv.Itoa(rows) }
