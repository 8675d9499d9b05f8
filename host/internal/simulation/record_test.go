package simulation

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/payhost/payhost/host/internal/store"
)

// rates say how often things go wrong in one story. Many are zero in most
// stories, so that what is left meets the more often.
type rates struct {
	refused, lost, unread           float64 // of transactions
	freeze, kill, cut               float64 // of hosts, at each gate
	unsent, unheard, unanswered     float64 // of calls; lost on the way there, on the way back
	declined, failing, reversed     float64 // of what providers decide
	denied                          float64 // of searches
	unnotified, twice               float64 // of webhooks
	slow, late                      time.Duration
	impatient, canceling, refunding float64 // of merchants
	attended                        float64 // by operators
	other, stray                    float64 // of customers: another amount, a wrong reference
	twins                           float64 // of requests that a proxy sends twice
	clocks, moving                  float64 // of clocks that are off, of accounts that change
	newcomers
}

// newcomers are the rates of what early stories do not know.
type newcomers struct {
	failovers          float64 // of the database
	updating, renaming float64 // of accounts: another version, another name
	again              float64 // of customers who pay twice
	listing            float64 // of providers that are asked about many in one call
	returning          float64 // of customers whose browser comes back
}

func (w *world) drawRates() rates {
	draw := func(name string, often ...float64) float64 {
		return often[w.pick("rate of "+name,
			len(often))]
	}

	within := func(name string, most ...time.Duration) time.Duration {
		return most[w.pick("rate of "+name, len(most))]
	}
	r := rates{
		refused: draw("refused commits", 0, 0, 0.05),
		lost: draw("lost acknowledgements", 0,
			0.03, 0.1),
		unread:     draw("failed reads", 0, 0, 0.02),
		freeze:     draw("freezes", 0, 0, 0.01, 0.03),
		kill:       draw("kills", 0, 0, 0.01),
		cut:        draw("partitions", 0, 0, 0.01),
		unsent:     draw("unsent calls", 0, 0.1, 0.3),
		unheard:    draw("lost calls", 0, 0.1, 0.3),
		unanswered: draw("lost answers", 0, 0.1, 0.3),
		declined:   draw("refusals", 0, 0.1, 0.3),
		failing:    draw("failures", 0, 0.2),
		reversed:   draw("reversals", 0, 0, 0, 0.1),
		denied:     draw("denied searches", 0, 0.2, 0.5),
		unnotified: draw("lost webhooks", 0, 0.3, 1),
		twice:      draw("repeated webhooks", 0, 0.2),
		slow: within(
			"slow commits",
			100*time.Millisecond,
			5*time.Second,
			70*time.Second,
		),
		late:      within("late calls", time.Second, 30*time.Second),
		impatient: draw("impatience", 0, 0.3),
		canceling: draw("cancels", 0,
			0.2),
		refunding: draw("refunds", 0, 0.5),
		attended:  draw("operators", 0, 0.6, 1),
		other:     draw("other amounts", 0, 0.1),
		stray: draw("strays", 0, 0,
			0.5),
		twins:  draw("twins", 0, 0.2),
		clocks: draw("clocks", 0, 0, 0.7),
		moving: draw("moves", 0, 0, 0.5),
	}

	if !w.early {
		r.newcomers = newcomers{
			failovers: draw("fail-overs", 0, 0, 0, 1),
			updating:  draw("updates", 0, 0, 0.5),
			renaming:  draw("renamings", 0, 0, 0, 0.5),
			again:     draw("second payments", 0, 0.3),
			listing:   draw("lists", 0, 0.5),
			returning: draw("returns", 0, 0.7),
		}
	}

	switch w.theme() {
	case captures:
		r.lost = 0.2
		r.unsent = 0.3
		r.unanswered = 0.3
		r.twins = 0.6
		r.impatient = 0.5
	case freezes:
		r.freeze = 0.04
		r.unheard = 0.3
		r.moving = 0
		r.clocks = 0

	case operators:
		r.unheard = 0.4
		r.unanswered = 0.4
		r.attended = 1
		r.freeze = 0
		r.late = 30 * time.Second
	case transfers:
		r.stray, r.attended = 0.7, 1

	case customers:
		r.again = 0.6
		r.returning = 0.8
		r.listing = 0.8
		r.stray = 0
		r.other = 0
		r.moving = 0
	case accounts:
		r.updating = 0.6
		r.renaming = 0.4
		r.failovers = 0.5
		r.unheard = 0.3
	}

	return r
}

// theme is what one story is about. Most are about everything, a little of
// each.
type theme string

const (
	anything  theme = "anything"
	captures  theme = "captures"
	freezes   theme = "freezes"
	transfers theme = "transfers"
	operators theme = "operators"
	customers theme = "customers" // who pay twice and come back
	accounts  theme = "accounts"  // that get other names and versions
)

