package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk/client"
)

// closeTime bounds how long calls in flight may take to end after the host has
// stopped serving.
const closeTime = 60 * time.Second

// serveCommand is the only command that keeps providers running.
func (a *app) serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run a host on config.toml",
		Long: `Run a host on config.toml, until SIGTERM or Ctrl-C.

The host then takes no new requests and lets those in flight end; a second signal ends
it at once. SIGHUP reloads the file, as payhost reload does. Logs go to the standard
error; one line on the standard output says that the host is ready.`,
		Example: "  payhost serve\n  payhost serve --config /etc/payhost/config.toml",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Looked at before it is read, so that no change in between is
			// missed.
			loaded := look(a.config)
			cfg, err := host.LoadConfig(a.config)
			if err != nil {
				return a.refuseConfig(err)
			}

			if problems, _ := host.CheckExposure(cfg); len(problems) > 0 {
				return a.refuseExposed(problems)
			}

			return a.serve(cmd.Context(), cfg, loaded)
		},
	}
}

// refuseExposed prints the files that users other than the host's own can
// write.
func (a *app) refuseExposed(problems []config.Problem) error {
	for _, p := range a.located(problems) {
		a.complain(p)
	}
	a.note(
		"serve: %s: a host does not run on files that other users can write",
		count(len(problems), "problem"),
	)
	return errSaid
}

// serve runs a host until a signal ends it.
func (a *app) serve(ctx context.Context, cfg *host.Config, loaded appearance) error {
	log, metrics := a.detachOutput(cfg)
	manager := newNotifier(log)
	ctx, stop := a.untilSignal(ctx, log)
	defer stop()

	// SIGHUP would end the process, so it is caught before anything that takes
	// time.
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)

	if err := allowed(ctx); err != nil {
		return fmt.Errorf("serve: %w", err)
	}

	attached, err := attachments()
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	running, err := host.Open(
		ctx,
		cfg,
		host.WithLogger(log),
		host.WithMetrics(metrics),
		host.WithDebugAttach(attached),
		host.WithVersion(version),
	)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}

	// Reloads and the line for scripts run beside the serving, and end with it.
	changes, unwatch := watched(cfg, loaded)
	defer unwatch()
	serving, served := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { reloads(serving, running, cfg.File, hangup, changes, log, manager) })
	beside.Go(func() {
		if a.announce(serving, cfg) {
			manager.ready()
		}
		manager.watch(serving, cfg)
	})
	beside.Go(func() {
		<-serving.Done()
		manager.stopping()
	})

	err = running.Serve(ctx)
	served()
	beside.Wait()
	if err == nil {
		log.Info("stopping")
	}

	// ctx has ended by now; the calls in flight still need time.
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()

	if err := errors.Join(err, running.Close(closing)); err != nil {
		return fmt.Errorf("serve: %w", err)
	}

	return nil
}

// attachments returns the plugins that run under a debugger, from the
// environment.
func attachments() (map[string]host.DebugAttach, error) {
	text := os.Getenv(client.AttachVariable)
	if text == "" {
		return nil, nil
	}
	var list map[string]host.DebugAttach

	// The text is pasted by hand, so a misspelled field is an error.
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf(
			"%s does not hold the text that a plugin prints when it is run with the argument debug: %w",
			client.AttachVariable,
			err,
		)
	}

	return list, nil
}

// detachOutput makes the process write its log and its output without waiting
// for a reader, and survive a reader's end: payments must not depend on it. It
// returns the logger, and the metrics with the count of dropped lines.
func (a *app) detachOutput(cfg *host.Config) (*slog.Logger, *prometheus.Registry) {
	// With SIGPIPE caught, a write to a pipe without a reader is an error and
	// does not end the process. Plugins do not inherit this.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	written := newDroppingWriter(a.err, func(lines int64) []byte {
		var b bytes.Buffer
		slog.New(handler(cfg, &b)).
			Warn("log lines were dropped: they were not read in time", "lines", lines)
		return b.Bytes()
	})

	a.out, a.err = newDroppingWriter(a.out, nil), written

	// An operator sees in the metrics that the log is incomplete.
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(
		prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "payhost_log_lines_dropped_total",
				Help: "Log lines that were dropped because they were not read in time."},
			func() float64 { return float64(written.dropped.Load()) },
		),
	)

	return slog.New(handler(cfg, a.err)), metrics
}

// flush returns the reader a moment for the remaining output.
func (a *app) flush() {
	for _, w := range []io.Writer{a.out, a.err} {
		if p, ok := w.(*droppingWriter); ok {
			p.close()
		}
	}
}

// handler returns a handler of log records with the level and format of [log].
func handler(cfg *host.Config, to io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "json" {
		// Lines of many services meet in one place.
		return slog.NewJSONHandler(to, options).
			WithAttrs([]slog.Attr{slog.String("service", "payhost")})
	}
	return slog.NewTextHandler(to, options)
}

// untilSignal returns a context that the first SIGTERM or Ctrl-C ends. The
// second signal ends the process: its plugins end with it, and recovery finds
// the calls in flight at the next start.
func (a *app) untilSignal(
	ctx context.Context,
	log *slog.Logger,
) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})

	// The first signal ends the context, the second ends the process.
	go func() {
		select {
		case s := <-signals:
			log.Info(
				"stopping when the calls in flight have ended; another signal stops at once",
				"signal", s.String(),
			)
			cancel()
		case <-done:
			return
		}

		select {
		case s := <-signals:
			log.Warn("stopping at once", "signal", s.String())
			a.flush()
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

// announceEvery is how often announce tries to reach the host.
const announceEvery = 20 * time.Millisecond

// announce prints one line once the host answers. Scripts wait for it. It
// reports whether the host answers; if not, ctx has ended.
func (a *app) announce(ctx context.Context, cfg *host.Config) bool {
	client := http.Client{Transport: transport(host.SocketPath(cfg)), Timeout: time.Second}
	tick := time.NewTicker(announceEvery)
	defer tick.Stop()

	for {
		if answers(ctx, &client) {
			fmt.Fprintf(
				a.out,
				"payhost ready: %s (console /console/, docs /docs, openapi /openapi.json)\n",
				address(cfg),
			)
			return true
		}

		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// answers reports whether the host answers at all. A store that is down is a
// matter for the probes.
func answers(ctx context.Context, client *http.Client) bool {
	req, err := http.NewRequestWithContext(
		ctx,
		http.MethodGet,
		"http://payhost/healthz",
		nil,
	)
	if err != nil {
		return false
	}

	resp, err := client.Do(req)
	if err != nil {
		return false
	}

	return resp.Body.Close() == nil
}

// address returns the host's URL for a caller on the same machine.
func address(cfg *host.Config) string {
	scheme := "http://"
	if cfg.HTTP.TLSCert != "" {
		scheme = "https://"
	}
	name, port, err := net.SplitHostPort(cfg.HTTP.Listen)
	if err != nil {
		return scheme + cfg.HTTP.Listen
	}

	// A host that listens on every address is called on this machine's own.
	if ip := net.ParseIP(name); name == "" || (ip != nil && ip.IsUnspecified()) {
		name = "127.0.0.1"
	}

	return scheme + net.JoinHostPort(name, port)
}
