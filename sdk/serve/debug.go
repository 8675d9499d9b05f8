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

// serveDebug serves the plugin on a socket, without a host that started it,
// until Ctrl-C: so that a debugger can start it. The socket's path stays the
// same from one start to the next, and a host that has lost the plugin finds it
// again.
func serveDebug(out, logs io.Writer, newServer func(Options) *Server, socket string) error {
	everything := &slog.HandlerOptions{Level: slog.LevelDebug}
	logger := slog.New(slog.NewTextHandler(logs, everything))
	server := newServer(Options{Logger: logger})
	defer server.Close()
	slog.SetDefault(server.logger)

	listener, path, err := debugListener(server.info.Name, socket)
	if err != nil {
		return err
	}
	contract := newGRPCServer(nil)
	server.Register(contract)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	defer context.AfterFunc(ctx, contract.Stop)()
	if err := invite(out, server.info, path); err != nil {
		return errors.Join(err, listener.Close())
	}
	return contract.Serve(listener) // closes the listener, which removes the socket
}

// debugListener listens where only this user can call. path, unless empty,
// replaces the plugin's usual one.
func debugListener(name, path string) (net.Listener, string, error) {
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return nil, "", fmt.Errorf(
				"no folder for the socket (debug takes its path as an argument): %w", err)
		}
		path = filepath.Join(cache, "payhost", "debug", name+".sock")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, "", err
	}

	if err := privateFolder(filepath.Dir(path)); err != nil {
		return nil, "", err
	}
	if err := removeOldSocket(path); err != nil {
		return nil, "", err
	}

	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, "", err
	}
	if err := os.Chmod(path, 0o600); err != nil { //nolint:gosec // the author has named it
		return nil, "", errors.Join(err, listener.Close())
	}
	return listener, path, nil
}

// privateFolder makes the folder, and refuses one that others may enter.
func privateFolder(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil { //nolint:gosec // the author has named it
		return err
	}
	info, err := os.Stat(folder) //nolint:gosec // the author has named it
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("others may enter %s: its mode must be 0700", folder)
	}
	return nil
}

// removeOldSocket removes what an earlier process has left behind. It refuses
// when a process still listens.
func removeOldSocket(path string) error {
	conn, err := net.Dial("unix", path) //nolint:gosec // the author has named it
	if err == nil {
		inUse := fmt.Errorf("another process listens on %s already", path)
		return errors.Join(inUse, conn.Close())
	}

	err = os.Remove(path) //nolint:gosec // the author has named it
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// invite prints what the operator has to tell a host.
func invite(out io.Writer, info sdk.Info, socket string) error {
	type attach struct {
		Socket          string `json:"socket"`
		ContractVersion int    `json:"contract_version"`
	}
	text, err := json.Marshal(map[string]attach{
		info.Name: {socket, wire.ContractVersion},
	})
	if err != nil {
		return err
	}

	_, err = fmt.Fprintf(out, invitation,
		info.Name, info.Version, wire.ContractVersion, os.Getpid(),
		wire.AttachVariable, text)
	return err
}

const invitation = `%s %s waits for a host (contract version %d, process %d). Start the host with

  export %s='%s'

Only accounts with environment = "sandbox" use it. Ctrl-C ends it.
`
