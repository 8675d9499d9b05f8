package chaos

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// entry is what the provider's books have of one payment or payout.
type entry struct {
	Kind, ID, Recipient, Status string
	OrderID                     string `json:"order_id"`
	Moved                       bool
}

// verdict holds what the hosts say against what the providers know.
type verdict struct {
	*load
	entries map[string][]entry // by provider
	records map[string]record  // by id
}

// settleTime is how long the hosts have to find out what became of everything:
// a killed host's call is its own for its two seconds and thirty more.
const settleTime = 3 * time.Minute

// await asks until nothing is in flight or in doubt that can be found out, and
// gives what it is then. What it could not find out is judged as it stands.
func (l *load) await(ctx context.Context) *verdict {
	deadline := time.Now().Add(settleTime)
	for {
		v := l.look(ctx)
		open := v.open()
		if open == "" || time.Now().After(deadline) {
			if open != "" {
				l.t.Errorf("after %s still open: %s", settleTime, open)
			}
			return v
		}

		pause(ctx, time.Second)
	}
}

// look reads everything.
func (l *load) look(ctx context.Context) *verdict {
	v := &verdict{load: l, entries: map[string][]entry{}, records: map[string]record{}}
	for _, o := range l.orders {
		if o.id == "" {
			continue
		}
		var r record
		status, err := call(
			ctx,
			http.MethodGet,
			"http://"+l.hosts[0].address+o.path()+"/"+o.id,
			"",
			"",
			&r,
		)
		if err != nil || status != http.StatusOK {
			l.t.Errorf(
				"%s was accepted as %s and cannot be read: %d %v",
				o.key,
				o.id,
				status,
				err,
			)
			continue
		}

		v.records[o.id] = r
	}

	// The books come last: what a host says of a provider must be true there by
	// then.
	for _, provider := range []string{"ptop", "reference"} {
		var books struct{ Entries []entry }
		if _, err := call(ctx, http.MethodGet, l.books[provider]+"/_simulator/books", "", "", &books); err != nil {
			l.t.Fatal(err)
		}
		v.entries[provider] = books.Entries
	}

	return v
}

// open names something that the hosts can still find out, "" when there is
// nothing.
func (v *verdict) open() string {
	for _, o := range v.orders {
		r := v.records[o.id]
		switch {
		case r.Status == "created":
			return o.id + " is created"
		case r.Status == "unknown" && v.findable(o):
			return o.id + " is unknown"
		}

		// What the provider has decided and the host has not heard of yet, it
		// will ask about.
		waits := r.Status == "requires_action" || r.Status == "processing"
		if e := v.of(o); waits && len(e) == 1 && !slices.Contains(allowed(o, e), r.Status) {
			return o.id + " is " + e[0].Status + " at the provider and still " + r.Status
		}
	}

	return ""
}

// findable reports whether a doubt can be settled: the one provider can be
// asked about everything by our reference; the other's payouts are repeated,
// and its payments are links of which the reference was lost with the answer.
func (v *verdict) findable(o *order) bool {
	return o.provider == "reference" || o.kind == "payout"
}

// of returns what the books have of an order.
func (v *verdict) of(o *order) []entry {
	var out []entry
	for _, e := range v.entries[o.provider] {
		if e.Kind == o.kind &&
			(e.Recipient == o.mark || (o.id != "" && e.OrderID == o.id)) {
			out = append(out, e)
		}
	}
	return out
}

// captures counts how often the books have an order's capture.
func (v *verdict) captures(o *order) (n int) {
	for _, e := range v.entries[o.provider] {
		if e.Kind == "capture" && e.OrderID == o.id {
			n++
		}
	}
	return n
}

// allowed says which of our statuses are true, or honest, when the provider's
// books have this.
func allowed(o *order, e []entry) []string {
	honest := []string{"unknown", "under_review"}
	switch {
	case len(e) == 0: // nothing happened there
		return append(honest, "failed")
	case e[0].Status == "processing":
		return append(
			honest,
			"requires_action",
			"processing",
		) // of a payout only the latter

	case o.kind == "payout", e[0].Moved:
		return append(honest, "succeeded")
	case e[0].Status == "authorized":
		return append(honest, "requires_action", "processing", "authorized")
	case e[0].Status == "failed":
		return append(honest, "failed")
	case strings.HasPrefix(e[0].Status, "cancel"),
		e[0].Status == "2": // in the words of the two providers
		return append(honest, "canceled")

	default:
		return append(honest, "requires_action", "processing")
	}
}

