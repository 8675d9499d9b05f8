package insight_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"github.com/payhost/payhost/host/internal/insight"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that a test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newHistory() (*insight.History, *clock) {
	now := &clock{now: time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)}
	return insight.NewHistory(now.Now), now
}

func read(t *testing.T, h *insight.History, window string) []payment.HistoryPoint {
	t.Helper()
	found, ok := h.Window("acme", window)
	if !ok || found.Provider != "acme" || found.Window != window {
		t.Fatalf("%s: %+v", window, found)
	}
	return found.Points
}

// Whatever was observed is in one point of each resolution, and a step without
// calls says that it has none.
func TestAHistoryHasTheCallsOfEachStep(t *testing.T) {
	h, now := newHistory()
	for k := range 100 {
		h.Observe("acme", time.Duration(k+1)*time.Millisecond, k < 10)
	}
	h.Observe("acme", 0, true) // turned away: it has no latency
	h.NoteDoubts(map[string]int{"acme": 3, "zen": 1})
	now.pass(2 * time.Minute)
	h.Observe("acme", time.Second, false)

	points := read(t, h, "1h")
	if len(points) != 3 {
		t.Fatalf("%d points", len(points))
	}
	first, empty, last := points[0], points[1], points[2]
	if first.Calls != 101 || math.Abs(*first.ErrorShare-11.0/101) > 1e-9 || *first.Doubt != 3 {
		t.Errorf("%+v", first)
	}

	// A latency is at most 19 % more than it was.
	for got, want := range map[float64]float64{*first.P50: 50, *first.P95: 95} {
		if got < want || got > want*1.2 {
			t.Errorf("%v ms, want %v", got, want)
		}
	}
	if empty.Calls != 0 || empty.ErrorShare != nil || empty.P50 != nil || empty.Doubt != nil {
		t.Errorf("%+v", empty)
	}
	if last.Calls != 1 || *last.ErrorShare != 0 || *last.P95 < 1000 || *last.Doubt != 3 {
		t.Errorf("%+v", last)
	}

	// While nobody knows what is in doubt, the history does not say.
	h.NoteDoubts(nil)
	if points := read(t, h, "1h"); points[2].Doubt != nil {
		t.Errorf("%+v", points[2])
	}
	if broad := read(t, h, "7d"); len(broad) != 1 || broad[0].Calls != 102 {
		t.Errorf("%+v", broad)
	}
}

func TestAHistoryIsBounded(t *testing.T) {
	h, now := newHistory()
	for range 8 * 24 * 60 {
		h.Observe("acme", time.Millisecond, false)
		now.pass(time.Minute)
	}
	for window, want := range map[string]int{"1h": 60, "24h": 1440, "7d": 1008} {
		points := read(t, h, window)
		if len(points) != want {
			t.Errorf("%s has %d points, want %d", window, len(points), want)
		}
		calls := 1
		if window == "7d" {
			calls = 10
		}
		for k, point := range points[:len(points)-1] {
			if point.Calls != calls {
				t.Fatalf("%s: point %d has %d calls, want %d", window, k, point.Calls, calls)
			}
			if k > 0 && !point.At.After(points[k-1].At) {
				t.Fatalf("%s: point %d is not after the one before", window, k)
			}
		}
	}

	// A gap that is longer than everything leaves nothing old.
	now.pass(30 * 24 * time.Hour)
	for _, window := range []string{"24h", "7d"} {
		for _, point := range read(t, h, window) {
			if point.Calls != 0 {
				t.Fatalf("%s still has %+v", window, point)
			}
		}
	}
	if _, ok := h.Window("acme", "1y"); ok {
		t.Error("there is a window of a year")
	}
}

func TestNamesDoNotGrowTheHistoryForEver(t *testing.T) {
	h, _ := newHistory()
	for k := range 1100 {
		h.Observe(fmt.Sprint("provider ", k), time.Millisecond, false)
	}
	if found, _ := h.Window("provider 1050", "1h"); found.Points[0].Calls != 0 {
		t.Errorf("%+v", found.Points)
	}
	if found, _ := h.Window("provider 999", "1h"); found.Points[0].Calls != 1 {
		t.Errorf("%+v", found.Points)
	}
}

// failing is a store that does not answer while it is down.
type failing struct {
	*store.Store
	down bool
}

func (f *failing) Read(ctx context.Context, fn func(*store.Tx) error) error {
	if f.down {
		return errors.New("down")
	}
	return f.Store.Read(ctx, fn)
}

func openStore(t *testing.T) *failing {
	t.Helper()
	s, err := store.Open(t.Context(), storetest.SQLite(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &failing{Store: s}
}

// A figure that is not known is left out: what was true a while ago would look
// like what is true now.
func TestNoFiguresAreShownWhileTheStoreDoesNotAnswer(t *testing.T) {
	s := openStore(t)
	err := s.Write(t.Context(), func(tx *store.Tx) error {
		return tx.InsertWebhook(t.Context(), &store.Webhook{
			ID: "wh_1", Provider: "acme", State: payment.WebhookFailed,
		})
	})
	if err != nil {
		t.Fatal(err)
	}

	shown := func() int {
		var log strings.Builder
		registry := prometheus.NewRegistry()
		registry.MustRegister(
			insight.NewFigures(
				s,
				slog.New(slog.NewTextHandler(&log, nil)),
				func() []string { return []string{"acme"} },
			))
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		if s.down && !strings.Contains(log.String(), "could not be read") {
			t.Errorf("the log says %q", log.String())
		}
		return len(families)
	}
	if shown() == 0 {
		t.Error("there are no figures")
	}
	s.down = true
	if shown() != 0 {
		t.Error("there are figures of a store that does not answer")
	}
}

// Every kind has its own limit, so that much of one hides nothing of another.
func TestMuchOfOneKindHidesNoOther(t *testing.T) {
	s, ctx := openStore(t), t.Context()
	err := s.Write(ctx, func(tx *store.Tx) error {
		for k := range 30 {
			state := payment.WebhookFailed
			if k >= 28 {
				state = payment.WebhookUnmatched
			}
			err := tx.InsertWebhook(ctx, &store.Webhook{
				ID: fmt.Sprintf("wh_%02d", k), Provider: "acme", State: state,
				ReceivedAt: time.Unix(int64(k+1), 0),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	looker := insight.Attention{
		Store: s,
		Quarantined: func() []insight.Quarantined {
			return []insight.Quarantined{{Provider: "zen", Since: time.Unix(0, 1), Error: "exit status 1"}}
		},
		Certificate: func() (time.Time, bool) { return s.Now().Add(-time.Minute), true },
	}
	found, err := looker.List(ctx, 5)
	if err != nil {
		t.Fatal(err)
	}

	var kinds []string
	for _, item := range found.Data {
		kinds = append(kinds, string(item.Kind))
	}
	want := "quarantined" + strings.Repeat(" webhook_failed", 5) +
		strings.Repeat(" webhook_unmatched", 2) + " certificate_expiring"
	if got := strings.Join(kinds, " "); got != want {
		t.Errorf("got %s", got)
	}
	if len(found.More) != 1 || found.More[0] != payment.AttentionWebhookFailed {
		t.Errorf("more of %v", found.More)
	}
	if last := found.Data[len(found.Data)-1]; !strings.Contains(last.Summary, "has expired") {
		t.Errorf("%+v", last)
	}
}
