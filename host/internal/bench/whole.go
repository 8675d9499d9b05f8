package main

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
	"sync/atomic"
	"syscall"
	"time"
)

// The token of the repository's config.toml.
const hostToken = "payhost-sandbox-token"

// instance is one side's host with its plugins, as `make run` starts them, and
// one account more, whose provider is served here.
type instance struct {
	program *program
	url     string
	plugins []int
	made    atomic.Int64
}

// whole measures the programs as they are shipped, over HTTP.
func (b *bench) whole(ctx context.Context) error {
	provider, end, err := serveProvider(ctx)
	if err != nil {
		return err
	}
	defer end()
	address, err := freeAddress()
	if err != nil {
		return err
	}
	sandbox, err := startProgram(
		filepath.Join(b.sides[0].bin, "sandbox"), "http", "-listen", address)
	if err != nil {
		return err
	}
	defer sandbox.stop()

	var running []*instance
	for _, s := range b.sides {
		begin := time.Now()
		started, err := s.startWhole(ctx, address, provider)
		if err != nil {
			return err
		}
		defer started.program.stop()
		b.report.ready = append(b.report.ready, time.Since(begin))
		running = append(running, started)

		idle := residentOf(started.program.pid())
		all, smallest := residentOfAll(started.plugins)
		b.report.idle = append(b.report.idle, memory{idle, idle + all, smallest})
	}

	if err := b.wholeTurns(ctx, running); err != nil {
		return err
	}
	for _, started := range running {
		all, _ := residentOfAll(started.plugins)
		b.report.busy = append(b.report.busy, residentOf(started.program.pid())+all)
	}

	return nil
}

// memory is resident memory in bytes.
type memory struct{ host, all, smallest int64 }

func (b *bench) wholeTurns(ctx context.Context, running []*instance) error {
	lists := make([][]figures, len(running))
	hosts := make([][]figures, len(running))
	for round := range b.plan.rounds {
		for k := range running {
			at := (k + round) % len(running)
			started := running[at]
			pid := started.program.pid()
			before, first := processOnly(pid), started.made.Load()
			result, err := load(ctx, manyCallers, b.plan.slice, started.pay, pid)
			if err != nil {
				return err
			}

			lists[at] = append(lists[at], result)
			result.CPU = (processOnly(pid) - before) /
				time.Duration(started.made.Load()-first)
			hosts[at] = append(hosts[at], result)
		}
	}

	for k := range running {
		b.report.add(chapterWhole, rowWhole, k, median(lists[k]))
		host := figures{CPU: median(hosts[k]).CPU}
		b.report.add(chapterWhole, rowWholeHost, k, host)
	}

	return nil
}

func serveProvider(ctx context.Context) (url string, end func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{
		Handler:           http.HandlerFunc(servePages),
		ReadHeaderTimeout: 10 * time.Second,
	}
	go func() { _ = server.Serve(listener) }() // ends with Close

	return "http://" + listener.Addr().String(), func() { _ = server.Close() }, nil
}

// servePages is a provider whose answers take the same time however many it has
// given.
func servePages(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // what it is does not matter
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"url":"https://pay.example/page"}`)
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// startWhole starts a host on the tree's config.toml, in a folder of its own.
func (s *side) startWhole(ctx context.Context, sandbox, provider string) (*instance, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(s.bin, "whole.toml")
	if err := s.writeConfig(path, address, sandbox, provider); err != nil {
		return nil, err
	}

	started, err := startProgram(filepath.Join(s.bin, "payhost"),
		"payhost ready:", "serve", "--config", path)
	if err != nil {
		return nil, err
	}

	made := &instance{program: started, url: "http://" + address}
	made.plugins, err = made.providers(ctx)
	if err != nil {
		started.stop()
		return nil, err
	}

	return made, nil
}

func (s *side) writeConfig(path, address, sandbox, provider string) error {
	text, err := os.ReadFile(filepath.Join(s.tree, "config.toml"))
	if err != nil {
		return err
	}
	plugins := filepath.Join(s.bin, "plugins")
	program, err := os.ReadFile(filepath.Join(s.bin, "provider"))
	if err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(plugins, account), program, 0o700) //nolint:gosec // it is a program
	if err != nil {
		return err
	}

	settings := strings.NewReplacer(
		`"bin/plugins"`, fmt.Sprintf("%q", plugins),
		`"var"`, `"whole"`,
		"sqlite:var/", "sqlite:whole/",
		"127.0.0.1:8080", address,
		"127.0.0.1:9090", sandbox,
	).Replace(string(text))
	settings += fmt.Sprintf("\n[providers.%s]\nplugin = %q\nmax_in_flight = 256\n"+
		"[providers.%s.config]\nenvironment = \"sandbox\"\nbase_url = %q\n",
		account, account, account, provider)

	return os.WriteFile(path, []byte(settings), 0o600) //nolint:gosec // a folder of our own
}

// residentOfAll returns the memory of several processes together, and that of
// the smallest.
func residentOfAll(pids []int) (sum, smallest int64) {
	for _, pid := range pids {
		resident := residentOf(pid)
		sum += resident
		if smallest == 0 || resident < smallest {
			smallest = resident
		}
	}
	return sum, smallest
}

// program is a running program.
type program struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// startProgram returns when the program prints a line that contains sign.
func startProgram(path, sign string, args ...string) (*program, error) {
	cmd := exec.Command(path, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: `make build` makes it", err)
	}

	started := &program{cmd: cmd, done: make(chan struct{})}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if !strings.Contains(lines.Text(), sign) {
			continue
		}

		// The program would block on a full pipe.
		go func() {
			defer close(started.done)
			_, _ = io.Copy(io.Discard, out)
			_ = cmd.Wait()
		}()

		return started, nil
	}

	return nil, fmt.Errorf("%s ended before it was ready: %w",
		path, errors.Join(lines.Err(), cmd.Wait()))
}

func (p *program) pid() int { return p.cmd.Process.Pid }

func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.done
}

// providers returns the processes of the shipped plugins.
func (i *instance) providers(ctx context.Context) (pids []int, err error) {
	status, body, err := i.call(ctx, http.MethodGet, "/v1/providers", "", "")
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("list providers: %d %w", status, err)
	}
	var list struct {
		Data []struct {
			Name string
			PID  int
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, err
	}

	for _, provider := range list.Data {
		if provider.Name != account {
			pids = append(pids, provider.PID)
		}
	}

	return pids, nil
}

// pay creates a payment that the customer has to act on next.
func (i *instance) pay(ctx context.Context) error {
	body := fmt.Sprintf(`{"provider":%q,"amount":"60.00","currency":"USD"}`, account)
	key := fmt.Sprintf("whole-%d", i.made.Add(1))
	status, answer, err := i.call(ctx, http.MethodPost, "/v1/payments", key, body)
	if err != nil {
		return err
	}

	waiting := strings.Contains(string(answer), `"status":"requires_action"`)
	if status != http.StatusCreated || !waiting {
		return fmt.Errorf("%d %s", status, answer)
	}

	return nil
}

var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: manyCallers}}

// call makes one call of the host's API.
func (i *instance) call(
	ctx context.Context,
	method, path, key, body string,
) (int, []byte, error) {
	content := strings.NewReader(body)
	req, err := http.NewRequestWithContext(ctx, method, i.url+path, content)
	if err != nil {
		return 0, nil, err
	}

	req.Header.Set("Authorization", "Bearer "+hostToken)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", key)

	resp, err := httpClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()

	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
