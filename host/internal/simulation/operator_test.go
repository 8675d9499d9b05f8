package simulation

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/payment"
)

// doubtful is something that an operator looks into.
type doubtful struct {
	id, nick string
	kind     payment.Kind
	status   payment.Status
	attempts []payment.Attempt
}

// operate is an operator's work: what is in doubt is looked up in the provider's books and
// resolved by what they say at that moment.
func (w *world) operate(name string) {
	if !w.happens(name+" is at work", 0.6) {
		return
	}
	for round := 1; round <= 6; round++ {
		w.pause(nil, name+" has coffee", w.between(fmt.Sprintf("%s coffee %d", name, round),
			10*time.Second, time.Duration(round)*2*time.Minute))
		for _, id := range slices.SortedFunc(maps.Keys(w.record.nicks), func(a, b string) int {
			return strings.Compare(w.record.nicks[a], w.record.nicks[b])
		}) {
			w.lookInto(name, fmt.Sprintf("%s round %d", name, round), id)
		}
	}
}

func (w *world) lookInto(name, round, id string) {
	nick := w.record.nicks[id]
	d := doubtful{id: id, nick: nick}
	_, err := reach(w, round+" reads "+nick, w.machineFor(round+nick), func(ctx context.Context, h *host) (struct{}, error) {
		switch {
		case strings.HasPrefix(nick, "payout"):
			p, err := h.core.Payout(ctx, id)
			if err == nil {
				d.kind, d.status, d.attempts = payment.KindPayout, p.Status, p.Attempts
			}
			return struct{}{}, err
		case strings.HasPrefix(nick, "refund"):
			r, err := h.core.Refund(ctx, id)
			if err == nil {
				d.kind, d.status, d.attempts = payment.KindRefund, r.Status, r.Attempts
			}
			return struct{}{}, err
		default:
			p, err := h.core.Payment(ctx, id)
			if err == nil {
				d.kind, d.status, d.attempts = payment.KindPayment, p.Status, p.Attempts
			}
			return struct{}{}, err
		}
	})
	if err == nil && (d.status == payment.Unknown || d.status == payment.UnderReview) {
		w.resolve(name, d)
	}
}

// resolve decides about one doubt, when its attempts' deadlines and grace have passed.
func (w *world) resolve(name string, d doubtful) {
	for _, a := range d.attempts {
		if time.Now().Before(a.Deadline.Add(grace)) {
			return
		}
	}
	w.pass(nil, name+" looks into the books for "+d.nick, 30*time.Second)
	r := core.Resolution{Status: payment.Failed, Reason: "not in the books", Operator: name}
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

	w.say("%s looks for %s: %s", name, d.nick, r.Reason)
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