func (w *world) theme() theme {
	all := []theme{anything, anything, anything, anything, captures, captures, freezes,
		transfers, operators, operators}
	if !w.early {
		all = append(all, customers, accounts)
	}
	return all[w.pick("theme", len(all))]
}

// record is what is known of a story apart from the hosts' own store.
type record struct {
	rates     rates
	failovers []failover
	nicks     map[string]string // intents' ids by what people call them
	written   atomic.Bool       // since due was found out
	dueAt     time.Time
	beaten    time.Time   // when the hosts last gave signs of life
	unread    atomic.Bool // webhooks wait to be read
	promises  []promise
	findings  []string
	// excused are the orders whose money a provider or a customer has moved
	// twice.
	excused map[string]string
	// doubts are the reasons for which an intent may be under review for ever.
	doubts map[string]string
	// delivered are the webhooks that were answered with success, by their ids.
	delivered map[string]delivery
	// accepted are the ids that merchants were told; uses what their requests
	// showed of their keys.
	accepted map[string]string
	uses     uses
	// resolved are the intents that operators have decided about.
	resolved map[string]bool
	// strays are the transfers that named nothing of ours, by the provider's
	// reference, with the payments that operators wanted to attach them to;
	// unbacked are the payments that succeeded by nothing else.
	strays   map[string][]string
	unbacked []string
}

// doubt notes a reason for which an intent may be under review.
func (w *world) doubt(ref, why string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.doubts[ref] = why
}

// promise is what a merchant was told and relies on: that nothing has moved, or
// ever will.
type promise struct {
	nick, said string
	at         time.Duration
}

// find notes that the hosts have broken a promise.
func (w *world) find(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.say("*** %s", text)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.findings = append(w.record.findings, text)
}

// down reports whether the database takes no writes at the moment.
func (r *record) down() bool { return r.failedOver(time.Now()) != nil }

// away reports whether the database is not there at all.
func (r *record) away() bool {
	f := r.failedOver(time.Now())
	return f != nil && time.Now().Before(f.readable)
}

// failedOver returns the fail-over that a moment is in, nil outside of all.
func (r *record) failedOver(at time.Time) *failover {
	for k, f := range r.failovers {
		if at.After(f.from) && at.Before(f.until) {
			return &r.failovers[k]
		}
	}
	return nil
}

// nick returns what people call an intent: the merchant's reference.
func (r *record) nick(w *world, id string) string {
	w.mu.Lock()
	known, ok := r.nicks[id]
	w.mu.Unlock()
	if ok {
		return known
	}

	name := id
	err := w.store.Read(context.Background(), func(tx *store.Tx) error {
		i, err := tx.Intent(context.Background(), id)
		if err == nil {
			name = string(i.Kind) + " " + i.MerchantReference
		}
		return err
	})
	if err != nil {
		return "something new"
	}

	w.call(id, name)
	return name
}

// call returns an intent its nickname.
func (w *world) call(id, nick string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record.nicks[id] = nick
}

// never is later than every story.
var never = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// due returns when something is due in the store, by the clocks of those who
// wrote it. It is read again only when something was written.
func (r *record) due(w *world) time.Time {
	if !r.written.Load() {
		return r.dueAt
	}
	r.written.Store(false)
	r.dueAt = never
	var check, read, lost sql.NullInt64
	w.raw.row(`SELECT (SELECT MIN(check_at) FROM intents WHERE check_at > 0),
		(SELECT MIN(next_try_at) FROM webhooks WHERE state = 'pending' AND next_try_at > 0),
		(SELECT MIN(deadline) FROM attempts WHERE outcome = '')`, nil, &check, &read, &lost)

	r.unread.Store(read.Valid)
	if lost.Int64 += grace.Microseconds(); !lost.Valid {
		lost.Int64 = never.UnixMicro()
	}

	for _, at := range []sql.NullInt64{check, read, {Int64: lost.Int64, Valid: true}} {
		if moment := time.UnixMicro(at.Int64); at.Valid && moment.Before(r.dueAt) {
			r.dueAt = moment
		}
	}

	return r.dueAt
}

// takenOver returns when a host is next taken for gone, of those that nobody
// has looked for since: what it was doing is due then.
func (w *world) takenOver(looked time.Time) time.Time {
	next := never
	for _, m := range w.hosts {
		if gone := m.seen.Add(16 * time.Second); m.ill() && gone.After(looked) {
			next = minTime(next, gone)
		}
	}
	return next
}

// ill reports whether a machine's host gives no signs of life.
func (m *machine) ill() bool {
	return m.host == nil || m.cutOff() || time.Now().Before(m.frozenUntil.get())
}

// grace is how long after its deadline nobody else may touch an attempt.
const grace = 30 * time.Second
