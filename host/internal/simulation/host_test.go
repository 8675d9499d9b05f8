package simulation

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/recovery"
	"github.com/payhost/payhost/sdk"
)

// machine is what a host runs on: its clock and its name stay when the host
// dies.
type machine struct {
	world *world
	name  string
	// skew is how far the clock is ahead; it is stepped once, by step, at
	// stepAt.
	skew, step  time.Duration
	stepAt      time.Time
	frozenUntil moment
	cutUntil    moment    // no way to the database until then
	host        *host     // nil while none runs
	former      string    // the instance before
	seen        time.Time // when it last gave a sign of life
	lives       int
}

// moment is a time that one goroutine may set while another looks at it.
type moment struct{ nanos atomic.Int64 }

func (m *moment) set(at time.Time) { m.nanos.Store(at.UnixNano()) }
func (m *moment) get() time.Time   { return time.Unix(0, m.nanos.Load()) }

// host is one life of a host's process.
type host struct {
	machine  *machine
	core     *core.Core
	recovery *recovery.Reconciler
	inbox    *inbox.Inbox
	dead     atomic.Bool
	died     chan struct{}
	// ticked is when it last looked for what is due; lateness is how long after
	// its time it looks for what is due next. Who looks first leaves nothing to
	// the others.
	ticked   time.Time
	lateness time.Duration
	looked   time.Time // when it last could
}

// now is the machine's own clock.
func (m *machine) now() time.Time {
	at := time.Now()
	ahead := m.skew
	if !m.stepAt.IsZero() && at.After(m.stepAt) {
		ahead += m.step
	}
	return at.Add(ahead)
}

// setClock decides how far off the machine's clock is, and whether it is
// stepped.
func (m *machine) setClock() {
	w := m.world
	if !w.happens(m.name+" has another time", w.record.rates.clocks) {
		return
	}
	m.skew = w.between(m.name+" clock", -10*time.Minute, 10*time.Minute)
	if w.pick(m.name+" clock is far off", 2) == 0 {
		m.skew = w.between(m.name+" clock", -time.Minute, time.Minute)
	}

	w.say("the clock of %s is %s ahead", m.name, m.skew.Round(time.Second))
	if w.happens(m.name+" is set right", 0.3) {
		m.stepAt, m.step = w.began.Add(w.between(m.name+" set", time.Minute,
			10*time.Minute)), -m.skew
		w.say("... and is set right at %s", m.stepAt.Sub(w.began).Round(time.Second))
	}
}

// move changes, in the middle of the story, who an account is to its provider,
// or its plugin's version. Each host knows of it when it starts the next time.
func (w *world) move() {
	for _, t := range w.ledgers.traits {
		if !w.happens(t.name+" is moved", w.record.rates.moving) {
			continue
		}
		w.pause(
			nil,
			"moving "+t.name,
			w.between("moving "+t.name, time.Minute, 12*time.Minute),
		)

		t.identity += ", another merchant"
		w.say(
			"the configuration of %s names another merchant; the hosts are restarted",
			t.name,
		)
		w.restart(t)
	}
}

// restart restarts one host after the other for a change of an account.
func (w *world) restart(t *trait) {
	for _, m := range w.hosts {
		name := w.pass(nil, m.name+" is restarted for "+t.name, time.Minute)
		if h := m.host; h != nil {
			h.kill(name)
		}
	}
}

// update puts another version of an account's plugin in place. It declares what
// it likes of repeats, as long as that is true, and makes its keys otherwise.
func (w *world) update() {
	for _, t := range slices.Clone(w.ledgers.traits) {
		if !w.happens(t.name+" is updated", w.record.rates.updating) {
			continue
		}
		w.pause(nil, "updating "+t.name, w.between("updating "+t.name, 20*time.Second,
			6*time.Minute))
		t.version = "2.0.0"
		if w.pick(t.name+" declares less", 2) == 0 {
			t.declared.Retry = sdk.RetryNone
		}

		w.say(
			"%s gets version 2.0.0, which declares that a repeat %s; the hosts are restarted",
			t.name,
			t.declared.Retry,
		)
		w.restart(t)
	}
}

// rename returns an account another name here; to its provider it is who it
// was.
func (w *world) rename() {
	for _, t := range slices.Clone(w.ledgers.traits) {
		if !w.happens(t.name+" is renamed", w.record.rates.renaming) {
			continue
		}
		w.pause(nil, "renaming "+t.name, w.between("renaming "+t.name, 20*time.Second,
			6*time.Minute))
		renamed := *t
		renamed.name += "new"
		t.successor = &renamed

		w.ledgers.traits = append(w.ledgers.traits, &renamed)
		w.say("%s is called %s from now on; the hosts are restarted", t.name, renamed.name)
		w.restart(t)
	}
}

// start begins a life. The host reads its configuration now, and sticks to it.
func (m *machine) start() {
	w := m.world
	m.lives++
	h := &host{machine: m, died: make(chan struct{})}
	m.host = h
	accounts := coretest.NewAccounts(w.ledgers.accounts(h)...)
	transactor := &faulty{world: w, host: h}

	made, err := core.New(context.Background(), core.Options{
		Store:       transactor,
		Accounts:    accounts,
		PublicURL:   "http://host.example",
		Now:         m.now,
		Predecessor: m.former,
		Steady:      true,
	})
	if err != nil {
		panic(fmt.Sprintf("start %s: %v", m.name, err))
	}

	m.former, m.seen = made.Instance(), time.Now()
	transactor.ready = true // what a host reads to start is not what the stories are about
	h.core = made
	h.recovery = recovery.New(
		recovery.Options{Core: made, Store: transactor, Accounts: accounts},
	)
	h.inbox = inbox.New(inbox.Options{
		Store:     transactor,
		Core:      made,
		Accounts:  accounts,
		Directory: accounts,
		Now:       w.store.Now,
	})

	go h.tick()
}

