package simulation

import (
	"context"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// operate is an operator's work: what is in doubt for a while is looked up in the
// provider's books and resolved by what they say at that moment.
func (w *world) operate(name string) {
	if !w.happens(name+" is at work", 0.6) {
		return
	}
	for round := 1; ; round++ {
		w.pause(nil, name+" has coffee", w.between(fmt.Sprintf("%s coffee %d", name, round), 10*time.Second, 4*time.Minute))
		if time.Now().After(w.over.Add(-time.Hour)) {
			return
		}
		list, err := reach(w, name, w.machineFor(fmt.Sprintf("%s round %d", name, round)),
			func(ctx context.Context, h *host) (doubtful []payment.Payout, err error) {
				for _, status := range []payment.Status{payment.Unknown, payment.UnderReview} {
					list, _, err := h.core.ListPayouts(ctx, store.Filter{Status: status, Limit: 10})
					if err != nil {
						return nil, err
					}
					for _, p := range list {
						whole, err := h.core.Payout(ctx, p.ID)
						if err != nil {
							return nil, err
						}
						doubtful = append(doubtful, *whole)
					}
				}
				return doubtful, nil
			})
		if err != nil {
			continue
		}
		for _, p := range list {
			w.resolve(name, p.ID, "payout "+p.MerchantReference, payment.KindPayout, p.Attempts)
		}
	}
}

// resolve decides about one doubt, when its attempts are over and its grace has passed.
func (w *world) resolve(name, id, nick string, kind payment.Kind, attempts []payment.Attempt) {
	for _, a := range attempts {
		if time.Now().Before(a.Deadline.Add(grace)) {
			return
		}
	}
	w.pass(nil, name+" looks into the books for "+nick, 30*time.Second)
	r := core.Resolution{Status: payment.Failed, Reason: "not in the books", Operator: name}
	for _, e := range w.ledgers.entries {
		switch {
		case e.ref != id || e.refused != nil || e.status == "failed":
		case e.status == "processing":
			return
		default:
			r.Status, r.Reason = payment.Succeeded, "in the books"
		}
	}

	m := w.machineFor(name + " resolves " + nick)
	w.say("%s finds %s %s", name, nick, r.Reason)
	_, err := reach(w, name+" resolves "+nick, m, func(ctx context.Context, h *host) (struct{}, error) {
		return struct{}{}, h.core.Resolve(ctx, kind, id, r)
	})
	if err == nil {
		w.say("%s has resolved %s: %s", name, nick, r.Status)
	} else {
		w.say("%s could not resolve %s: %v", name, nick, err)
	}
}
