//go:build linux

package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/internal/plugin"
)

// Strict is everything that the table marks so, and what lacks one of them does
// not run a single instruction.
func TestStrictPluginRunsOnlyWithEverythingInForce(t *testing.T) {
	s := newStage(t)
	complete := strings.Contains(
		strings.Join(s.start().Isolation().InForce, ", "),
		"no TCP servers",
	) &&
		filtered(t, s)
	s.script("hang") // it would leave a file

	for want, takeAway := range map[string]func(*stage){
		"own files only: the kernel has no Landlock": func(s *stage) { s.workspace.LandlockOf(0) },
		"no signals to others: this kernel":          func(s *stage) { s.workspace.LandlockOf(5) },
		"no system calls on others: ":                func(s *stage) { s.workspace.WithoutFilter() },
		"limits from the first instruction: ":        func(s *stage) { s.workspace.TakeAway() },
	} {
		other := newStageIn(t, s.data)
		takeAway(other)
		spec := other.spec()
		spec.Binary.Strict = true
		_, err := plugin.Start(context.Background(), spec)
		if err == nil ||
			!strings.Contains(err.Error(), `isolation = "strict" asks for more`) ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("without %q: %v", want, err)
		}
	}

	if _, err := os.Stat(filepath.Join(s.data, "plugins", "actor", "pid")); err == nil {
		t.Error("it ran")
	}

	s.script("")
	spec := s.spec()
	spec.Binary.Strict = true
	p, err := plugin.Start(context.Background(), spec)
	if !complete {
		t.Logf("this system does not have all of it: %v", err)
		return
	}

	if err != nil {
		t.Fatal(err)
	}
	p.Stop(0)
}

func TestAttachedPluginIsNeverStrict(t *testing.T) {
	spec := plugin.Spec{
		Binary: plugin.Attached(
			"actor",
			plugin.DebugAttach{Socket: "/nowhere", ContractVersion: 1},
		),
	}
	spec.Binary.Strict = true
	if _, err := plugin.Start(context.Background(), spec); err == nil ||
		!strings.Contains(err.Error(), "strict") {
		t.Errorf("err = %v", err)
	}
}
