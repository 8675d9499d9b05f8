package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/sdk"
	"github.com/spf13/cobra"
)

// closeTime is how long calls in flight may take to come to their end after the host has stopped serving.
const closeTime = 60 * time.Second

// serveCommand is the only one that runs providers for longer than a moment.
func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run a host on config.toml",
		Long: `Run a host on config.toml, until SIGTERM or Ctrl-C.

It then takes no more requests and lets those in flight come to their end; a second
signal ends it at once. SIGHUP reloads the file, as payhost reload does. Logs go to the
error output; one line on the output says when the host is ready.`,
		Example: "  payhost serve\n  payhost serve --config /etc/payhost/config.toml",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded := look(a.config)
			cfg, err := host.LoadConfig(a.config)
			if err != nil {
				return a.refuseConfig(err)
			}
			return a.serve(c.Context(), cfg, loaded)
		},
	}
}

// serve runs until a signal says stop.
func (a *app) serve(ctx context.Context, cfg *host.Config, loaded appearance) error {
	log := a.logger(cfg)
	ctx, stop := a.untilSignal(ctx, log)
	defer stop()
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP) // before anything that takes time: it would end the process
	defer signal.Stop(hangup)
	attached, err := attachments()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	h, err := host.Open(ctx, cfg, host.WithLogger(log), host.WithAttached(attached))
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	changes, unwatch := watched(cfg, loaded, log)
	defer unwatch()
	serving, served := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { reloads(serving, h, cfg.File, hangup, changes, log) })
	beside.Go(func() { a.announce(serving, cfg) })
	err = h.Serve(ctx)
	served()
	beside.Wait()
	if err == nil {
		log.Info("stopping")
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	if err := errors.Join(err, h.Close(closing)); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// attachments are the plugins that the environment says were started by hand.
func attachments() (map[string]host.Attachment, error) {
	text := os.Getenv(sdk.AttachVariable)
	if text == "" {
		return nil, nil
	}
	var list map[string]host.Attachment
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf("%s is not what a plugin's argument debug prints: %w", sdk.AttachVariable, err)
	}
	return list, nil
}

// logger logs as [log] says.
func (a *app) logger(cfg *host.Config) *slog.Logger {
	options := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(a.err, options))
	}
	return slog.New(slog.NewTextHandler(a.err, options))
}

// untilSignal gives a context that the first SIGTERM or Ctrl-C ends. The second ends the process: its plugins end with
// it, and what was in flight is found by recovery at the next start.
func (a *app) untilSignal(ctx context.Context, log *slog.Logger) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			log.Info("stopping when what is in flight has ended; another signal stops at once", "signal", s.String())
			cancel()
		case <-done:
			return
		}
		select {
		case s := <-signals:
			log.Warn("stopping at once", "signal", s.String())
			os.Exit(exitFailed)
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// announceEvery is how often the host is asked whether it listens already.
const announceEvery = 20 * time.Millisecond

// announce prints one line once the host answers: scripts wait for it.
func (a *app) announce(ctx context.Context, cfg *host.Config) {
	client := http.Client{Transport: transport(host.SocketPath(cfg)), Timeout: time.Second}
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()
	for {
		if answers(ctx, &client) {
			fmt.Fprintf(a.out, "payhost ready: %s (console /console/, docs /docs, openapi /openapi.json)\n", address(cfg))
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// answers is content with any answer: a store that is down is the probes' business.
func answers(ctx context.Context, client *http.Client) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://payhost/healthz", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil
}

// address is where the host listens, as one calls it from the same machine.
func address(cfg *host.Config) string {
	scheme := "http://"
	if cfg.HTTP.TLSCert != "" {
		scheme = "https://"
	}
	name, port, err := net.SplitHostPort(cfg.HTTP.Listen)
	if err != nil {
		return scheme + cfg.HTTP.Listen
	}
	if ip := net.ParseIP(name); name == "" || ip != nil && ip.IsUnspecified() {
		name = "127.0.0.1"
	}
	return scheme + net.JoinHostPort(name, port)
}
