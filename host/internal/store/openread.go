package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
)

// OpenToRead opens a database for a tool that only reads, also while hosts work
// on it. The tables stay as they are: an error says when they are not those of
// this payhost, or when there is none. Every write fails with ErrClosed. The
// caller must call Close.
func OpenToRead(ctx context.Context, url string) (*Store, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("store: there is no database: %w", err)
		}
	}

	db, err := openDatabase(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := sameTables(ctx, db); err != nil {
		return nil, errors.Join(err, db.close())
	}

	s := &Store{
		db:     db,
		clock:  newClock(),
		log:    slog.New(slog.DiscardHandler),
		timed:  func(time.Duration) {},
		done:   make(chan struct{}),
		closed: make(chan struct{}),

		readOnly: true,
	}
	close(s.done)
	close(s.closed)

	if err := s.setClock(ctx); err != nil {
		return nil, errors.Join(err, db.close())
	}

	return s, nil
}

// sameTables returns an error unless the tables are of the version that this
// payhost makes.
func sameTables(ctx context.Context, db database) (err error) {
	folder, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	conns, done := db.migrating()
	defer func() { err = errors.Join(err, done()) }()

	name := db.traits().name
	table := goose.WithTableName("payhost_migrations")
	provider, err := goose.NewProvider(db.traits().dialect, conns, folder, table)
	if err != nil {
		return fmt.Errorf("%s: prepare to compare the tables: %w", name, err)
	}

	found, known, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("%s: read the version of the tables: %w", name, err)
	}
	if found != known {
		return fmt.Errorf("%s: the tables are of version %d, and this payhost reads version %d: "+
			"use the payhost of the host that made them", name, found, known)
	}

	return nil
}
