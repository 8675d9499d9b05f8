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

// postgresVariable names a PostgreSQL server whose user may make databases, as
// for the tests. Without it one is started where its programs are.
const postgresVariable = "PAYHOST_TEST_POSTGRES"

// The databases' names.
const (
	inSQLite   = "SQLite"
	inPostgres = "PostgreSQL"
)

// measureDurable makes payments through an embedded host and then has all of
// them notified, on each database, or on some. call is what a call takes that
// is not recorded.
func measureDurable(
	ctx context.Context,
	dir string,
	call time.Duration,
	some ...string,
) (string, error) {
	wanted := func(name string) bool { return len(some) == 0 || slices.Contains(some, name) }
	var b strings.Builder
	b.WriteString(
		"| database | callers | payments/s | p50 | p99 | webhooks/s | p50 | p99 |\n|---|---|---|---|---|---|---|---|\n",
	)
	var missed []string
	if wanted(inSQLite) {
		m, err := on{
			inSQLite,
			filepath.Join(dir, "durable"),
			"sqlite:" + filepath.Join(dir, "payhost.db"),
			0,
			call,
		}.measure(
			ctx,
			&b,
		)
		if err != nil {
			return "", err
		}

		missed = append(missed, m...)
	}

	if wanted(inPostgres) {
		m, err := durableOnPostgres(ctx, &b, dir, call)
		if err != nil {
			return "", err
		}
		missed = append(missed, m...)
	}

	fmt.Fprintf(
		&b,
		"\nAims: %d payments/s and %d webhooks/s at %d callers; one caller's payment at most %s more than the call above.",
		aimPayments,
		aimWebhooks,
		manyCallers,
		aimAdded,
	)

	if len(missed) == 0 {
		b.WriteString(" All are reached.\n")
		return b.String(), nil
	}

	fmt.Fprintf(
		&b,
		" Missed, with who had the processors meanwhile:\n\n- %s.\n",
		strings.Join(missed, ".\n- "),
	)

	return b.String(), nil
}

// What the durable core is to reach on two cores with everything on one
// machine.
const (
	aimPayments = 1000
	aimWebhooks = 2000
	aimAdded    = 2 * time.Millisecond
)

func durableOnPostgres(
	ctx context.Context,
	b *strings.Builder,
	dir string,
	call time.Duration,
) (missed []string, err error) {
	server, pid, stop, err := postgresServer()
	if err != nil {
		return nil, err
	}
	defer stop()

	if server == "" {
		b.WriteString(
			"\nPostgreSQL was left out: " + postgresVariable + " names no server, and there are no postgres programs.\n",
		)
		return nil, nil
	}

	own, drop, err := ownDatabase(ctx, server)
	if err != nil {
		return nil, err
	}
	defer drop()

	return on{
		inPostgres,
		filepath.Join(dir, "durable-postgres"),
		own,
		pid,
		call,
	}.measure(
		ctx,
		b,
	)
}

// postgresServer returns the server that the variable names, or one of our own,
// as it is installed: what it commits is on disk. The URL is "" where there is
// neither; pid is 0 when the server is not ours.
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

// ownDatabase makes a database for this run.
func ownDatabase(ctx context.Context, server string) (own string, drop func(), err error) {
	u, err := url.Parse(server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not a URL", postgresVariable)
	}
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, fmt.Errorf("%s is not the URL of a server", postgresVariable)
	}

	name := fmt.Sprintf("payhost_bench_%d", os.Getpid())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		_ = db.Close() // nothing was made
		return "", nil, err
	}

	u.Path = "/" + name
	return u.String(), func() {
		// else the server keeps an empty one
		_, _ = db.ExecContext(
			context.WithoutCancel(ctx),
			"DROP DATABASE "+name+" WITH (FORCE)",
		)
		_ = db.Close()
	}, nil
}

// on is a database to measure on.
type on struct {
	name, dir, url string
	// server is the process of the database's server, 0 when there is none of
	// ours.
	server int
	// call is what a call takes that is not recorded.
	call time.Duration
}

