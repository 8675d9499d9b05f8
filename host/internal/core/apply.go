package core

import (
	"context"
	"fmt"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// eventsTopic is what readers of the event stream wait on.
const eventsTopic = "events"

// Apply applies a report to an intent inside tx: the new state, its line of history and its event are one commit. The
// caller calls Changed after the commit.
func (c *Core) Apply(ctx context.Context, tx *store.Tx, i *intent.Intent, r intent.Report, query intent.StatusQuery) (intent.Verdict, error) {
	if r.At.IsZero() {
		r.At = tx.Now()
	}
	if err := c.addReceipts(ctx, tx, i, &r); err != nil {
		return intent.Verdict{}, err
	}
	if err := contest(ctx, tx, i, &r); err != nil {
		return intent.Verdict{}, err
	}
	before := *i
	if (i.Doubt == verbCapture) && (r.Status == payment.Succeeded) && (r.Proof > intent.Hint) {
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return intent.Verdict{}, err
		}
		noteCaptured(&before, attempts)
	}

	next, v := intent.Decide(before, r, query)
	if next.Status != payment.Succeeded {
		next.Captured = i.Captured
	}
	if err := c.note(ctx, tx, next, r, v); err != nil {
		return v, err
	}
	if r.Proof > intent.Hint {
		next.UpdatedAt = r.At
	}
	c.schedule(&next, v, r)
	if v.Moved {
		if err := c.emit(ctx, tx, &next, eventType(next, v)); err != nil {
			return v, err
		}
	}
	if err := tx.SaveIntent(ctx, &next); err != nil {
		return v, err
	}
	*i = next
	return v, nil
}

// note adds a report's line to the history. Anybody can send hints: one that follows another is not noted, so that they
// cannot fill the disk.
func (c *Core) note(ctx context.Context, tx *store.Tx, i intent.Intent, r intent.Report, v intent.Verdict) error {
	change := payment.Change{At: r.At, Actor: r.Actor, Action: word(i, r, v), From: v.From, To: i.Status, Note: v.Note}
	switch {
	case !v.Moved && (v.Note == "" || r.Actor == actorPoll):
		return nil
	case r.Proof == intent.Hint:
		change.Action = actionHinted
		if last, err := tx.LastAction(ctx, i.ID); err != nil || last == actionHinted {
			return err
		}
	}
	return tx.AddHistory(ctx, i.ID, change)
}

// actionHinted is what an unverified report is called in a history.
const actionHinted = "hinted"

// addReceipts records the transfers that a report tells of, and fills in what is known of all that this payment has had. A
// transaction that succeeds is a transfer too. One that another payment of the identity has already is not counted here.
func (c *Core) addReceipts(ctx context.Context, tx *store.Tx, i *intent.Intent, r *intent.Report) error {
	if r.Proof == intent.Hint || r.Proof == intent.Operator || !mayHaveReceipts(i, r) {
		return nil
	}
	told := r.Receipts
	if len(told) == 0 && r.Transaction != "" && r.Status == payment.Succeeded {
		told = []intent.Receipt{transactionOf(r)}
	}
	before, err := tx.Receipts(ctx, i.ID)
	if err != nil {
		return err
	}
	for _, receipt := range before {
		r.SucceededBy = append(r.SucceededBy, receipt.ID)
	}
	for _, receipt := range told {
		holder, err := tx.AddReceipt(ctx, i.Fingerprint, i.ID, receipt)
		if err != nil {
			return err
		}
		if holder != i.ID {
			r.Contested = fmt.Sprintf("transaction %s counts for %s already", receipt.ID, holder)
		}
	}

	all, err := tx.Receipts(ctx, i.ID)
	if err != nil {
		return err
	}
	if len(r.Receipts) > 0 || len(all) > 1 {
		sum := sumOf(all, i.Money())
		r.Received = &sum
	}
	return nil
}

