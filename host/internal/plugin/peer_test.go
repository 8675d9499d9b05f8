//go:build linux

package plugin_test

import (
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/payhost/payhost/host/internal/plugin"
)

// A plugin runs as the host's user, so the permissions of the admin socket do
// not keep it out.
func TestAdminSocketHangsUpOnPluginsAndNotOnOthers(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "admin.sock")
	s, provider := newStage(t), newProvider(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}

	served := make(chan error, 1)
	go func() {
		l := plugin.RefusePlugins(listener, slog.New(s.log))
		for {
			c, err := l.Accept()
			if err != nil {
				served <- err
				return
			}

			_, _ = io.WriteString(c, "welcome")
			c.Close()
		}
	}()

	defer func() { listener.Close(); <-served }()

	s.workspace.TakeAway() // it would not come as far as the socket
	a := s.account(s.start(), provider.URL)
	if said := ask(t, provider, a, "dial "+path); said == "welcome" ||
		said == "error: unknown order" {
		t.Errorf("the plugin was told %q", said)
	}

	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()

	if text, err := io.ReadAll(c); string(text) != "welcome" {
		t.Errorf("somebody else was told %q, %v", text, err)
	}
	if _, ok := s.log.find("a plugin tried to reach the admin socket"); !ok {
		t.Error("the log does not say so")
	}
}

// connectAndEnd connects the socket that the process has been handed.
func connectAndEnd(path string) {
	const handed = 3
	exitOn(unix.Connect(handed, &unix.SockaddrUnix{Name: path}))
	os.Exit(0)
}

// A connection outlives the process that has made it, if another one holds the
// socket. The number of that process may then be anybody's, who is no plugin.
func TestAdminSocketHangsUpOnProcessesThatHaveEnded(t *testing.T) {
	folder, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	path := filepath.Join(folder, "admin.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()

	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	socket := os.NewFile(uintptr(fd), "socket")
	defer socket.Close()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self)
	child.Env = append(os.Environ(), "PLUGIN_TEST_CONNECT="+path)
	child.ExtraFiles = []*os.File{socket}
	if text, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}

	reused := takeNumber(t, child.Process.Pid)
	log := &logBook{}
	next := make(chan net.Conn, 1)
	go func() {
		defer close(next)
		if c, err := plugin.RefusePlugins(listener, slog.New(log)).Accept(); err == nil {
			next <- c
		}
	}()

	eventually(t, "it is turned away", func() bool {
		_, refused := log.find("turned away")
		return refused || len(next) > 0
	})

	listener.Close()
	if c, served := <-next; served {
		c.Close()
		t.Errorf("it was served; its number is another's: %v", reused)
	}
}

// takeNumber starts a process that has the number of one that has ended, where
// the system lets this user choose. It reports whether there is one.
func takeNumber(t *testing.T, pid int) bool {
	t.Helper()
	const tries = 20
	for range tries {
		if os.WriteFile(
			"/proc/sys/kernel/ns_last_pid",
			[]byte(strconv.Itoa(pid-1)),
			0o600,
		) != nil {
			t.Log("numbers of processes cannot be chosen here: the number stays free")
			return false
		}

		if bystander(t) == pid {
			return true
		}
	}

	t.Log("the number was always somebody else's")
	return false
}
