package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// bin is where TestMain puts the programs.
var bin string

func TestMain(m *testing.M) {
	if order, ok := os.LookupEnv(attackVariable); ok {
		os.Exit(beAttackers(order))
	}
	os.Exit(build(m))
}

func build(m *testing.M) int {
	dir, err := os.MkdirTemp("", "payhost-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)

	bin = dir
	for target, packages := range map[string][]string{
		dir:                           {"./host/cmd/payhost", "./plugins/sandbox"},
		filepath.Join(dir, "plugins"): append(plugins(), "./internal/e2e/testdata/careless"),
	} {
		// Built as "make build" does it: what one has compiled the others find
		// in the cache.
		cmd := exec.Command(
			"go",
			append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w",
				"-o", target + string(filepath.Separator)}, packages...)...)
		cmd.Dir, cmd.Env = filepath.Join("..", ".."), append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
	}

	return m.Run()
}

// plugins are the packages of all the plugins that there are.
func plugins() (packages []string) {
	mains, _ := filepath.Glob(filepath.Join("..", "..", "plugins", "*", "main.go"))
	for _, m := range mains {
		if name := filepath.Base(filepath.Dir(m)); name != "sandbox" {
			packages = append(packages, "./plugins/"+name)
		}
	}
	return packages
}

// The secrets of these tests: they must be nowhere but on the provider's wire.
// The simulator takes its own two only.
const (
	apiToken     = "canary-api-token-5e1f"
	secretKey    = "ptop-sandbox-secret-key"
	theSignature = "ptop-sandbox-the-signature"
)

// world is a sandbox, a configuration and hosts on it.
type world struct {
	t       *testing.T
	dir     string
	base    string // the host's URL
	sandbox string // the simulator's URL
	other   string // the URL of the reference provider's
	config  string
	env     []string
}

// newWorld starts a sandbox and writes a configuration for it.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir()}
	w.startSandbox()
	w.base = "http://" + freeAddress(t)
	w.config = filepath.Join(w.dir, "config.toml")
	w.env = append(
		os.Environ(),
		"E2E_TOKEN="+apiToken,
		"E2E_SECRET="+secretKey,
		"E2E_SIGNATURE="+theSignature,
	)

	if err := os.CopyFS(filepath.Join(w.dir, "plugins"), os.DirFS(filepath.Join(bin, "plugins"))); err != nil {
		t.Fatal(err)
	}
	w.write(w.standard())

	return w
}

// standard is a configuration with one account, its secrets from the
// environment.
func (w *world) standard() string {
	return fmt.Sprintf(`[host]
public_url = %[1]q
plugin_dir = "plugins"
data_dir = "data"

[http]
listen = %[2]q
tokens = ["env:E2E_TOKEN"]

[log]
level = "debug"

[providers.ptop]
plugin = "ptop"
timeout = "10s"
[providers.ptop.config]
environment = "sandbox"
base_url = %[3]q
website_id = "w123456"
secret_key = "env:E2E_SECRET"
the_signature = "env:E2E_SIGNATURE"
website_url = "https://shop.example"
`, w.base, strings.TrimPrefix(w.base, "http://"), w.sandbox)
}

func (w *world) write(text string) {
	w.t.Helper()
	if err := os.WriteFile(w.config, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// program is a running process whose stderr is kept.
type program struct {
	cmd  *exec.Cmd
	done chan error
	mu   sync.Mutex
	log  bytes.Buffer
}

func (p *program) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// serve starts a host and returns when it says that it is ready.
func (w *world) serve() *program {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(bin, "payhost"), "serve", "--config", w.config)
	cmd.Env = w.env
	pipe, write, err := os.Pipe()
	if err != nil {
		w.t.Fatal(err)
	}

	cmd.Stdout, cmd.Stderr = write, write
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	_ = write.Close()
	p := &program{cmd: cmd, done: make(chan error, 1)}
	ready := make(chan bool, 1)
	go func() {
		r := bufio.NewReader(pipe)
		for {
			line, err := r.ReadString('\n')
			p.mu.Lock()
			p.log.WriteString(line)
			p.mu.Unlock()
			if strings.Contains(line, "payhost ready:") {
				ready <- true
			}

			if err != nil {
				break
			}
		}

		_ = pipe.Close()
		p.done <- cmd.Wait()
		close(p.done)
		close(ready)
	}()

	if !<-ready {
		w.t.Fatalf("the host ended before it was ready:\n%s", p.text())
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-p.done
		if w.t.Failed() {
			w.t.Logf("the host's log:\n%s", p.text())
		}
	})

	return p
}

