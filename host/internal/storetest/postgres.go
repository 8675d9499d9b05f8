//go:build unix

// Package storetest gives tests their databases: SQLite files, and databases of
// a PostgreSQL server where there is one.
package storetest

import (
	"database/sql"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/pgserver"
	"go.uber.org/goleak"
)

// settings make the servers fast: their data is worth nothing after the test.
const settings = "fsync=off"

// variable is the environment variable with the URL of a server to use, instead
// of starting one. Its user must be allowed to create databases.
const variable = "PAYHOST_TEST_POSTGRES"

var (
	once    sync.Once
	server  string // URL without a database's name
	failure error
	stop    = func() {}
)

// Main runs a package's tests and stops the server that they started. Its
// result is for os.Exit or goleak.
func Main(m *testing.M) int {
	defer func() { stop() }()
	return m.Run()
}

// OnBoth runs a package's tests twice, for a package whose tests open their
// store with URL: on SQLite, then on PostgreSQL where there is one. Its result
// is for os.Exit or goleak.
func OnBoth(m *testing.M) int {
	if code := m.Run(); code != 0 {
		return code
	}

	if os.Getenv(variable) == "" && pgserver.Programs() == "" {
		fmt.Printf(
			"left out on PostgreSQL: %s is not set and there are no postgres programs\n",
			variable,
		)
		return 0
	}

	fmt.Println("again, on PostgreSQL:")
	onPostgres = true
	return Main(m)
}

// OnBothWithoutLeaks is OnBoth, and fails when the tests leave a goroutine
// behind.
func OnBothWithoutLeaks(m *testing.M) int { return withoutLeaks(OnBoth(m)) }

// MainWithoutLeaks is Main, likewise.
func MainWithoutLeaks(m *testing.M) int { return withoutLeaks(Main(m)) }

func withoutLeaks(code int) int {
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// onPostgres says that OnBoth runs the tests on PostgreSQL now.
var onPostgres bool

// URL returns the URL of a database with empty tables, of the engine that
// OnBoth runs the tests on.
func URL(t testing.TB) string {
	t.Helper()
	if onPostgres {
		return postgresTables(t)
	}
	return SQLite(t)
}

// Postgres returns the URL of an empty database on a server that lasts for the
// package's tests (which must use Main). It skips the test where there is
// neither PAYHOST_TEST_POSTGRES nor the postgres programs.
func Postgres(t testing.TB) string {
	t.Helper()
	needServer(t)
	return database(t, "")
}

// CopyOf returns a new database with all that another one has, which nobody may
// be connected to.
func CopyOf(t testing.TB, url string) string {
	t.Helper()
	rest, _, _ := strings.Cut(url, "?")
	return database(t, rest[strings.LastIndex(rest, "/")+1:])
}

// needServer starts the server when the first test needs it.
func needServer(t testing.TB) {
	t.Helper()
	once.Do(func() {
		server = os.Getenv(variable)
		if server != "" {
			return
		}
		if bin := pgserver.Programs(); bin != "" {
			var own *pgserver.Server
			own, failure = pgserver.Start(bin, settings)
			if failure == nil {
				server = own.URL
				stop = own.Stop
			}
		}
	})

	if failure != nil {
		t.Fatalf("start postgres: %v", failure)
	}
	if server == "" {
		t.Skipf("left out: %s is not set and there are no postgres programs", variable)
	}
}

var counter struct {
	sync.Mutex
	n int
}

// database creates a database for one test, and drops it at the test's end. It
// is a copy of another one, unless template is empty.
func database(t testing.TB, template string) string {
	t.Helper()

	// Other packages' tests may run on the same server.
	counter.Lock()
	counter.n++
	name := fmt.Sprintf("payhost_test_%d_%d", os.Getpid(), counter.n)
	counter.Unlock()

	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal("the server's URL is not valid")
	}

	t.Cleanup(func() {
		if os.Getenv(variable) != "" { // else it ends with its server
			_, _ = db.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		}
		_ = db.Close()
	})

	created := name
	if template != "" {
		created += " TEMPLATE " + template
	}
	if _, err := db.Exec("CREATE DATABASE " + created); err != nil {
		t.Fatal(err)
	}

	return withDatabase(server, name)
}

// withDatabase replaces the path of a URL.
func withDatabase(url, name string) string {
	scheme, rest, _ := strings.Cut(url, "://")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, _, _ := strings.Cut(rest, "/")
	url = scheme + "://" + host + "/" + name
	if hasQuery {
		url += "?" + query
	}
	return url
}

// Crashing returns an empty database on a server that no other test uses, and a
// function that kills the server with all its processes and returns when it
// answers again. It skips the test where there are no postgres programs.
func Crashing(t testing.TB) (url string, kill func()) {
	t.Helper()
	bin := pgserver.Programs()
	if bin == "" {
		t.Skipf("left out: %s names a server that must not be killed, or nothing, "+
			"and there are no postgres programs", variable)
	}

	// Even where the variable names a server: that one must not be killed.
	own, err := pgserver.Start(bin, settings)
	if err != nil {
		t.Fatalf("start postgres: %v", err)
	}

	t.Cleanup(own.Stop)

	return own.URL, func() {
		if err := own.Crash(); err != nil {
			t.Fatalf("start postgres again: %v", err)
		}
	}
}
