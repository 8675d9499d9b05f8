//go:build linux

package plugin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
)

// programs holds the actor, built once, under the names 1.0.0 and 2.0.0.
var programs string

func TestMain(m *testing.M) {
	if os.Getenv("PLUGIN_TEST_HOST") != "" {
		beHost()
		return
	}
	if path := os.Getenv("PLUGIN_TEST_CONNECT"); path != "" {
		connectAndEnd(path)
	}
	folder, remove, err := plugintest.BuildAll("testdata/actor", "1.0.0", "2.0.0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	programs = folder
	code := m.Run()
	remove()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// stage is a plugins' folder with the actor in it, a workspace, and what the log got.
type stage struct {
	t         testing.TB
	plugins   string
	data      string
	workspace *plugin.Workspace
	catalog   *plugin.Catalog
	log       *logBook
	mask      *redact.Set

	container bool // other hosts run as in one
}

func newStage(t testing.TB) *stage { return newStageIn(t, t.TempDir()) }

func newStageIn(t testing.TB, data string) *stage {
	s := &stage{t: t, plugins: t.TempDir(), data: data, log: &logBook{}, mask: &redact.Set{}}
	s.install("actor", "1.0.0")
	w, err := plugin.OpenWorkspace(s.data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	s.workspace, s.catalog = w, plugin.NewCatalog(s.plugins, w)
	return s
}

// install puts the actor of a version into the plugins' folder.
func (s *stage) install(file, version string) {
	s.t.Helper()
	content, err := os.ReadFile(filepath.Join(programs, version))
	if err != nil {
		s.t.Fatal(err)
	}
	temp := filepath.Join(s.plugins, ".new")
	if err := os.WriteFile(temp, content, 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(temp, filepath.Join(s.plugins, file)); err != nil {
		s.t.Fatal(err)
	}
}

// script says how the actor is to behave at its next start.
func (s *stage) script(text string) {
	s.t.Helper()
	folder := filepath.Join(s.data, "plugins", "actor")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "script"), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) spec() plugin.Spec {
	s.t.Helper()
	b, err := s.catalog.Find("actor", "", "")
	if err != nil {
		s.t.Fatal(err)
	}
	return plugin.Spec{Binary: b, Workspace: s.workspace, Logger: slog.New(s.log), Mask: s.mask}
}

// start starts the actor and stops it at the test's end.
func (s *stage) start() *plugin.Process {
	s.t.Helper()
	p, err := plugin.Start(context.Background(), s.spec())
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { p.Stop(5 * time.Second) })
	return p
}

// account configures an account whose provider is at url.
func (s *stage) account(p *plugin.Process, url string) *client.Account {
	s.t.Helper()
	text, _ := json.Marshal(map[string]string{"base_url": url, "merchant": "m1", "key": "k-12345678"})
	if _, err := p.Client().Configure(context.Background(), "main", text); err != nil {
		s.t.Fatal(err)
	}
	return p.Client().Account("main")
}

// invoke has the actor obey and gives what it says.
func invoke(t testing.TB, a *client.Account) string {
	t.Helper()
	text, err := a.InvokeOperation(context.Background(), sdk.InvokeOperationRequest{Operation: "do", Input: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	var said string
	if err := json.Unmarshal(text, &said); err != nil {
		t.Fatal(err)
	}
	return said
}

// logBook keeps log records as text, and can be made to stall.
type logBook struct {
	mu    sync.Mutex
	lines []string
	stall chan struct{} // records wait until it is closed
}

func (b *logBook) Enabled(context.Context, slog.Level) bool { return true }
func (b *logBook) WithAttrs(attrs []slog.Attr) slog.Handler { return page{b, attrs} }
func (b *logBook) WithGroup(string) slog.Handler            { return b }

// page is a logBook with attributes.
type page struct {
	*logBook
	attrs []slog.Attr
}

func (p page) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(p.attrs...)
	return p.logBook.Handle(ctx, r)
}

func (b *logBook) Handle(_ context.Context, r slog.Record) error {
	b.mu.Lock()
	stall := b.stall
	b.mu.Unlock()
	if stall != nil {
		<-stall
	}
	var text strings.Builder
	fmt.Fprintf(&text, "%s %s", r.Level, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&text, " %s=%v", a.Key, a.Value)
		return true
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, text.String())
	return nil
}

func (b *logBook) setStall(c chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stall = c
}

// find gives the first line that holds all the parts.
func (b *logBook) find(parts ...string) (string, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.lines {
		all := true
		for _, part := range parts {
			all = all && strings.Contains(line, part)
		}
		if all {
			return line, true
		}
	}
	return "", false
}

func (b *logBook) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

// eventually waits for something that another process does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// running reports whether a process exists that is more than a record of its end.
func running(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}
