//go:build linux

package plugin_test

import (
	"context"
	"crypto/tls"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk/client"
)

func TestStartedPluginSaysWhatItIs(t *testing.T) {
	s := newStage(t)
	p := s.start()
	if i := p.Info(); i.Name != "actor" || i.Version != "1.0.0" || i.ContractVersion != 1 {
		t.Errorf("info = %+v", i)
	}

	if p.PID() == 0 || !running(p.PID()) || p.Err() != nil || len(p.Checksum()) != 64 ||
		p.StartedAt().IsZero() {
		t.Errorf(
			"pid %d, err %v, checksum %q, started %v",
			p.PID(),
			p.Err(),
			p.Checksum(),
			p.StartedAt(),
		)
	}
}

// What a failed start says is what somebody reads at night: it has the cause
// and the plugin's own last words, without its secrets.
//
// go-plugin trap 14: a client may be had of a plugin that answers nothing
// (deaf). go-plugin trap 15: a print before the handshake ends the start, and
// nobody quotes stderr (garbage).
func TestFailedStartSaysWhy(t *testing.T) {
	for _, c := range []struct {
		script string
		want   []string
	}{
		{"exit", []string{"exit status 3", "cannot open the ledger", "[secret]"}},
		{"garbage", []string{`"Welcome to actor!"`, "must print nothing there", "about to serve"}},
		{"hang", []string{"did not answer within", "waiting for something"}},
		{"mute", []string{"did not answer within"}},
		{"deaf", []string{"did not answer within"}},
		{"elsewhere 127.0.0.1:1", []string{"not in the folder that it was given"}},
		{"name other", []string{`says that it is the plugin "other"`}},
	} {
		t.Run(c.script, func(t *testing.T) {
			s := newStage(t)
			s.mask.Add("hunter2-secret")
			s.script(c.script)
			spec := s.spec()
			spec.StartTimeout = 10 * time.Second
			if c.script == "hang" || c.script == "mute" || c.script == "deaf" {
				spec.StartTimeout = 1500 * time.Millisecond
			}

			p, err := plugin.Start(context.Background(), spec)
			if err == nil {
				p.Stop(0)
				t.Fatal("it started")
			}

			for _, want := range append(c.want, "plugin actor: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}

			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret is in: %v", err)
			}
		})
	}
}

// go-plugin trap 13: Start takes no context, and Kill waits for it.
func TestStartIsGivenUpWithItsContext(t *testing.T) {
	s := newStage(t)
	s.script("hang")
	spec := s.spec()
	spec.StartTimeout = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	failed := make(chan error)
	go func() {
		_, err := plugin.Start(ctx, spec)
		failed <- err
	}()

	eventually(
		t,
		"the plugin runs",
		func() bool { _, ok := s.log.find("waiting for something"); return ok },
	)

	cancel()
	if err := <-failed; !errors.Is(err, context.Canceled) &&
		!strings.Contains(err.Error(), "given up") {
		t.Errorf("err = %v", err)
	}
}

// go-plugin trap 9: a client and its command start once.
func TestPluginCanBeStartedAgainAfterAFailedStart(t *testing.T) {
	s := newStage(t)
	s.script("exit")
	spec := s.spec()
	if _, err := plugin.Start(context.Background(), spec); err == nil {
		t.Fatal("it started")
	}

	s.script("")
	p, err := plugin.Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}

	p.Stop(5 * time.Second)
	again, err := plugin.Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}

	again.Stop(5 * time.Second)
}

func TestFileWithAVersionMustHoldThatVersion(t *testing.T) {
	s := newStage(t)
	s.install("actor@9.9.9", "2.0.0")
	b, err := s.catalog.Find("actor", "9.9.9", "")
	if err != nil {
		t.Fatal(err)
	}

	spec := s.spec()
	spec.Binary = b
	if _, err = plugin.Start(context.Background(), spec); err == nil ||
		!strings.Contains(err.Error(), `its version is "2.0.0"`) {
		t.Errorf("err = %v", err)
	}
}

