package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// process is a program that devrun started, in a process group of its own so
// that a Ctrl-C on the terminal reaches it through devrun alone, which stops
// things in order.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// start runs a program. Its stdout goes to out, its stderr to log.
func start(name string, out, log io.Writer, path string, args ...string) (*process, error) {
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = out, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}

	child := &process{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.done)
	}()

	return child, nil
}

// stop asks a program to end, and ends it after a while.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// startSandbox starts the simulated providers and gives their addresses by
// name.
func startSandbox(ctx context.Context, listen string) (*process, map[string]string, error) {
	r, w := io.Pipe()
	child, err := start(
		"the simulated providers",
		w,
		os.Stderr,
		"bin/sandbox",
		"-listen",
		listen,
	)
	if err != nil {
		return nil, nil, err
	}

	// The end of the process also ends the reading of its lines.
	go func() {
		<-child.done
		_ = w.Close()
	}()

	addresses := map[string]string{}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(r); s.Scan(); {
			lines <- s.Text()
		}
	}()

	// The lines come at once; the first pause after some is their end.
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				return nil, nil, fmt.Errorf(
					"the simulated providers ended at once: is %s taken?",
					listen,
				)
			}

			name, address, _ := strings.Cut(line, "\t")
			addresses[name] = address
			continue

		case <-time.After(300 * time.Millisecond):
		case <-ctx.Done():
			child.stop()
			return nil, nil, ctx.Err()
		}

		if len(addresses) > 0 {
			return child, addresses, nil
		}
	}
}

// waitReady returns when the host answers on /readyz, or with an error when it
// has ended.
func waitReady(ctx context.Context, child *process, base string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
		if err != nil {
			return err
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}

		select {
		case <-child.done:
			return fmt.Errorf("%s ended: %w", child.name, child.err)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}
