package store

import (
	"context"
	"database/sql"
	"sync"
)

// maxStatements bounds the prepared statements. The store's own queries are
// some sixty; the query of a list varies with its filters, and one that does
// not fit is parsed each time.
const maxStatements = 256

// statements keeps queries prepared for SQLite, which otherwise parses a query
// each time it runs. Parsing costs more than running it: a third of a durable
// payment's time, by a CPU profile. For PostgreSQL, pgx keeps its own.
//
// A query is prepared after the transaction that ran it first. Preparing takes
// a connection, and the transaction may hold the last one.
type statements struct {
	db *sql.DB

	mu     sync.Mutex
	ready  map[string]*sql.Stmt // nil for a query that is to be prepared
	wanted []string
}

func newStatements(db *sql.DB) *statements {
	return &statements{db: db, ready: map[string]*sql.Stmt{}}
}

// of returns the statement of a query on tx, nil when the query is not
// prepared. s may be nil: then nothing is prepared.
func (s *statements) of(ctx context.Context, tx *sql.Tx, query string) *sql.Stmt {
	if s == nil {
		return nil
	}
	s.mu.Lock()
	prepared, known := s.ready[query]

	// Preparing needs a connection, and tx holds one: this only notes it.
	if !known && len(s.ready) < maxStatements {
		s.ready[query] = nil
		s.wanted = append(s.wanted, query)
	}

	s.mu.Unlock()

	if prepared == nil {
		return nil
	}

	return tx.StmtContext(ctx, prepared)
}

// prepare prepares the queries that have been run since the last time. The
// caller must hold no connection. A query that cannot be prepared is left as it
// is: its error is that of running it.
func (s *statements) prepare(ctx context.Context) {
	if s == nil {
		return
	}
	s.mu.Lock()
	wanted := s.wanted
	s.wanted = nil
	s.mu.Unlock()

	for _, query := range wanted {
		prepared, err := s.db.PrepareContext(ctx, query)
		s.keep(ctx, query, prepared, err)
	}
}

// keep keeps a statement, or forgets its query when preparing it has failed
// because the caller's time was up, which says nothing about the query.
func (s *statements) keep(
	ctx context.Context,
	query string,
	prepared *sql.Stmt,
	err error,
) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.ready[query] = prepared
	} else if ctx.Err() != nil {
		delete(s.ready, query)
	}
}

// close closes the statements. They must not be used any more.
func (s *statements) close() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()

	for _, prepared := range s.ready {
		if prepared != nil {
			_ = prepared.Close() // the database is closed next
		}
	}

	s.ready = map[string]*sql.Stmt{}
}
