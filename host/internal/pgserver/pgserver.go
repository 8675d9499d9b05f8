//go:build unix

// Package pgserver runs a private PostgreSQL server, in a temporary folder and
// on a free port, for tests and benchmarks. Its data is deleted when it stops.
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

// startTimeout bounds how long a started server may take to answer.
const startTimeout = time.Minute

// Server is a server that runs until Stop.
type Server struct {
	// URL is the server's own database, as a user who may create others.
	URL string

	attr  *syscall.SysProcAttr // the user that it runs as
	bin   string
	dir   string
	port  int
	flags []string
	cmd   *exec.Cmd
	// output is what it has printed since its last start.
	output *output
}

// output is a buffer that may be read while it is written.
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

// Start makes a cluster with the programs of a folder, runs it, and returns
// when it answers. settings are the server's own, as "name=value". initdb and
// postgres refuse to run as root: then they run as another user. The caller
// must call Stop.
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

// begin makes the cluster and runs it.
func (s *Server) begin() (err error) {
	s.attr, err = unprivileged(s.dir)
	if err != nil {
		return err
	}

	// Without a sync: the data is deleted at the end.
	initdb := s.program("initdb",
		"-D", s.data(),
		"-U", "payhost",
		"-A", "trust",
		"--no-sync",
		"-E", "UTF8",
	)
	if printed, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, printed)
	}

	s.port, err = freePort()
	if err != nil {
		return err
	}
	s.attr.Setpgid = true // so that Crash can kill all of its processes
	s.URL = fmt.Sprintf("postgres://payhost@127.0.0.1:%d/postgres?sslmode=disable", s.port)

	return s.launch()
}

// launch runs the server on its folder, and returns when it answers.
func (s *Server) launch() error {
	args := append([]string{
		"-D", s.data(),
		"-p", strconv.Itoa(s.port),
		"-k", s.dir,
		"-c", "listen_addresses=127.0.0.1",
		"-c", "max_connections=200",
	}, s.flags...)
	cmd := s.program("postgres", args...)

	// Not a file: Wait then returns when the last of the server's processes has
	// closed it, and not when the first ends.
	s.output = &output{}
	cmd.Stdout = s.output
	cmd.Stderr = s.output
	if err := cmd.Start(); err != nil {
		return err
	}

	s.cmd = cmd
	return s.awaitAnswer()
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(syscall.SIGINT) // a fast shutdown
		_ = s.cmd.Wait()                         // its exit status does not matter
	}
	_ = os.RemoveAll(s.dir) // the system cleans up what is left
}

// Crash kills the server with all its processes and starts it again on its
// data.
func (s *Server) Crash() error {
	_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	_ = s.cmd.Wait() // for all of them: the others end when the first is gone
	return s.launch()
}

// PID returns the process that is the parent of the server's other processes.
func (s *Server) PID() int { return s.cmd.Process.Pid }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// program returns a command for one of the server's programs, as the user that
// it runs as.
func (s *Server) program(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = s.attr
	return cmd
}

// awaitAnswer returns when the server answers. The error quotes its output.
func (s *Server) awaitAnswer() error {
	db, err := sql.Open("pgx", s.URL)
	if err != nil {
		return err
	}
	defer db.Close()

	deadline := time.Now().Add(startTimeout)
	for {
		err := db.Ping()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("postgres does not answer: %w: %s", err, s.output)
		}

		time.Sleep(50 * time.Millisecond)
	}
}

// unprivileged returns the attributes of a process that is not root's, and
// gives the folder to its user.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{}
	if os.Geteuid() != 0 {
		return attr, nil
	}

	// The first of these users that exists.
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		if uidErr != nil || gidErr != nil {
			continue
		}

		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		return attr, os.Chown(dir, int(uid), int(gid))
	}

	return nil, errors.New("postgres refuses root, and there is no user postgres or nobody")
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()

	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return 0, err
	}

	return strconv.Atoi(port)
}
