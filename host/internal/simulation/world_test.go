package simulation

import (
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

// world is where one story takes place. Its own goroutine, the director, lets
// one gate after the other open; all others run only from gate to gate.
type world struct {
	*story
	store *store.Store
	raw   *raw
	began time.Time
	// calmAt is when the last fault happens, over when the director stops.
	calmAt, over time.Time

	// mu is for what several goroutines of a host may note on their way between
	// two gates.
	mu      sync.Mutex
	gates   gates
	actors  sync.WaitGroup
	told    telling
	hosts   []*machine
	ledgers *ledgers
	record  record
}

// gate is a place at which a goroutine waits until the director lets it go on.
type gate struct {
	key  string // what passes, without a number
	name string // key and number: what the story decides by
	host *host  // whose process passes; nil for those outside of all hosts
	// most bounds how long the passing takes; exactly, when it is set, is how
	// long.
	most, exactly time.Duration
	// when, if it is set, says when the gate opens, and may change its mind.
	when func() time.Time
	due  time.Time
	open chan struct{}
}

// gone is the host of all who wait when the story is over.
var gone = dead()

func dead() *host {
	h := &host{}
	h.dead.Store(true)
	return h
}

// gates are those that wait.
type gates struct {
	mu      sync.Mutex
	arrived []*gate // not yet named
	waiting []*gate
	counts  map[string]int
	wake    chan struct{}
	closed  bool // the story is over: whoever comes to a gate ends there
}

// pass waits until the director opens the gate, and returns its name. The
// goroutine of a host that has been killed meanwhile ends here.
func (w *world) pass(h *host, key string, most time.Duration) string {
	return w.wait(&gate{key: key, host: h, most: most})
}

// pause waits for as long as it is told to.
func (w *world) pause(h *host, key string, exactly time.Duration) string {
	return w.wait(&gate{key: key, host: h, exactly: exactly})
}

func (w *world) wait(g *gate) string {
	g.open = make(chan struct{})
	w.gates.mu.Lock()
	over := w.gates.closed
	if !over {
		w.gates.arrived = append(w.gates.arrived, g)
	}

	w.gates.mu.Unlock()
	if over {
		runtime.Goexit()
	}

	select {
	case w.gates.wake <- struct{}{}:
	default: // the director has not looked since the last one
	}

	<-g.open
	if g.host != nil && g.host.dead.Load() {
		runtime.Goexit()
	}

	return g.name
}

// direct opens one gate after the other until the story is over.
func (w *world) direct() {
	for {
		synctest.Wait()
		w.admit()
		next := w.next()
		limit := w.over
		if next != nil {
			limit = next.due
		}

		if limit.After(w.over) {
			limit, next = w.over, nil
		}

		if pause := time.Until(limit); pause > 0 {
			select {
			case <-w.gates.wake: // a timer has brought somebody to a gate
			case <-time.After(pause):
			}

			continue
		}

		if next == nil {
			return
		}
		w.let(next)
	}
}

// admit names those that have arrived since. They may have arrived in any
// order: the names do not tell.
func (w *world) admit() {
	w.gates.mu.Lock()
	defer w.gates.mu.Unlock()
	slices.SortStableFunc(w.gates.arrived, func(a, b *gate) int {
		return strings.Compare(a.key,
			b.key)
	})

	for _, g := range w.gates.arrived {
		w.gates.counts[g.key]++
		g.name = fmt.Sprintf("%s #%d", g.key, w.gates.counts[g.key])
		if g.when == nil {
			took := g.exactly
			if took == 0 {
				took = w.delay(g.name, w.patience(g.most))
				w.slow(g, took)
			}

			g.due = time.Now().Add(took)
		}

		w.gates.waiting = append(w.gates.waiting, g)
	}

	w.gates.arrived = w.gates.arrived[:0]
}

// next returns the gate that opens next, nil when nobody waits.
func (w *world) next() (next *gate) {
	for _, g := range w.gates.waiting {
		if g.when == nil {
			next = sooner(next, g)
		}
	}

	// Those that look for what is due come last: to find out when costs most.
	for _, g := range w.gates.waiting {
		if g.when == nil {
			continue
		}
		g.due = g.host.ticked.Add(time.Second)
		if sooner(next, g) == g {
			g.due = g.when()
			next = sooner(next, g)
		}
	}

	return next
}

// sooner returns which of two gates opens first. A frozen host's wait until it
// wakes.
func sooner(a, b *gate) *gate {
	if b.host != nil && !b.host.dead.Load() &&
		b.due.Before(b.host.machine.frozenUntil.get()) {
		b.due = b.host.machine.frozenUntil.get()
	}
	if a == nil || b.due.Before(a.due) || (b.due.Equal(a.due) && b.name < a.name) {
		return b
	}
	return a
}

func (w *world) let(g *gate) {
	w.gates.waiting = slices.DeleteFunc(w.gates.waiting,
		func(other *gate) bool { return other == g })
	w.told.passed(g.name, time.Since(w.began))
	close(g.open)
}

// calm reports whether the faults are over.
func (w *world) calm() bool { return !time.Now().Before(w.calmAt) }

// fault reports whether something goes wrong now.
func (w *world) fault(name string, chance float64) bool {
	return !w.calm() && w.happens(name,
		chance)
}

// telling is what is told of a story: a digest of every gate that opened and,
// for people, the sentences.
type telling struct {
	digest uint64
	aloud  bool
	lines  []string
	gates  []string // when told aloud
}

func (t *telling) passed(name string, at time.Duration) {
	hash := fnv.New64a()
	fmt.Fprintf(hash, "%d %s %d", t.digest, name, at)
	t.digest = hash.Sum64()
	if t.aloud {
		t.gates = append(t.gates, fmt.Sprintf("%s  %s", at, name))
	}
}

// say tells a sentence.
func (w *world) say(format string, args ...any) {
	if !w.told.aloud {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()

	at := time.Since(w.began).Round(time.Millisecond)
	w.told.lines = append(
		w.told.lines,
		fmt.Sprintf("%10s  ", at)+fmt.Sprintf(format, args...),
	)
}

// patience bounds how long a passing takes: in the end everything is quick.
func (w *world) patience(most time.Duration) time.Duration {
	if w.calm() {
		return min(most, 100*time.Millisecond)
	}
	return most
}

// slow tells of what takes long.
func (w *world) slow(g *gate, took time.Duration) {
	if took > 2*time.Second {
		w.say("(%s: takes %s)", g.key, took.Round(time.Second))
	}
}

// act starts somebody outside of all hosts.
func (w *world) act(fn func()) { w.actors.Go(fn) }
