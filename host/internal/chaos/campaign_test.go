package chaos

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/storetest"
)

// One host on its file.
func TestCampaignOnSQLite(t *testing.T) {
	t.Parallel() // most of both campaigns is waiting
	campaign(t, newWorld(t, 1, "", nil))
}

// Two hosts on one PostgreSQL, whose server dies as well.
func TestCampaignOnPostgres(t *testing.T) {
	t.Parallel()
	url, crash := storetest.Crashing(t)
	w := newWorld(t, 2, url, crash)
	w.readOnly = func(on bool) { failOver(t, url, on) }
	campaign(t, w)
}

// failOver makes a database read-only, or writable again, and ends the sessions
// that there are.
func failOver(t *testing.T, url string, readOnly bool) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	db.SetMaxOpenConns(1)
	setting := map[bool]string{true: "on", false: "off"}[readOnly]
	for _, text := range []string{
		`SET default_transaction_read_only = off`, // of this session
		`DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET default_transaction_read_only = ` + setting + `'; END $$`,
		`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
	} {
		if _, err := db.Exec(text); err != nil {
			t.Errorf("fail over: %v", err)
		}
	}
}

func campaign(t *testing.T, w *world) {
	p, l := newPlan(w), &load{world: w}
	t.Logf("seed %d (make chaos SEED=%d repeats the plan)", *seed, *seed)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()

	loading := make(chan struct{})
	go func() {
		defer close(loading)
		l.run(ctx)
	}()

	began := time.Now()
	p.run(ctx, *kills/2)
	stop()
	<-loading
	took := time.Since(began)
	calm := context.Background()
	p.calm(calm)
	p.revive()

	p.free()
	l.finish(calm)
	v := l.await(calm)
	l.decide(calm, v)
	v = l.await(calm)
	v.judge(calm)
	w.judgeClocks()
	t.Logf(
		"%v in %s, settled %s later",
		p,
		took.Round(time.Second),
		(time.Since(began) - took).Round(time.Second),
	)

	if t.Failed() {
		for _, h := range w.hosts {
			t.Logf("%s:\n%s", h.config, tail(h.logged(), 60))
		}
	}

	for _, h := range w.hosts {
		h.kill(syscall.SIGTERM)
	}
	if left := processesOf(w.dir); len(left) > 0 {
		t.Errorf("plugins outlive their hosts: %q", left)
	}
}

// processesOf lists what still runs from a folder: hosts run their plugins from
// copies in their data folders.
func processesOf(dir string) (left []string) {
	links, _ := filepath.Glob("/proc/[0-9]*/exe")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && strings.HasPrefix(to, dir+"/data") {
			left = append(left, link+" "+to)
		}
	}
	return left
}

func tail(text string, lines int) string {
	all := strings.Split(text, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
