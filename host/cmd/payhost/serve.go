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

// closeTime is how long calls in flight may take to come to their end after the
// host has stopped serving.
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
		RunE: func(cmd *cobra.Command, _ []string) error {
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

// refuseExposed says what others than the user who runs the host can write.
func (a *app) refuseExposed(problems []config.Problem) error {
	for _, p := range a.located(problems) {
		a.complain(p)
	}
	a.note(
		"serve: %s: a host does not run on what others can write",
		count(len(problems), "problem"),
	)
	return errSaid
}

// serve runs until a signal says stop.
func (a *app) serve(ctx context.Context, cfg *host.Config, loaded appearance) error {
	log, metrics := a.waitForNobody(cfg)
	ctx, stop := a.untilSignal(ctx, log)
	defer stop()
	hangup := make(chan os.Signal, 1)

	// before anything that takes time: it would end the process
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
	)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}

	changes, unwatch := watched(cfg, loaded)
	defer unwatch()
	serving, served := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { reloads(serving, running, cfg.File, hangup, changes, log) })
	beside.Go(func() { a.announce(serving, cfg) })
	err = running.Serve(ctx)
	served()

	beside.Wait()
	if err == nil {
		log.Info("stopping")
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()

	if err := errors.Join(err, running.Close(closing)); err != nil {
		return fmt.Errorf("serve: %w", err)
	}

	return nil
}

// attachments are the plugins that the environment says were started by hand.
func attachments() (map[string]host.DebugAttach, error) {
	text := os.Getenv(client.AttachVariable)
	if text == "" {
		return nil, nil
	}
	var list map[string]host.DebugAttach
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, fmt.Errorf(
			"%s is not what a plugin's argument debug prints: %w",
			client.AttachVariable,
			err,
		)
	}

	return list, nil
}

// waitForNobody has the process write its log and its output without waiting
// for whoever reads them, and survive that they have gone: payments do not
// depend on it. It returns the logger, and the metrics with the count of what
// was dropped.
func (a *app) waitForNobody(cfg *host.Config) (*slog.Logger, *prometheus.Registry) {
	// Once the signal is asked for, a write to a pipe without a reader is an
	// error and no longer ends the process. Plugins are started without this.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	written := newPatient(a.err, func(lines int64) []byte {
		var b bytes.Buffer
		slog.New(handler(cfg, &b)).
			Warn("lines of the log were dropped: nobody read them in time", "lines", lines)
		return b.Bytes()
	})

	a.out, a.err = newPatient(a.out, nil), written

	metrics := prometheus.NewRegistry()
	metrics.MustRegister(
		prometheus.NewCounterFunc(
			prometheus.CounterOpts{Name: "payhost_log_lines_dropped_total",
				Help: "Lines of the log that were dropped because nobody read them in time."},
			func() float64 { return float64(written.dropped.Load()) },
		),
	)

	return slog.New(handler(cfg, a.err)), metrics
}

// flush waits a moment for whoever reads what serve has written.
func (a *app) flush() {
	for _, w := range []io.Writer{a.out, a.err} {
		if p, ok := w.(*patient); ok {
			p.close()
		}
	}
}

// handler logs as [log] says.
func handler(cfg *host.Config, to io.Writer) slog.Handler {
	options := &slog.HandlerOptions{Level: cfg.Log.Level}
	if cfg.Log.Format == "json" {
		return slog.NewJSONHandler(to, options)
	}
	return slog.NewTextHandler(to, options)
}

// untilSignal returns a context that the first SIGTERM or Ctrl-C ends. The
// second ends the process: its plugins end with it, and what was in flight is
// found by recovery at the next start.
func (a *app) untilSignal(
	ctx context.Context,
	log *slog.Logger,
) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case s := <-signals:
			log.Info(
				"stopping when what is in flight has ended; another signal stops at once",
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

// announceEvery is how often the host is asked whether it listens already.
const announceEvery = 20 * time.Millisecond

// announce prints one line once the host answers: scripts wait for it.
func (a *app) announce(ctx context.Context, cfg *host.Config) {
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
			return
		}

		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// answers is content with any answer: a store that is down is the probes'
// business.
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

	if ip := net.ParseIP(name); name == "" || (ip != nil && ip.IsUnspecified()) {
		name = "127.0.0.1"
	}

	return scheme + net.JoinHostPort(name, port)
}
