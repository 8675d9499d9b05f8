//go:build unix

// Package storetest starts a PostgreSQL server for tests, where there is one.
package storetest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"database/sql"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"go.uber.org/goleak"
)

// variable names a server to use in place of an own one. Its user must be allowed to make databases.
const variable = "PAYHOST_TEST_POSTGRES"

var (
	once    sync.Once
	server  string // URL without a database's name
	failure error
	stop    = func() {}
)

// Main runs a package's tests and stops the server that they started. Its result is for os.Exit or goleak.
func Main(m *testing.M) int {
	defer func() { stop() }()
	return m.Run()
}

// OnBoth runs a package's tests twice, for a package whose tests open their store with URL: on SQLite, then on
// PostgreSQL where there is one. Its result is for os.Exit or goleak.
func OnBoth(m *testing.M) int {
	if code := m.Run(); code != 0 {
		return code
	}
	if os.Getenv(variable) == "" && programs() == "" {
		fmt.Printf("left out on PostgreSQL: %s is not set and there are no postgres programs\n", variable)
		return 0
	}
	fmt.Println("again, on PostgreSQL:")
	onPostgres = true
	return Main(m)
}

// OnBothWithoutLeaks is OnBoth, and fails when the tests leave a goroutine behind.
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

// onPostgres says which of OnBoth's runs it is.
var onPostgres bool

// URL gives an empty database of the engine that OnBoth is at.
func URL(t testing.TB) string {
	t.Helper()
	if onPostgres {
		return Postgres(t)
	}
	return "sqlite:" + filepath.Join(t.TempDir(), "payhost.db")
}

// Postgres gives the URL of an empty database on a server that lasts for the package's tests (which must use Main). It
// skips the test where there is neither PAYHOST_TEST_POSTGRES nor the postgres programs.
func Postgres(t testing.TB) string {
	t.Helper()
	once.Do(func() {
		if server = os.Getenv(variable); server != "" {
			return
		}
		if bin := programs(); bin != "" {
			var own cluster
			own, failure = start(bin)
			server, stop = own.url, own.stop
		}
	})
	if failure != nil {
		t.Fatalf("start postgres: %v", failure)
	}
	if server == "" {
		t.Skipf("left out: %s is not set and there are no postgres programs", variable)
	}
	return database(t)
}

var counter struct {
	sync.Mutex
	n int
}

// database makes a database of the test's own, and drops it at the end.
func database(t testing.TB) string {
	t.Helper()
	counter.Lock()
	counter.n++
	name := fmt.Sprintf("payhost_test_%d_%d", os.Getpid(), counter.n)
	counter.Unlock()
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal("the server's URL is not valid")
	}
	t.Cleanup(func() {
		if os.Getenv(variable) != "" { // else it goes with its server
			_, _ = db.Exec("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
		}
		_ = db.Close()
	})
	if _, err := db.Exec("CREATE DATABASE " + name); err != nil {
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

// programs gives the folder of initdb and postgres, "" when there is none.
func programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// start makes a cluster in a temporary folder and runs it on a free port. initdb and postgres refuse to be root: then
// they run as another user.
func start(bin string) (c cluster, err error) {
	c.stop = func() {}
	dir, err := os.MkdirTemp("", "payhost-postgres-")
	if err != nil {
		return c, err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return c, err
	}
	data := filepath.Join(dir, "data")
	if out, err := run(attr, dir, filepath.Join(bin, "initdb"), "-D", data, "-U", "payhost", "-A", "trust", "--no-sync", "-E", "UTF8"); err != nil {
		return c, fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return c, err
	}
	attr.Setpgid = true // so that it can be killed whole
	c.url = fmt.Sprintf("postgres://payhost@127.0.0.1:%d/postgres?sslmode=disable", port)
	launch := func() (*exec.Cmd, error) {
		var log bytes.Buffer
		cmd := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, "-c", "listen_addresses=127.0.0.1",
			"-c", "max_connections=200", "-c", "fsync=off") // what it holds is worth nothing after the test
		cmd.Dir, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = dir, attr, &log, &log
		if err := cmd.Start(); err != nil {
			return nil, err
		}
		return cmd, waitFor(c.url, &log)
	}
	cmd, err := launch()
	c.stop = func() {
		if cmd != nil {
			_ = cmd.Process.Signal(syscall.SIGINT) // fast shutdown
			_ = cmd.Wait()
		}
		_ = os.RemoveAll(dir)
	}
	c.crash = func() error {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		cmd, err = launch()
		return err
	}
	return c, err
}

// cluster is a server of our own.
type cluster struct {
	url  string // without a database's name
	stop func()
	// crash kills the server with all its processes, and starts it again on what it left.
	crash func() error
}

// Crashing gives an empty database on a server of the test's own, with a function that kills the server with all its
// processes and returns when it is there again: no other test may meet that. It skips the test where there are no
// postgres programs.
func Crashing(t testing.TB) (url string, kill func()) {
	t.Helper()
	bin := programs()
	if bin == "" {
		t.Skipf("left out: %s names a server that is not ours to kill, or nothing, and there are no postgres programs", variable)
	}
	own, err := start(bin)
	t.Cleanup(own.stop)
	if err != nil {
		t.Fatalf("start postgres: %v", err)
	}
	return own.url, func() {
		if err := own.crash(); err != nil {
			t.Fatalf("start postgres again: %v", err)
		}
	}
}

// waitFor returns when the server answers.
func waitFor(url string, log *bytes.Buffer) error {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("does not answer: %w: %s", err, log.String())
		}
	}
}

// unprivileged gives the folder to a user who is not root, when we are.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() != 0 {
		return attr, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 != nil || err2 != nil {
			continue
		}
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, os.Chown(dir, int(uid), int(gid))
	}
	return nil, fmt.Errorf("postgres refuses root, and there is no user postgres or nobody")
}

func run(attr *syscall.SysProcAttr, dir, path string, args ...string) (string, error) {
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.SysProcAttr = dir, attr
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
