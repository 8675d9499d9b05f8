package chaos

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const apiToken = "chaos-token"

// world is the simulated providers and the hosts of one campaign.
type world struct {
	t     *testing.T
	dir   string
	books map[string]string // the simulators' addresses by name
	hosts []*host
	// crashDatabase kills the database's server and starts it again; nil where
	// the database is a file.
	crashDatabase func()
	receiver      *receiver
	// cutters stand between the hosts and a PostgreSQL, one for each; none
	// where the database is a file. readOnly makes the database one that can
	// only be read, as a fail-over does, and the other way round.
	cutters  []*cutter
	readOnly func(on bool)
}

// newWorld starts the providers and hosts on one store.
func newWorld(t *testing.T, hosts int, store string, crash func()) *world {
	t.Helper()
	w := &world{
		t:             t,
		dir:           t.TempDir(),
		books:         map[string]string{},
		crashDatabase: crash,
		receiver:      newReceiver(t),
	}

	w.startSandbox()
	days := daysOf(hosts)

	for n := range hosts {
		h := &host{
			world:    w,
			address:  freeAddress(t),
			programs: programsOf(days[n]),
			config:   filepath.Join(w.dir, fmt.Sprintf("host%d.toml", n)),
		}
		url := store
		if url == "" {
			url = "sqlite:" + filepath.Join(w.dir, "payhost.db")
		} else {
			c, through := newCutter(t, url)
			w.cutters, url = append(w.cutters, c), through
		}

		if err := os.WriteFile(h.config, []byte(w.configOf(h, n, url)), 0o600); err != nil {
			t.Fatal(err)
		}
		w.hosts = append(w.hosts, h)
		if err := h.start(); err != nil {
			t.Fatal(err)
		}
	}

	t.Cleanup(func() {
		for _, h := range w.hosts {
			h.kill(syscall.SIGKILL)
		}
	})

	return w
}

// configOf has short timeouts: what a killed host leaves is another's only
// after its deadline and thirty seconds.
func (w *world) configOf(h *host, n int, store string) string {
	return fmt.Sprintf(`[host]
public_url = "http://%s"
plugin_dir = %q
data_dir = "data%d"
[http]
listen = %q
tokens = [%q]
[store]
url = %q
[log]
level = "warn"
[events]
url = %q
secret = "chaos"
[providers.ptop]
plugin = "ptop"
timeout = "2s"
drain_timeout = "1s"
[providers.ptop.config]
environment = "sandbox"
base_url = %q
website_id = "w123456"
secret_key = "ptop-sandbox-secret-key"
the_signature = "ptop-sandbox-the-signature"
website_url = "https://shop.example"
[providers.reference]
plugin = "reference"
timeout = "2s"
drain_timeout = "1s"
[providers.reference.config]
environment = "sandbox"
base_url = %q
merchant_id = "M-0047"
api_key = "ak/+ref&7Yp2=Qm\"9Xw"
signing_key = "sk<ref>%%8Rt4?Zn6 Lc3"
webhook_keys = ["wk:ref;5Hd1'Vb8\\Tg0", "wk:ref;2Ks9'Fj4\\Pe7"]
`, h.address, filepath.Join(h.programs, "plugins"), n, h.address, apiToken, store, w.receiver.URL, w.books["ptop"], w.books["reference"])
}

func (w *world) startSandbox() {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "sandbox"), "-listen", "127.0.0.1:0")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}

	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}

	lines := bufio.NewScanner(pipe)
	for (w.books["ptop"] == "" || w.books["reference"] == "") && lines.Scan() {
		name, address, _ := strings.Cut(lines.Text(), "\t")
		w.books[name] = address
	}

	go func() { _, _ = io.Copy(io.Discard, pipe) }()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// host is one payhost on a configuration of its own. It may be killed and
// started any number of times.
type host struct {
	*world
	address, config string
	programs        string // the folder of payhost, and of the plugins

	mu     sync.Mutex
	cmd    *exec.Cmd
	done   chan struct{}
	log    strings.Builder // of all its lives
	frozen sync.Mutex      // held while the host is stopped: nobody else may touch it then
}

// freeze stops the host's process for a while, as a suspended machine would be,
// and lets it go on.
func (h *host) freeze(ctx context.Context, d time.Duration) {
	h.frozen.Lock()
	defer h.frozen.Unlock()
	h.mu.Lock()
	process := h.cmd.Process
	h.mu.Unlock()
	_ = process.Signal(syscall.SIGSTOP)
	pause(ctx, d)
	_ = process.Signal(syscall.SIGCONT)
}

// start returns when the host says that it is ready, or has ended before: a
// database that is away ends it.
func (h *host) start() error {
	cmd := exec.Command(filepath.Join(h.programs, "payhost"), "serve", "--config", h.config)
	cmd.Dir = h.dir
	r, wr, err := os.Pipe()
	if err != nil {
		return err
	}

	cmd.Stdout, cmd.Stderr = wr, wr
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = wr.Close()
	ready, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		lines := bufio.NewReader(r)

		for {
			line, err := lines.ReadString('\n')
			h.mu.Lock()
			h.log.WriteString(line)
			h.mu.Unlock()
			if strings.Contains(line, "payhost ready:") {
				close(ready)
			}

			if err != nil {
				break
			}
		}

		_ = r.Close()
		_ = cmd.Wait()
	}()

	h.mu.Lock()
	h.cmd, h.done = cmd, done
	h.mu.Unlock()

	select {
	case <-ready:
		return nil
	case <-done:
		return errors.New("the host ended before it was ready")
	}
}

// kill ends the host's process and waits for its end.
func (h *host) kill(signal syscall.Signal) {
	h.frozen.Lock()
	defer h.frozen.Unlock()
	h.mu.Lock()
	cmd, done := h.cmd, h.done
	h.mu.Unlock()
	_ = cmd.Process.Signal(signal)
	<-done
}

// plugins returns the processes of the host's plugins, as the system has them:
// a host that is dying cannot be asked.
func (h *host) plugins() []int {
	h.mu.Lock()
	parent := h.cmd.Process.Pid
	h.mu.Unlock()
	return childrenOf(parent)
}

func (h *host) logged() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.log.String()
}

// childrenOf reads /proc.
func childrenOf(parent int) (list []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		var pid, ppid int
		var state string
		_, rest, _ := strings.Cut(string(text), ") ")
		if _, err := fmt.Sscanf(rest, "%s %d", &state, &ppid); err != nil ||
			ppid != parent {
			continue
		}

		if _, err := fmt.Sscanf(string(text), "%d", &pid); err == nil {
			list = append(list, pid)
		}
	}

	return list
}

var client = &http.Client{
	Timeout:       45 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DisableKeepAlives: true},
}

// call makes a request and decodes a JSON answer. An error means that nobody
// knows whether it arrived.
func call(ctx context.Context, method, url, key, body string, into any) (int, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+apiToken)
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}

	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()

	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if into != nil && resp.StatusCode < 300 {
		if err := json.Unmarshal(data, into); err != nil {
			return 0, fmt.Errorf("%s %s: %d %q", method, url, resp.StatusCode, data)
		}
	}

	return resp.StatusCode, nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
