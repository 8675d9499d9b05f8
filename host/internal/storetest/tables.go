//go:build unix

package storetest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/store"
)

// SQLite returns the URL of a database file with empty tables. Making the
// tables takes many times as long as most tests, so it is done once in a
// process for each engine, and a test gets a copy.
func SQLite(t testing.TB) string {
	t.Helper()
	content, err := sqliteTables()
	if err != nil {
		t.Fatalf("make the tables: %v", err)
	}

	path := filepath.Join(t.TempDir(), "payhost.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}

	return "sqlite:" + path
}

// sqliteTables is the content of a file with the tables.
var sqliteTables = sync.OnceValues(func() (content []byte, err error) {
	folder, err := os.MkdirTemp("", "payhost-tables-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()

	path := filepath.Join(folder, "payhost.db")
	if err := makeTables("sqlite:" + path); err != nil {
		return nil, err
	}

	return os.ReadFile(path)
})

// postgresTables returns the URL of a database with empty tables. It skips the
// test where there is no server.
func postgresTables(t testing.TB) string {
	t.Helper()
	needServer(t)
	name, err := template()
	if err != nil {
		t.Fatalf("make the tables: %v", err)
	}
	return database(t, name)
}

// template creates a database with the tables on the server, and returns its
// name.
var template = sync.OnceValues(func() (name string, err error) {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", errors.New("the server's URL is not valid")
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	name = fmt.Sprintf("payhost_tables_%d", os.Getpid())
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
		return "", err
	}
	dropAtEnd(name)

	return name, makeTables(withDatabase(server, name))
})

// makeTables makes the tables of an empty database, as a starting host does.
func makeTables(url string) error {
	opened, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	return opened.Close()
}

// dropAtEnd drops a database when the package's tests have run. The server may
// be one that stays.
func dropAtEnd(name string) {
	before := stop
	stop = func() {
		defer before()
		if os.Getenv(variable) == "" {
			return // it ends with its server
		}
		db, err := sql.Open("pgx", server)
		if err != nil {
			return
		}

		_, _ = db.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		_ = db.Close()
	}
}
