package host

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/plugin"
)

// APIHandler serves the API on /v1/ to whoever sends one of http.tokens as
// bearer token.
func (h *Host) APIHandler() http.Handler { return h.api.Guarded() }

// Handler serves what http.listen serves: everything, that is the API and its
// document, the providers' webhooks, returning customers, the console, the
// probes and the metrics; or what PublicHandler serves, when there is an
// http.private_listen.
func (h *Host) Handler() http.Handler {
	if h.config().HTTP.PrivateListen != "" {
		return h.PublicHandler()
	}
	return h.api.All()
}

// PublicHandler serves the public paths: the providers' webhooks, returning
// customers and the probes. Everything else is 404.
func (h *Host) PublicHandler() http.Handler { return h.api.Public() }

// PrivateHandler serves the API and its document, the console, the metrics and
// the probes. It belongs on an address that only your own people and services
// reach.
func (h *Host) PrivateHandler() http.Handler { return h.api.Private() }

// AdminHandler serves the API without a token, and POST /admin/reload and /admin/drain. It is
// for a socket that only operators can open.
func (h *Host) AdminHandler() http.Handler { return h.api.Admin() }

// config returns the configuration in force.
func (h *Host) config() *config.Config {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.cfg
}

// SocketPath is where Serve listens for the command: data_dir/payhost.sock.
func SocketPath(cfg *Config) string {
	return filepath.Join(cfg.Host.DataDir, "payhost.sock")
}

// The bounds of a connection in time, and of a request's headers. The time for
// writing leaves room for the longest timeout of a provider, five minutes; who
// stops reading meanwhile is hung up on, see stallTimeout.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = time.Minute
	writeTimeout      = 6 * time.Minute
	idleTimeout       = 2 * time.Minute
	shutdownTimeout   = 30 * time.Second
	maxHeaderBytes    = 32 << 10
)

// http2Bounds are those of a connection that carries several requests: each may
// have headers of maxHeaderBytes, and bodies wait in the host's memory.
var http2Bounds = http.HTTP2Config{
	MaxConcurrentStreams:          32,
	MaxReadFrameSize:              16 << 10,
	MaxReceiveBufferPerConnection: 128 << 10,
	MaxReceiveBufferPerStream:     64 << 10,
	WriteByteTimeout:              stallTimeout,
}

// Serve listens on http.listen, on http.private_listen when there is one, and
// on the admin socket, until ctx ends. Then /readyz says no for drain_notice
// while everything else goes on, so that a balancer sends nothing new; after
// that the host takes no more requests, lets those in flight come to their end
// for up to 30 seconds, and Serve returns nil. An error means that it could not
// listen.
//
// Each listener has at most 2,048 connections open, and 512 of one address (an
// IPv6 network of 64 bits is one), unless that is a trusted proxy's. Beyond
// that connections without a request are closed, those that have waited longest
// first, and when there are none new ones are refused.
func (h *Host) Serve(ctx context.Context) error {
	cfg := h.config()
	endpoints, err := h.openEndpoints(ctx, cfg)
	if err != nil {
		return err
	}

	// Serve until the caller has enough of it, or one endpoint fails.
	failed := make(chan error, len(endpoints))
	for _, one := range endpoints {
		go func() { failed <- one.server.Serve(one.listener) }()
	}
	h.log.Info("serving", endpointsShown(endpoints, cfg)...)

	left := len(endpoints)
	select {
	case <-ctx.Done():
		h.giveNotice()
	case err = <-failed:
		left--
	}

	// ctx has ended; requests in flight get their own time.
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	for _, one := range endpoints {
		if shutdown := one.server.Shutdown(stop); shutdown != nil {
			err = errors.Join(err, shutdown, one.server.Close())
		}
	}

	for range left {
		if end := <-failed; !errors.Is(end, http.ErrServerClosed) {
			err = errors.Join(err, end)
		}
	}

	return err
}

// endpoint is one listener and what is served there.
type endpoint struct {
	name     string // in the log
	listener net.Listener
	server   *http.Server
}

// openEndpoints opens all the listeners, or none.
func (h *Host) openEndpoints(ctx context.Context, cfg *Config) (endpoints []endpoint, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, one := range endpoints {
			err = errors.Join(err, one.listener.Close())
		}
	}()

	public, err := h.listen(ctx, cfg, "http.listen", cfg.HTTP.Listen)
	if err != nil {
		return nil, err
	}
	endpoints = append(endpoints, h.endpoint("address", public, h.Handler()))
	if cfg.HTTP.PrivateListen != "" {
		private, err := h.listen(ctx, cfg, "http.private_listen", cfg.HTTP.PrivateListen)
		if err != nil {
			return endpoints, err
		}
		endpoints = append(endpoints, h.endpoint("private_address", private, h.PrivateHandler()))
	}

	// The admin socket belongs to this user, and not to the plugins that run as
	// this user: they are hung up on, and do not know the secret.
	socket, err := listenSocket(ctx, SocketPath(cfg))
	if err != nil {
		return endpoints, err
	}
	secret, err := newAdminSecret(cfg.Host.DataDir)
	if err != nil {
		return endpoints, errors.Join(err, socket.Close())
	}

	admin := opened{Listener: plugin.RefusePlugins(socket, h.log)}
	handler := wantSecret(secret, h.AdminHandler())
	return append(endpoints, h.endpoint("socket", admin, handler)), nil
}

