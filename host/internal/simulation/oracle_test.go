package simulation

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// judge holds what the hosts recorded, and what they told, against the
// providers' books.
func (w *world) judge() {
	w.judgeMoney()
	w.judgeActions()
	w.judgePromises()
	w.judgeStatuses()
	w.judgeKeys()
	w.judgeEvents()
	w.judgeReceived()
	w.judgeTransfers()
	w.judgeSecondPayments()
}

// judgeSecondPayments: what a customer has paid twice, as two signed webhooks
// say that were taken, is for somebody to look at.
func (w *world) judgeSecondPayments() {
	for _, e := range w.ledgers.entries {
		if len(e.heard) < 2 || w.record.resolved[e.ref] || w.attached(e.ref) ||
			e.identity != e.account.identity {
			continue
		}

		status := ""
		w.raw.rows("SELECT id, status FROM intents WHERE id = '"+e.ref+"'",
			func(_, found string) { status = found })
		if status != string(payment.UnderReview) {
			w.find("PAID TWICE, and nobody is told: %s is %s", e.nick, status)
		}
	}
}

// judgeTransfers: a transfer that an operator attached by hand settles one
// payment.
func (w *world) judgeTransfers() {
	for _, theirs := range slices.Sorted(maps.Keys(w.record.strays)) {
		var settled []string
		for _, id := range w.record.strays[theirs] {
			if slices.Contains(w.record.unbacked, id) {
				settled = append(settled, w.record.nick(w, id))
			}
		}

		if len(settled) > 1 && len(w.record.unbacked) > len(w.record.strays) {
			w.find("ONE TRANSFER SETTLED TWO PAYMENTS: %s settled %s", theirs,
				strings.Join(settled, " and "))
		}
	}
}

// judgeMoney: money moves at most once for an order, and at most once for an
// intent.
func (w *world) judgeMoney() {
	orders, intents := map[string]int{}, map[string]int{}
	for _, e := range w.ledgers.entries {
		if !e.moved() {
			continue
		}
		if intents[e.ref]++; intents[e.ref] == 2 {
			w.find("MONEY MOVED TWICE for %s", e.nick)
		}

		if e.kind == payment.KindRefund {
			continue
		}
		if orders[e.order]++; orders[e.order] == 2 && w.record.excused[e.order] == "" {
			w.find("MONEY MOVED TWICE for order %s", e.order)
		}
	}
}

// judgeActions: a key captures once, no more than was authorized is captured,
// and no more than was paid is given back.
func (w *world) judgeActions() {
	refunded := map[*entry]decimal.Decimal{}
	for _, e := range w.ledgers.entries {
		times := map[string]int{}
		for _, a := range e.actions {
			times[a.key] += a.times
		}

		for key, n := range times {
			if n > 1 {
				w.find("ONE KEY, TWO CAPTURES of %s: %s", e.nick, key)
			}
		}

		if e.captured.GreaterThan(e.amount) {
			w.find(
				"MORE CAPTURED than authorized of %s: %s of %s",
				e.nick,
				e.captured,
				e.amount,
			)
		}

		if e.kind == payment.KindRefund && e.moved() {
			refunded[e.parent] = refunded[e.parent].Add(e.amount)
		}
	}

	for e, sum := range refunded {
		if sum.GreaterThan(e.amount) {
			w.find("MORE REFUNDED than paid of %s: %s of %s", e.nick, sum, e.amount)
		}
	}
}

// judgePromises: what a merchant was told not to have been done is never done.
func (w *world) judgePromises() {
	for _, p := range w.record.promises {
		if w.done(p.nick) && w.record.excused[orderOf(p.nick)] == "" {
			w.find(
				"the merchant was told that %s was not done (%s), but it was",
				p.nick,
				p.said,
			)
		}
	}
}

// done reports whether something is in the books.
func (w *world) done(nick string) bool {
	for _, e := range w.ledgers.entries {
		if e.nick == nick && e.moved() {
			return true
		}

		for _, a := range e.actions {
			if strings.HasSuffix(a.key, ":key of "+nick) && a.times > 0 {
				return true
			}
		}
	}

	return false
}

