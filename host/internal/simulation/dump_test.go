package simulation

import (
	"context"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// dump tells what the hosts recorded of everything, for who reads the story.
func (w *world) dump() {
	if !w.told.aloud || len(w.record.findings) == 0 {
		return
	}
	ctx := context.Background()
	err := w.store.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout,
			payment.KindRefund} {
			list, err := tx.ListIntents(ctx, store.Filter{Kind: kind, Limit: 1000})
			if err != nil {
				return err
			}

			for _, i := range list {
				if err := w.dumpOne(ctx, tx, i.ID); err != nil {
					return err
				}
			}
		}

		return nil
	})
	if err != nil {
		panic("read the store: " + err.Error())
	}
}

func (w *world) dumpOne(ctx context.Context, tx *store.Tx, id string) error {
	i, attempts, history, err := tx.IntentInFull(ctx, id)
	if err != nil {
		return err
	}
	w.say("%s is recorded as %s %s %s; due at %s", w.record.nick(w, id), i.Status,
		i.ReviewReason, i.Doubt,
		i.CheckAt.Sub(w.began))

	for _, a := range attempts {
		w.say("    attempt %d %s, from %s to %s: %s %s", a.Number, a.Verb,
			a.StartedAt.Sub(w.began),
			a.Deadline.Sub(w.began), a.Outcome, a.Code)
	}

	for _, c := range history {
		w.say("    at %s %s %s: %s -> %s %s", c.At.Sub(w.began), c.Actor, c.Action, c.From,
			c.To, c.Note)
	}

	return nil
}