// endpoint returns what serves a handler on a listener, whose connections it
// bounds.
func (h *Host) endpoint(name string, at opened, handler http.Handler) endpoint {
	if at.ofProxies {
		handler = inbox.FromProxy(handler)
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		HTTP2:             &http2Bounds,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelDebug),
	}

	// The bounds are below TLS: a handshake takes a connection, too.
	bounded := newConnections(at.Listener, listenerBounds, h.inbox.IsProxy)
	bounded.limit(server)
	if at.tls == nil {
		return endpoint{name: name, listener: bounded, server: server}
	}

	return endpoint{name: name, listener: tls.NewListener(bounded, at.tls), server: server}
}

// endpointsShown returns what the log says about where the host serves.
func endpointsShown(endpoints []endpoint, cfg *Config) []any {
	shown := []any{"tls", cfg.HTTP.TLSCert != ""}
	for _, one := range endpoints {
		shown = append(shown, one.name, one.listener.Addr().String())
	}
	return shown
}

// giveNotice says that the host is about to stop, and goes on for as long as
// the configuration says.
func (h *Host) giveNotice() {
	h.leaving.Store(true)
	notice := h.config().Host.DrainNotice
	if notice == 0 {
		return
	}

	h.log.Info(
		"not ready any more; the listeners close after the notice",
		"drain_notice", notice.String(),
	)
	<-h.after(notice)
}

// opened is a listener on which nothing is served yet.
type opened struct {
	net.Listener
	tls       *tls.Config // nil without a certificate
	ofProxies bool        // its peers are trusted proxies
}

// listen opens a listener that the configuration has under key: a unix socket,
// or a TCP address, with TLS when there is a certificate.
func (h *Host) listen(ctx context.Context, cfg *Config, key, where string) (opened, error) {
	network, address := config.ListenAddress(where)
	if network == "unix" {
		socket, err := openSocket(ctx, address, proxySocket)
		if err != nil {
			return opened{}, fmt.Errorf("%s: %w", key, err)
		}
		return opened{Listener: plugin.RefusePlugins(socket, h.log), ofProxies: true}, nil
	}

	// A TCP address, with TLS when there is a certificate.
	listener, err := new(net.ListenConfig).Listen(ctx, network, address)
	if err != nil {
		return opened{}, fmt.Errorf("%s: %w", key, err)
	}
	if cfg.HTTP.TLSCert == "" {
		return opened{Listener: listener}, nil
	}

	served, err := newCertificate(h.certificateFiles, h.log)
	if err != nil {
		err = fmt.Errorf("http.tls_cert, http.tls_key: %w", err)
		return opened{}, errors.Join(err, listener.Close())
	}
	h.certificate.Store(served)

	return opened{
		Listener: listener,
		tls: &tls.Config{
			GetCertificate: served.current,
			MinVersion:     tls.VersionTLS12,
			NextProtos:     []string{"h2", "http/1.1"},
		},
	}, nil
}

// certificateFiles are those that the configuration in force names.
func (h *Host) certificateFiles() (cert, key string) {
	settings := h.config().HTTP
	return settings.TLSCert, settings.TLSKey
}

// maxSocketPath is how long the path of a socket may be on every system.
const maxSocketPath = 103

// tooLong is for a socket that no system could open.
func tooLong(path string) error {
	return fmt.Errorf(
		"%s has %d characters, a socket's path may have %d: choose a shorter host.data_dir",
		path, len(path), maxSocketPath)
}

// The modes of the sockets: the admin socket is this user's alone, a proxy's
// user is in the group of the other.
const (
	adminSocket fs.FileMode = 0o600
	proxySocket fs.FileMode = 0o660
)

// listenSocket opens the admin socket for this user alone, and makes its
// folder.
func listenSocket(ctx context.Context, path string) (net.Listener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("admin socket: %w", tooLong(path))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}

	socket, err := openSocket(ctx, path, adminSocket)
	if errors.Is(err, errAnswered) {
		err = fmt.Errorf("%w; give each host a data_dir of its own", err)
	}
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}

	return socket, nil
}

// errAnswered is for a socket on which another process answers.
var errAnswered = errors.New("another host answers")

// openSocket listens on a unix socket. A socket that does not answer was left by a
// host that was killed, and is removed; one that answers belongs to a host that
// runs. Nothing but a socket is removed.
func openSocket(ctx context.Context, path string, mode fs.FileMode) (net.Listener, error) {
	if conn, err := new(net.Dialer).DialContext(ctx, "unix", path); err == nil {
		return nil, errors.Join(fmt.Errorf("%w on %s", errAnswered, path), conn.Close())
	}
	// No process answers there: a socket is a remainder, any other file a mistake
	// in the path, and listening fails.
	if info, err := os.Lstat(path); (err == nil) && (info.Mode().Type() == fs.ModeSocket) {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}

	listener, err := new(net.ListenConfig).Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(err, listener.Close())
	}

	return listener, nil
}
