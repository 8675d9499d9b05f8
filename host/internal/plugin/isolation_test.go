//go:build linux

package plugin_test

import (
	"context"
	"encoding/pem"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// ask has the actor try something and gives what it says of that.
func ask(
	t *testing.T,
	provider *plugintest.Provider,
	a *client.Account,
	order string,
) string {
	t.Helper()
	provider.Say(order)
	return invoke(t, a)
}

// secretFiles are what a plugin must not see, as they lie about a host: its
// configuration, its database, another plugin's folder, a home.
func (s *stage) secretFiles() []string {
	s.t.Helper()
	home, err := os.MkdirTemp("", "home-")
	if err != nil {
		s.t.Fatal(err)
	}

	s.t.Cleanup(func() { os.RemoveAll(home) })
	files := []string{
		filepath.Join(s.plugins, "config.toml"),
		filepath.Join(s.data, "payhost.db"),
		filepath.Join(s.data, "plugins", "other", "notes"),
		filepath.Join(home, ".ssh", "id_ed25519"),
	}
	for _, file := range files {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			s.t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("the host's own secret"), 0o600); err != nil {
			s.t.Fatal(err)
		}
	}

	return files
}

func TestPluginReachesItsOwnFilesAndNoOthers(t *testing.T) {
	if !landlocked(t) {
		return
	}
	s, provider := newStage(t), newProvider(t)
	secrets := s.secretFiles()
	p := s.start()
	a := s.account(p, provider.URL)

	for _, file := range secrets {
		for _, order := range []string{"read " + file, "write " + file, "list " + filepath.Dir(file)} {
			if said := ask(t, provider, a, order); !strings.Contains(
				said,
				"permission denied",
			) {
				t.Errorf("%s: %s", order, said)
			}
		}
	}

	for _, order := range []string{
		"write " + filepath.Join(s.plugins, "actor"), "list " + s.plugins, "list /", "list /proc", "list /tmp",
		"read /proc/" + strconv.Itoa(os.Getpid()) + "/environ", "read /proc/" + strconv.Itoa(os.Getpid()) + "/cmdline", "read /etc/passwd",
		"list /etc/ssl/private", "run /bin/sh",
	} {
		if said := ask(t, provider, a, order); !strings.HasPrefix(said, "error: ") ||
			strings.Contains(said, "unknown order") {
			t.Errorf("%s: %s", order, said)
		}
	}

	own := filepath.Join(s.data, "plugins", "actor", "own")
	if said := ask(t, provider, a, "write "+own); said != "" {
		t.Error(said)
	}
	if said := ask(t, provider, a, "read "+own); !strings.HasPrefix(said, "#!/bin/sh") {
		t.Error(said)
	}

	// What it wrote it cannot run: a plugin is the program that was checked.
	if said := ask(t, provider, a, "run "+own); !strings.Contains(
		said,
		"permission denied",
	) {
		t.Error(said)
	}
}

// A plugin that reaches nothing of the machine must still find its provider and
// know whom to trust.
func TestPluginResolvesNamesAndVerifiesCertificates(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	defer server.Close()

	trusted := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(
		&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw},
	)
	if err := os.WriteFile(trusted, text, 0o600); err != nil {
		t.Fatal(err)
	}

	t.Setenv("SSL_CERT_FILE", trusted)
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	if said := ask(t, provider, a, "fetch "+server.URL); said != "404 Not Found" {
		t.Errorf("a trusted server: %s", said)
	}

	if said := ask(t, provider, a, "resolve localhost"); !strings.Contains(
		said,
		"127.0.0.1",
	) &&
		!strings.Contains(said, "::1") {
		t.Errorf("localhost is %s", said)
	}

	for _, file := range []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/services", "/etc/ssl/certs/ca-certificates.crt"} {
		want, err := os.ReadFile(file)
		if err != nil {
			continue // not on this machine
		}
		if said := ask(t, provider, a, "read "+file); said != strings.ToValidUTF8(
			string(want),
			"\uFFFD",
		) {
			t.Errorf("%s: %.100s", file, said)
		}
	}

	t.Setenv("SSL_CERT_FILE", "")
	other := s.start()
	if said := ask(t, provider, s.account(other, provider.URL), "fetch "+server.URL); !strings.Contains(
		said,
		"certificate",
	) {
		t.Errorf("an unknown server: %s", said)
	}
}

