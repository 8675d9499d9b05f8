package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// plan is what goes wrong, drawn from the seed.
type plan struct {
	*world
	dice *rand.Rand
	// counts are how often each kind of victim was killed.
	counts map[string]int
}

func newPlan(w *world) *plan {
	return &plan{world: w, dice: rand.New(rand.NewPCG(*seed, 0)), counts: map[string]int{}}
}

// pluginsInARow is how many plugins die before a host does: a plugin that dies
// oftener within a minute is quarantined, as it should be, and then nothing is
// left to be tested.
const pluginsInARow = 4

// run kills so many times. What was killed is there again before it returns.
func (p *plan) run(ctx context.Context, times int) {
	var freezing sync.WaitGroup
	defer freezing.Wait()

	for n := range times {
		pause(ctx, time.Duration(50+p.dice.IntN(250))*time.Millisecond)
		p.fault(ctx)
		p.cut()
		if h, d := p.dice.IntN(len(p.hosts)), p.freezeTime(); n%freezeEvery == freezeEvery/2 {
			p.counts["frozen"]++
			freezing.Go(func() { p.hosts[h].freeze(ctx, d) })
		}

		if n%failOverEvery == failOverEvery-1 && p.readOnly != nil {
			p.counts["fail-over"]++
			p.readOnly(true)
			pause(ctx, 500*time.Millisecond)
			p.readOnly(false)
		}

		switch {
		case n%(pluginsInARow+1) < pluginsInARow:
			p.killPlugin()
		case p.crashDatabase != nil && p.dice.IntN(3) == 0:
			p.counts["database"]++
			p.crashDatabase()
			p.revive()
		default:
			p.killHost()
		}

		if n%50 == 49 {
			p.t.Logf("%d of %d killed: %v", n+1, times, p.counts)
		}
	}
}

const (
	// freezeEvery and failOverEvery are so many kills apart.
	freezeEvery   = 12
	failOverEvery = 40
)

// freezeTime is mostly short, and where another host goes on meanwhile
// sometimes longer than an attempt is its host's own.
func (p *plan) freezeTime() time.Duration {
	if p.dice.IntN(5) == 0 && len(p.hosts) > 1 {
		return 40 * time.Second
	}
	return time.Duration(500+p.dice.IntN(4000)) * time.Millisecond
}

// cut has one host lose the acknowledgement of its next commit.
func (p *plan) cut() {
	if draw := p.dice.IntN(3 * max(1, len(p.cutters))); draw < len(p.cutters) {
		p.counts["acknowledgement"]++
		p.cutters[draw].next.Store(true)
	}
}

// killPlugin kills one of those that are up, at any host. Where none comes up,
// all are quarantined for having died so often: then a host dies in its place,
// which frees its own.
func (p *plan) killPlugin() {
	// drawn whatever is up, so that the seed's next draws stay the same
	victim := p.dice.IntN(1 << 16)

	for range 200 {
		var list []int
		for _, h := range p.hosts {
			list = append(list, h.plugins()...)
		}
		if len(list) > 0 {
			p.counts["plugin"]++
			_ = syscall.Kill(list[victim%len(list)], syscall.SIGKILL)
			return
		}

		pause(context.Background(), 10*time.Millisecond)
	}

	p.killHost()
}

func (p *plan) killHost() {
	h := p.hosts[p.dice.IntN(len(p.hosts))]
	p.counts["host"]++
	h.kill(syscall.SIGKILL)
	p.revive()
}

// revive starts every host that has ended: one whose database went away while
// it started gives up, as it should.
func (p *plan) revive() {
	for _, h := range p.hosts {
		for tries := 0; ; tries++ {
			select {
			case <-h.done:
			default:
				tries = -1
			}

			if tries < 0 {
				break
			}
			if err := h.start(); err == nil {
				break
			} else if tries == 20 {
				p.t.Fatalf("%s does not come up again: %v\n%s", h.config, err, h.logged())
			}

			time.Sleep(200 * time.Millisecond) // until the database is there
		}
	}
}

// free is the operator who has every host look at its configuration again. The
// plugins of a host that died too often are quarantined until then, and what
// such a host has claimed it cannot find out.
func (p *plan) free() {
	for _, h := range p.hosts {
		h.mu.Lock()
		process := h.cmd.Process
		h.mu.Unlock()
		// one that has ended meanwhile frees its plugins by starting
		_ = process.Signal(syscall.SIGHUP)
	}
}

// faults are what the providers do wrong: each once, at whatever call comes
// next.
var faults = []string{
	`{"kind":"delay","delay":"700ms","times":1}`,
	`{"kind":"delay","delay":"2500ms","times":1,"processed":true}`,
	`{"kind":"error","times":1}`,
	`{"kind":"error","times":1,"processed":true}`,
	`{"kind":"html","times":1,"processed":true}`,
	`{"kind":"reset","times":1}`,
	`{"kind":"reset","times":1,"processed":true}`,
	`{"kind":"truncated","times":1}`,
	`{"kind":"lost_response","times":1}`,
	`{"kind":"lost_response","times":2}`,
	`{"kind":"duplicate","times":3}`,
	`{"kind":"reordered","times":1}`,
	`{"kind":"reordered","times":3}`,
	`{"kind":"wrong_signature","times":1}`,
}

func (p *plan) fault(ctx context.Context) {
	provider := []string{"ptop", "reference"}[p.dice.IntN(2)]
	what := faults[p.dice.IntN(len(faults))]
	if status, err := call(ctx, http.MethodPost, p.books[provider]+"/_simulator/faults", "", what, nil); err != nil ||
		status >= 300 {
		p.t.Errorf("the simulator takes no fault: %d %v", status, err)
	}
}

// calm takes all faults away.
func (p *plan) calm(ctx context.Context) {
	for _, address := range []string{p.books["ptop"], p.books["reference"]} {
		if _, err := call(ctx, http.MethodDelete, address+"/_simulator/faults", "", "", nil); err != nil {
			p.t.Error(err)
		}
	}
}

func (p *plan) String() string { return fmt.Sprintf("seed %d, killed %v", *seed, p.counts) }
