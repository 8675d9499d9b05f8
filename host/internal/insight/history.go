// Package insight shows operators how a host stands: figures of what is stored,
// the recent history of each provider, and what waits for a person. It reads and
// changes nothing.
package insight

import (
	"math"
	"sync"
	"time"

	"github.com/payhost/payhost/host/payment"
)

// A history has a point for each minute of the last day, and one for each ten
// minutes of the last week. A provider's takes about 80 KB.
const (
	fineStep    = time.Minute
	finePoints  = 24 * 60
	broadStep   = 10 * time.Minute
	broadPoints = 7 * 24 * 6
)

// maxProviders bounds how many providers a history is kept of.
const maxProviders = 1000

// window is what can be asked for.
type window struct {
	step   time.Duration
	points int
}

// windows are the windows by their names in the API.
var windows = map[string]window{
	"1h":  {fineStep, 60},
	"24h": {fineStep, finePoints},
	"7d":  {broadStep, broadPoints},
}

// History keeps how the calls to each provider went, in memory. It may be used
// by any number of goroutines.
type History struct {
	now   func() time.Time
	since time.Time

	mu        sync.Mutex
	providers map[string]*track
	doubts    map[string]int // as last told; nil while that is not known
}

// NewHistory returns an empty history that begins now.
func NewHistory(now func() time.Time) *History {
	return &History{now: now, since: now(), providers: map[string]*track{}}
}

// track is the history of one provider, in both resolutions.
type track struct{ fine, broad ring }

// Observe records one call: how long the plugin had it, 0 when it was turned
// away before, and whether it failed.
func (h *History) Observe(provider string, took time.Duration, failed bool) {
	now := h.now()
	class := classOf(took)
	h.mu.Lock()
	defer h.mu.Unlock()

	if found := h.track(provider); found != nil {
		doubt := h.doubtOf(provider)
		found.fine.at(now, doubt).add(took, class, failed)
		found.broad.at(now, doubt).add(took, class, failed)
	}
}

// doubtOf returns how many intents were in doubt when that was told last. The
// caller holds mu.
func (h *History) doubtOf(provider string) int32 {
	if h.doubts == nil {
		return unknownDoubt
	}
	return int32(h.doubts[provider])
}

// NoteDoubts records how many intents are in doubt now, by provider. A provider
// that is not among them has none; nil says that it is not known.
func (h *History) NoteDoubts(counts map[string]int) {
	now := h.now()
	h.mu.Lock()
	defer h.mu.Unlock()

	h.doubts = counts
	for name := range counts {
		h.track(name)
	}
	for name, found := range h.providers {
		doubt := h.doubtOf(name)
		found.fine.at(now, doubt).doubt = doubt
		found.broad.at(now, doubt).doubt = doubt
	}
}

// track returns the history of a provider, nil when it is one too many. The
// caller holds mu.
func (h *History) track(provider string) *track {
	found := h.providers[provider]
	if (found == nil) && len(h.providers) < maxProviders {
		found = &track{
			fine:  newRing(fineStep, finePoints),
			broad: newRing(broadStep, broadPoints),
		}
		h.providers[provider] = found
	}
	return found
}

// Window returns the history of a provider for "1h", "24h" or "7d", the oldest
// step first; the last one is not over. It is false for any other window.
func (h *History) Window(provider, name string) (payment.ProviderHistory, bool) {
	asked, ok := windows[name]
	if !ok {
		return payment.ProviderHistory{}, false
	}
	now := h.now()
	out := payment.ProviderHistory{
		Provider:    provider,
		Window:      name,
		StepSeconds: int(asked.step / time.Second),
		Since:       h.since.UTC(),
		Points:      []payment.HistoryPoint{},
	}

	h.mu.Lock()
	defer h.mu.Unlock()

	// Before the host began nothing is known, and no points are shown.
	last := slotOf(now, asked.step)
	first := max(last-int64(asked.points)+1, slotOf(h.since, asked.step))
	found := h.providers[provider]
	for slot := first; slot <= last; slot++ {
		at := point{slot: slot, doubt: unknownDoubt}
		if found != nil {
			at = found.of(asked.step).read(slot)
		}
		out.Points = append(out.Points, at.shown(asked.step))
	}

	return out, true
}

