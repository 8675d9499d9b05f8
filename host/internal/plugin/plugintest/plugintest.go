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
// with a version.
func Build(source, to, version string) error {
	flags := "-s -w -X main.version=" + version
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", to, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as plugins are built: complete in itself
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build of %s: %w\n%s", source, err, out)
	}

	return nil
}

// BuildAll compiles the actor once for each version into a new folder, where
// files are named by version. The caller must call remove.
func BuildAll(source string, versions ...string) (folder string, remove func(), err error) {
	folder, err = os.MkdirTemp("", "actor-")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(folder) } // the system cleans up what is left

	for _, version := range versions {
		if err := Build(source, filepath.Join(folder, version), version); err != nil {
			remove()
			return "", nil, err
		}
	}

	return folder, remove, nil
}

// Provider is the provider that the actor calls. The actor does what it
// answers.
type Provider struct {
	URL string

	mu     sync.Mutex
	answer func(Call) string
	calls  []Call
}

// Call is one call of the actor.
type Call struct {
	Verb      string
	Reference string
	Merchant  string
	Note      string
	Version   string

	// Gone is closed when the actor no longer waits for the answer.
	Gone <-chan struct{}
}

// NewProvider returns a provider that answers "ok" to everything.
func NewProvider(t testing.TB) *Provider {
	provider := &Provider{answer: func(Call) string { return "ok" }}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	provider.URL = server.URL
	return provider
}

// ServeHTTP answers the actor.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := callOf(r.URL.Query())
	call.Gone = r.Context().Done()

	p.mu.Lock()
	p.calls = append(p.calls, call)
	answer := p.answer
	p.mu.Unlock()
	fmt.Fprint(w, answer(call))
}

func callOf(query url.Values) Call {
	return Call{
		Verb:      query.Get("verb"),
		Reference: query.Get("ref"),
		Merchant:  query.Get("merchant"),
		Note:      query.Get("note"),
		Version:   query.Get("version"),
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

// Hold makes the calls wait for which the function which returns true; nil
// holds all. entered gets each call as it comes in; release lets all of them go
// on with the order.
func (p *Provider) Hold(
	t testing.TB,
	order string,
	which func(Call) bool,
) (entered <-chan Call, release func()) {
	in := make(chan Call, 64)
	gate := make(chan struct{})
	var once sync.Once
	release = func() { once.Do(func() { close(gate) }) }
	t.Cleanup(release)

	p.Answer(func(call Call) string {
		if which != nil && !which(call) {
			return "ok"
		}
		in <- call
		select {
		case <-gate:
		case <-call.Gone:
		}
		return order
	})

	return in, release
}

// Await receives from a channel. A test whose other process sends nothing fails
// instead of hanging.
func Await[T any](t testing.TB, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(30 * time.Second):
		t.Fatal("it did not come to this")
		panic("unreachable")
	}
}
