package host_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
	"github.com/prometheus/client_golang/prometheus"
	client "github.com/prometheus/client_model/go"
)

const token = "token-of-the-shop"

// settings returns a configuration without providers, in a folder of its own.
func settings(t *testing.T) *host.Config {
	t.Helper()
	dir := t.TempDir()
	return &host.Config{
		Host: config.Host{DataDir: filepath.Join(dir, "var"), PluginDir: dir},
		HTTP: config.HTTP{
			Listen: "127.0.0.1:0",
			Tokens: []sdk.Secret{sdk.NewSecret(token)},
		},
	}
}

// addresses hands on where hosts say that they serve, so that a test can let
// the system choose the port.
type addresses chan string

func (a addresses) Enabled(context.Context, slog.Level) bool { return true }
func (a addresses) WithAttrs([]slog.Attr) slog.Handler       { return a }
func (a addresses) WithGroup(string) slog.Handler            { return a }
func (a addresses) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "serving" {
		r.Attrs(func(at slog.Attr) bool {
			if at.Key == "address" {
				a <- at.Value.String()
			}
			return true
		})
	}
	return nil
}

// open opens a host that is closed with the test.
func open(t *testing.T, cfg *host.Config, opts ...host.Option) *host.Host {
	t.Helper()
	h, err := host.Open(t.Context(), cfg, opts...)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := h.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})

	return h
}

// serve serves a host until stop is called, which gives Serve's error.
func serve(t *testing.T, cfg *host.Config) (address string, stop func() error) {
	t.Helper()
	where := make(addresses, 1)
	h := open(t, cfg, host.WithLogger(slog.New(where)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx) }()
	stopped := false
	stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}

	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})

	select {
	case address = <-where:
	case err := <-done:
		done <- err
		t.Fatal(err)
	}

	return address, stop
}

// overSocket is a client of the admin socket that may read its secret.
func overSocket(
	path string,
) *http.Client {
	return &http.Client{Transport: withSecret{path}}
}

type withSecret struct{ socket string }

func (w withSecret) RoundTrip(r *http.Request) (*http.Response, error) {
	secret, err := os.ReadFile(filepath.Join(filepath.Dir(w.socket), host.AdminSecretFile))
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.Header.Set(host.AdminSecretHeader, strings.TrimSpace(string(secret)))
	return unixTransport(w.socket).RoundTrip(r)
}

func unixTransport(path string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
	}
}

// Permissions of a socket do not keep out a plugin, which runs as the host's
// user, should it ever come as far as the socket. The secret's file does.
func TestTheAdminSocketWantsItsSecret(t *testing.T) {
	cfg := settings(t)
	serve(t, cfg)
	path := host.SocketPath(cfg)
	info, err := os.Stat(filepath.Join(cfg.Host.DataDir, host.AdminSecretFile))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("its file is %v, %v", info.Mode(), err)
	}

	without := &http.Client{Transport: unixTransport(path)}
	for _, url := range []string{"http://host/v1/payments", "http://host/admin/reload", "http://host/healthz"} {
		if got := status(t, without, "POST", url, "Bearer "+token); got != 401 {
			t.Errorf("%s without it: %d", url, got)
		}
	}

	if got := status(t, overSocket(path), "GET", "http://host/v1/payments", ""); got != 200 {
		t.Errorf("with it: %d", got)
	}
}

func status(t *testing.T, c *http.Client, method, url, authorization string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}

	req.Header.Set("Authorization", authorization)
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}

	return resp.StatusCode
}

func TestServeListensForTheWorldAndForOperators(t *testing.T) {
	cfg := settings(t)
	address, stop := serve(t, cfg)

	world, socket := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true},
	}, overSocket(
		host.SocketPath(cfg),
	)
	for _, c := range []struct {
		client      *http.Client
		path, token string
		method      string
		want        int
	}{
		{world, "/healthz", "", "GET", 200}, {world, "/readyz", "", "GET", 200}, {world, "/metrics", "", "GET", 200}, {world, "/openapi.json", "", "GET", 200},
		{world, "/docs", "", "GET", 200}, {world, "/console/", "", "GET", 200}, {world, "/webhooks/nobody", "", "POST", 404}, {world, "/return/x", "", "GET", 404},
		{world, "/v1/payments", "", "GET", 401}, {world, "/v1/payments", "Bearer " + token, "GET", 200}, {world, "/admin/reload", "Bearer " + token, "POST", 404},
		{socket, "/v1/payments", "", "GET", 200}, {socket, "/admin/reload", "", "POST", 422}, {socket, "/healthz", "", "GET", 200},
	} {
		if got := status(t, c.client, c.method, "http://"+address+c.path, c.token); got != c.want {
			t.Errorf("%s %s with %q: %d, want %d", c.method, c.path, c.token, got, c.want)
		}
	}

	info, err := os.Stat(host.SocketPath(cfg))
	if err != nil || info.Mode().Perm() != 0o600 || info.Mode().Type() != os.ModeSocket {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	if folder, err := os.Stat(cfg.Host.DataDir); err != nil ||
		folder.Mode().Perm() != 0o700 {
		t.Errorf("its folder is %v, %v", folder.Mode(), err)
	}

	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(host.SocketPath(cfg)); !os.IsNotExist(err) {
		t.Errorf("the socket is left behind: %v", err)
	}

	if c, err := net.Dial("tcp", address); err == nil {
		c.Close()
		t.Error("it still listens")
	}
}