// startSandbox runs the sandbox on a free port.
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
	for (w.sandbox == "" || w.other == "") && lines.Scan() {
		switch name, address, _ := strings.Cut(lines.Text(), "\t"); name {
		case "ptop":
			w.sandbox = address
		case "reference":
			w.other = address
		}
	}

	go func() { _, _ = io.Copy(io.Discard, pipe) }()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

// control calls one of the simulator's control endpoints.
func (w *world) control(method, what, body string) []byte {
	w.t.Helper()
	status, _, answer := w.do(method, w.sandbox+"/_simulator/"+what, body, nil)
	if status >= 300 {
		w.t.Fatalf("the simulator's %s: %d %s", what, status, answer)
	}
	return answer
}

var client = &http.Client{
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func (w *world) do(
	method, address, body string,
	header http.Header,
) (int, http.Header, []byte) {
	w.t.Helper()
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}

	for name, values := range header {
		req.Header[name] = values
	}
	resp, err := client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()

	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}

	return resp.StatusCode, resp.Header, data
}

// record is what the tests look at of a payment or payout.
type record struct {
	ID         string
	Status     string
	NextAction *struct{ Type, URL string } `json:"next_action"`
	Failure    *struct{ Code, Outcome, Message string }
	Attempts   []struct {
		Outcome       string
		PluginVersion string `json:"plugin_version"`
	}
}

// api calls the HTTP API. A key is sent as Idempotency-Key.
func (w *world) api(method, path, key, body string, into any) int {
	w.t.Helper()
	header := http.Header{
		"Authorization": {"Bearer " + apiToken},
		"Content-Type":  {"application/json"},
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}

	status, _, data := w.do(method, w.base+path, body, header)
	if into != nil {
		if err := json.Unmarshal(data, into); err != nil {
			w.t.Fatalf("%s %s: %d %s", method, path, status, data)
		}
	}

	return status
}

const paymentBody = `{"provider":"ptop","amount":"60.00","currency":"USD","merchant_reference":"order-47","description":"Sample",
	"success_url":"https://shop.example/ok","cancel_url":"https://shop.example/no"}`

func (w *world) pay(key string) record {
	w.t.Helper()
	var p record
	if status := w.api(http.MethodPost, "/v1/payments", key, paymentBody, &p); status != http.StatusCreated {
		w.t.Fatalf("creating a payment: %d %+v", status, p)
	}
	return p
}

// command runs payhost and gives its exit status and what it printed on stdout
// and stderr together.
func (w *world) command(args ...string) (int, string) {
	w.t.Helper()
	cmd := exec.Command(
		filepath.Join(bin, "payhost"),
		append(args, "--config", w.config)...)
	cmd.Env = w.env
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		w.t.Fatal(err)
	}

	return cmd.ProcessState.ExitCode(), string(out)
}

// status is what the tests look at of a provider.
type status struct {
	State     string
	PID       int
	Version   string
	LastError string `json:"last_error"`
}

func (w *world) provider(name string) status {
	w.t.Helper()
	var s status
	w.api(http.MethodGet, "/v1/providers/"+name, "", "", &s)
	return s
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

func form(values ...string) string {
	v := url.Values{}
	for k := 0; k < len(values); k += 2 {
		v.Set(values[k], values[k+1])
	}
	return v.Encode()
}
