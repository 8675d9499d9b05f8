package conformance

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, _ = w.Write(append([]byte(r.Method+" "), body...))
}

func openTap(t *testing.T, login string) *tap {
	t.Helper()
	tap, err := newTap(http.HandlerFunc(echoBody), login)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tap.close)
	return tap
}

func newTestTap(t *testing.T) (*tap, func(ctx context.Context, method string) (string, error)) {
	t.Helper()
	tap := openTap(t, "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return tap, func(ctx context.Context, method string) (string, error) {
		req, err := http.NewRequestWithContext(ctx, method, tap.url, strings.NewReader("body"))
		if err != nil {
			return "", err
		}
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		return string(text), err
	}
}

func TestTapCounts(t *testing.T) {
	tap, ask := newTestTap(t)
	for _, method := range []string{"GET", "POST"} {
		if got, err := ask(t.Context(), method); err != nil || got != method+" body" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if got := tap.since(); !slices.Equal(got, []string{"GET", "POST"}) {
		t.Errorf("seen: %q", got)
	}
	tap.mark()
	if got := tap.since(); len(got) > 0 {
		t.Errorf("seen after mark: %q", got)
	}
}

func TestTapLetsLoginsThrough(t *testing.T) {
	tap := openTap(t, "/oauth/token")
	tap.instead(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	for path, want := range map[string]int{"/oauth/token": http.StatusOK, "/charges": http.StatusBadGateway} {
		resp, err := http.Post(tap.url+path, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s was answered with %d", path, resp.StatusCode)
		}
	}
	if seen := tap.since(); !slices.Equal(seen, []string{"POST"}) || tap.all() != 2 {
		t.Errorf("seen %q, and %d with logins", seen, tap.all())
	}
	if tap.mark(); tap.all() != 0 {
		t.Errorf("%d after mark", tap.all())
	}
}

func TestTapHolds(t *testing.T) {
	tap, ask := newTestTap(t)
	came, gone, release := make(chan struct{}, 8), make(chan struct{}, 8), make(chan struct{})
	tap.hold("POST", came, gone, release)
	if got, err := ask(t.Context(), "GET"); err != nil || got != "GET body" {
		t.Errorf("another method: got %q, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-came
		cancel()
	}()
	if _, err := ask(ctx, "POST"); err == nil {
		t.Error("a held request was answered")
	}
	<-gone
	go func() {
		<-came
		close(release)
	}()
	if got, err := ask(t.Context(), "POST"); err != nil || got != "POST body" {
		t.Errorf("released: got %q, %v", got, err)
	}
}

func TestNobodyListensAtTheAwayURL(t *testing.T) {
	resp, err := http.Get(awayURL)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}
