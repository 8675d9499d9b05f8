package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestEverySimulatorIsServedUnderItsName(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	lines, stdout := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, []string{"-listen", "127.0.0.1:0"}, stdout)
		stdout.Close() // a simulator without a line fails, it does not hang
		ended <- err
	}()

	printed := bufio.NewScanner(lines)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var said []string // all of it, before anything is asked: it serves once it has printed

	for _, s := range simulators {
		if !printed.Scan() {
			t.Fatalf("no line for %s", s.name)
		}
		said = append(said, printed.Text())
	}

	for i, s := range simulators {
		name, address, _ := strings.Cut(said[i], "\t")
		if name != s.name || !strings.HasSuffix(address, "/"+s.name) {
			t.Errorf("printed %q for %s", said[i], s.name)
		}
		resp, err := client.Get(address + "/_simulator/books")
		if err != nil {
			t.Fatal(err)
		}

		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.HasPrefix(string(body), `{"entries":[`) {
			t.Errorf("%s: got %d %s", name, resp.StatusCode, body)
		}
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		args  []string
		wrong string // "" is no usageError
	}{
		{[]string{"-listen", ":9090"}, "reachable from other machines"},
		{[]string{"-listen", "0.0.0.0:9090"}, "reachable from other machines"},
		{[]string{"-listen", "shop.example:9090"}, "reachable from other machines"},
		{[]string{"-listen", "9090"}, "reachable from other machines"},
		{[]string{"-port", "1"}, "flag provided but not defined"},
		{[]string{"more"}, `there is "more"`},
		{[]string{"-help"}, ""},
	} {
		err := run(t.Context(), c.args, io.Discard)
		wrong := usageError{}

		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%q: %v", c.args, err)
		case c.wrong != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%q: got %v, want %q", c.args, err, c.wrong)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:1": true, "127.9.9.9:1": true, "[::1]:1": true, "localhost:1": true,
		"[::]:1": false, "10.0.0.1:1": false, "localhost.example:1": false, "127.0.0.1": false, "": false,
	} {
		if isLoopback(address) != want {
			t.Errorf("%q: want %v", address, want)
		}
	}
}