func TestASocketThatWasLeftIsReplacedAndOneInUseIsNot(t *testing.T) {
	cfg := settings(t)
	if err := os.MkdirAll(cfg.Host.DataDir, 0o700); err != nil {
		t.Fatal(err)
	}
	left, err := net.ListenUnix(
		"unix",
		&net.UnixAddr{Name: host.SocketPath(cfg), Net: "unix"},
	)
	if err != nil {
		t.Fatal(err)
	}

	left.SetUnlinkOnClose(false)
	left.Close() // as a killed host leaves it
	serve(t, cfg)
	second := settings(t)
	second.Host.DataDir, second.Store.URL = cfg.Host.DataDir, sdk.NewSecret(
		"sqlite:"+filepath.Join(t.TempDir(), "other.db"),
	)
	err = open(t, second).Serve(t.Context())
	if err == nil || !strings.Contains(err.Error(), "another host answers on") {
		t.Errorf("a second host on one data_dir: %v", err)
	}

	if got := status(t, overSocket(host.SocketPath(cfg)), "GET", "http://host/healthz", ""); got != 200 {
		t.Errorf("the first host's socket is gone: %d", got)
	}
}

func TestServeSaysWhyItCannotListen(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	cfg := settings(t)
	cfg.HTTP.Listen = taken.Addr().String()
	if err := open(t, cfg).Serve(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "http.listen") ||
		!strings.Contains(err.Error(), taken.Addr().String()) {
		t.Errorf("a taken address: %v", err)
	}

	cfg = settings(t)
	cfg.Host.DataDir = filepath.Join(cfg.Host.DataDir, strings.Repeat("long", 30))
	if err := open(t, cfg).Serve(t.Context()); err == nil ||
		!strings.Contains(err.Error(), "choose a shorter host.data_dir") {
		t.Errorf("a long path: %v", err)
	}
}

func TestARequestInFlightComesToItsEnd(t *testing.T) {
	address, stop := serve(t, settings(t))
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	// The host has begun to read this request when it says "100 Continue".
	fmt.Fprintf(
		conn,
		"POST /v1/payments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: 2\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\r\n",
		token,
	)
	begun := make([]byte, len("HTTP/1.1 100 Continue\r\n\r\n"))
	if _, err := io.ReadFull(conn, begun); err != nil ||
		!bytes.HasPrefix(begun, []byte("HTTP/1.1 100")) {
		t.Fatalf("%q, %v", begun, err)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()

	for { // until it listens no more
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		c.Close()
	}

	fmt.Fprint(conn, "{}")
	answer := make([]byte, len("HTTP/1.1 422"))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 422" {
		t.Errorf("answered %q, %v", answer, err)
	}

	conn.Close()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

func TestServeSpeaksTLS(t *testing.T) {
	cfg := settings(t)
	pool := certificate(t, cfg)
	address, _ := serve(t, cfg)
	c := &http.Client{
		Transport: &http.Transport{
			DisableKeepAlives: true,
			ForceAttemptHTTP2: true,
			TLSClientConfig:   &tls.Config{RootCAs: pool},
		},
	}

	resp, err := c.Get("https://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()

	if resp.StatusCode != 200 || resp.ProtoMajor != 2 ||
		resp.TLS.Version < tls.VersionTLS12 {
		t.Errorf("%s over %s", resp.Status, resp.Proto)
	}
}

// certificate writes a certificate for 127.0.0.1 and names it in cfg.
func certificate(t *testing.T, cfg *host.Config) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}

	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}

	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cfg.HTTP.TLSCert, cfg.HTTP.TLSKey = filepath.Join(
		dir,
		"cert.pem",
	), filepath.Join(
		dir,
		"key.pem",
	)

	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for path, content := range map[string][]byte{cfg.HTTP.TLSCert: text, cfg.HTTP.TLSKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

func TestTheHandlersCanBeMounted(t *testing.T) {
	h := open(t, settings(t))
	mux := http.NewServeMux()
	mux.Handle("/v1/", h.APIHandler())
	mux.Handle("/webhooks/", h.WebhookHandler())
	mux.Handle("/pay/", http.StripPrefix("/pay", h.Handler()))

	for path, want := range map[string]int{"/v1/payments": 200, "/v1/nothing": 404, "/webhooks/nobody": 404, "/pay/healthz": 200, "/pay/v1/payments": 200, "/healthz": 404} {
		w, r := httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		if mux.ServeHTTP(w, r); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}

// Services give several hosts one registry, one after the other or together:
// none of them fails for it.
func TestHostsMayShareARegistryOfMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	shows := func() bool {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(
			families,
			func(f *client.MetricFamily) bool { return f.GetName() == "payhost_events_pending" },
		)
	}

	first, err := host.Open(t.Context(), settings(t), host.WithMetrics(registry))
	if err != nil {
		t.Fatal(err)
	}
	open(t, settings(t), host.WithMetrics(registry))
	if !shows() {
		t.Error("nobody's backlog is shown")
	}

	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	open(t, settings(t), host.WithMetrics(registry))
	if !shows() {
		t.Error("the host that came after the first does not show its backlog")
	}
}
