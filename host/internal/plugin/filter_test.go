//go:build linux

package plugin_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/payhost/payhost/host/internal/plugin"
)

// filtered reports whether this system filters system calls. Where it does not,
// plugins must say so.
func filtered(t *testing.T, s *stage) bool {
	t.Helper()
	isolation := s.start().Isolation()
	if strings.Contains(
		strings.Join(isolation.InForce, ", "),
		"no system calls on others",
	) {
		return true
	}

	if missing := strings.Join(isolation.Missing, ", "); !strings.Contains(
		missing,
		"no system calls on others: ",
	) {
		t.Errorf("missing: %s", missing)
	}

	t.Log("this system does not filter system calls")
	return false
}

// done returns the lines of what the actor was not kept from.
func done(said string) []string {
	var list []string
	for line := range strings.Lines(said) {
		if strings.HasSuffix(line, ": done\n") {
			list = append(list, strings.TrimSpace(line))
		}
	}
	return list
}

// bystander is a process of the host's user that is nobody's plugin.
func bystander(t *testing.T) int {
	t.Helper()
	other := exec.Command("sleep", "600")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	})

	return other.Process.Pid
}

// A plugin runs as the host's user, so the system lets it change what it likes
// of the host and of every other process of that user: a limit of CPU time, or
// a mark, ends them.
func TestPluginChangesNoOtherProcess(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	a := s.account(s.start(), provider.URL)

	for _, pid := range []int{os.Getpid(), bystander(t)} {
		said := ask(t, provider, a, "change "+strconv.Itoa(pid))
		if list := done(said); len(list) > 0 ||
			strings.Count(said, "operation not permitted") != 9 {
			t.Errorf("process %d:\n%s", pid, said)
		}
	}
}

// The mark is what the host finds a plugin's children by, wherever they have
// gone.
func TestChildThatLowersItsMarkIsStillKnown(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	p := s.start()
	a := s.account(p, provider.URL)
	said := ask(t, provider, a, "mark")
	if list := done(said); len(list) > 0 ||
		strings.Count(said, "operation not permitted") != 5 {
		t.Errorf("it may change its mark:\n%s", said)
	}

	// The child tries the same before anything else, in a session of its own.
	child, err := strconv.Atoi(ask(t, provider, a, "daemon"))
	if err != nil {
		t.Fatal(err)
	}

	p.Stop(10 * time.Second)
	eventually(t, "the child is gone", func() bool { return !running(child) })
}

func TestPluginMakesNoSystemCallsOnTheMachine(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	a := s.account(s.start(), provider.URL)

	// Each would do something, or fail for another reason, without the filter.
	for number, want := range map[uintptr]error{
		unix.SYS_KCMP: unix.EPERM, unix.SYS_UNSHARE: unix.EPERM, unix.SYS_SETNS: unix.EPERM,
		unix.SYS_MEMFD_CREATE: unix.ENOSYS, unix.SYS_USERFAULTFD: unix.ENOSYS, unix.SYS_IO_URING_SETUP: unix.ENOSYS,
		unix.SYS_BPF: unix.ENOSYS, unix.SYS_KEYCTL: unix.ENOSYS, unix.SYS_ADD_KEY: unix.ENOSYS,
		unix.SYS_CLONE3: unix.ENOSYS, unix.SYS_OPEN_TREE: unix.EPERM, unix.SYS_FSOPEN: unix.EPERM,
	} {
		if said := ask(t, provider, a, "call "+strconv.Itoa(int(number))); said != want.Error() {
			t.Errorf("call %d: %s, want %v", number, said, want)
		}
	}
}