// judgeStatuses: every final status agrees with the books; what is not final is
// honest.
func (w *world) judgeStatuses() {
	ctx := context.Background()
	err := w.store.Read(ctx, func(tx *store.Tx) error {
		for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout,
			payment.KindRefund} {
			list, err := tx.ListIntents(ctx, store.Filter{Kind: kind, Limit: 1000})
			if err != nil {
				return err
			}

			for _, i := range list {
				attempts, err := tx.Attempts(ctx, i.ID)
				if err != nil {
					return err
				}
				w.judgeStatus(i, attempts)
			}
		}

		return nil
	})
	if err != nil {
		panic("read the store: " + err.Error())
	}
}

func (w *world) judgeStatus(i *intent.Intent, attempts []payment.Attempt) {
	nick := w.record.nick(w, i.ID)
	var moved, succeeded, clear bool

	for _, e := range w.ledgers.of(i.ID) {
		moved, succeeded = moved || e.moved(), succeeded || e.succeeded
		clear = clear ||
			(e.refused == nil && e.status != "processing" && e.status != "pending")
	}

	for _, a := range attempts {
		if a.Outcome == "" {
			w.find("%s has an attempt (%d, %s) without an end", nick, a.Number, a.Verb)
		}
	}

	account, late := w.ledgers.trait(i.Provider), false
	askable := account.askable && (account.byReference || i.ProviderReference != "")

	for _, e := range w.ledgers.of(i.ID) {
		askable = askable && e.identity == account.identity
		late = late || e.paidAt.After(i.ExpiresAt.Add(time.Hour))
	}

	doubt := w.record.doubts[i.ID]
	askable = askable && account.successor == nil // by its former name it is nobody's
	lasting := doubt == "reversed" || doubt == "another amount was paid" ||
		doubt == "paid twice"
	if i.ReviewReason == payment.ReviewMismatch && w.attached(i.ID) {
		// an operator has attached a transfer of another amount: only an
		// operator can say what that was
		lasting = true
	}

	switch i.Status {
	case payment.Succeeded:
		if !moved && !succeeded && !w.attached(i.ID) {
			w.find("%s is succeeded, but no money moved", nick)
		} else if !moved && !succeeded {
			w.record.unbacked = append(w.record.unbacked, i.ID)
		}
	case payment.Failed, payment.Canceled:
		if moved {
			w.find("%s is %s, but money moved", nick, i.Status)
		}

	case payment.Expired:
		if moved && askable && !late {
			w.find("%s is expired, but money moved", nick)
		}
	case payment.Created:
		w.find("%s is created for ever", nick)
	case payment.UnderReview:
		unsigned := account.webhooks == sdk.VerifiedByOrigin && !account.amounts &&
			i.SucceededAt.IsZero()
		if doubt == "" && !w.moved(i) && !unsigned && account.version == "1.0.0" {
			w.find("%s is under review (%s) without a reason", nick, i.ReviewReason)
		} else if askable && clear && !lasting {
			w.find("%s is under review (%s) for ever, though its provider can be asked", nick,
				i.ReviewReason)
		}

	case payment.Unknown, payment.Processing, payment.Pending:
		if askable && clear && !lasting {
			w.find("%s is %s for ever, though its provider can be asked", nick, i.Status)
		}
	}
}

// attached reports whether an operator has attached a transfer to a payment.
func (w *world) attached(id string) bool {
	for _, ids := range w.record.strays {
		if slices.Contains(ids, id) {
			return true
		}
	}
	return false
}

// moved reports whether the account has become another merchant's since.
func (w *world) moved(i *intent.Intent) bool {
	return i.Fingerprint != w.ledgers.trait(i.Provider).identity
}

// kindOf says what sort of finding it is: a story that is cut down must keep
// its sort.
func kindOf(finding string) string {
	words := strings.FieldsFunc(finding, func(r rune) bool { return r == ' ' || r == '.' })
	kept := words[:0]
	for _, word := range words {
		if !strings.ContainsAny(word, "0123456789") {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, " ")
}
