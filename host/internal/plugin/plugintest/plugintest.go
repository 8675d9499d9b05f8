// Package plugintest helps to test with a real plugin process: it builds the
// plugin that misbehaves on demand, and is the provider which tells it what to
// do.
package plugintest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Build compiles the actor, which lies in the folder source, to the file to,
// and gives it a version.
func Build(source, to, version string) error {
	cmd := exec.Command(
		"go",
		"build",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags",
		"-s -w -X main.version="+version,
		"-o",
		to,
		".",
	)

	cmd.Dir = source
	cmd.Env = append(
		os.Environ(),
		"CGO_ENABLED=0",
	) // as plugins are built: complete in itself
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build of %s: %w\n%s", source, err, out)
	}

	return nil
}

// BuildAll compiles one actor a version into a folder of its own, removed by
// remove: files are named by version.
func BuildAll(source string, versions ...string) (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", "actor-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(folder) } // what is left is the system's to clean

	for _, v := range versions {
		if err := Build(source, filepath.Join(folder, v), v); err != nil {
			remove()
			return "", nil, err
		}
	}

	return folder, remove, nil
}

// Provider is the provider that the actor calls. What it answers is what the
// actor does.
type Provider struct {
	URL string

	mu     sync.Mutex
	answer func(Call) string
	calls  []Call
}

// Call is one call of the actor.
type Call struct {
	Verb, Reference, Merchant, Note, Version string
	// Gone is closed when the actor no longer waits for the answer.
	Gone <-chan struct{}
}

// NewProvider returns a provider that answers "ok" to everything.
func NewProvider(t testing.TB) *Provider {
	p := &Provider{answer: func(Call) string { return "ok" }}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := callOf(r.URL.Query())
		c.Gone = r.Context().Done()
		p.mu.Lock()
		p.calls = append(p.calls, c)
		answer := p.answer
		p.mu.Unlock()
		fmt.Fprint(w, answer(c))
	}))

	t.Cleanup(s.Close)
	p.URL = s.URL
	return p
}

func callOf(q url.Values) Call {
	return Call{
		Verb:      q.Get("verb"),
		Reference: q.Get("ref"),
		Merchant:  q.Get("merchant"),
		Note:      q.Get("note"),
		Version:   q.Get("version"),
	}
}

// Answer sets what the provider answers from now on.
func (p *Provider) Answer(f func(Call) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = f
}

// Say makes the provider answer one thing from now on.
func (p *Provider) Say(order string) { p.Answer(func(Call) string { return order }) }

// Calls returns the calls that came in.
func (p *Provider) Calls() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Call(nil), p.calls...)
}

// Hold makes the calls for which which is true wait. entered gets each as it
// comes in; release lets them all go on with the order.
func (p *Provider) Hold(
	t testing.TB,
	order string,
	which func(Call) bool,
) (entered <-chan Call, release func()) {
	in, gate := make(chan Call, 64), make(chan struct{})
	var once sync.Once
	release = func() { once.Do(func() { close(gate) }) }
	t.Cleanup(release)
	p.Answer(func(c Call) string {
		if which != nil && !which(c) {
			return "ok"
		}
		in <- c
		select {
		case <-gate:
		case <-c.Gone:
		}
		return order
	})

	return in, release
}

// Await receives from c; a test whose other process does not come to that fails
// instead of hanging.
func Await[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		t.Fatal("it did not come to this")
		panic("unreachable")
	}
}