// mayHaveReceipts reports whether the transfers of an intent matter to a report: it tells of some, or it would lift the
// review that others have caused.
func mayHaveReceipts(i *intent.Intent, r *intent.Report) bool {
	if i.Kind != payment.KindPayment {
		return false
	}
	return len(r.Receipts) > 0 || r.Transaction != "" || (i.Status == payment.UnderReview && i.ReviewReason == payment.ReviewMismatch)
}

// transactionOf is the transfer of a transaction that succeeded: of what the payment is for, as far as that is said. More
// that was paid in one transaction is no second receipt.
func transactionOf(r *intent.Report) intent.Receipt {
	receipt := intent.Receipt{ID: r.Transaction}
	if r.Amount != nil {
		receipt.Amount, receipt.Currency = &payment.Amount{Decimal: r.Amount.Amount}, r.Amount.Currency
	}
	return receipt
}

// sumOf adds up transfers. One whose amount was not told counts for the whole, and one in another currency makes the sum
// one of that currency, which can never equal what was asked for.
func sumOf(all []intent.Receipt, asked sdk.Money) sdk.Money {
	sum := sdk.Money{Currency: asked.Currency}
	for _, receipt := range all {
		if receipt.Amount == nil {
			sum.Amount = sum.Amount.Add(asked.Amount)
			continue
		}
		sum.Amount = sum.Amount.Add(receipt.Amount.Decimal)
		if receipt.Currency != asked.Currency {
			sum.Currency = receipt.Currency
		}
	}
	return sum
}

// contest finds out whether the reference under which a report tells of a success is another intent's, which has succeeded
// by it: two intents cannot have the same money.
func contest(ctx context.Context, tx *store.Tx, i *intent.Intent, r *intent.Report) error {
	unforeseen := (i.IdempotencyKey == "") || (i.Status == payment.Failed) ||
		(i.Status == payment.UnderReview)
	if i.Kind == payment.KindRefund && unforeseen && r.Status == payment.Succeeded {
		return contestRefund(ctx, tx, i, r)
	}
	if r.Status != payment.Succeeded || r.Proof == intent.Hint || r.Proof == intent.Operator || r.Contested != "" {
		return nil
	}
	reference := r.ProviderReference
	if reference == "" {
		reference = i.ProviderReference
	}
	if reference == "" || i.Status == payment.Succeeded {
		return nil
	}
	holder, err := tx.OtherHolder(ctx, i, reference)
	if holder != "" {
		r.Contested = fmt.Sprintf("the provider's reference %s is that of %s, which has succeeded by it", reference, holder)
	}
	return err
}

// The actors of a history.
const (
	actorAPI      = "api"
	actorCall     = "call"
	actorPoll     = "poll"
	actorOperator = "operator"
	// ActorHost is for what the host finds out without a provider, ActorWebhook and
	// ActorReturn for what reaches it through the inbox.
	ActorHost    = "host"
	ActorWebhook = "webhook"
	ActorReturn  = "return"
)

// word names a change in the history in a word.
func word(i intent.Intent, r intent.Report, v intent.Verdict) string {
	switch {
	case v.Query:
		return actionHinted
	case !v.Moved:
		return "reported"
	case i.Status == payment.RequiresAction && r.NextAction != nil && r.NextAction.Type == "redirect":
		return "redirected"
	}
	return string(i.Status)
}

// eventType names an event. A success is announced once in an intent's life: one that comes back from a review has a
// name of its own.
func eventType(i intent.Intent, v intent.Verdict) string {
	if i.Status == payment.Succeeded && !v.First {
		return string(i.Kind) + ".review_lifted"
	}
	return string(i.Kind) + "." + string(i.Status)
}

func (c *Core) emit(ctx context.Context, tx *store.Tx, i *intent.Intent, typ string) error {
	data, err := eventData(ctx, tx, i)
	if err != nil {
		return err
	}
	e := payment.Event{Type: typ, CreatedAt: i.UpdatedAt, Data: data}
	return tx.AppendEvent(ctx, i.Kind, i.ID, i.ParentID, &e)
}

// Changed wakes whoever waits for these intents, and the readers of events.
func (c *Core) Changed(ids ...string) { c.changes.changed(append(ids, eventsTopic)...) }
