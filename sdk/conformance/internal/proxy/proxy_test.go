package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/payhost/payhost/sdk/conformance/control"
)

func echoBody(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	_, _ = w.Write(append([]byte(r.Method+" "), body...))
}

func openProxy(t *testing.T, login string) *Proxy {
	t.Helper()
	proxy, err := New(http.HandlerFunc(echoBody), login)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	return proxy
}

func newTestProxy(
	t *testing.T,
) (*Proxy, func(ctx context.Context, method string) (string, error)) {
	t.Helper()
	proxy := openProxy(t, "")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

	return proxy, func(ctx context.Context, method string) (string, error) {
		req, err := http.NewRequestWithContext(
			ctx,
			method,
			proxy.URL,
			strings.NewReader("body"),
		)
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

func TestProxyCounts(t *testing.T) {
	proxy, ask := newTestProxy(t)
	for _, method := range []string{"GET", "POST"} {
		if got, err := ask(t.Context(), method); err != nil || got != method+" body" {
			t.Errorf("got %q, %v", got, err)
		}
	}

	if got := proxy.Since(); !slices.Equal(got, []string{"GET", "POST"}) {
		t.Errorf("seen: %q", got)
	}
	proxy.Mark()
	if got := proxy.Since(); len(got) > 0 {
		t.Errorf("seen after mark: %q", got)
	}
}

func TestProxyLetsLoginsThrough(t *testing.T) {
	proxy := openProxy(t, "/oauth/token")
	proxy.Instead(
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) },
	)

	for path, want := range map[string]int{"/oauth/token": http.StatusOK, "/charges": http.StatusBadGateway} {
		resp, err := http.Post(proxy.URL+path, "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s was answered with %d", path, resp.StatusCode)
		}
	}

	if seen := proxy.Since(); !slices.Equal(seen, []string{"POST"}) || proxy.All() != 2 {
		t.Errorf("seen %q, and %d with logins", seen, proxy.All())
	}
	if proxy.Mark(); proxy.All() != 0 {
		t.Errorf("%d after mark", proxy.All())
	}
}

func TestProxyHolds(t *testing.T) {
	proxy, ask := newTestProxy(t)
	came := make(chan struct{}, 8)
	gone := make(chan struct{}, 8)
	release := make(chan struct{})
	proxy.Hold("POST", came, gone, release)
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

func TestNothingListensAtAwayURL(t *testing.T) {
	resp, err := http.Get(AwayURL)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}

// What the plugin sends reaches the simulator's API under its path, and the
// simulator learns where the kit stands.
func TestARemoteSimulatorIsReachedThroughTheProxy(t *testing.T) {
	api := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = io.WriteString(
			w,
			r.Method+" "+r.RequestURI+" "+string(
				body,
			)+" for "+r.Header.Get(
				"X-Forwarded-Host",
			),
		)
	})

	server := httptest.NewServer(http.StripPrefix("/acme", control.Handler(api, nil)))
	defer server.Close()
	r, err := control.Dial(t.Context(), server.URL+"/acme/")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()

	proxy, err := New(r, "")
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()

	resp, err := http.Post(
		proxy.URL+"/v1/pay?a=%2F",
		"text/plain",
		strings.NewReader("body"),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	got, _ := io.ReadAll(resp.Body)
	if want := "POST /acme/v1/pay?a=%2F body for " + strings.TrimPrefix(proxy.URL, "http://"); string(
		got,
	) != want {
		t.Errorf("got %q, want %q", got, want)
	}

	http.DefaultClient.CloseIdleConnections()
}
