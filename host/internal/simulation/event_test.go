package simulation

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// judgeEvents: an intent's events are complete, once each and in order, and the
// last one tells how it is.
func (w *world) judgeEvents() {
	ctx := context.Background()
	var all []payment.Event
	err := w.store.Read(ctx, func(tx *store.Tx) (err error) {
		all, err = tx.Events(ctx, 0, nil, 100_000)
		return err
	})
	if err != nil {
		panic("read the events: " + err.Error())
	}

	last := map[string]string{}
	count := map[string]int64{} // of a payment with its refunds, or of a payout

	for _, e := range all {
		id := e.RefundID + e.PayoutID
		if id == "" {
			id = e.PaymentID
		}
		subject := e.PaymentID + e.PayoutID
		count[subject]++
		if e.Sequence != count[subject] {
			w.find("EVENTS OUT OF ORDER: the event number %d of %s is its %d.", e.Sequence,
				w.record.nick(w, id), count[subject])
		}

		var shown struct{ Status string }
		if err := json.Unmarshal(e.Data, &shown); err != nil {
			panic("read an event: " + err.Error())
		}
		last[id] = shown.Status
	}

	w.raw.rows(
		"SELECT id, status FROM intents WHERE status <> 'created' ORDER BY id",
		func(id,
			status string) {
			if last[id] != status {
				w.find(
					"THE LAST EVENT of %s says %q, but it is %s",
					w.record.nick(w, id),
					last[id],
					status,
				)
			}
		},
	)
}

// judgeReceived: what was accepted is there, and every webhook that was taken
// is stored and has been read.
func (w *world) judgeReceived() {
	for _, d := range w.record.delivered {
		var kept, waiting int
		w.raw.row(`SELECT COUNT(*), COALESCE(SUM(state = 'pending'), 0) FROM webhooks
			WHERE provider = $1 AND body = $2`,
			[]any{d.account, []byte(d.body)}, &kept, &waiting)

		switch {
		case kept == 0:
			w.find("LOST: %s was answered and is not stored", d.name)
		case waiting > 0 && w.ledgers.trait(d.account).successor == nil:
			// Under a name that is gone there is nobody to read it.
			w.find("UNREAD: %s was answered and is never read", d.name)
		}
	}

	for id, nick := range w.record.accepted {
		var there int
		w.raw.row("SELECT COUNT(*) FROM intents WHERE id = $1", []any{id}, &there)
		if there != 1 {
			w.find("LOST: %s was accepted and is not stored", nick)
		}
	}
}
