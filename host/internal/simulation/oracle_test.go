package simulation

import (
	"context"
	"strings"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// judge holds what the hosts recorded, and what they told, against the providers' books.
func (w *world) judge() {
	w.judgeMoney()
	w.judgePromises()
	w.judgeStatuses()
}

// judgeMoney: money moves at most once for an order, and at most once for an intent.
func (w *world) judgeMoney() {
	orders, intents := map[string]int{}, map[string]int{}
	for _, e := range w.ledgers.entries {
		if e.moved() {
			orders[e.order]++
			intents[e.nick]++
		}
	}
	for _, e := range w.ledgers.entries {
		if orders[e.order] > 1 && w.record.excused[e.order] == "" {
			w.find("MONEY MOVED TWICE for order %s", e.order)
			orders[e.order] = 0
		}
	}
}

// judgePromises: what a merchant was told not to have been done is never done.
func (w *world) judgePromises() {
	for _, p := range w.record.promises {
		for _, e := range w.ledgers.entries {
			if e.nick == p.nick && e.moved() && w.record.excused[e.order] == "" {
				w.find("the merchant was told that %s was not done (%s), but it was", p.nick, p.said)
			}
		}
	}
}

// judgeStatuses: every final status agrees with the books; what is not final is honest.
func (w *world) judgeStatuses() {
	ctx := context.Background()
	err := w.store.View(ctx, func(tx *store.Tx) error {
		for _, kind := range []payment.Kind{payment.KindPayment, payment.KindPayout} {
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
	nick := string(i.Kind) + " " + i.MerchantReference
	var moved, failed bool
	var account *trait
	for _, e := range w.ledgers.entries {
		if e.ref == i.ID {
			moved = moved || e.moved()
			failed = failed || e.refused != nil || e.status == "failed"
		}
	}
	for _, t := range w.ledgers.traits {
		if t.name == i.Provider {
			account = t
		}
	}
	for _, a := range attempts {
		if a.Outcome == "" {
			w.find("%s has an attempt (%d, %s) without an end", nick, a.Number, a.Verb)
		}
	}

	askable := account.askable && (account.byReference || i.ProviderReference != "")
	switch i.Status {
	case payment.Succeeded:
		if !moved {
			w.find("%s is succeeded, but no money moved", nick)
		}
	case payment.Failed, payment.Canceled, payment.Expired:
		if moved {
			w.find("%s is %s, but money moved", nick, i.Status)
		}
	case payment.Created:
		w.find("%s is created for ever", nick)
	case payment.UnderReview:
		if w.record.doubts[i.ID] == "" {
			w.find("%s is under review (%s) without a reason", nick, i.ReviewReason)
		}
	case payment.Unknown, payment.Processing:
		if askable && (moved || failed) {
			w.find("%s is %s for ever, though its provider can be asked", nick, i.Status)
		}
	}
}

// kindOf says what sort of finding it is: a story that is cut down must keep its sort.
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