// Landlock has no rules on who may open a file, when it was changed and the
// like: a plugin could open the host's files to every user of the machine, or
// shut the host out.
func TestPluginChangesNoAttributesOfFiles(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	secret := filepath.Join(s.data, "admin.secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}

	_ = unix.Setxattr(secret, "user.mine", []byte("x"), 0) // not every file system has them
	before, err := os.Stat(secret)
	if err != nil {
		t.Fatal(err)
	}

	said := ask(t, provider, s.account(s.start(), provider.URL), "attributes "+secret)
	if list := done(said); len(list) > 0 ||
		strings.Count(said, "operation not permitted") != 12 {
		t.Errorf("it is not kept from them:\n%s", said)
	}

	after, err := os.Stat(secret)
	if err != nil || after.Mode() != before.Mode() ||
		!after.ModTime().Equal(before.ModTime()) {
		t.Errorf("%v, mode %s and time %s, want %s and %s", err,
			after.Mode(), after.ModTime(), before.Mode(), before.ModTime())
	}
}

// Nobody waits for a child that the host has not started: what is left of it
// would stay for as long as the host lives, and take the place of a process.
func TestPluginMakesNoChildrenOfTheHost(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	said := ask(t, provider, s.account(s.start(), provider.URL), "siblings 3")
	if list := done(said); len(list) > 0 ||
		strings.Count(said, "operation not permitted") != 3 {
		t.Errorf("the host has children that it does not know:\n%s", said)
	}
}

func TestPluginMakesNoOtherSockets(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) {
		return
	}
	said := ask(t, provider, s.account(s.start(), provider.URL), "sockets")
	if n := strings.Count(said, "address family not supported") + strings.Count(said, "protocol not supported"); n != 8 {
		t.Errorf("%d refused:\n%s", n, said)
	}
}

func TestPluginSharesNoMemory(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if !filtered(t, s) || !plugin.HasLandlock() {
		return
	}
	said := ask(t, provider, s.account(s.start(), provider.URL), "share")
	if list := done(said); len(list) > 0 || strings.Count(said, "\n") != 4 {
		t.Errorf("it got some:\n%s", said)
	}
}

// listenAt serves one unix socket and counts who came.
func listenAt(t *testing.T, address string) *atomic.Int32 {
	t.Helper()
	l, err := net.Listen("unix", address)
	if err != nil {
		t.Fatal(err)
	}

	var came atomic.Int32
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			came.Add(1)
			fmt.Fprint(c, "welcome")
			c.Close()
		}
	}()

	t.Cleanup(func() { l.Close(); <-done })
	return &came
}

// Databases, container engines and service managers listen on unix sockets, and
// believe whoever connects as the user who may.
func TestPluginConnectsToNoUnixSocket(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	if isolation := s.start().Isolation(); !strings.Contains(
		strings.Join(isolation.InForce, ", "),
		"no sockets of others",
	) {
		if missing := strings.Join(isolation.Missing, ", "); !strings.Contains(
			missing,
			"no sockets of others: ",
		) {
			t.Errorf("missing: %s", missing)
		}

		return
	}

	folder, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	a := s.account(s.start(), provider.URL)

	for _, address := range []string{
		filepath.Join(folder, "database.sock"), "@payhost-test-" + filepath.Base(folder),
	} {
		came := listenAt(t, address)
		if said := ask(t, provider, a, "dial "+address); !strings.Contains(said, "permi") {
			t.Errorf("%s: %s", address, said)
		}
		if n := came.Load(); n != 0 {
			t.Errorf("%s: %d came", address, n)
		}
	}

	// The file of the socket's number and the address are exchanged while the
	// host looks at them.
	path := filepath.Join(folder, "race.sock")
	came := listenAt(t, path)
	if said := ask(t, provider, a, "swap "+path); said != "0" || came.Load() != 0 {
		t.Errorf("it got through %s times, %d came", said, came.Load())
	}
}

// Whoever connects for a plugin must do so as the plugin would have.
func TestPluginStillConnectsOverTheNetwork(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	a := s.account(s.start(), provider.URL)

	for _, network := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := net.Listen("tcp", network)
		if err != nil {
			continue // no such address on this machine
		}
		server := &httptest.Server{
			Listener: l,
			Config:   &http.Server{Handler: http.NotFoundHandler()},
		}

		server.Start()
		defer server.Close()

		for range 20 {
			if said := ask(t, provider, a, "fetch "+server.URL); said != "404 Not Found" {
				t.Errorf("%s: %s", network, said)
			}
		}
	}

	// Nobody listens there.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	nobody := l.Addr().String()
	l.Close()
	if said := ask(t, provider, a, "fetch http://"+nobody); !strings.Contains(
		said,
		"connection refused",
	) {
		t.Errorf("nobody: %s", said)
	}
}