func TestPluginHasNoPrivilegesAndIsHeldToItsLimits(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	spec := s.spec()
	spec.MemoryLimit = 100 << 20
	p, err := plugin.Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(5 * time.Second)

	a := s.account(p, provider.URL)
	said := ask(t, provider, a, "limits")

	for _, want := range []string{"data=" + strconv.Itoa(400<<20), "files=4096", "core=1 ", "nnp=1", "raise=operation not permitted"} {
		if !strings.Contains(said, want) {
			t.Errorf("no %q in %s", want, said)
		}
	}

	// Of what root may do only passing by the permissions of files is left.
	if !strings.Contains(said, "caps=000000006 ") &&
		!strings.Contains(said, "caps=000000000 ") {
		t.Errorf("capabilities: %s", said)
	}

	if !plugin.Confined(p.PID()) || plugin.Confined(os.Getpid()) {
		t.Errorf(
			"plugin %v, host %v",
			plugin.Confined(p.PID()),
			plugin.Confined(os.Getpid()),
		)
	}

	child, err := strconv.Atoi(ask(t, provider, a, "fork"))
	if err != nil || !plugin.Confined(child) {
		t.Errorf("its child is not known for one: %v", err)
	}

	// Lowering a limit hides nobody.
	_ = ask(t, provider, a, "lower")
	if !plugin.Confined(p.PID()) {
		t.Error("with lower limits it is not known any more")
	}

	if i := p.Isolation(); !strings.Contains(
		strings.Join(i.InForce, ", "),
		"no new privileges, ",
	) ||
		!strings.Contains(fmt.Sprint(i), "400 MiB of memory") {
		t.Errorf("it is said to be under %q, without %q", i.InForce, i.Missing)
	}
}

func TestPluginReachesNoOtherProcess(t *testing.T) {
	if !landlocked(t) {
		return
	}
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	said := ask(t, provider, a, "signal "+strconv.Itoa(os.Getpid()))
	what := strings.Join(p.Isolation().InForce, ", ")
	if denied := strings.Contains(said, "not permitted"); denied != strings.Contains(
		what,
		"no signals to others",
	) {
		t.Errorf("a signal to the host: %q, with %s", said, what)
	}

	if said := ask(t, provider, a, "signal "+strconv.Itoa(p.PID())); said != "" {
		t.Errorf("it does not reach itself: %s", said)
	}
}

// The memory that a plugin leaks is its own end, and nobody else's.
func TestPluginThatLeaksMemoryIsEnded(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	spec := s.spec()
	spec.MemoryLimit = 40 << 20
	p, err := plugin.Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(5 * time.Second)

	other := s.start()
	a := s.account(p, provider.URL)
	provider.Say("leak")
	if err := <-create(a); sdk.OutcomeOf(err) != sdk.OutcomeUnknown {
		t.Errorf("the call ended with %v", err)
	}

	<-p.Done()
	p.Stop(5 * time.Second)
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("err = %v", err)
	}

	if said := ask(t, provider, s.account(other, provider.URL), "ok"); said != "" ||
		other.Err() != nil {
		t.Errorf("the other plugin: %q, %v", said, other.Err())
	}
}

func TestPluginThatOpensEverythingIsHeldBack(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	n, err := strconv.Atoi(ask(t, provider, a, "open 100000"))
	if err != nil || n < 1000 || n >= 4096 {
		t.Errorf("it opened %d files, %v", n, err)
	}

	if said := ask(t, provider, a, "ok"); said != "" || p.Err() != nil {
		t.Errorf("afterwards: %q, %v", said, p.Err())
	}
}

func TestManyChildrenAreGoneWithThePlugin(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	children := strings.Fields(ask(t, provider, a, "forks 20"))
	p.Stop(10 * time.Second)
	if len(children) != 20 {
		t.Fatalf("children: %s", children)
	}

	for _, child := range children {
		pid, err := strconv.Atoi(child)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the child is gone", func() bool { return !running(pid) })
	}
}

// A daemon leaves its parent's process group and session, and is nobody's child
// any more.
func TestDaemonsAreGoneWithThePlugin(t *testing.T) {
	for name, end := range map[string]func(*plugin.Process){
		"stopped": func(*plugin.Process) {},
		"crashed": func(p *plugin.Process) { _ = syscall.Kill(p.PID(), syscall.SIGKILL); <-p.Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s, provider := newStage(t), newProvider(t)
			p, other := s.start(), s.start()
			child, err := strconv.Atoi(
				ask(t, provider, s.account(p, provider.URL), "daemon"),
			)
			if group, _ := syscall.Getpgid(child); err != nil || group == p.PID() ||
				!running(child) {
				t.Fatalf("child %d in group %d, %v", child, group, err)
			}

			end(p)
			p.Stop(10 * time.Second)
			eventually(t, "the child is gone", func() bool { return !running(child) })
			if said := ask(t, provider, s.account(other, provider.URL), "ok"); said != "" {
				t.Errorf("the other process of the plugin: %s", said)
			}
		})
	}
}

// Children that start others faster than they can be found are not passed over
// in silence. One round of killing stands for all of them here.
func TestChildrenThatCannotAllBeKilledAreSaid(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.KillRounds(1)
	p := s.start()
	child, err := strconv.Atoi(ask(t, provider, s.account(p, provider.URL), "daemon"))
	if err != nil {
		t.Fatal(err)
	}

	p.Stop(10 * time.Second)
	eventually(t, "the child is gone", func() bool { return !running(child) })
	const want = "still there after 1 rounds"
	if err := p.EndErr(); (err == nil) || !strings.Contains(err.Error(), want) {
		t.Errorf("it ended with %v", err)
	}

	if log := s.log.text(); !strings.Contains(log, want) {
		t.Errorf("the log has %s", log)
	}
}

