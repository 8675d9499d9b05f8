package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// stalled is a reader that takes nothing until it is let go on.
type stalled struct {
	goOn chan struct{}
	took chan string
}

func (s *stalled) Write(line []byte) (int, error) {
	<-s.goOn
	s.took <- string(line)
	return len(line), nil
}

func TestNobodyWaitsForTheReaderOfALog(t *testing.T) {
	const line = 1 << 10
	s := &stalled{goOn: make(chan struct{}), took: make(chan string, 2*maxPending/line)}
	p := newDroppingWriter(
		s,
		func(n int64) []byte { return fmt.Appendf(nil, "%d missing", n) },
	)

	text, lines := strings.Repeat("x", line), 2*maxPending/line
	for range lines {
		if n, err := io.WriteString(p, text); n != line || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}

	dropped := p.dropped.Load()
	if dropped == 0 || dropped >= int64(lines) {
		t.Errorf("%d of %d lines were dropped", dropped, lines)
	}

	close(s.goOn)
	p.close()
	close(s.took)
	var whole int64
	said := ""

	for got := range s.took {
		if got == text {
			whole++
			continue
		}

		said += got
	}

	if whole+dropped != int64(lines) || said != fmt.Sprintf("%d missing", dropped) {
		t.Errorf("%d lines arrived, %d were dropped, and it says %q", whole, dropped, said)
	}
}

// A log whose reader has gone, or stands still, delays no request and ends
// nothing: the host serves on, and ends when it is told to.
func TestServeDoesNotDependOnTheReaderOfItsLog(t *testing.T) {
	t.Parallel()
	for what, leave := range map[string]bool{"has gone": true, "stands still": false} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			folder, listen := hostConfig(
				t,
				"[log]\nlevel = \"debug\"\n",
				"http://127.0.0.1:1",
			)
			path, err := program()
			if err != nil {
				t.Fatal(err)
			}

			c := exec.Command(path, "serve")
			c.Dir = folder
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()

			c.Stdout, c.Stderr = write, write
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			defer func() { _ = c.Process.Kill() }() // it has ended, unless the test has failed

			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			healthy := func() bool {
				resp, err := client.Get("http://" + listen + "/v1/nothing")
				if err != nil {
					return false
				}
				return resp.Body.Close() == nil
			}
			for !healthy() {
				select {
				case err := <-ended:
					t.Fatalf("it has ended: %v", err)
				default:
				}
			}

			if leave {
				read.Close()
			}

			for k := range 1000 { // a pipe has room for 64 KiB
				if !healthy() {
					t.Fatalf("request %d is not answered", k)
				}
			}

			if err := c.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}
