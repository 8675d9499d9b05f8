package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// built makes a folder with programs of two platforms, and what is common.
func built(t *testing.T) release {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{
		"programs/linux-amd64/payhost", "programs/linux-amd64/plugins/acme",
		"programs/darwin-arm64/payhost", "programs/darwin-arm64/plugins/acme",
		"common/config.toml", "common/payhost.schema.json", "common/man/payhost.1",
		"common/bash/payhost", "common/zsh/_payhost", "common/fish/payhost.fish",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return release{
		version:  "1.2.0",
		source:   "../..",
		programs: filepath.Join(dir, "programs"),
		common:   filepath.Join(dir, "common"),
		out:      filepath.Join(dir, "out"),
		made:     time.Unix(1_700_000_000, 0).UTC(),
	}
}

// The same programs give the same files, whenever and wherever they are packed.
func TestWhatIsPackedTwiceIsTheSame(t *testing.T) {
	first := built(t)
	second := built(t)
	second.made = first.made
	written, err := first.write()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := second.write(); err != nil {
		t.Fatal(err)
	}

	want := []string{
		"payhost_1.2.0_darwin_arm64.tar.gz", "payhost_1.2.0_linux_amd64.tar.gz",
		"payhost_1.2.0_amd64.deb", "SHA256SUMS",
	}
	if !slices.Equal(written, want) {
		t.Errorf("got %q", written)
	}
	for _, name := range written {
		one, err := os.ReadFile(filepath.Join(first.out, name))
		two, err2 := os.ReadFile(filepath.Join(second.out, name))
		if err = errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		if string(one) != string(two) {
			t.Errorf("%s differs", name)
		}
	}
}

// An archive has one folder, with the modes that its files need.
func TestAnArchive(t *testing.T) {
	r := built(t)
	if _, err := r.write(); err != nil {
		t.Fatal(err)
	}

	file, err := os.Open(filepath.Join(r.out, "payhost_1.2.0_linux_amd64.tar.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}

	modes := map[string]int64{}
	for reader := tar.NewReader(plain); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		name, within := strings.CutPrefix(header.Name, "payhost_1.2.0/")
		if !within || (header.Uname != "") || !header.ModTime.Equal(r.made) {
			t.Errorf("%+v", header)
		}
		modes[name] = header.Mode
	}

	for name, want := range map[string]int64{
		"payhost": 0o755, "plugins/acme": 0o755, "config.toml": 0o600, "man/payhost.1": 0o644,
		"deploy/payhost.service": 0o644, "LICENSE": 0o644,
	} {
		if modes[name] != want {
			t.Errorf("%s has the mode %o, want %o", name, modes[name], want)
		}
	}
}

// A release that is not whole is none: nothing is left of it.
func TestWhatCannotBePacked(t *testing.T) {
	for name, spoil := range map[string]func(*release){
		"a version of another form": func(r *release) { r.version = "dev" },
		"no programs":               func(r *release) { r.programs = t.TempDir() },
		"no configuration": func(r *release) {
			_ = os.Remove(filepath.Join(r.common, "config.toml"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := built(t)
			spoil(&r)
			if _, err := r.write(); err == nil {
				t.Fatal("it was packed")
			}
			left, _ := filepath.Glob(filepath.Join(r.out, "*"))
			hidden, _ := filepath.Glob(filepath.Join(r.out, ".dist*"))
			if len(left)+len(hidden) > 0 {
				t.Errorf("left are %q %q", left, hidden)
			}
		})
	}
}
