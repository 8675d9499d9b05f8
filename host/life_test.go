package host_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/sdk"
)

// A balancer learns that the host is about to stop while it still takes
// requests.
func TestANoticeIsGivenBeforeTheListenersClose(t *testing.T) {
	cfg := settings(t)
	cfg.Host.DrainNotice = time.Minute
	where := make(addresses, 1)
	h := open(t, cfg, host.WithLogger(slog.New(where)))
	noticed, over := make(chan time.Duration, 1), make(chan time.Time)
	h.SetAfter(func(d time.Duration) <-chan time.Time {
		noticed <- d
		return over
	})

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx) }()

	url, client := "http://"+<-where, &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
	}
	if got := status(t, client, "GET", url+"/readyz", ""); got != 200 {
		t.Errorf("before: %d", got)
	}

	cancel()
	if d := <-noticed; d != time.Minute {
		t.Errorf("the notice is %s", d)
	}

	for path, want := range map[string]int{"/readyz": 503, "/healthz": 200, "/v1/payments": 200} {
		if got := status(t, client, "GET", url+path, "Bearer "+token); got != want {
			t.Errorf("during the notice %s: %d, want %d", path, got, want)
		}
	}

	close(over)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://")); err == nil {
		c.Close()
		t.Error("it still listens after the notice")
	}
}

// presented is the certificate that a host shows.
func presented(t *testing.T, address string) *x509.Certificate {
	t.Helper()
	conn, err := tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0]
}

// rewrite puts a file's content in the place of another's, as renewals do.
func rewrite(t *testing.T, path, from string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(path+".new", content, 0o600)
	}

	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestARenewedCertificateIsServed(t *testing.T) {
	cfg, renewed := settings(t), settings(t)
	certificate(t, cfg)
	certificate(t, renewed)
	address, _ := serve(t, cfg)
	first := presented(t, address)

	rewrite(t, cfg.HTTP.TLSCert, renewed.HTTP.TLSCert)
	rewrite(t, cfg.HTTP.TLSKey, renewed.HTTP.TLSKey)
	for presented(t, address).Equal(first) {
	}
}

// Half of a renewal does not fit the other file, and a file that is gone fits
// nothing: the former pair is served until both are there.
func TestHalfOfARenewalIsNotServed(t *testing.T) {
	cfg, renewed := settings(t), settings(t)
	certificate(t, cfg)
	certificate(t, renewed)
	pair, err := host.NewCertificate(cfg.HTTP.TLSCert, cfg.HTTP.TLSKey)
	if err != nil {
		t.Fatal(err)
	}

	first, err := pair.Current()
	if err != nil {
		t.Fatal(err)
	}
	serves := func(what string, same bool) {
		t.Helper()
		if got, err := pair.Current(); err != nil || got.Leaf.Equal(first.Leaf) != same {
			t.Errorf("%s: the first is served: %v, %v", what, !same, err)
		}
	}

	serves("nothing has changed", true)
	rewrite(t, cfg.HTTP.TLSCert, renewed.HTTP.TLSCert)
	serves("the key is still the old one", true)
	if err := os.Remove(cfg.HTTP.TLSKey); err != nil {
		t.Fatal(err)
	}

	serves("there is no key", true)
	rewrite(t, cfg.HTTP.TLSKey, renewed.HTTP.TLSKey)
	serves("both are new", false)
}

// Other files in the configuration count without a restart; whether there is
// TLS at all does not.
func TestOtherCertificateFilesAreServedAfterAReload(t *testing.T) {
	cfg := settings(t)
	certificate(t, cfg)
	where := make(addresses, 1)
	h := open(t, cfg, host.WithLogger(slog.New(where)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()

	address := <-where
	first := presented(t, address)

	next := *cfg
	certificate(t, &next)
	if results, err := h.Reload(t.Context(), &next, false); err != nil ||
		len(results) != 0 {
		t.Fatalf("%v, %v", results, err)
	}

	for presented(t, address).Equal(first) {
	}
	plain := next
	plain.HTTP.TLSCert, plain.HTTP.TLSKey = "", ""
	results, err := h.Reload(t.Context(), &plain, false)
	if err != nil || len(results) != 2 || results[0].Name != "http.tls_cert" ||
		results[0].Action != host.ActionRestart {
		t.Errorf("%v, %v", results, err)
	}
}

// What is nil is as if it had not been said; without a configuration there is
// an error. Nothing panics, and Close may come twice.
func TestNilIsNoReasonToPanic(t *testing.T) {
	ctx := t.Context()
	if h, err := host.Open(ctx, nil); err == nil || h != nil ||
		!strings.Contains(err.Error(), "host.LoadConfig") {
		t.Errorf("open nothing: %v, %v", h, err)
	}

	if results := host.Check(ctx, nil); len(results) != 0 {
		t.Errorf("check nothing: %v", results)
	}
	if _, err := host.WriteLock(nil); err == nil {
		t.Error("lock nothing: no error")
	}

	h, err := host.Open(
		ctx,
		settings(t),
		nil,
		host.WithLogger(nil),
		host.WithMetrics(nil),
		host.WithClock(nil),
		host.WithDebugAttach(nil),
	)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := h.Reload(ctx, nil, false); err == nil {
		t.Error("reload nothing: no error")
	}

	for range 3 {
		if err := h.Close(ctx); err != nil {
			t.Error(err)
		}
	}

	if p, err := h.CreatePayment(ctx, host.PaymentRequest{}, nil, host.IdempotencyKey("k")); err == nil {
		t.Errorf("a closed host makes %v", p)
	}
	if _, err := h.Reload(ctx, settings(t), false); err != nil {
		t.Errorf("reload a closed host without providers: %v", err)
	}

	for e, err := range h.Events(ctx, "") {
		if err == nil {
			t.Errorf("a closed host has %v", e)
		}
	}
}

func TestWhatSurroundsAHostIsChecked(t *testing.T) {
	find := func(cfg *host.Config) (found map[string]string) {
		if err := cfg.Validate(); err != nil {
			t.Fatal(err)
		}
		found = map[string]string{}
		for _, p := range host.CheckSurroundings(t.Context(), cfg) {
			found[p.Key] = p.Message
		}
		return found
	}
	if found := find(settings(t)); len(found) != 0 {
		t.Errorf("a folder that can be made: %v", found)
	}

	long := settings(t)
	long.Host.DataDir = filepath.Join(long.Host.DataDir, strings.Repeat("long", 30))
	if found := find(long); !strings.Contains(found["host.data_dir"], "a shorter") {
		t.Errorf("too long for a socket: %v", found)
	}

	file := settings(t)
	file.Host.DataDir = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file.Host.DataDir, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	for _, dir := range []string{file.Host.DataDir, filepath.Join(file.Host.DataDir, "within")} {
		file.Host.DataDir = dir
		if found := find(file); !strings.Contains(
			found["host.data_dir"],
			"cannot be written",
		) {
			t.Errorf("not a folder: %v", found)
		}
	}

	silent := settings(t)
	silent.Store.URL = sdk.NewSecret(
		"postgres://shop:hunter2@127.0.0.1:1/payhost?sslmode=disable",
	)
	if message := find(silent)["store.url"]; !strings.Contains(
		message,
		"cannot be reached",
	) ||
		strings.Contains(message, "hunter2") {
		t.Errorf("nobody listens: %q", message)
	}
}
