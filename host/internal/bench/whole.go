package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// The addresses and the token of the repository's config.toml.
const (
	hostURL   = "http://127.0.0.1:8080"
	hostToken = "payhost-sandbox-token"
)

// measureWhole runs the built programs as `make run` does, on a data folder of
// its own. It measures how long all plugins of config.toml take to start
// together, and the memory of all processes, idle and under load.
func measureWhole(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "whole.toml")
	if err := writeConfig(path); err != nil {
		return "", err
	}
	sandbox, err := startProgram("bin/sandbox", "http", "-listen", "127.0.0.1:9090")
	if err != nil {
		return "", err
	}
	defer sandbox.stop()

	begin := time.Now()
	host, err := startProgram("bin/payhost", "payhost ready:", "serve", "--config", path)
	if err != nil {
		return "", err
	}
	defer host.stop()

	elapsed := time.Since(begin)
	plugins, names, err := providers(ctx)
	if err != nil {
		return "", err
	}

	// Memory and processors, before and after a load over HTTP.
	idleHost := residentOf(host.pid())
	idlePlugins, smallest := residentOfAll(plugins)
	before := takenNow(host.pid(), sandbox.pid(), plugins)
	result, err := loadHTTP(ctx, names)
	if err != nil {
		return "", err
	}

	processors := takenNow(host.pid(), sandbox.pid(), plugins).since(before)
	busyPlugins, _ := residentOfAll(plugins)
	busy := residentOf(host.pid()) + busyPlugins

	return fmt.Sprintf("From nothing to ready with %d plugins started in parallel: %s. "+
		"Resident memory of host and plugins together: idle %.0f MB\n"+
		"(host %.0f, smallest plugin %.1f), after a load of %d callers %.0f MB (aim 400). "+
		"Over HTTP that load made %.0f payments/s, p50 %s, p99 %s,\n"+
		"with load, host, plugin and simulator on the same machine (aim %d). %s\n",
		len(plugins),
		short(elapsed),
		megabytes(idleHost+idlePlugins),
		megabytes(idleHost),
		megabytes(smallest),
		manyCallers,
		megabytes(busy),
		result.perSecond,
		short(result.p50),
		short(result.p99),
		aimPayments,
		processors,
	), nil
}

// writeConfig writes the repository's config.toml with a data folder beside it.
func writeConfig(path string) error {
	text, err := os.ReadFile("config.toml")
	if err != nil {
		return err
	}
	plugins, err := filepath.Abs(filepath.Join("bin", "plugins"))
	if err != nil {
		return err
	}

	settings := strings.NewReplacer(
		`"bin/plugins"`, fmt.Sprintf("%q", plugins),
		`"var"`, `"whole"`,
		"sqlite:var/", "sqlite:whole/",
	).Replace(string(text))

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

// providers returns the processes and names of the host's providers.
func providers(ctx context.Context) (pids []int, names []string, err error) {
	status, body, err := call(ctx, http.MethodGet, "/v1/providers", "", "")
	if err != nil || status != http.StatusOK {
		return nil, nil, fmt.Errorf("list providers: %d %w", status, err)
	}
	var list struct {
		Data []struct {
			Name string
			PID  int
		}
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, nil, err
	}

	for _, provider := range list.Data {
		pids = append(pids, provider.PID)
		names = append(names, provider.Name)
	}

	return pids, names, nil
}

// loadHTTP makes payments at the first provider that accepts a plain one.
func loadHTTP(ctx context.Context, names []string) (figures, error) {
	var keys atomic.Int64
	for _, name := range names {
		create := func(ctx context.Context) error {
			key := fmt.Sprintf("whole-%d", keys.Add(1))
			return createHTTP(ctx, name, key)
		}
		if create(ctx) == nil {
			return load(ctx, manyCallers, 5*time.Second, create)
		}
	}

	return figures{}, errors.New("no provider takes a plain payment in USD")
}

// createHTTP creates a payment that the customer has to act on next.
func createHTTP(ctx context.Context, provider, key string) error {
	body := fmt.Sprintf(`{"provider":%q,"amount":"60.00","currency":"USD"}`, provider)
	status, answer, err := call(ctx, http.MethodPost, "/v1/payments", key, body)
	if err != nil {
		return err
	}

	waiting := strings.Contains(string(answer), `"status":"requires_action"`)
	if status != http.StatusCreated || !waiting {
		return fmt.Errorf("%s: %d %s", provider, status, answer)
	}

	return nil
}

var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: manyCallers}}

// call makes one call of the host's API.
func call(ctx context.Context, method, path, key, body string) (int, []byte, error) {
	content := strings.NewReader(body)
	req, err := http.NewRequestWithContext(ctx, method, hostURL+path, content)
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