// A program that is only tried, with recorded traffic, reaches what plays its
// provider and nothing else.
func TestPluginReachesOneAddressOnly(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	there, err := url.Parse(provider.URL)
	if err != nil {
		t.Fatal(err)
	}

	spec := s.spec()
	spec.Only = netip.MustParseAddrPort(there.Host)
	process, err := plugin.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Stop(5 * time.Second)
	account := s.account(process, provider.URL)

	var came atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		came.Add(1)
	}))
	defer other.Close()
	address := strings.TrimPrefix(other.URL, "http://")

	for order, want := range map[string]string{
		"fetch " + provider.URL + "/x":                 "200",
		"fetch " + other.URL:                           "connection refused",
		"fetch http://[::1]:" + there.Port():           "connection refused",
		"fetch http://127.0.0.2:" + there.Port():       "connection refused",
		"datagram 127.0.0.1:53":                        "protocol not supported",
		"datagram [::1]:53":                            "protocol not supported",
		"fastopen " + address:                          "operation not permitted",
		"dial " + filepath.Join(t.TempDir(), "x.sock"): "error",
	} {
		if said := ask(t, provider, account, order); !strings.Contains(said, want) {
			t.Errorf("%s: %s, want %s", order, said, want)
		}
	}

	if came.Load() != 0 {
		t.Errorf("%d requests came to another address", came.Load())
	}
}

// A socket that listens without a port gets one from the kernel: the two ways
// to serve are refused alike.
func TestPluginServesNobodyOverTCP(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	what := p.Isolation()
	inForce := strings.Contains(strings.Join(what.InForce, ", "), "no TCP servers")

	for _, order := range []string{"serve", "listen"} {
		said := ask(t, provider, a, order)
		if denied := strings.Contains(said, "permission denied"); denied != inForce {
			t.Errorf("%s: %q, with %q", order, said, what.InForce)
		}
	}

	if !inForce && !strings.Contains(strings.Join(what.Missing, ", "), "no TCP servers: ") {
		t.Errorf("missing: %q", what.Missing)
	}
}

// It may still choose the address that it connects from, as is usual on a
// machine with several, and whose port is the kernel's choice.
func TestPluginConnectsFromAnAddressOfItsChoice(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	a := s.account(s.start(), provider.URL)
	if said := ask(t, provider, a, "dialfrom "+l.Addr().String()); said != "done" {
		t.Error(said)
	}
}

// Without the filter a plugin runs all the same, and what is missing is said.
func TestWithoutAFilterPluginsRunAndSaySo(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.WithoutFilter()
	p := s.start()
	if said := ask(t, provider, s.account(p, provider.URL), "ok"); said != "" {
		t.Error(said)
	}

	missing := strings.Join(p.Isolation().Missing, "; ")
	if !strings.Contains(missing, "no system calls on others: ") ||
		!(plugin.LandlockHasSockets() || strings.Contains(missing, "no sockets of others: ")) {
		t.Errorf("missing: %s", missing)
	}
}

// Some sandboxes let nobody take files out of processes.
func TestWithoutTakingFilesPluginsConnectThemselves(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.WithoutTaking()
	p := s.start()
	a := s.account(p, provider.URL)
	missing := strings.Join(p.Isolation().Missing, "; ")
	if !plugin.LandlockHasSockets() &&
		!strings.Contains(missing, "no sockets of others: ") {
		t.Errorf("missing: %s", missing)
	}

	if said := ask(t, provider, a, "change "+strconv.Itoa(os.Getpid())); len(
		done(said),
	) > 0 &&
		filtered(t, s) {
		t.Errorf("the rest of the filter is not in force:\n%s", said)
	}
}

// The host may be the last that has a socket which it has connected: closing it
// must not take as long as the plugin likes.
func TestPluginMakesNoSocketsThatLinger(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	if !strings.Contains(strings.Join(p.Isolation().InForce, ", "), "(the host connects)") {
		return
	}
	if said := ask(t, provider, s.account(p, provider.URL), "linger"); said != unix.EPERM.Error() {
		t.Error(said)
	}
}

// A connect that hangs in the network does not keep a plugin from being
// stopped.
func TestHangingConnectDoesNotKeepAProcessFromStopping(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)

	// A listener that accepts nobody, whose queue is full.
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)

	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}

	at, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	port := at.(*unix.SockaddrInet4).Port
	ask(t, provider, a, "hang "+strconv.Itoa(port))
	p.Stop(time.Second)
	eventually(
		t,
		"the plugin is gone",
		func() bool { return syscall.Kill(p.PID(), 0) != nil },
	)
}