// kill ends the host's process at once; it is started again after a while.
func (h *host) kill(name string) {
	w, m := h.machine.world, h.machine
	if h.dead.Load() {
		return
	}
	w.beat()
	h.dead.Store(true)
	m.host = nil
	close(h.died)

	back := w.between(name+" back", time.Second, 90*time.Second)
	w.say("%s is killed; it is started again after %s", m.name, back.Round(time.Second))
	w.act(func() {
		w.pause(nil, m.name+" starts", back)
		if m.host == nil {
			m.start()
			w.say("%s is started again", m.name)
		}
	})
}

// freeze stops the host's process for a while (SIGSTOP, a suspended machine).
func (h *host) freeze(name string) {
	m := h.machine
	m.world.beat()
	stopped := m.world.between(name+" frozen", 20*time.Second, 4*time.Minute)
	m.frozenUntil.set(time.Now().Add(stopped))
	m.world.say("%s is frozen for %s", m.name, stopped.Round(time.Second))
}

// cut takes away the host's way to the database for a while.
func (m *machine) cut(name string) {
	m.world.beat()
	long := m.world.between(name+" cut off for", 5*time.Second, 2*time.Minute)
	m.cutUntil.set(time.Now().Add(long))
	m.world.say("%s is cut off from the database for %s", m.name, long.Round(time.Second))
}

func (m *machine) cutOff() bool { return time.Now().Before(m.cutUntil.get()) }

// beat has every host that is well give the signs of life that it has given
// since the last time. They are written when somebody is about to look for
// them, and not one by one: there are thousands in a story.
func (w *world) beat() {
	const every = 3 * time.Second
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if now.Sub(w.record.beaten) < every {
		return
	}

	w.record.beaten = now
	var beats []any

	for _, m := range w.hosts {
		if m.ill() || w.record.down() {
			beats = append(beats, 0, "")
			continue
		}

		m.seen = now.Add(-time.Duration(w.number(m.name+" beats") % uint64(every)))
		beats = append(beats, m.seen.UnixMicro(), m.former)
	}

	for len(beats) < 2*mostHosts {
		beats = append(beats, 0, "")
	}
	w.raw.exec(`UPDATE hosts SET beat_at = MAX(beat_at,
		CASE instance WHEN $2 THEN $1 WHEN $4 THEN $3 WHEN $6 THEN $5 END)
		WHERE instance IN ($2, $4, $6)`, beats...)
}

// mostHosts is how many hosts a story has at most.
const mostHosts = 3

// tick does the host's background work: at first every second or so, later when
// something is due.
func (h *host) tick() {
	w := h.machine.world
	for !h.dead.Load() {
		name := w.wait(&gate{
			key:  h.machine.name + " looks for what is due",
			host: h,
			when: h.nextTick,
		})
		h.ticked = time.Now()
		h.lateness = time.Duration(w.number(name)%2000) * time.Millisecond
		var work sync.WaitGroup

		due, err := h.recovery.DueProviders(as(context.Background(), "recovery"))
		if err == nil {
			h.looked = h.ticked
		}

		for _, name := range due {
			work.Go(func() {
				h.recovery.RunProvider(as(context.Background(),
					"recovery of "+name), name)
			})
		}

		var waiting []string
		if w.record.unread.Load() {
			waiting, _ = h.inbox.DueProviders(as(context.Background(), "catching up"))
		}

		for _, name := range waiting {
			work.Go(func() {
				_ = h.inbox.CatchupProvider(as(context.Background(),
					"catching up with "+name), name)
			})
		}

		work.Wait()
	}
}

// nextTick is a second after the last one, unless nothing is due that soon.
func (h *host) nextTick() time.Time {
	w := h.machine.world
	spread := w.number(h.machine.name+" tick") % 500
	every := time.Second + time.Duration(spread)*time.Millisecond
	earliest, due := h.ticked.Add(every), w.record.due(w)
	due = minTime(due, w.takenOver(h.looked))
	if due.After(earliest) {
		due = minTime(due, h.ticked.Add(time.Hour))
		return due.Add(h.lateness)
	}

	return earliest
}

func minTime(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// mishap is what may befall a host at a gate that it has just passed.
func (h *host) mishap(name string) {
	w := h.machine.world
	switch {
	case w.fault(name+" freezes", w.record.rates.freeze):
		h.freeze(name)
		w.pause(h, name+" wakes", time.Millisecond)
	case w.fault(name+" is cut off", w.record.rates.cut):
		h.machine.cut(name)
	case w.fault(name+" dies", w.record.rates.kill):
		h.kill(name)
		w.pass(h, name+" is over", 0)
	}
}

type actorKey struct{}

// as names who acts, for all that is done with the context.
func as(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor)
}

func actor(ctx context.Context) string {
	name, _ := ctx.Value(actorKey{}).(string)
	return name
}
