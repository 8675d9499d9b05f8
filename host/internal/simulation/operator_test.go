package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// doubtful is something that an operator looks into.
type doubtful struct {
	id, nick string
	kind     payment.Kind
	status   payment.Status
	attempts []payment.Attempt
}

// operate is an operator's work: what is in doubt is looked up in the
// provider's books and resolved by what they say at that moment.
func (w *world) operate(name string) {
	if !w.happens(name+" is at work", w.record.rates.attended) {
		return
	}
	seen := map[string]bool{}

	for round := 1; round <= 6; round++ {
		w.pause(nil, name+" has coffee", w.between(fmt.Sprintf("%s coffee %d", name, round),
			10*time.Second, time.Duration(round)*2*time.Minute))
		for _, id := range w.doubtful() {
			w.lookInto(name, fmt.Sprintf("%s round %d", name, round), id)
		}

		w.attach(name, fmt.Sprintf("%s round %d", name, round), seen)
	}
}

// attach attaches what came in for nothing that we know to a payment of the
// same amount that somebody still has to pay, as the operator remembers it.
func (w *world) attach(name, round string, seen map[string]bool) {
	if len(w.record.strays) == 0 {
		return
	}
	list, err := reach(w, round+" reads webhooks", w.machineFor(round),
		func(ctx context.Context, h *host) ([]*store.Webhook, error) {
			list, _, err := h.inbox.List(
				ctx,
				store.WebhookFilter{State: payment.WebhookUnmatched,
					Limit: 10},
			)
			return list, err
		})
	if err != nil {
		return
	}

	var open []string
	for _, e := range w.ledgers.entries {
		if e.flow == "link" && e.status == "requires_action" {
			open = append(open, e.ref)
		}
	}

	for _, n := range list {
		theirs := theirsOf(n)
		if seen[theirs] || len(open) == 0 {
			continue
		}
		seen[theirs] = true
		w.act(func() {
			w.decide(name, theirs, n.ID, open[w.pick(name+" attaches "+theirs, len(open))])
			if w.happens(name+" thinks again about "+theirs, 0.4) {
				w.decide(name+", who thinks again,", theirs, n.ID,
					open[w.pick(name+" now attaches "+theirs, len(open))])
			}
		})
	}
}

// decide attaches a transfer to a payment, after a while.
func (w *world) decide(name, theirs, notice, id string) {
	nick := w.record.nick(w, id)
	pause := w.pause(nil, name+" decides about "+theirs,
		w.between(name+" decides about "+theirs, time.Second, 3*time.Minute))
	_, err := reach(
		w,
		name+" attaches "+theirs,
		w.machineFor(pause),
		func(ctx context.Context,
			h *host) (*store.Webhook, error) {
			return h.inbox.Attach(ctx, notice, id, name)
		},
	)

	w.say("%s attaches the stray transfer %s to %s: %v", name, theirs, nick, err)
	w.doubt(id, "a transfer was attached that names no payment")
	if !slices.Contains(w.record.strays[theirs], id) {
		w.record.strays[theirs] = append(w.record.strays[theirs], id)
	}
}

// theirsOf reads the provider's reference out of a stored webhook.
func theirsOf(n *store.Webhook) string {
	var body news
	if err := json.Unmarshal(n.Request.Body, &body); err != nil {
		panic(err)
	}
	return body.Stray
}

// doubtful lists what a console shows as being in doubt.
func (w *world) doubtful() (ids []string) {
	const query = "SELECT id, status FROM intents WHERE status IN ('unknown', 'under_review') ORDER BY id"
	w.raw.rows(query, func(id, _ string) {
		ids = append(ids, id)
	})
	return ids
}

