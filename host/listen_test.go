package host_test

import (
	"context"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/payhost/payhost/host"
)

// doors hands on where a host serves, by the names that its log gives them.
type doors chan map[string]string

func (d doors) Enabled(context.Context, slog.Level) bool { return true }
func (d doors) WithAttrs([]slog.Attr) slog.Handler       { return d }
func (d doors) WithGroup(string) slog.Handler            { return d }
func (d doors) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "serving" {
		found := map[string]string{}
		r.Attrs(func(at slog.Attr) bool {
			found[at.Key] = at.Value.String()
			return true
		})
		d <- found
	}
	return nil
}

// serveAll serves a host, and returns where, until the test ends.
func serveAll(t *testing.T, cfg *host.Config) map[string]string {
	t.Helper()
	where := make(doors, 1)
	h := open(t, cfg, host.WithLogger(slog.New(where)))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx) }()

	select {
	case found := <-where:
		t.Cleanup(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})

		return found

	case err := <-done:
		cancel()
		t.Fatal(err)
		return nil
	}
}

func TestWhatIsServedWhereWithAPrivateListener(t *testing.T) {
	cfg := settings(t)
	cfg.HTTP.PrivateListen = "127.0.0.1:0"
	where := serveAll(t, cfg)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

	for path, want := range map[string]struct{ public, private int }{
		"/healthz":         {200, 200},
		"/readyz":          {200, 200},
		"/webhooks/nobody": {404, 404},
		"/v1/payments":     {404, 200},
		"/metrics":         {404, 200},
		"/docs":            {404, 200},
		"/openapi.json":    {404, 200},
		"/console/":        {404, 200},
		"/":                {404, 303},
		"/admin/reload":    {404, 404},
	} {
		public := status(t, client, "GET", "http://"+where["address"]+path, "Bearer "+token)
		private := status(
			t,
			client,
			"GET",
			"http://"+where["private_address"]+path,
			"Bearer "+token,
		)
		if (public != want.public) || (private != want.private) {
			t.Errorf(
				"%s: %d and %d, want %d and %d",
				path,
				public,
				private,
				want.public,
				want.private,
			)
		}
	}
}

func TestAPrivateListenerThatIsTakenKeepsTheHostFromServing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	cfg := settings(t)
	cfg.HTTP.PrivateListen = taken.Addr().String()
	if err := open(t, cfg).Serve(t.Context()); (err == nil) ||
		!strings.Contains(err.Error(), "http.private_listen") {
		t.Errorf("served with %v", err)
	}
}

func TestAProxyComesThroughASocket(t *testing.T) {
	cfg := settings(t)
	socket := filepath.Join(t.TempDir(), "proxy.sock")
	cfg.Host.PublicURL, cfg.HTTP.Listen = "https://pay.example", "unix:"+socket

	// A host that was killed has left its socket.
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}

	left.SetUnlinkOnClose(false)
	left.Close()

	where := serveAll(t, cfg)
	proxy := &http.Client{Transport: unixTransport(where["address"])}
	if got := status(t, proxy, "GET", "http://host/healthz", ""); got != 200 {
		t.Errorf("the proxy is answered %d", got)
	}

	info, err := os.Stat(socket)
	if (err != nil) || (info.Mode().Perm() != 0o660) ||
		(info.Mode().Type() != fs.ModeSocket) {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
}

// A mistake in the path must not cost a file.
func TestAFileIsNoSocketThatWasLeft(t *testing.T) {
	cfg := settings(t)
	file := filepath.Join(t.TempDir(), "payhost.db")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}

	cfg.Host.PublicURL, cfg.HTTP.Listen = "https://pay.example", "unix:"+file
	if err := open(t, cfg).Serve(t.Context()); (err == nil) ||
		!strings.Contains(err.Error(), "http.listen") {
		t.Errorf("served with %v", err)
	}

	if text, err := os.ReadFile(file); (err != nil) || (string(text) != "precious") {
		t.Errorf("the file is %q, %v", text, err)
	}
}