func (t *track) of(step time.Duration) *ring {
	if step == broadStep {
		return &t.broad
	}
	return &t.fine
}

// ring has the points of a step. The newest one is still open.
type ring struct {
	step   time.Duration
	points []point
	open   openPoint
}

func newRing(step time.Duration, points int) ring {
	all := make([]point, points)
	for k := range all {
		all[k].slot = -1
	}
	return ring{step: step, points: all, open: openPoint{slot: -1}}
}

// slotOf returns the number of the step that a moment belongs to.
func slotOf(at time.Time, step time.Duration) int64 {
	return at.UnixNano() / int64(step)
}

// at returns the open point for a moment; a new one begins with what is known to
// be in doubt. A clock that goes back adds to the newest one.
func (r *ring) at(now time.Time, doubt int32) *openPoint {
	slot := slotOf(now, r.step)
	if slot > r.open.slot {
		r.close()
		r.open = openPoint{slot: slot, doubt: doubt}
	}
	return &r.open
}

// close keeps the open point.
func (r *ring) close() {
	if r.open.slot >= 0 {
		r.points[r.open.slot%int64(len(r.points))] = r.open.closed()
	}
}

// read returns the point of a slot, an empty one when there was none.
func (r *ring) read(slot int64) point {
	if slot == r.open.slot {
		return r.open.closed()
	}
	if kept := r.points[slot%int64(len(r.points))]; kept.slot == slot {
		return kept
	}
	return point{slot: slot, doubt: unknownDoubt}
}

// unknownDoubt is for a point at whose time nobody looked.
const unknownDoubt = -1

// point is one step that is over. Without a latency, p50 and p95 are 0.
type point struct {
	slot          int64
	calls, failed int32
	p50, p95      float32 // in milliseconds
	doubt         int32
}

// shown returns the point as the API has it.
func (p point) shown(step time.Duration) payment.HistoryPoint {
	out := payment.HistoryPoint{
		At:    time.Unix(0, p.slot*int64(step)).UTC(),
		Calls: int(p.calls),
	}
	if p.calls > 0 {
		share := float64(p.failed) / float64(p.calls)
		out.ErrorShare = &share
	}

	if p.p95 > 0 {
		p50, p95 := float64(p.p50), float64(p.p95)
		out.P50, out.P95 = &p50, &p95
	}
	if p.doubt != unknownDoubt {
		doubt := int(p.doubt)
		out.Doubt = &doubt
	}

	return out
}

// Latencies are counted in classes: the first one ends at firstLatency, and each
// of the others is a fourth of an octave, that is 19 %, wide.
const (
	firstLatency   = 100 * time.Microsecond
	latencyClasses = 90 // up to eight minutes
	perOctave      = 4
)

// openPoint is the step that is not over.
type openPoint struct {
	slot                   int64
	calls, failed, reached int32
	latencies              [latencyClasses]int32
	doubt                  int32
}

func (o *openPoint) add(took time.Duration, class int, failed bool) {
	o.calls++
	if failed {
		o.failed++
	}
	if took > 0 {
		o.reached++
		o.latencies[class]++
	}
}

// classOf returns the class of a latency.
func classOf(took time.Duration) int {
	if took <= firstLatency {
		return 0
	}
	octaves := math.Log2(float64(took) / float64(firstLatency))
	return min(int(math.Ceil(octaves*perOctave)), latencyClasses-1)
}

func (o *openPoint) closed() point {
	return point{
		slot:   o.slot,
		calls:  o.calls,
		failed: o.failed,
		p50:    o.quantile(0.50),
		p95:    o.quantile(0.95),
		doubt:  o.doubt,
	}
}

// quantile returns the upper end, in milliseconds, of the class within which
// that part of the calls ended; 0 when none reached the plugin.
func (o *openPoint) quantile(part float64) float32 {
	wanted := int32(math.Ceil(part * float64(o.reached)))
	sum := int32(0)
	for class, count := range o.latencies {
		sum += count
		if (count > 0) && (sum >= wanted) {
			end := float64(firstLatency) * math.Exp2(float64(class)/perOctave)
			return float32(end / float64(time.Millisecond))
		}
	}
	return 0
}
