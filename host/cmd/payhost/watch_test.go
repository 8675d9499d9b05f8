package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func awaitChange(t *testing.T, changed <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(time.Minute):
		t.Fatalf("%s is not noticed", what)
	}
}

// Every way in which editors and deployments change a file is noticed.
func TestWatchNoticesEveryKindOfChange(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "config.toml")
	write(t, file, "1")
	changed, stop, err := watch(file, look(file), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	write(t, file, "two")
	awaitChange(t, changed, "writing")
	write(t, file+".new", "three and more")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	awaitChange(t, changed, "renaming")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "releases/1"), "by a link")
	if err := os.Symlink("releases/1", file); err != nil {
		t.Fatal(err)
	}
	awaitChange(t, changed, "a link")
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "releases/2"), "by a link")
	if err := os.Chtimes(filepath.Join(folder, "releases/2"), info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("releases/2", file+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	awaitChange(t, changed, "a link to another file that looks the same")
}

// What changed between the loading and the watching is not missed.
func TestWatchNoticesWhatCameBefore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.toml")
	write(t, file, "1")
	loaded := look(file)
	write(t, file, "two")
	changed, stop, err := watch(file, loaded, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	awaitChange(t, changed, "an early change")
}

// A path may be written in several ways; the file looks the same.
func TestLookDoesNotDependOnThePath(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "config.toml"), "1")
	t.Chdir(folder)
	if a, b := look("config.toml"), look(filepath.Join(folder, "config.toml")); a != b || a == (appearance{}) {
		t.Errorf("%+v and %+v", a, b)
	}
}
