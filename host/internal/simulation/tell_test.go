package simulation

import (
	"context"
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
}

// files are the databases of stories: one that is empty, and where to put copies.
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

// tell runs one story from its beginning to its end.
func (f files) tell(t *testing.T, s *story, aloud bool) (end outcome) {
	t.Helper()
	path := filepath.Join(f.dir, fmt.Sprintf("%x-%p.db", s.seed, s))
	if err := os.WriteFile(path, f.empty, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			_ = os.Remove(path + suffix)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		opened, err := store.Open(context.Background(), "sqlite:"+path)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{story: s, store: opened, began: time.Now()}
		w.told.aloud = aloud
		func() {
			defer func() {
				if p := recover(); p != nil {
					w.find("PANIC: %v\n%s", p, debug.Stack())
				}
			}()
			w.play()
			w.judge()
		}()
		end = outcome{w.record.findings, s.taken, w.told.lines, w.told.digest}
		w.close()
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return end
}

// play sets the scene and directs the story to its end.
func (w *world) play() {
	w.gates.counts, w.gates.wake = map[string]int{}, make(chan struct{}, 1)
	w.calmAt, w.over = w.began.Add(20*time.Minute), w.began.Add(150*time.Minute)
	w.record = record{rates: w.drawRates(), nicks: map[string]string{}, written: true, dueAt: never,
		excused: map[string]string{}, doubts: map[string]string{}, delivered: map[string]delivery{},
		strays: map[string][]string{}}
	w.ledgers = &ledgers{world: w, counts: map[string]int{}, open: map[string][]*call{}, doubted: map[string]string{},
		traits: w.drawTraits()}
	for k := range 1 + w.pick("hosts", 3) {
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
		o := &order{name: name, kind: payment.KindPayout, amount: decimal.New(int64(10+k)*10, 0),
			account: w.ledgers.traits[w.pick("order "+name+" account", len(w.ledgers.traits))]}
		if flow := w.pick("order "+name+" flow", 6); flow >= 3 {
			o.kind, o.flow = payment.KindPayment, []string{"direct", "hold", "link"}[flow-3]
		}
		switch w.theme() {
		case captures:
			o.kind, o.flow = payment.KindPayment, "hold"
		case freezes:
			o.kind, o.flow = payment.KindPayout, ""
		case transfers:
			o.kind, o.flow, o.amount = payment.KindPayment, "link", decimal.New(100, 0)
		}
		w.act(func() { w.pay(o) })
	}
	w.act(func() { w.operate("operator Ann") })
	w.act(func() { w.operate("operator Ben") })
	w.act(w.move)
	w.direct()
}

// close ends everybody who still waits.
func (w *world) close() {
	for _, m := range w.hosts {
		if m.host != nil {
			m.host.dead = true
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
