package node

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What keeps a plugin from the rest of the machine holds for one in JavaScript
// as well: nothing of it has to be taken away so that Node.js runs.
func TestPluginIsConfined(t *testing.T) {
	s := newStage(t)
	p := s.acme()
	t.Logf(
		"in force: %s; missing: %s",
		strings.Join(p.Isolation, ", "),
		strings.Join(p.IsolationMissing, ", "),
	)

	for _, what := range []string{"no new privileges", "1024 MiB of memory", "own files only", "no core dumps"} {
		starts := func(said string) bool { return strings.HasPrefix(said, what) }
		if !slices.ContainsFunc(p.Isolation, starts) &&
			!slices.ContainsFunc(p.IsolationMissing, starts) {
			t.Errorf("nothing is said of %q", what)
		}
	}
}

// A host that is killed cannot say goodbye. Its plugin ends all the same.
func TestPluginEndsWithItsHost(t *testing.T) {
	plugins := built(t)
	dir, payhost := t.TempDir(), command(t)
	config := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(config, fmt.Appendf(nil, `
[host]
plugin_dir = %q
data_dir = "var"
[http]
listen = "127.0.0.1:0"
[providers.acme]
plugin = "acme"
[providers.acme.config]
environment = "sandbox"
base_url = "http://127.0.0.1:1"
merchant_id = "M-0047"
api_key = "not a real key"
webhook_keys = ["nor is this one"]
`, plugins), 0o600); err != nil {
		t.Fatal(err)
	}

	host := exec.Command(payhost, "serve", "--config", config)
	host.Stderr = os.Stderr
	said, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = host.Process.Kill()
		_ = host.Wait() // it was killed
	}()

	lines := bufio.NewScanner(said)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "payhost ready: ") {
	}
	plugin := watch(t, pidOf(t, payhost, config))
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}

	fds := []unix.PollFd{{Fd: int32(plugin), Events: unix.POLLIN}}
	for { // a descriptor of a process can be read when that has ended
		n, err := unix.Poll(fds, 60_000)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if n != 1 || err != nil {
			t.Errorf("the plugin lives on: %d, %v", n, err)
		}

		return
	}
}

// pidOf asks a running host for its plugin's process.
func pidOf(t *testing.T, payhost, config string) int {
	t.Helper()
	out, err := exec.Command(payhost, "providers", "show", "acme", "--json", "--config", config).
		Output()
	if err != nil {
		t.Fatalf("payhost providers show: %v\n%s", err, out)
	}

	var p struct {
		State string `json:"state"`
		PID   int    `json:"pid"`
	}
	if err := json.Unmarshal(out, &p); err != nil || p.State != "ready" || p.PID == 0 {
		t.Fatalf("the plugin is not ready: %v\n%s", err, out)
	}

	return p.PID
}

// watch returns a descriptor of the process, which stays its own when its
// number goes to another.
func watch(t *testing.T, pid int) int {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) }) // it was only watched
	return fd
}
