package simulation

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/shopspring/decimal"
)

// outcome is how a story ended.
type outcome struct {
	findings []string
	taken    []string
	lines    []string
	digest   uint64
	gates    []string
}

// files are the databases of stories: one that is empty, and where to put
// copies.
type files struct {
	dir   string
	empty []byte
}

// newFiles makes an empty database with all its tables.
func newFiles(t *testing.T) files {
	t.Helper()
	parent := t.TempDir()
	if dir, err := os.MkdirTemp("/dev/shm", "payhost-simulation"); err == nil {
		parent = dir
		t.Cleanup(func() { _ = os.RemoveAll(dir) })
	}

	path := filepath.Join(parent, "empty.db")
	opened, err := store.Open(t.Context(), "sqlite:"+path)
	if err != nil {
		t.Fatal(err)
	}

	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	return files{parent, data}
}

// teller tells stories one after the other, all on one database.
type teller struct {
	store *store.Store
	raw   *raw
}

// season opens a database in a bubble of simulated time, in which any number of
// stories can be told.
func (f files) season(t *testing.T, name string, fn func(*teller)) {
	t.Helper()
	path := filepath.Join(f.dir, name+".db")
	if err := os.WriteFile(path, f.empty, 0o600); err != nil {
		t.Fatal(err)
	}

	synctest.Test(t, func(t *testing.T) {
		opened, err := store.Open(context.Background(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)")
		if err != nil {
			t.Fatal(err)
		}

		db.SetMaxOpenConns(1)
		side := &raw{db: db, known: map[string]*sql.Stmt{}}
		fn(&teller{opened, side})
		if err := errors.Join(side.close(), opened.Close()); err != nil {
			t.Error(err)
		}
	})
}

// tables are those that a story leaves something in.
var tables = []string{"attempts", "intents", "provider_references", "history",
	"idempotency_keys", "receipts", "counters",
	"events", "webhooks", "applied_notices", "deliveries", "settings", "hosts"}

// storyLasts is more than any story needs, its last timers included.
const storyLasts = 24 * time.Hour

// tell runs one story from its beginning to its end.
func (s *teller) tell(told *story, aloud bool) outcome {
	s.raw.exec("BEGIN IMMEDIATE")
	for _, table := range tables {
		s.raw.exec("DELETE FROM " + table)
	}
	s.raw.exec("COMMIT")
	w := &world{story: told, store: s.store, raw: s.raw, began: time.Now()}
	w.told.aloud = aloud
	func() {
		defer func() {
			if p := recover(); p != nil {
				w.find("PANIC: %v\n%s", p, debug.Stack())
			}
		}()
		w.play()
		w.judge()
		w.dump()
	}()

	end := outcome{w.record.findings, told.taken, w.told.lines, w.told.digest, w.told.gates}
	w.close()
	w.actors.Wait()

	// whoever is still about comes to a gate, and ends
	time.Sleep(time.Until(w.began.Add(storyLasts)))
	return end
}

// play sets the scene and directs the story to its end.
func (w *world) play() {
	w.gates.counts, w.gates.wake = map[string]int{}, make(chan struct{}, 1)
	w.calmAt, w.over = w.began.Add(20*time.Minute), w.began.Add(150*time.Minute)
	r := &w.record
	r.rates, r.dueAt = w.drawRates(), never
	r.nicks = map[string]string{}
	r.excused = map[string]string{}
	r.doubts = map[string]string{}
	r.delivered, r.strays = map[string]delivery{}, map[string][]string{}

	r.accepted = map[string]string{}
	r.uses = uses{}
	r.resolved = map[string]bool{}
	w.drawFailovers()
	r.written.Store(true)
	w.ledgers = &ledgers{
		world:   w,
		counts:  map[string]int{},
		numbers: map[string]string{},
		open:    map[string][]*call{},
		doubted: map[string]string{},
		traits:  w.drawTraits(),
	}

	for k := range 1 + w.pick("hosts", mostHosts) {
		name := "host " + string(rune('A'+k))
		if k > 0 && !w.happens(name+" is there", 1) {
			continue
		}
		m := &machine{world: w, name: name}
		m.setClock()
		m.start()
		w.hosts = append(w.hosts, m)
	}

	for k := range 1 + w.pick("orders", 4) {
		name := fmt.Sprint(k + 1)
		if !w.happens("order "+name+" is there", 1) {
			continue
		}
		o := &order{
			name:    name,
			kind:    payment.KindPayout,
			amount:  decimal.New(int64(10+k)*10, 0),
			account: w.ledgers.traits[w.pick("order "+name+" account", len(w.ledgers.traits))],
		}

		if flow := w.pick("order "+name+" flow", 6); flow >= 3 {
			o.kind, o.flow = payment.KindPayment, []string{"direct", "hold", "link"}[flow-3]
		}

		switch w.theme() {
		case captures:
			o.kind, o.flow = payment.KindPayment, "hold"
		case freezes, operators:
			o.kind, o.flow = payment.KindPayout, ""
		case transfers, customers:
			o.kind = payment.KindPayment
			o.flow = "link"
			o.amount = decimal.New(100, 0)
		}

		w.act(func() { w.pay(o) })
	}

	w.act(func() { w.operate("operator Ann") })
	w.act(func() { w.operate("operator Ben") })
	w.act(w.move)
	w.act(w.update)
	w.act(w.rename)
	w.direct()
}

// close ends everybody who still waits.
func (w *world) close() {
	for _, m := range w.hosts {
		if m.host != nil {
			m.host.dead.Store(true)
		}
	}

	w.gates.mu.Lock()
	defer w.gates.mu.Unlock()
	w.gates.closed = true

	for _, g := range append(w.gates.waiting, w.gates.arrived...) {
		g.host = gone
		close(g.open)
	}
}