func (w *world) lookInto(name, round, id string) {
	nick := w.record.nick(w, id)
	d := doubtful{id: id, nick: nick}
	_, err := reach(
		w,
		round+" reads "+nick,
		w.machineFor(round+nick),
		func(ctx context.Context,
			h *host) (struct{}, error) {
			switch {
			case strings.HasPrefix(nick, "payout"):
				p, err := h.core.Payout(ctx, id)
				if err == nil {
					d.kind = payment.KindPayout
					d.status = p.Status
					d.attempts = p.Attempts
				}

				return struct{}{}, err

			case strings.HasPrefix(nick, "refund"):
				r, err := h.core.Refund(ctx, id)
				if err == nil {
					d.kind = payment.KindRefund
					d.status = r.Status
					d.attempts = r.Attempts
				}

				return struct{}{}, err

			default:
				p, err := h.core.Payment(ctx, id)
				if err == nil {
					d.kind = payment.KindPayment
					d.status = p.Status
					d.attempts = p.Attempts
				}

				return struct{}{}, err
			}
		},
	)
	if err != nil || (d.status != payment.Unknown && d.status != payment.UnderReview) {
		return
	}

	if w.happens(round+" refreshes "+nick, 0.4) {
		w.say("%s refreshes %s", name, nick)
		_, err := reach(w, round+" refreshes "+nick, w.machineFor(round+" refreshes"),
			func(ctx context.Context, h *host) (struct{}, error) {
				return struct{}{}, refresh(ctx, h, d)
			})

		w.say("%s has refreshed %s: %v", name, nick, err)
		return
	}

	w.resolve(name, d)
}

func refresh(ctx context.Context, h *host, d doubtful) (err error) {
	switch d.kind {
	case payment.KindPayment:
		_, err = h.core.RefreshPayment(ctx, d.id)
	case payment.KindPayout:
		_, err = h.core.RefreshPayout(ctx, d.id)
	}
	return err
}

// lastDeadline is until when the last attempt at something could be sent, as a
// console shows it that is up to date.
func (w *world) lastDeadline(id string) (last time.Time) {
	query := "SELECT intent_id, CAST(MAX(deadline) AS TEXT) FROM attempts WHERE intent_id = '" + id + "' GROUP BY intent_id"
	w.raw.rows(query, func(_, micros string) {
		n, err := strconv.ParseInt(micros, 10, 64)
		if err != nil {
			panic(err)
		}
		last = time.UnixMicro(n)
	})
	return last
}

// resolve decides about one doubt, when its attempts' deadlines and grace have
// passed.
func (w *world) resolve(name string, d doubtful) {
	for _, a := range d.attempts {
		if time.Now().Before(a.Deadline.Add(grace)) {
			return
		}
	}

	books := name + " opens the books for " + d.nick
	w.pause(nil, books, w.between(books, time.Second, 40*time.Second))
	r := payment.Resolution{
		Status:   payment.Failed,
		Reason:   "not in the books",
		Operator: name,
	}

	for _, e := range w.ledgers.of(d.id) {
		switch {
		case e.refused != nil || e.status == "failed":
		case e.status == "succeeded":
			r.Status, r.Reason = payment.Succeeded, "in the books"
		case e.status == "canceled":
			r.Status, r.Reason = payment.Canceled, "canceled in the books"
		default:
			return // the provider has not finished
		}
	}

	// What was read before the books were opened may be old: hosts go on
	// repeating what is in doubt.
	if w.lastDeadline(d.id).Add(grace).After(time.Now()) {
		w.say("%s sees that %s was sent again, and waits", name, d.nick)
		return
	}

	w.say("%s looks for %s: %s", name, d.nick, r.Reason)
	w.record.resolved[d.id] = true
	_, err := reach(w, name+" resolves "+d.nick, w.machineFor(name+" resolves "+d.nick),
		func(ctx context.Context, h *host) (struct{}, error) {
			return struct{}{}, h.core.Resolve(ctx, d.kind, d.id, r)
		})
	if err == nil {
		w.say("%s has resolved %s: %s", name, d.nick, r.Status)
	} else {
		w.say("%s could not resolve %s: %v", name, d.nick, err)
	}
}
