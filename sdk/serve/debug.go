package serve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/internal/wire"
)

// serveByHand serves the plugin on a socket, without a host that started it, until Ctrl-C: so that a debugger can start it.
// The socket's path stays the same from one start to the next, and a host that has lost the plugin finds it again.
func serveByHand(out, logs io.Writer, build func(Options) *Server, socket string) error {
	logger := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := build(Options{Logger: logger})
	defer s.Close()
	slog.SetDefault(s.logger)
	listener, path, err := debugListener(s.info.Name, socket)
	if err != nil {
		return err
	}
	g := newGRPCServer(nil)
	s.Register(g)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, g.Stop)()
	if err := invite(out, s.info, path); err != nil {
		return errors.Join(err, listener.Close())
	}
	return g.Serve(listener) // closes the listener, which removes the socket
}

// debugListener listens where only this user can call. path, unless empty, replaces the plugin's usual one.
func debugListener(name, path string) (net.Listener, string, error) {
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, "", fmt.Errorf("no folder for the socket (debug takes its path as an argument): %w", err)
		}
		path = filepath.Join(cache, "payhost", "debug", name+".sock")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}
	folder := filepath.Dir(path)
	if err := os.MkdirAll(folder, 0o700); err != nil { //nolint:gosec // the author has named it
		return nil, "", err
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm()&0o077 != 0 { //nolint:gosec // the author has named it
		return nil, "", errors.Join(err, fmt.Errorf("others may enter %s: its mode must be 0700", folder))
	}
	if c, err := net.Dial("unix", path); err == nil { //nolint:gosec // the author has named it
		return nil, "", errors.Join(fmt.Errorf("another process listens on %s already", path), c.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { //nolint:gosec // the author has named it
		return nil, "", err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, "", err
	}
	if err := os.Chmod(path, 0o600); err != nil { //nolint:gosec // the author has named it
		return nil, "", errors.Join(err, l.Close())
	}
	return l, path, nil
}

// invite prints what a host has to be told.
func invite(out io.Writer, info sdk.Info, socket string) error {
	type attachment struct {
		Socket          string `json:"socket"`
		ContractVersion int    `json:"contract_version"`
	}
	text, err := json.Marshal(map[string]attachment{info.Name: {socket, wire.ContractVersion}})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, `%s %s waits for a host (contract version %d, process %d). Start the host with

  export %s='%s'

Only accounts with environment = "sandbox" use it. Ctrl-C ends it.
`, info.Name, info.Version, wire.ContractVersion, os.Getpid(), wire.AttachVariable, text)
	return err
}
