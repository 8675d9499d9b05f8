package main

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/pgserver"
	"github.com/payhost/payhost/sdk"
)

// postgresVariable is the environment variable with the URL of a PostgreSQL
// server whose user may create databases, as for the tests. Without it a server
// is started where its programs are installed.
const postgresVariable = "PAYHOST_TEST_POSTGRES"

// postgresServer returns the server that the variable names, or one that it
// starts as it is installed: its commits are on disk. The URL is "" where there
// is neither; pid is 0 when the server was not started here.
func postgresServer() (server string, pid int, stop func(), err error) {
	if named := os.Getenv(postgresVariable); named != "" {
		return named, 0, func() {}, nil
	}
	bin := pgserver.Programs()
	if bin == "" {
		return "", 0, func() {}, nil
	}

	own, err := pgserver.Start(bin)
	if err != nil {
		return "", 0, nil, fmt.Errorf("start postgres: %w", err)
	}

	return own.URL, own.PID(), own.Stop, nil
}

// ownDatabase creates a database for this run.
func ownDatabase(
	ctx context.Context,
	server, name string,
) (own string, drop func(), err error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not a URL", postgresVariable)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not the URL of a server", postgresVariable)
	}

	name = fmt.Sprintf("payhost_bench_%d_%s", os.Getpid(), name)
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		_ = db.Close() // nothing was created
		return "", nil, err
	}

	parsed.Path = "/" + name
	drop = func() {
		ctx := context.WithoutCancel(ctx)
		// When this fails, the server keeps the database.
		_, _ = db.ExecContext(ctx, "DROP DATABASE "+name+" WITH (FORCE)")
		_ = db.Close()
	}

	return parsed.String(), drop, nil
}

// paidAccount is the account whose payments have been paid when their status is
// queried.
const paidAccount = "paid"

// openDurable opens a host as a service embeds it.
func openDurable(ctx context.Context, dir, store string) (*host.Host, error) {
	provider, plugins, err := settings(dir)
	if err != nil {
		return nil, err
	}
	paid := provider
	paid.Name = paidAccount
	paid.Config = []byte(`{"environment":"sandbox","paid":true}`)
	cfg := &config.Config{Providers: []config.Provider{provider, paid}}
	cfg.Host.PluginDir = plugins
	cfg.Host.DataDir = filepath.Join(dir, "data")
	cfg.Store.URL = sdk.NewSecret(store)
	return host.Open(ctx, cfg)
}

// payments are the payments of a run, which webhooks report one after the
// other.
type payments struct {
	prefix            string // of the keys
	created, reported atomic.Int64
	ids               [1 << 20]string
}

func (p *payments) create(ctx context.Context, h *host.Host) error {
	number := p.created.Add(1)
	request := host.PaymentRequest{
		Provider: account,
		Amount:   decimal.RequireFromString("60"),
		Currency: "USD",
	}
	key := host.IdempotencyKey(fmt.Sprintf("%s-%d", p.prefix, number))
	created, err := h.CreatePayment(ctx, request, key)
	if err != nil {
		return err
	}

	// A payment that failed early would make the figures look too good.
	if created.Status != "requires_action" {
		return fmt.Errorf("the payment is %s: %+v", created.Status, created.Failure)
	}
	p.ids[number] = created.ID

	return nil
}

// report sends a webhook that says that the next payment was paid.
func (p *payments) report(ctx context.Context, address string) error {
	number := p.reported.Add(1)
	if number > p.created.Load() {
		return fmt.Errorf("there are more webhooks than the %d payments", p.created.Load())
	}
	return reportPaid(ctx, address, p.ids[number])
}

func reportPaid(ctx context.Context, address, id string) error {
	req, err := http.NewRequestWithContext(
		ctx, http.MethodPost, address, strings.NewReader(id))
	if err != nil {
		return err
	}

	resp, err := httpClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("a webhook was answered %s", resp.Status)
	}

	return nil
}

// measureWebhooks reports the created payments as paid, over HTTP: each webhook
// is stored, read by the plugin, applied and answered. It makes one load, no
// longer than one load of payments, so that there are payments enough.
func measureWebhooks(ctx context.Context, w *worker, o order) (figures, error) {
	address, end, err := serveWebhooks(ctx, w.host)
	if err != nil {
		return figures{}, err
	}
	defer end()

	return load(ctx, o.Callers, o.For, func(ctx context.Context) error {
		return w.created.report(ctx, address)
	}, w.server)
}

func serveWebhooks(ctx context.Context, h *host.Host) (address string, end func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	server := &http.Server{Handler: h.WebhookHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close

	address = "http://" + listener.Addr().String() + "/webhooks/" + account
	return address, func() { _ = server.Close() }, nil
}
