package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/payhost/payhost/host"
)

const (
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 64 << 20
	// patience is longer than any call to a provider may take, and what the
	// host adds to it.
	patience = 7 * time.Minute
	// maxSocketPath is how long a socket's path may be.
	maxSocketPath = 107
)

// request is one call of the host's HTTP API.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string // of body; JSON when empty
	key          string // Idempotency-Key
	moves        bool   // it can move money, so a lost answer is told with care
	accept       int    // a status that is an answer, besides 200 and its like
	provider     string // whom it is about, as far as that is known
	what         string // what is being done, for errors: "pay", "show the payment"
}

// answer is what the host said to a request that it carried out.
type answer struct {
	body     []byte
	replayed bool // nothing was done: the same request was made before under this key
}

// ask makes a call. Its errors are made for people. With --json an answer that
// says no is printed as it is, too.
func (a *app) ask(ctx context.Context, call request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if info, err := os.Stat(a.config); err != nil || info.IsDir() {
		return nil, fmt.Errorf(
			"there is no configuration %s: --config names the file that the host runs on",
			a.config,
		)
	}

	path := a.socket()
	target := url.URL{
		Scheme:   "http",
		Host:     "payhost",
		Path:     call.path,
		RawPath:  call.path,
		RawQuery: call.query.Encode(),
	}

	if unescaped, err := url.PathUnescape(call.path); err == nil {
		target.Path = unescaped
	}
	req, err := http.NewRequestWithContext(
		ctx,
		call.method,
		target.String(),
		bytes.NewReader(call.body),
	)
	if err != nil {
		return nil, err
	}

	if len(call.body) > 0 {
		req.Header.Set("Content-Type", orElse(call.contentType, "application/json"))
	}
	if call.key != "" {
		req.Header.Set("Idempotency-Key", call.key)
	}

	if secret := adminSecret(path); secret != "" {
		req.Header.Set(host.AdminSecretHeader, secret)
	}
	client := http.Client{Transport: transport(path)}
	defer client.CloseIdleConnections()

	resp, err := client.Do(req)
	if err != nil {
		return nil, a.unanswered(call, path, err)
	}
	defer resp.Body.Close()

	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
	}
	if err != nil {
		return nil, a.unanswered(call, path, err)
	}

	if resp.StatusCode/100 == 2 || resp.StatusCode == call.accept {
		return &answer{
			body:     body,
			replayed: resp.Header.Get("Idempotent-Replayed") == "true",
		}, nil
	}

	if a.json {
		a.printJSON(body)
	}

	return nil, refusal(call, resp, body)
}

// adminSecret returns what the host wants to see on its socket. It is empty
// where the file cannot be read; then the host, if there is one, says what is
// missing.
func adminSecret(socket string) string {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(socket), host.AdminSecretFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// transport dials the socket, whatever the URL says.
func transport(socket string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", short(socket))
		},
	}
}

// short returns a path that fits into a socket's address, when the one from
// here is shorter.
func short(socket string) string {
	if len(socket) <= maxSocketPath {
		return socket
	}
	here, err := os.Getwd()
	if err != nil {
		return socket
	}

	if near, err := filepath.Rel(here, socket); err == nil && len(near) < len(socket) {
		return near
	}

	return socket
}

// unanswered explains a call that got no answer.
func (a *app) unanswered(call request, socket string, err error) error {
	if dial := (*net.OpError)(nil); errors.As(err, &dial) && dial.Op == "dial" {
		switch {
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
			return a.noHost(socket)
		case errors.Is(err, fs.ErrPermission):
			return fmt.Errorf(
				"the socket %s belongs to another user: run this as the user who runs the host",
				socket,
			)
		}

		return fmt.Errorf("no host can be reached on %s: %w", socket, dial.Err)
	}

	cause := err.Error()
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		cause = outer.Err.Error() // without the URL, which is none that anybody could use
	}
	if errors.Is(err, context.Canceled) {
		cause = "interrupted"
	}

	t := &trouble{
		what: fmt.Sprintf("%s: no answer from the host on %s: %s", call.what, socket, cause),
	}
	t.lost(call)

	return t
}

func (a *app) noHost(socket string) error {
	return &trouble{
		what: fmt.Sprintf("no host is running on %s: start one with payhost serve", socket),
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