// A script, or a program with shared libraries, needs the system's programs,
// and still nothing of the host.
func TestScriptReachesTheSystemsProgramsAndNothingElse(t *testing.T) {
	if !landlocked(t) {
		return
	}

	s := newStage(t)
	for i, file := range s.secretFiles() {
		script := "#!/bin/sh\n{ ls -d /bin/sh && /usr/bin/env true && echo it runs\ncat '" + file + "' && echo it reads\nls '" +
			filepath.Dir(
				file,
			) + "' && echo it lists\ncat /proc/$PPID/environ && echo it reads\ncat /proc/$PPID/cmdline && echo it reads\nls /proc && echo it lists\necho end; } >&2\nexit 3\n"
		if err := os.WriteFile(filepath.Join(s.plugins, "actor"), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}

		_, err := plugin.Start(context.Background(), s.spec())
		if err == nil {
			t.Fatal("it started")
		}

		for text, want := range map[string]bool{"it runs": true, "end": true, "it reads": false, "it lists": false, "own secret": false} {
			if strings.Contains(err.Error(), text) != want {
				t.Errorf("file %d, %q is not %v: %v", i, text, want, err)
			}
		}
	}
}

// Without what the kernel lacks here a plugin runs all the same, and the log
// says once what is missing.
func TestWithoutLandlockPluginsRunAndTheLogSaysSo(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.TakeAway()
	file := s.secretFiles()[0]

	for range 2 {
		p := s.start()
		a := s.account(p, provider.URL)
		if said := ask(t, provider, a, "read "+file); said != "the host's own secret" {
			t.Errorf("Landlock is not away: %s", said)
		}

		said := ask(t, provider, a, "limits")

		// what needs no Landlock is in force
		for _, want := range []string{"files=4096", "core=1 ", "nnp=1"} {
			if !strings.Contains(said, want) {
				t.Errorf("no %q in %s", want, said)
			}
		}

		if missing := strings.Join(p.Isolation().Missing, ", "); !strings.Contains(
			missing,
			"own files only: the kernel has no Landlock",
		) {
			t.Errorf("missing: %s", missing)
		}

		p.Stop(5 * time.Second)
	}

	if n := strings.Count(s.log.text(), "the kernel has no Landlock"); n != 1 {
		t.Errorf("said %d times:\n%s", n, s.log.text())
	}
}

// Some sandboxes end a process that wants to be traced. It is started once
// more, without.
func TestPluginThatMayNotBeTracedRunsAllTheSame(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.OnHeld(func(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) })
	p := s.start()
	said := ask(t, provider, s.account(p, provider.URL), "limits")
	if missing := strings.Join(p.Isolation().Missing, ", "); !strings.Contains(
		said,
		"files=4096",
	) ||
		!strings.Contains(missing, "cannot be traced") {
		t.Errorf("%s, missing %q", said, missing)
	}
}

// Every version of Landlock's interface must do, back to the first.
func TestOldLandlocksDo(t *testing.T) {
	if !landlocked(t) {
		return
	}
	s, provider := newStage(t), newProvider(t)
	file := s.secretFiles()[0]

	for version := 1; version <= 9; version++ {
		s.workspace.LandlockOf(version)
		p := s.start()
		a := s.account(p, provider.URL)
		if said := ask(t, provider, a, "read "+file); !strings.Contains(
			said,
			"permission denied",
		) {
			t.Errorf("version %d: %s", version, said)
		}

		p.Stop(5 * time.Second)
	}
}

// The host's own threads must stay as they were: a thread that was confined
// serves nobody else.
func TestHostIsNotConfinedItself(t *testing.T) {
	s := newStage(t)
	file := s.secretFiles()[0]
	for range 5 {
		s.start().Stop(5 * time.Second)
	}

	// More goroutines than there are threads to spare, each on a thread of its
	// own, in a system call.
	failed := make(chan error, 64)
	for range cap(failed) {
		go onThreadThatEnds(func() {
			_, err := os.ReadFile(file)
			if err == nil {
				err = syscall.Kill(os.Getppid(), 0)
			}
			failed <- err
		})
	}

	for range cap(failed) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// landlocked reports whether this kernel has Landlock. Where it has not,
// plugins must say that it is missing.
func landlocked(t *testing.T) bool {
	t.Helper()
	if plugin.HasLandlock() {
		return true
	}
	if missing := strings.Join(newStage(t).start().Isolation().Missing, ", "); !strings.Contains(
		missing,
		"own files only",
	) {
		t.Errorf("missing: %s", missing)
	}

	t.Log("this kernel has no Landlock")
	return false
}