// go-plugin trap 19: the host's environment is added to the plugin's.
// go-plugin trap 20: the host's standard input becomes the plugin's.
func TestPluginSeesNothingOfTheHost(t *testing.T) {
	t.Setenv("PAYHOST_API_TOKEN", "a-secret-of-the-host")
	t.Setenv("TZ", "Europe/Prague")

	// A file that the host was itself started with: Go does not know of it.
	ledger := filepath.Join(t.TempDir(), "ledger")
	if err := os.WriteFile(ledger, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	fd, err := syscall.Open(ledger, syscall.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)

	stdin, err := os.Open(ledger)
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()

	defer func(before *os.File) { os.Stdin = before }(os.Stdin)
	os.Stdin = stdin
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)

	provider.Say("env")
	var names []string

	for _, line := range strings.Split(invoke(t, a), "\n") {
		name, value, _ := strings.Cut(line, "=")
		names = append(names, name)
		if strings.Contains(value, "a-secret-of-the-host") ||
			(name == "TZ" && value != "Europe/Prague") {
			t.Errorf("the plugin sees %s", line)
		}
	}

	allowed := []string{
		"GOGC", "GOMAXPROCS", "GOMEMLIMIT", "HOME", "LANG", "LC_ALL", "PATH", "PAYHOST_PLUGIN", "PLUGIN_CLIENT_CERT", "PLUGIN_MAX_PORT",
		"PLUGIN_MIN_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_UNIX_SOCKET_DIR", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR", "TZ", "PWD",
	}

	for _, name := range names {
		if name != "" && !strings.Contains(name, " ") && !slices.Contains(allowed, name) &&
			!strings.HasPrefix(name, "-----") &&
			!certLine(name) {
			t.Errorf("the plugin sees the variable %s", name)
		}
	}

	for _, name := range []string{"GOGC", "GOMEMLIMIT", "PLUGIN_UNIX_SOCKET_DIR", "TZ", "PLUGIN_CLIENT_CERT"} {
		if !slices.Contains(names, name) {
			t.Errorf("the plugin does not see %s", name)
		}
	}

	provider.Say("where")
	if dir := invoke(t, a); dir != filepath.Join(s.data, "plugins", "actor") {
		t.Errorf("the plugin works in %s", dir)
	}
	if info, err := os.Stat(filepath.Join(s.data, "plugins", "actor")); err != nil ||
		info.Mode().Perm() != 0o700 {
		t.Errorf("its folder is %v, %v", info.Mode(), err)
	}

	provider.Say("files")
	for _, line := range strings.Split(invoke(t, a), "\n") {
		number, target, _ := strings.Cut(line, " ")
		if number == "0" && target != "/dev/null" {
			t.Errorf("standard input is %s", target)
		}
		if target == ledger || (number != "0" && target == "/dev/null") {
			t.Errorf("the plugin has the host's descriptor %s, %s", number, target)
		}
	}
}

// certLine reports whether a line is one of a certificate's, which a variable
// holds with its line ends.
func certLine(text string) bool {
	return strings.Trim(
		text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
	) == "" &&
		len(text) > 20
}

// go-plugin trap 23: sockets lie in /tmp and stay behind.
//
// go-plugin trap 24: without mutual TLS every process of the user may call the
// plugin.
func TestSocketIsInAPrivateFolderAndGoneAfterwards(t *testing.T) {
	data, err := os.MkdirTemp("/tmp", "s") // short enough for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(data) })
	s := newStageIn(t, data)
	p := s.start()
	find := func() []string {
		found, _ := filepath.Glob(filepath.Join(data, "run", "*", "s", "*", "*"))
		return found
	}

	sockets := find()
	if len(sockets) != 1 {
		t.Fatalf("sockets: %s", sockets)
	}
	strangersAreRefused(t, sockets[0])

	for dir := filepath.Dir(sockets[0]); dir != data; dir = filepath.Dir(dir) {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s is %v, %v", dir, info.Mode(), err)
		}
	}

	p.Stop(5 * time.Second)
	if left := find(); len(left) != 0 {
		t.Errorf("left behind: %s", left)
	}
	killed := s.start()
	_ = syscall.Kill(killed.PID(), syscall.SIGKILL)
	<-killed.Done()
	killed.Stop(5 * time.Second)

	if left := find(); len(left) != 0 {
		t.Errorf("a killed plugin left behind: %s", left)
	}
}

// strangersAreRefused makes sure that no other process of this user can call
// the plugin, or stop it.
func strangersAreRefused(t *testing.T, socket string) {
	t.Helper()
	for name, creds := range map[string]credentials.TransportCredentials{
		"plain":               insecure.NewCredentials(),
		"TLS, no certificate": credentials.NewTLS(&tls.Config{InsecureSkipVerify: true}),
	} {
		cc, err := grpc.NewClient("unix:"+socket, grpc.WithTransportCredentials(creds))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		if _, err := client.New(cc).Info(ctx); err == nil {
			t.Errorf("%s: a stranger is answered", name)
		}

		cancel()
		cc.Close()
	}
}
