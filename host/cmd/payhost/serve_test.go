package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// serve starts a host on a free port and waits until it is ready.
func serve(t *testing.T, folder string) *command {
	t.Helper()
	c := start(t, folder, "", "serve")
	c.until(t, c.stdout, "payhost ready: http://127.0.0.1:")
	return c
}

// hostConfig is a host with one provider, which is at an address of the test's.
func hostConfig(t *testing.T, more, address string) (folder, listen string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	listen = l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	folder = configure(t, more+`
[http]
listen = "`+listen+`"
[providers.shop]
plugin = "ptop"
[providers.shop.config]
base_url = "`+address+`"`+rightConfig)

	return folder, listen
}

func (c *command) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := c.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func TestServeAndTheCommandsOnIt(t *testing.T) {
	t.Parallel()
	folder, listen := hostConfig(t, "[log]\nformat = \"json\"\n", "http://127.0.0.1:1")
	c := serve(t, folder)
	if want := fmt.Sprintf("payhost ready: http://%s (console /console/, docs /docs, openapi /openapi.json)\n", listen); c.stdout.String() != want {
		t.Errorf("said %q, want %q", c.stdout, want)
	}

	resp, err := http.Get("http://" + listen + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if resp.Body.Close(); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("healthz: %s %s %v", resp.Status, body, err)
	}

	run := func(exit int, want string, args ...string) {
		t.Helper()
		r := start(t, folder, "", args...).wait(t)
		if r.exit != exit || !strings.Contains(r.stdout+r.stderr, want) {
			t.Errorf(
				"%q: exit %d without %q:\n%s\n%s",
				args,
				r.exit,
				want,
				r.stdout,
				r.stderr,
			)
		}
	}

	run(exitDone, "ready", "providers")
	run(exitDone, "http://"+listen+"/webhooks/shop/", "providers", "show", "shop")
	run(
		exitFailed,
		"has not moved",
		"pay",
		"--provider",
		"shop",
		"--amount",
		"5.00",
		"--currency",
		"USD",
		"--idempotency-key",
		"o-1",
	)

	run(
		exitFailed,
		"nothing was done again",
		"pay",
		"--provider",
		"shop",
		"--amount",
		"5.00",
		"--currency",
		"USD",
		"--idempotency-key",
		"o-1",
	)

	run(
		exitFailed,
		"idempotency_conflict",
		"pay",
		"--provider",
		"shop",
		"--amount",
		"6.00",
		"--currency",
		"USD",
		"--idempotency-key",
		"o-1",
	)

	run(
		exitFailed,
		"customer.email",
		"pay",
		"--provider",
		"shop",
		"--amount",
		"x",
		"--currency",
		"USD",
		"--customer-email",
		"\t",
		"--idempotency-key",
		"o-2",
	)

	run(exitDone, "5.00 USD", "payments", "--status", "failed", "--from", "1h")
	run(exitDone, "payment.failed", "events")
	run(exitDone, "unchanged", "reload")
	run(exitDone, "WEBHOOK", "webhooks")
	run(exitDone, "shop", "check") // beside the running host

	// A second host on the same database would take the first one's work for
	// abandoned, one on the same folder its socket.
	other := filepath.Join(folder, "other.toml")
	text, err := os.ReadFile(filepath.Join(folder, "config.toml"))
	if err != nil {
		t.Fatal(err)
	}

	elsewhere := strings.Replace(string(text), listen, "127.0.0.1:0", 1)
	write(t, other, elsewhere)
	run(exitFailed, "another host has", "serve", "--config", "other.toml")
	write(t, other, elsewhere+"\n[store]\nurl = \"sqlite:other.db\"\n")
	run(exitFailed, "another host answers", "serve", "--config", "other.toml")
	c.signal(t, os.Interrupt)
	if r := c.wait(t); r.exit != exitDone || !strings.HasPrefix(r.stderr, "{") {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}

	run(
		exitFailed,
		"no host is running on var/payhost.sock: start one with payhost serve",
		"payments",
	)
}

func TestServeReloadsOnSignalAndOnChange(t *testing.T) {
	t.Parallel()
	folder, _ := hostConfig(t, "watch = true\n", "http://127.0.0.1:1")
	c := serve(t, folder)
	if strings.Contains(c.stderr.String(), "msg=reloading") {
		t.Error("a file that has not changed is reloaded")
	}

	file := filepath.Join(folder, "config.toml")
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}

	write(t, file, string(right)+"\nno_such_key = 1\n")
	c.until(
		t,
		c.stderr,
		"config.toml:16: providers.shop.config.no_such_key: is not a known key",
	)
	c.until(t, c.stderr, "msg=reloaded failed=1")

	// Put in place of the old one, as editors do.
	write(
		t,
		file+".new",
		strings.Replace(
			string(right),
			"[providers.shop]\n",
			"[providers.shop]\nmax_in_flight = 7\n",
			1,
		)+"\n[log]\nlevel = \"loud\"\n",
	)

	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	c.until(t, c.stderr, `\"loud\" is not a level`)
	c.until(t, c.stderr, "nothing has changed: the configuration is not valid")
	write(
		t,
		file+".new",
		strings.Replace(
			string(right),
			"[providers.shop]\n",
			"[providers.shop]\nmax_in_flight = 7\n",
			1,
		),
	)

	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	c.until(t, c.stderr, "msg=reloaded reconfigured=1")
	c.signal(t, syscall.SIGHUP)
	c.until(t, c.stderr, "msg=reloaded unchanged=1")
	if r := start(t, folder, "", "providers", "show", "shop").wait(t); !strings.Contains(
		r.stdout,
		"0 of 7",
	) {
		t.Errorf("the change is not in force:\n%s", r.stdout)
	}

	c.signal(t, syscall.SIGTERM)
	if r := c.wait(t); r.exit != exitDone {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}

// The first signal waits for what is in flight, the second does not.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	silent := httptest.NewServer(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			close(asked)
			<-r.Context().Done()
		}),
	)
	defer silent.Close()

	folder, _ := hostConfig(t, "", silent.URL)
	c := serve(t, folder)
	pay := start(
		t,
		folder,
		"",
		"pay",
		"--provider",
		"shop",
		"--amount",
		"5.00",
		"--currency",
		"USD",
		"--idempotency-key",
		"o-1",
	)

	<-asked
	c.signal(t, syscall.SIGTERM)
	c.until(t, c.stderr, "another signal stops at once")

	select {
	case <-c.exited:
		t.Error("the host ended with a payment in flight")
	default:
	}

	c.signal(t, syscall.SIGTERM)
	if r := c.wait(t); r.exit != exitFailed ||
		!strings.Contains(r.stderr, "stopping at once") {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}

	if r := pay.wait(t); r.exit != exitFailed ||
		!strings.Contains(r.stderr, "may have moved") {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}

func TestServeCannotListen(t *testing.T) {
	t.Parallel()
	folder, listen := hostConfig(t, "", "http://127.0.0.1:1")
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()

	r := start(t, folder, "", "serve").wait(t)
	if r.exit != exitFailed ||
		!strings.Contains(r.stderr, "payhost: serve: http.listen: ") ||
		r.stdout != "" {
		t.Errorf("exit %d\n%s", r.exit, r.stderr)
	}
}
