package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/httpapi"
	"github.com/payhost/payhost/host/internal/plugin"
)

// APIHandler serves the API on /v1/ to whoever sends one of http.tokens as bearer token.
func (h *Host) APIHandler() http.Handler { return h.api.Guarded() }

// Handler serves everything: the API and its document, the providers' notices, returning customers, the console, the
// probes and the metrics.
func (h *Host) Handler() http.Handler { return h.api.All() }

// AdminHandler serves the API without a token, and POST /admin/reload. It is for a socket that only operators can open.
func (h *Host) AdminHandler() http.Handler { return h.api.Admin() }

// newAPI makes the API that all handlers are of.
func (h *Host) newAPI() *httpapi.API {
	return httpapi.New(httpapi.Options{Core: h.core, Inbox: h.inbox, Letters: h.letters, Store: h.store, Providers: h.registry,
		Config: h.config, Metrics: h.metrics, Logger: h.log, Reload: h.reloadFile, Leaving: h.leaving.Load})
}

// config gives the configuration in force.
func (h *Host) config() *config.Config {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cfg
}

// SocketPath is where Serve listens for the command: data_dir/payhost.sock.
func SocketPath(cfg *Config) string { return filepath.Join(cfg.Host.DataDir, "payhost.sock") }

// The bounds of a connection. WriteTimeout leaves room for the longest timeout of a provider, five minutes.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 6 * time.Minute
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 64 << 10
	shutdownTimeout   = 30 * time.Second
)

// Serve listens on http.listen and on the admin socket until ctx ends. Then
// /readyz says no for drain_notice while everything else goes on, so that a
// balancer sends nothing new; after that the host takes no more requests, lets
// those in flight come to their end for up to 30 seconds, and Serve returns nil.
// An error means that it could not listen.
func (h *Host) Serve(ctx context.Context) error {
	cfg := h.config()
	listener, err := h.listen(ctx, cfg)
	if err != nil {
		return err
	}
	socket, err := listenSocket(ctx, SocketPath(cfg))
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	socket = plugin.RefusePlugins(socket, h.log)
	secret, err := newAdminSecret(cfg.Host.DataDir)
	if err != nil {
		return errors.Join(err, socket.Close(), listener.Close())
	}

	public, admin := h.server(h.Handler()), h.server(wantSecret(secret, h.AdminHandler()))
	failed := make(chan error, 2)
	go func() { failed <- public.Serve(listener) }()
	go func() { failed <- admin.Serve(socket) }()
	h.log.Info("serving", "address", listener.Addr().String(), "socket", SocketPath(cfg), "tls", cfg.HTTP.TLSCert != "")

	left := 2
	select {
	case <-ctx.Done():
		h.giveNotice()
	case err = <-failed:
		left--
	}

	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	for _, s := range []*http.Server{public, admin} {
		if shutdown := s.Shutdown(stop); shutdown != nil {
			err = errors.Join(err, shutdown, s.Close())
		}
	}
	for range left {
		if end := <-failed; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
	}
	return err
}

// giveNotice says that the host is about to stop, and goes on for as long as the
// configuration says.
func (h *Host) giveNotice() {
	h.leaving.Store(true)
	notice := h.config().Host.DrainNotice
	if notice == 0 {
		return
	}
	h.log.Info("not ready any more; the listeners close after the notice", "drain_notice", notice.String())
	<-h.after(notice)
}

func (h *Host) server(handler http.Handler) *http.Server {
	return &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(h.log.Handler(), slog.LevelDebug)}
}

// listen opens the TCP listener, with TLS when there is a certificate.
func (h *Host) listen(ctx context.Context, cfg *Config) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.HTTP.Listen)
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	if cfg.HTTP.TLSCert == "" {
		return l, nil
	}
	served, err := newCertificate(h.certificateFiles, h.log)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("http.tls_cert, http.tls_key: %w", err), l.Close())
	}
	return tls.NewListener(l, &tls.Config{GetCertificate: served.current, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"h2", "http/1.1"}}), nil
}

// certificateFiles are those that the configuration in force names.
func (h *Host) certificateFiles() (cert, key string) {
	c := h.config().HTTP
	return c.TLSCert, c.TLSKey
}

// maxSocketPath is how long the path of a socket may be on every system.
const maxSocketPath = 103

// tooLong is for a socket that no system could open.
func tooLong(path string) error {
	return fmt.Errorf("%s has %d characters, a socket's path may have %d: choose a shorter host.data_dir",
		path, len(path), maxSocketPath)
}

// listenSocket opens the admin socket for this user alone. A socket that nobody listens on was left by a host that was
// killed, and is removed; one that answers belongs to a host that runs.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("admin socket: %w", tooLong(path))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if c, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("admin socket: another host answers on %s; give each host a data_dir of its own", path), c.Close())
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	l, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("admin socket: %w", err), l.Close())
	}
	return l, nil
}
