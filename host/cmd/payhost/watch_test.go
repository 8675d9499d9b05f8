package main

import (
	"os"
	"path/filepath"
	"strconv"
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
	changed, stop := watch(file, look(file))
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

// A neighbour that is written all the time, and a link in between, hide
// nothing.
func TestWatchNoticesAFileAmongBusyOnesAndBehindALink(t *testing.T) {
	t.Parallel()
	folder, behind := t.TempDir(), t.TempDir()
	file, target := filepath.Join(
		folder,
		"config.toml",
	), filepath.Join(
		behind,
		"config.toml",
	)

	write(t, target, "1")
	if err := os.Symlink(target, file); err != nil {
		t.Fatal(err)
	}
	changed, stop := watch(file, look(file))
	defer stop()

	ended, end := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for n := 0; ; n++ {
			select {
			case <-end:
				return
			default:
				// the folder may be going
				_ = os.WriteFile(
					filepath.Join(folder, "log"),
					[]byte(strconv.Itoa(n)),
					0o600,
				)
			}
		}
	}()

	defer func() {
		close(end)
		<-ended
	}()

	write(t, target, "two")
	awaitChange(t, changed, "what is behind a link")
	write(t, target, "three and more")
	awaitChange(t, changed, "what is behind a link, again")
}

// What changed between the loading and the watching is not missed.
func TestWatchNoticesWhatCameBefore(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "config.toml")
	write(t, file, "1")
	loaded := look(file)
	write(t, file, "two")
	changed, stop := watch(file, loaded)
	defer stop()
	awaitChange(t, changed, "an early change")
}

// A path may be written in several ways; the file looks the same.
func TestLookDoesNotDependOnThePath(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "config.toml"), "1")
	t.Chdir(folder)
	if a, b := look("config.toml"), look(filepath.Join(folder, "config.toml")); a != b ||
		a == (appearance{}) {
		t.Errorf("%+v and %+v", a, b)
	}
}