// measure adds the rows of one database, and says which aims are missed there
// and why.
func (o on) measure(ctx context.Context, b *strings.Builder) (missed []string, err error) {
	h, err := openDurable(ctx, o.dir, o.url)
	if err != nil {
		return nil, err
	}
	defer func() { _ = h.Close(ctx) }() // what it measured is known by then

	var made made
	for _, callers := range []int{1, manyCallers} {
		first := cpuNow(o.server)
		creates, err := inRounds(
			ctx,
			callers,
			func(ctx context.Context) error { return made.create(ctx, h) },
		)
		if err != nil {
			return nil, err
		}

		second := cpuNow(o.server)
		notices, err := measureNotices(ctx, h, callers, &made)
		if err != nil {
			return nil, err
		}

		third := cpuNow(o.server)
		if callers == 1 && creates.p50-o.call > aimAdded {
			missed = append(
				missed,
				fmt.Sprintf("%s, one caller's payment: %s", o.name, second.since(first)),
			)
		}

		if callers > 1 && creates.perSecond < aimPayments {
			missed = append(
				missed,
				fmt.Sprintf("%s, payments: %s", o.name, second.since(first)),
			)
		}

		if callers > 1 && notices.perSecond < aimWebhooks {
			missed = append(
				missed,
				fmt.Sprintf("%s, webhooks: %s", o.name, third.since(second)),
			)
		}

		fmt.Fprintf(
			b,
			"| %s | %d | %.0f | %s | %s | %.0f | %s | %s |\n",
			o.name,
			callers,
			creates.perSecond,
			short(creates.p50),
			short(creates.p99),
			notices.perSecond,
			short(notices.p50),
			short(notices.p99),
		)
	}

	return missed, nil
}

func openDurable(ctx context.Context, dir, store string) (*host.Host, error) {
	p, plugins, err := settings(dir)
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{Providers: []config.Provider{p}}
	cfg.Host.PluginDir, cfg.Host.DataDir = plugins, filepath.Join(dir, "data")
	cfg.Store.URL = sdk.NewSecret(store)
	return host.Open(ctx, cfg)
}

// inRounds is the median of several loads.
func inRounds(
	ctx context.Context,
	callers int,
	call func(context.Context) error,
) (figures, error) {
	var list []figures
	for range rounds {
		f, err := load(ctx, callers, 2*roundTime, call)
		if err != nil {
			return figures{}, err
		}
		list = append(list, f)
	}
	return median(list), nil
}

// made are the payments of a run, which notices are sent about one after the
// other.
type made struct {
	keys, notified atomic.Int64
	ids            [1 << 20]string
}

func (m *made) create(ctx context.Context, h *host.Host) error {
	n := m.keys.Add(1)
	pay, err := h.CreatePayment(
		ctx,
		host.PaymentRequest{
			Provider: account,
			Amount:   decimal.RequireFromString("60"),
			Currency: "USD",
		},
		host.IdempotencyKey(fmt.Sprintf("bench-%d", n)),
	)
	if err != nil {
		return err
	}

	if pay.Status != "requires_action" {
		return fmt.Errorf("the payment is %s: %+v", pay.Status, pay.Failure)
	}
	m.ids[n] = pay.ID

	return nil
}

// measureNotices has the payments that were made reported as paid, over HTTP:
// each notice is stored, read by the plugin, applied and answered. One load
// lasts as long as there are payments, and no longer than a load of payments
// does.
func measureNotices(
	ctx context.Context,
	h *host.Host,
	callers int,
	m *made,
) (figures, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return figures{}, err
	}
	server := &http.Server{Handler: h.WebhookHandler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // ends with Close
	defer func() { _ = server.Close() }()

	address := "http://" + l.Addr().String() + "/webhooks/" + account
	return load(ctx, callers, 2*roundTime, func(ctx context.Context) error {
		n := m.notified.Add(1)
		if n > m.keys.Load() {
			return fmt.Errorf("there are more notices than the %d payments", m.keys.Load())
		}
		req, err := http.NewRequestWithContext(
			ctx,
			http.MethodPost,
			address,
			strings.NewReader(m.ids[n]),
		)
		if err != nil {
			return err
		}

		resp, err := httpClient.Do(req)
		if err != nil {
			return err
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("a notice was answered %s", resp.Status)
		}

		return nil
	})
}
