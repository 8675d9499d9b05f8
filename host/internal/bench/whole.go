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
// its own: how long all plugins of config.toml take to start together, and what
// all processes hold in memory, idle and under load.
func measureWhole(ctx context.Context, dir string) (string, error) {
	text, err := os.ReadFile("config.toml")
	if err != nil {
		return "", err
	}
	plugins, err := filepath.Abs(filepath.Join("bin", "plugins"))
	if err != nil {
		return "", err
	}

	file := filepath.Join(dir, "whole.toml")
	settings := strings.NewReplacer(`"bin/plugins"`, fmt.Sprintf("%q", plugins), `"var"`, `"whole"`, "sqlite:var/", "sqlite:whole/").
		Replace(string(text))
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil { //nolint:gosec // a folder of our own
		return "", err
	}

	sandbox, err := startProgram("bin/sandbox", "http", "-listen", "127.0.0.1:9090")
	if err != nil {
		return "", err
	}
	defer sandbox.stop()

	began := time.Now()
	host, err := startProgram("bin/payhost", "payhost ready:", "serve", "--config", file)
	if err != nil {
		return "", err
	}
	defer host.stop()

	took := time.Since(began)
	pids, names, err := providers(ctx)
	if err != nil {
		return "", err
	}

	idleHost := residentOf(host.cmd.Process.Pid)
	idlePlugins := int64(0)
	least := int64(0)

	for _, pid := range pids {
		rss := residentOf(pid)
		idlePlugins += rss
		if least == 0 || rss < least {
			least = rss
		}
	}

	before := takenNow(host.cmd.Process.Pid, sandbox.cmd.Process.Pid, pids)
	f, err := loadHTTP(ctx, names)
	if err != nil {
		return "", err
	}

	who := takenNow(host.cmd.Process.Pid, sandbox.cmd.Process.Pid, pids).since(before)
	busy := residentOf(host.cmd.Process.Pid)
	for _, pid := range pids {
		busy += residentOf(pid)
	}

	return fmt.Sprintf(
		"From nothing to ready with %d plugins started in parallel: %s. Resident memory of host and plugins together: idle %.0f MB\n"+
			"(host %.0f, smallest plugin %.1f), after a load of %d callers %.0f MB (aim 400). Over HTTP that load made %.0f payments/s, p50 %s, p99 %s,\n"+
			"with load, host, plugin and simulator on the same machine (aim %d). %s\n",
		len(
			pids,
		),
		short(took),
		float64(idleHost+idlePlugins)/1e6,
		float64(idleHost)/1e6,
		float64(least)/1e6,
		manyCallers,
		float64(busy)/1e6,
		f.perSecond,
		short(f.p50),
		short(f.p99),
		aimPayments,
		who,
	), nil
}

type program struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// startProgram returns when the program prints a line that holds sign.
func startProgram(path, sign string, args ...string) (*program, error) {
	cmd := exec.Command(path, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}

	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: `make build` makes it", err)
	}
	p := &program{cmd: cmd, done: make(chan struct{})}

	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.Contains(lines.Text(), sign) {
			go func() {
				defer close(p.done)
				_, _ = io.Copy(io.Discard, out)
				_ = cmd.Wait()
			}()

			return p, nil
		}
	}

	return nil, fmt.Errorf(
		"%s ended before it was ready: %w",
		path,
		errors.Join(lines.Err(), cmd.Wait()),
	)
}

func (p *program) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.done
}

// providers returns the processes and names of the host's providers.
func providers(ctx context.Context) (pids []int, names []string, err error) {
	var list struct {
		Data []struct {
			Name string
			PID  int
		}
	}
	status, body, err := call(ctx, http.MethodGet, "/v1/providers", "", "")
	if err != nil || status != http.StatusOK {
		return nil, nil, fmt.Errorf("list providers: %d %w", status, err)
	}

	if err := json.Unmarshal(body, &list); err != nil {
		return nil, nil, err
	}
	for _, p := range list.Data {
		pids, names = append(pids, p.PID), append(names, p.Name)
	}

	return pids, names, nil
}

// loadHTTP makes payments at the first provider that takes a plain one.
func loadHTTP(ctx context.Context, names []string) (figures, error) {
	var keys atomic.Int64
	for _, name := range names {
		body := fmt.Sprintf(`{"provider":%q,"amount":"60.00","currency":"USD"}`, name)
		create := func(ctx context.Context) error {
			status, answer, err := call(
				ctx,
				http.MethodPost,
				"/v1/payments",
				fmt.Sprintf("whole-%d", keys.Add(1)),
				body,
			)
			if err == nil &&
				(status != http.StatusCreated || !strings.Contains(string(answer), `"status":"requires_action"`)) {
				err = fmt.Errorf("%s: %d %s", name, status, answer)
			}

			return err
		}
		if create(ctx) == nil {
			return load(ctx, manyCallers, 5*time.Second, create)
		}
	}

	return figures{}, errors.New("no provider takes a plain payment in USD")
}

var httpClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: manyCallers}}

func call(ctx context.Context, method, path, key, body string) (int, []byte, error) {
	req, err := http.NewRequestWithContext(
		ctx,
		method,
		hostURL+path,
		strings.NewReader(body),
	)
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

	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, data, err
}
