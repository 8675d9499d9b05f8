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
	// maxAnswer bounds an answer, in bytes.
	maxAnswer = 64 << 20
	// patience bounds one request. It is longer than the longest call to a
	// provider with the host's own work.
	patience = 7 * time.Minute
	// maxSocketPath is the length that the system allows for a socket's path.
	maxSocketPath = 107
)

// request is one call of the host's HTTP API.
type request struct {
	method, path string
	query        url.Values
	body         []byte
	contentType  string // of body; JSON when empty
	key          string // Idempotency-Key
	moves        bool   // it can move money; the error for a lost answer says so
	accept       int    // a status that counts as success besides 2xx; 0 for none
	provider     string // the provider it is about; "" when it is not known
	what         string // the action, for errors: "pay", "show the payment"
}

// answer is the host's answer to a request that it carried out.
type answer struct {
	body     []byte
	replayed bool // nothing was done: the request had been made before with this key
}

// ask makes a request. Its errors are written for operators. With --json the
// host's refusal is also printed as it is.
func (a *app) ask(ctx context.Context, call request) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return a.exchange(ctx, call, whole)
}

// whole reads an answer. A part of one is no better than none.
func whole(body io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err == nil && len(text) > maxAnswer {
		err = fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
	}
	return text, err
}

// exchange makes a request as ask does, and has what the host carried out read
// by take.
func (a *app) exchange(
	ctx context.Context,
	call request,
	take func(io.Reader) ([]byte, error),
) (*answer, error) {
	if info, err := os.Stat(a.config); err != nil || info.IsDir() {
		return nil, fmt.Errorf(
			"the configuration %s does not exist: name the host's file with --config",
			a.config,
		)
	}

	// The socket stands for the host; the URL's host is only a name.
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

	// Anything else is a refusal, which the host explains.
	done := resp.StatusCode/100 == 2 || resp.StatusCode == call.accept
	if !done {
		take = whole
	}
	body, err := take(resp.Body)
	if err != nil {
		return nil, a.unanswered(call, path, err)
	}

	if done {
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

// adminSecret returns the secret that the host expects on its socket; "" when
// the file cannot be read. The host then says what is missing.
func adminSecret(socket string) string {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(socket), host.AdminSecretFile))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// transport returns a transport that dials the socket, whatever the URL says.
func transport(socket string) *http.Transport {
	return &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", short(socket))
		},
	}
}

// short returns the path of the socket relative to the working directory, when
// the full one is too long for an address.
func short(socket string) string {
	if len(socket) <= maxSocketPath {
		return socket
	}

	// A path relative to the working directory may be short enough.
	here, err := os.Getwd()
	if err != nil {
		return socket
	}

	if near, err := filepath.Rel(here, socket); err == nil && len(near) < len(socket) {
		return near
	}

	return socket
}

// unanswered returns the error for a request without an answer.
func (a *app) unanswered(call request, socket string, err error) error {
	// Without a connection the request has not reached the host.
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

	// From here on the host may have taken the request.
	cause := err.Error()
	if outer := (*url.Error)(nil); errors.As(err, &outer) {
		cause = outer.Err.Error() // without the URL, which only stands for the socket
	}

	if errors.Is(err, context.Canceled) {
		cause = "interrupted"
	}

	t := &trouble{
		what: fmt.Sprintf(
			"%s: no answer from the host on %s: %s",
			call.what,
			socket,
			cause,
		),
	}

	t.lost(call)

	return t
}

func (a *app) noHost(socket string) error {
	return &trouble{
		what: fmt.Sprintf("no host is running on %s: start one with payhost serve", socket),
	}
}

// orElse returns the text, or otherwise when it is "".
func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
