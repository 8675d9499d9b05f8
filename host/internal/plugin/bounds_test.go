//go:build linux

package plugin_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
)

// endsSaying waits for the process's end and looks for the reason.
func endsSaying(t *testing.T, p *plugin.Process, want string) {
	t.Helper()
	select {
	case <-p.Done():
	case <-time.After(30 * time.Second):
		t.Fatal("it goes on")
	}
	if err := p.Err(); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("it ended with %v", err)
	}
}

func TestPluginThatFillsItsFolderIsEnded(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.Bound(70<<20, 1000)
	p := s.start()
	a := s.account(p, provider.URL)
	if said := ask(t, provider, a, "fill 1"); said != "done" {
		t.Fatalf("less than the bound: %s", said)
	}

	if said := ask(t, provider, a, "ok"); said != "" {
		t.Errorf("with less than the bound: %s", said)
	}
	provider.Say("fill 4")
	<-create(a)
	endsSaying(t, p, "its folder")
}

// Its sockets' folder is on the same disk.
func TestPluginThatFillsItsSocketsFolderIsEnded(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.Bound(70<<20, 1000)
	p := s.start()
	provider.Say("fillsockets 4")
	<-create(s.account(p, provider.URL))
	endsSaying(t, p, "its folder")
}

// What lies deep enough has no path by which it could be looked at, and each
// folder in another takes a descriptor of whoever removes it.
func TestPluginThatNestsFoldersIsEnded(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.Bound(1<<40, 1000)
	p := s.start()
	a := s.account(p, provider.URL)
	said := ask(t, provider, a, "foldersocket")
	if plugin.HasLandlock() && !strings.Contains(said, "permission denied") {
		t.Errorf("in the sockets' folder: %s", said)
	}

	provider.Say("nest 30")
	<-create(a)
	endsSaying(t, p, "too many folders")
}

func TestPluginWithTooManyChildrenIsEnded(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	s.workspace.Bound(1<<40, 6)
	p := s.start()
	a := s.account(p, provider.URL)
	if children := strings.Fields(ask(t, provider, a, "forks 4")); len(children) != 4 {
		t.Fatalf("children: %q", children)
	}

	// They have left the process group, so that only their mark tells whose
	// they are.
	provider.Say("daemon")
	<-create(a)
	<-create(a)
	endsSaying(t, p, "processes")
}

func TestPluginWritesNoEndlessFile(t *testing.T) {
	s, provider := newStage(t), newProvider(t)
	p := s.start()
	a := s.account(p, provider.URL)
	if said := ask(t, provider, a, "bigfile 64"); said != "done" {
		t.Errorf("up to the limit: %s", said)
	}

	if said := ask(t, provider, a, "bigfile 65"); !strings.Contains(
		said,
		"file too large",
	) {
		t.Errorf("beyond it: %s", said)
	}

	if said := ask(t, provider, a, "ok"); said != "" {
		t.Errorf("afterwards: %s", said)
	}
}

// The folder stands for one that systemd has given to the host. What the kernel
// makes of the files is the kernel's.
func TestControlGroupHoldsThePlugin(t *testing.T) {
	s := newStage(t)
	folder := t.TempDir()
	s.workspace.GroupsIn(folder)
	p := s.start()
	groups, err := filepath.Glob(filepath.Join(folder, "plugin-*"))
	if err != nil || len(groups) != 1 {
		t.Fatalf("groups: %q, %v", groups, err)
	}

	for file, want := range map[string]string{
		"cgroup.procs": strconv.Itoa(p.PID()), "memory.max": strconv.Itoa(1 << 30), "pids.max": "1024",
	} {
		if text, err := os.ReadFile(filepath.Join(groups[0], file)); err != nil ||
			string(text) != want {
			t.Errorf("%s is %q, %v", file, text, err)
		}
	}

	if in := strings.Join(p.Isolation().InForce, ", "); !strings.Contains(
		in,
		"a control group of its own",
	) {
		t.Errorf("in force: %s", in)
	}

	p.Stop(5 * time.Second)
	if text, err := os.ReadFile(filepath.Join(groups[0], "cgroup.kill")); err != nil ||
		string(text) != "1" {
		t.Errorf("what is in it is not ended: %q, %v", text, err)
	}
}
