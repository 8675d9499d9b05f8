//go:build linux

package supervisor

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/sdk/client"
)

// byHand is a plugin that a person has started.
type byHand struct {
	cmd *exec.Cmd
	at  map[string]plugin.DebugAttach // what it prints, read back
}

// startByHand starts the actor as a debugger would, in the stage's data folder.
func startByHand(t *testing.T, socket string) *byHand {
	t.Helper()
	h := &byHand{cmd: exec.Command(filepath.Join(programs, "1.0.0"), "debug", socket)}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.end)

	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "  export "+client.AttachVariable+"="); ok {
			if err := json.Unmarshal([]byte(strings.Trim(text, "'")), &h.at); err != nil {
				t.Fatal(err)
			}
			return h
		}
	}

	t.Fatal("it does not print what to export")
	return nil
}

func (h *byHand) end() {
	if h.cmd.ProcessState == nil {
		_ = h.cmd.Process.Signal(syscall.SIGTERM) // as Ctrl-C: it removes its socket
		_ = h.cmd.Wait()
	}
}

// shortFolder is one that a socket's path has room in.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func attachedStage(t *testing.T, at map[string]plugin.DebugAttach) *stage {
	s := newStage(
		t,
		func(tune *tuning) { tune.liveEvery, tune.liveDeadline = 20*time.Millisecond, 200*time.Millisecond },
	)
	s.sup.opts.Attached = at
	return s
}

// in sets the environment that an account says it has.
func (s *stage) in(environment string) func(*config.Provider) {
	return func(p *config.Provider) {
		p.Config = own(
			map[string]string{
				"base_url":    s.provider.URL,
				"merchant":    "m1",
				"environment": environment,
			},
		)
	}
}

// go-plugin trap 28: reattaching to a plugin of several versions is broken, so
// the host attaches by itself.
func TestPluginStartedByHandIsAttachedAndNeverStopped(t *testing.T) {
	socket := filepath.Join(shortFolder(t), "s")
	first := startByHand(t, socket)
	s := attachedStage(t, first.at)
	cfg := s.config("a", s.in("sandbox"))
	s.apply("a:started", cfg)
	s.mustPay("a")
	st := s.status("a")
	if st.PID != first.cmd.Process.Pid || st.Version != "1.0.0" ||
		st.ContractVersion != 1 ||
		len(st.IsolationMissing) != 1 {
		t.Errorf("status %+v", st)
	}

	if info, err := os.Stat(socket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info, err)
	}
	s.apply("a:unchanged", cfg)

	first.end()

	// That the process has gone is seen before anybody has found out why.
	eventually(t, "it is restarting, and says why", func() bool {
		st, _ = s.sup.Status("a")
		why := strings.Contains(st.LastError, "connection") ||
			strings.Contains(st.LastError, "nothing listens there")
		return (st.State == StateRestarting) && why
	})

	second := startByHand(t, socket)
	s.awaitState("a", StateReady)
	s.mustPay("a")
	if pid := s.status("a").PID; pid != second.cmd.Process.Pid {
		t.Errorf("process %d, want %d", pid, second.cmd.Process.Pid)
	}

	s.apply("a:removed")
	eventually(t, "it is forgotten", func() bool { _, ok := s.sup.Status("a"); return !ok })
	if !alive(second.cmd.Process.Pid) {
		t.Error("the host has ended a process that is not its own")
	}
}

// A person may look at a process that stands still for as long as it takes; the
// host does not take it for one that hangs.
func TestAttachedPluginAtABreakpointIsNotReplaced(t *testing.T) {
	hand := startByHand(t, filepath.Join(shortFolder(t), "s"))
	s := attachedStage(t, hand.at)
	folder := filepath.Join(s.data, "plugins", "other")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(filepath.Join(folder, "script"), []byte("name other"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.install("other", "1.0.0")
	s.apply(
		"a:started b:started",
		s.config("a", s.in("sandbox")),
		s.config("b", func(p *config.Provider) { p.Plugin = "other" }),
	)

	pid := hand.cmd.Process.Pid
	kill(t, pid, syscall.SIGSTOP)
	failed := payIn(s.acquire("a"))
	kill(t, s.status("b").PID, syscall.SIGSTOP)
	eventually(
		t,
		"the other is replaced",
		func() bool { return s.status("b").Restarts == 1 },
	)

	kill(t, pid, syscall.SIGCONT)
	if err := <-failed; err != nil {
		t.Error(err)
	}
	if st := s.status("a"); st.State != StateReady || st.Restarts != 0 {
		t.Errorf("status %+v", st)
	}
}

func TestOnlyTheSandboxMayAttach(t *testing.T) {
	folder := shortFolder(t)
	hand := startByHand(t, filepath.Join(folder, "s"))
	s := attachedStage(t, hand.at)

	for _, environment := range []string{"live", "", "SANDBOX"} {
		err := s.apply("a:failed", s.config("a", s.in(environment)))[0].Error
		if !strings.Contains(err.Error(), "only an account with environment") {
			t.Errorf("%q: %v", environment, err)
		}
	}

	if n := len(s.provider.Calls()); n != 0 {
		t.Errorf("%d calls", n)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}

	err := s.apply("a:failed", s.config("a", s.in("sandbox")))[0].Error
	if !strings.Contains(err.Error(), "others may open it") {
		t.Errorf("err = %v", err)
	}
}
