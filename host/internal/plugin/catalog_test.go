//go:build linux

package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
)

func newProvider(t testing.TB) *plugintest.Provider { return plugintest.NewProvider(t) }

var decimalOne = decimal.NewFromInt(1)

func TestFindTakesOnlyTheFileThatWasAskedFor(t *testing.T) {
	s := newStage(t)
	s.install("actor@2.0.0", "2.0.0")
	s.install("lonely@1.0.0", "1.0.0")
	s.install("lonely@2.0.0", "2.0.0")
	if err := os.Mkdir(filepath.Join(s.plugins, "folder"), 0o755); err != nil {
		t.Fatal(err)
	}

	bare, err := s.catalog.Find("actor", "", "")
	if err != nil {
		t.Fatal(err)
	}

	for _, c := range []struct{ plugin, version, pin, want string }{
		{"actor", "", "", ""},
		{"actor", "2.0.0", "", ""},
		{"actor", "", bare.Checksum, ""},
		{"actor", "", strings.ToUpper(bare.Checksum), ""},
		{"actor", "2.0.0", bare.Checksum, "the configuration allows only " + bare.Checksum},
		{"actor", "3.0.0", "", "the folder holds actor@2.0.0, actor"},
		{"lonely", "", "", "the folder holds lonely@1.0.0, lonely@2.0.0"},
		{"nobody", "", "", "there is no file"},
		{"folder", "", "", "not a regular file"},
		{"../actor", "", "", "cannot be the name"},
		{"actor", "../../etc", "", "cannot be the name"},
	} {
		b, err := s.catalog.Find(c.plugin, c.version, c.pin)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s@%s: %v", c.plugin, c.version, err)
		case c.want == "" && (b.Plugin != c.plugin || b.Version != c.version || len(b.Checksum) != 64):
			t.Errorf("%s@%s: %+v", c.plugin, c.version, b)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s@%s: %v, want %q", c.plugin, c.version, err, c.want)
		}
	}
}

// What was checked is what runs, whatever becomes of the file meanwhile.
//
// go-plugin trap 16: the file may change between its check and the start, and
// SecureConfig serves one start.
func TestFileExchangedBetweenCheckAndStartDoesNotRun(t *testing.T) {
	s := newStage(t)
	spec := s.spec()
	s.install("actor", "2.0.0")
	p, err := plugin.Start(context.Background(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(0)

	if v := p.Info().Version; v != "1.0.0" {
		t.Errorf("version %s runs", v)
	}
}

// go-plugin trap 16: the file may change between its check and the start, and
// SecureConfig serves one start.
func TestChangedCopyIsRefused(t *testing.T) {
	s := newStage(t)
	spec := s.spec()
	copies, err := filepath.Glob(
		filepath.Join(s.data, "run", "*", "bin", spec.Binary.Checksum, "actor"),
	)
	if err != nil || len(copies) != 1 {
		t.Fatal(copies, err)
	}

	if info, err := os.Stat(copies[0]); err != nil || info.Mode().Perm() != 0o500 {
		t.Errorf("the copy is %v, %v", info.Mode(), err)
	}
	if err := os.Chmod(copies[0], 0o700); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(copies[0], []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := plugin.Start(context.Background(), spec); err == nil ||
		!strings.Contains(err.Error(), "has been changed") {
		t.Errorf("err = %v", err)
	}
}

// go-plugin trap 16: the file may change between its check and the start, and
// SecureConfig serves one start.
func TestTheSameFileIsFoundAndRunTwiceAtOnce(t *testing.T) {
	s := newStage(t)
	s.start()
	s.start()
}

// A rule of Landlock's holds for the file that was there, so a process must be
// started anew to see another one.
func TestReplacedResolverFileMakesAnotherProgramOfIt(t *testing.T) {
	if !landlocked(t) {
		return
	}
	s := newStage(t)
	resolver := filepath.Join(t.TempDir(), "resolv.conf")
	s.catalog.SetResolver(resolver)
	change := func(file string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("nameserver 192.0.2.1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	change(resolver)
	before := s.spec().Binary
	change(resolver) // written to: it is the same file
	if after := s.spec().Binary; after != before || s.catalog.Outdated(before) {
		t.Errorf("%+v is taken for another than %+v", after, before)
	}

	change(resolver + ".new")
	if err := os.Rename(resolver+".new", resolver); err != nil {
		t.Fatal(err)
	}
	if after := s.spec().Binary; after == before || after.Checksum != before.Checksum ||
		!s.catalog.Outdated(before) ||
		s.catalog.Outdated(after) {
		t.Errorf("%+v is taken for %+v", after, before)
	}
}
