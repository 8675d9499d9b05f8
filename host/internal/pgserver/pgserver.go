//go:build unix

// Package pgserver runs a PostgreSQL server of one's own, in a temporary folder
// and on a free port, for tests and benchmarks. Nothing that it holds outlives
// it.
package pgserver

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Server is a server that runs until Stop.
type Server struct {
	// URL names the server's own database, for a user who may make others.
	URL string

	attr  *syscall.SysProcAttr
	bin   string
	dir   string
	port  int
	flags []string
	cmd   *exec.Cmd
	// output is what it has said since its last start.
	output *output
}

// output may be read while it is written.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Programs returns the folder of initdb and postgres, "" when there is none.
func Programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path)
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is valid
	if len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}

// Start makes a cluster with the programs of a folder and runs it. settings are
// the server's own, as "name=value". initdb and postgres refuse to be root:
// then they run as another user.
func Start(bin string, settings ...string) (*Server, error) {
	dir, err := os.MkdirTemp("", "payhost-postgres-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir}
	for _, setting := range settings {
		s.flags = append(s.flags, "-c", setting)
	}

	if err := s.begin(); err != nil {
		s.Stop()
		return nil, err
	}

	return s, nil
}

func (s *Server) begin() (err error) {
	if s.attr, err = unprivileged(s.dir); err != nil {
		return err
	}
	initdb := s.program(
		"initdb",
		"-D",
		s.data(),
		"-U",
		"payhost",
		"-A",
		"trust",
		"--no-sync",
		"-E",
		"UTF8",
	)
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}

	if s.port, err = freePort(); err != nil {
		return err
	}
	s.attr.Setpgid = true // so that it can be killed whole
	s.URL = fmt.Sprintf("postgres://payhost@127.0.0.1:%d/postgres?sslmode=disable", s.port)

	return s.launch()
}

// launch runs the server on what its folder holds, and returns when it answers.
func (s *Server) launch() error {
	// Not a file: Wait then returns when the last of the server's processes has
	// closed it, and not when the first ends.
	s.output = &output{}
	cmd := s.program(
		"postgres",
		append([]string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-k", s.dir,
			"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"}, s.flags...)...)
	cmd.Stdout, cmd.Stderr = s.output, s.output

	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd

	return s.answers()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // fast shutdown
		_ = s.cmd.Wait()                         // how it ended matters to nobody
	}
	_ = os.RemoveAll(s.dir) // what is left is the system's to clean
}

// Crash kills the server with all its processes and starts it again on what it
// left.
func (s *Server) Crash() error {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	_ = s.cmd.Wait() // for all of them: the rest notices that the first is gone, and ends
	return s.launch()
}

// PID is the process that all the server's others are children of.
func (s *Server) PID() int { return s.cmd.Process.Pid }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// program returns one of the server's programs, as the user that it runs as.
func (s *Server) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.attr
	return cmd
}

// answers returns when the server does.
func (s *Server) answers() error {
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		return err
	}
	defer db.Close()

	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = db.Ping(); err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.output)
		}
	}
}

// unprivileged returns the folder to a user who is not root, when we are.
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

	return nil, errors.New("postgres refuses root, and there is no user postgres or nobody")
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
