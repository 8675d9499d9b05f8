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
	"slices"
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

// The databases' names.
const (
	inSQLite   = "SQLite"
	inPostgres = "PostgreSQL"
)

// The aims of durable payments on two cores, with everything on one machine.
const (
	aimPayments = 1000
	aimWebhooks = 2000
	aimAdded    = 2 * time.Millisecond
)

// measureDurable makes payments through an embedded host and then reports all
// of them by webhooks, on each database, or on some. call is how long a call
// takes that is not recorded.
func measureDurable(
	ctx context.Context,
	dir string,
	call time.Duration,
	some ...string,
) (string, error) {
	wanted := func(name string) bool { return len(some) == 0 || slices.Contains(some, name) }
	var table strings.Builder
	table.WriteString(
		"| database | callers | payments/s | p50 | p99 | webhooks/s | p50 | p99 |\n" +
			"|---|---|---|---|---|---|---|---|\n",
	)
	var missed []string
	if wanted(inSQLite) {
		file := target{
			name: inSQLite,
			dir:  filepath.Join(dir, "durable"),
			url:  "sqlite:" + filepath.Join(dir, "payhost.db"),
			call: call,
		}
		misses, err := file.measure(ctx, &table)
		if err != nil {
			return "", err
		}

		missed = append(missed, misses...)
	}

	if wanted(inPostgres) {
		misses, err := durableOnPostgres(ctx, &table, dir, call)
		if err != nil {
			return "", err
		}
		missed = append(missed, misses...)
	}

	// A missed aim does not fail the run: the report says where the time went.
	fmt.Fprintf(&table, "\nAims: %d payments/s and %d webhooks/s at %d callers; "+
		"one caller's payment at most %s more than the call above.",
		aimPayments, aimWebhooks, manyCallers, aimAdded)
	if len(missed) == 0 {
		table.WriteString(" All are reached.\n")
		return table.String(), nil
	}

	fmt.Fprintf(&table, " Missed, with who had the processors meanwhile:\n\n- %s.\n",
		strings.Join(missed, ".\n- "))
	return table.String(), nil
}

func durableOnPostgres(
	ctx context.Context,
	table *strings.Builder,
	dir string,
	call time.Duration,
) (missed []string, err error) {
	server, pid, stop, err := postgresServer()
	if err != nil {
		return nil, err
	}
	defer stop()

	if server == "" {
		table.WriteString("\nPostgreSQL was left out: " + postgresVariable +
			" names no server, and there are no postgres programs.\n")
		return nil, nil
	}

	// The server may be one that others use.
	own, drop, err := ownDatabase(ctx, server)
	if err != nil {
		return nil, err
	}
	defer drop()

	return target{
		name:   inPostgres,
		dir:    filepath.Join(dir, "durable-postgres"),
		url:    own,
		server: pid,
		call:   call,
	}.measure(ctx, table)
}

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
func ownDatabase(ctx context.Context, server string) (own string, drop func(), err error) {
	parsed, err := url.Parse(server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not a URL", postgresVariable)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not the URL of a server", postgresVariable)
	}

	name := fmt.Sprintf("payhost_bench_%d", os.Getpid())
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

// target is a database to measure on.
type target struct {
	name, dir, url string
	// server is the process of the database's server, 0 when it was not started
	// here.
	server int
	// call is how long a call takes that is not recorded.
	call time.Duration
}

// measure adds the rows of one database, and returns the aims that are missed
// there, and why.
func (t target) measure(
	ctx context.Context,
	table *strings.Builder,
) (missed []string, err error) {
	opened, err := openDurable(ctx, t.dir, t.url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close(ctx) }() // its results are known by then

	var created payments
	create := func(ctx context.Context) error { return created.create(ctx, opened) }

	for _, callers := range []int{1, manyCallers} {
		begin := cpuNow(t.server)
		creates, err := inRounds(ctx, callers, create)
		if err != nil {
			return nil, err
		}

		afterCreates := cpuNow(t.server)
		webhooks, err := measureWebhooks(ctx, opened, callers, &created)
		if err != nil {
			return nil, err
		}

		afterWebhooks := cpuNow(t.server)

		if callers == 1 && creates.p50-t.call > aimAdded {
			missed = append(
				missed,
				t.name+", one caller's payment: "+afterCreates.since(begin),
			)
		}

		if callers > 1 && creates.perSecond < aimPayments {
			missed = append(missed, t.name+", payments: "+afterCreates.since(begin))
		}
		if callers > 1 && webhooks.perSecond < aimWebhooks {
			missed = append(missed, t.name+", webhooks: "+afterWebhooks.since(afterCreates))
		}

		fmt.Fprintf(table, "| %s | %d | %.0f | %s | %s | %.0f | %s | %s |\n",
			t.name,
			callers,
			creates.perSecond,
			short(creates.p50),
			short(creates.p99),
			webhooks.perSecond,
			short(webhooks.p50),
			short(webhooks.p99),
		)
	}

	return missed, nil
}

func openDurable(ctx context.Context, dir, store string) (*host.Host, error) {
	provider, plugins, err := settings(dir)
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{Providers: []config.Provider{provider}}
	cfg.Host.PluginDir = plugins
	cfg.Host.DataDir = filepath.Join(dir, "data")
	cfg.Store.URL = sdk.NewSecret(store)
	return host.Open(ctx, cfg)
}

// inRounds returns the median of several loads.
func inRounds(
	ctx context.Context,
	callers int,
	call func(context.Context) error,
) (figures, error) {
	var list []figures
	for range rounds {
		result, err := load(ctx, callers, 2*roundTime, call)
		if err != nil {
			return figures{}, err
		}
		list = append(list, result)
	}
	return median(list), nil
}

// payments are the payments of a run, which webhooks report one after the
// other.
type payments struct {
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
	key := host.IdempotencyKey(fmt.Sprintf("bench-%d", number))
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
	body := strings.NewReader(p.ids[number])
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, body)
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
func measureWebhooks(
	ctx context.Context,
	h *host.Host,
	callers int,
	p *payments,
) (figures, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return figures{}, err
	}
	server := &http.Server{Handler: h.WebhookHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer func() { _ = server.Close() }()

	address := "http://" + listener.Addr().String() + "/webhooks/" + account
	return load(ctx, callers, 2*roundTime, func(ctx context.Context) error {
		return p.report(ctx, address)
	})
}