// judge reports everything that breaks a promise, each with its story.
func (v *verdict) judge(ctx context.Context) {
	counts := map[string]int{}
	for _, o := range v.orders {
		e, r := v.of(o), v.records[o.id]
		if len(e) > 1 {
			v.accuse(o, e, fmt.Sprintf("the provider has it %d times", len(e)))
		}
		if o.id == "" {
			continue
		}

		if n := v.captures(o); n > 1 {
			v.accuse(o, e, fmt.Sprintf("it was captured %d times", n))
		}
		counts[o.provider+" "+o.kind+" "+r.Status]++
		if o.kind == "payout" && (r.Status == "unknown" || r.Status == "under_review") &&
			len(e) <= 1 {
			v.accuse(o, e, "an operator has decided it, and it is "+r.Status)
		}

		if !slices.Contains(allowed(o, e), r.Status) {
			v.accuse(o, e, "it is "+r.Status)
		}
		var again record
		status, err := call(
			ctx,
			http.MethodPost,
			"http://"+v.hosts[len(v.hosts)-1].address+o.path(),
			o.key,
			o.body,
			&again,
		)
		if err != nil || status != http.StatusCreated || again.ID != o.id {
			v.accuse(
				o,
				e,
				fmt.Sprintf("its key now stands for %q: %d %v", again.ID, status, err),
			)
		}
	}

	for _, line := range sorted(counts) {
		v.t.Log(line)
	}
	v.judgeEvents(ctx)
}

// judgeEvents looks at the stream, and at what was pushed of it.
func (v *verdict) judgeEvents(ctx context.Context) {
	last, succeeded := map[string]int{}, map[string]int{}
	total, after := 0, ""

	for {
		var page struct{ Data []event }
		status, err := call(
			ctx,
			http.MethodGet,
			"http://"+v.hosts[0].address+"/v1/events?limit=200&after="+after,
			"",
			"",
			&page,
		)
		if err != nil || status != http.StatusOK {
			v.t.Fatalf("events: %d %v", status, err)
		}

		for _, e := range page.Data {
			total, after = total+1, e.ID
			if e.Sequence != last[e.subject()]+1 {
				v.t.Errorf(
					"%s: event %d comes after event %d",
					e.subject(),
					e.Sequence,
					last[e.subject()],
				)
			}

			last[e.subject()] = e.Sequence
			if strings.HasSuffix(e.Type, ".succeeded") {
				succeeded[e.subject()]++
			}
		}

		if len(page.Data) == 0 {
			break
		}
	}

	for id, r := range v.records {
		if n := succeeded[id]; n > 1 || (r.Status == "succeeded" && n != 1) {
			v.t.Errorf("%s is %s and has %d events of its success", id, r.Status, n)
		}
	}

	deadline := time.Now().Add(settleTime)
	for n := 0; n < total && time.Now().Before(deadline); n, _ = v.receiver.got() {
		pause(ctx, 100*time.Millisecond)
	}
	n, wrong := v.receiver.got()
	if n < total || len(wrong) > 0 { // more may have happened since
		v.t.Errorf("%d of %d events were pushed; out of order: %q", n, total, wrong)
	}

	v.t.Logf(
		"%d orders, %d of them answered, %d events, %d of them pushed, %d out of order",
		len(v.orders),
		v.done,
		total,
		min(n, total),
		len(wrong),
	)
}

// accuse tells the whole story of a broken promise.
func (v *verdict) accuse(o *order, e []entry, what string) {
	v.t.Errorf(
		"BROKEN: %s %s at %s (%s): %s\n  the books: %+v\n  its failure: %+v",
		o.kind,
		o.id,
		o.provider,
		o.key,
		what,
		e,
		v.records[o.id].Failure,
	)

	for _, h := range v.records[o.id].History {
		v.t.Logf("  %s %s %s %s %s", h.At, h.Actor, h.Action, h.To, h.Note)
	}
}

func sorted(counts map[string]int) []string {
	var out []string
	for what, n := range counts {
		out = append(out, fmt.Sprintf("%-40s %d", what, n))
	}
	slices.Sort(out)
	return out
}
