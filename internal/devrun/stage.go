package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// stage is where a demo plays: a configuration, a store and plugins of its own,
// and a client of the host's API.
type stage struct {
	dir       string
	config    string
	base      string
	addresses map[string]string // the simulators' by name
	log       *os.File
	client    *http.Client
}

// newStage makes the stage anew from the repository's config.toml: another
// address, other folders, and the simulators where they are now.
func newStage(ctx context.Context, addresses map[string]string) (*stage, error) {
	s := &stage{
		dir:       filepath.Join("var", "demo"),
		addresses: addresses,
		client: &http.Client{
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return nil, err
	}

	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}

	s.base = "http://" + port
	text, err := os.ReadFile("config.toml")
	if err != nil {
		return nil, err
	}

	// Each pair is a text of the repository's configuration and its
	// replacement.
	replace := []string{
		hostAddress,
		s.base,
		`"127.0.0.1:8080"`,
		`"` + port + `"`,
		`"bin/plugins"`,
		`"plugins"`,
		`"var"`,
		`"data"`,
		"sqlite:var/",
		"sqlite:data/",
	}

	for name, address := range addresses {
		replace = append(replace, "http://"+sandboxAddress+"/"+name, address)
	}
	s.config = filepath.Join(s.dir, "config.toml")
	if err := os.WriteFile(s.config, []byte(strings.NewReplacer(replace...).Replace(string(text))), 0o600); err != nil { //nolint:gosec // a folder of our own
		return nil, err
	}

	if err := os.CopyFS(filepath.Join(s.dir, "plugins"), os.DirFS(filepath.Join("bin", "plugins"))); err != nil {
		return nil, err
	}
	s.log, err = os.Create(filepath.Join(s.dir, "host.log"))

	return s, err
}

// buildPlugin builds another version of a plugin for the stage.
func (s *stage) buildPlugin(ctx context.Context, name, version string) error {
	cmd := exec.CommandContext(
		ctx,
		"go",
		"build",
		"-trimpath",
		"-buildvcs=false",
		"-ldflags",
		"-s -w -X main.version="+version,
		"-o",
		filepath.Join(s.dir, "plugins", name+"@"+version),
		"./plugins/"+name,
	)

	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s %s: %w: %s", name, version, err, out)
	}

	return nil
}

// editConfig replaces text in the stage's configuration.
func (s *stage) editConfig(from, to string) error {
	text, err := os.ReadFile(s.config)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(from)) {
		return fmt.Errorf("%s holds no %q", s.config, from)
	}

	text = bytes.Replace(text, []byte(from), []byte(to), 1)
	return os.WriteFile(s.config, text, 0o600) //nolint:gosec // a folder of our own
}

// record is what the tour needs of a payment or payout.
type record struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	NextAction *struct {
		Type    string `json:"type"`
		URL     string `json:"url"`
		Confirm *struct{}
	} `json:"next_action"`
	Failure *struct {
		Code    string `json:"code"`
		Outcome string `json:"outcome"`
		Message string `json:"message"`
	} `json:"failure"`
	History []struct {
		Actor  string `json:"actor"`
		Action string `json:"action"`
		To     string `json:"to"`
	} `json:"history"`
	Attempts []struct {
		PluginVersion string `json:"plugin_version"`
	} `json:"attempts"`
}

// settled reports whether nothing more is to come.
func (r record) settled() bool {
	switch r.Status {
	case "succeeded", "failed", "canceled", "expired", "under_review":
		return true
	}
	return false
}

// call makes a request to the host's API and reads the answer into into.
func (s *stage) call(
	ctx context.Context,
	method, path, key string,
	body string,
	into any,
) error {
	req, err := http.NewRequestWithContext(
		ctx,
		method,
		s.base+path,
		strings.NewReader(body),
	)
	if err != nil {
		return err
	}

	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}

	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()

	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, data)
	}

	return json.Unmarshal(data, into)
}

// simulator makes a request to a simulator's control endpoints.
func (s *stage) simulator(ctx context.Context, method, name, path, body string) error {
	req, err := http.NewRequestWithContext(
		ctx,
		method,
		s.addresses[name]+"/_simulator/"+path,
		strings.NewReader(body),
	)
	if err != nil {
		return err
	}

	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()

	if resp.StatusCode >= 300 {
		return fmt.Errorf("the simulator of %s: %s", name, resp.Status)
	}

	return nil
}

// visit does what a customer does: pays on the provider's page, and follows
// where that leads.
func (s *stage) visit(ctx context.Context, page string) error {
	req, err := http.NewRequestWithContext(
		ctx,
		http.MethodPost,
		page,
		strings.NewReader("result=pay"),
	)
	if err != nil {
		return err
	}

	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := s.client.Do(req)
	if err != nil {
		return err
	}

	_ = resp.Body.Close()
	back := resp.Header.Get("Location")
	if !strings.HasPrefix(back, s.base) {
		return nil // to the merchant, or nowhere
	}

	if req, err = http.NewRequestWithContext(ctx, http.MethodGet, back, nil); err != nil {
		return err
	}
	if resp, err = s.client.Do(req); err != nil {
		return err
	}

	return resp.Body.Close()
}

// wait asks for a record until it is settled.
func (s *stage) wait(ctx context.Context, path string) (r record, err error) {
	for {
		if err := s.call(ctx, http.MethodGet, path, "", "", &r); err != nil || r.settled() {
			return r, err
		}

		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return r, fmt.Errorf("%s is still %s", path, r.Status)
		}
	}
}

func freePort(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
