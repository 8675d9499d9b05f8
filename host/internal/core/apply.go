package core

import (
	"context"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
)

// eventsTopic is what readers of the event stream wait on.
const eventsTopic = "events"

// The actors of a history.
const (
	actorCall     = "call"
	actorPoll     = "poll"
	actorOperator = "operator"
	// ActorHost is for what the host finds out without a provider, ActorWebhook
	// and ActorReturn for what reaches it through the inbox.
	ActorHost    = "host"
	ActorWebhook = "webhook"
	ActorReturn  = "return"
)

// actionConfirmed is what a report is called by which a provider says the same as
// an operator had decided.
const actionConfirmed = "confirmed"

// actionHinted is what an unverified report is called in a history.
const actionHinted = "hinted"

// Apply applies a report to an intent inside tx: the new state, its line of
// history and its event are one commit. It changes i to what is then stored.
// The caller calls Changed after the commit. The error is the store's.
func (c *Core) Apply(ctx context.Context, tx *store.Tx, i *intent.Intent, r intent.Report,
	query intent.StatusQuery,
) (intent.Verdict, error) {
	// The report is completed with all that the store knows of the same money.
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
	if i.Doubt == verbCapture && r.Status == payment.Succeeded && r.Proof > intent.Hint {
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return intent.Verdict{}, err
		}
		noteCaptured(&before, attempts)
	}

	next, verdict := intent.Decide(before, r, query)
	if next.Status != payment.Succeeded {
		next.Captured = i.Captured
	}
	if r.Proof > intent.Hint {
		next.UpdatedAt = r.At
	}

	c.schedule(&next, verdict, r)

	if err := c.note(ctx, tx, next, r, verdict); err != nil {
		return verdict, err
	}
	if verdict.Moved {
		if err := c.emit(ctx, tx, &next, eventType(next, verdict)); err != nil {
			return verdict, err
		}
	}

	if err := tx.SaveIntent(ctx, &next); err != nil {
		return verdict, err
	}
	*i = next

	return verdict, nil
}

// note adds a report's line to the history. Anybody can send hints: one that
// follows another is not noted, so that they cannot fill the disk.
func (c *Core) note(ctx context.Context, tx *store.Tx, i intent.Intent, r intent.Report,
	verdict intent.Verdict,
) error {
	change := payment.Change{
		At:     r.At,
		Actor:  r.Actor,
		Action: actionOf(i, r, verdict),
		From:   verdict.From,
		To:     i.Status,
		Note:   verdict.Note,
	}

	if confirms(i, r, verdict) {
		actor, noted, err := tx.LastMove(ctx, i.ID, actionConfirmed)
		if err != nil || noted || !isOperator(actor) {
			return err
		}
		change.Action = actionConfirmed
		return tx.AddHistory(ctx, i.ID, change)
	}

	// An answer without news is not worth a line.
	switch {
	case !verdict.Moved && (verdict.Note == "" || r.Actor == actorPoll):
		return nil
	case r.Proof == intent.Hint:
		change.Action = actionHinted
		last, err := tx.LastAction(ctx, i.ID)
		if err != nil || last == actionHinted {
			return err
		}
	}

	return tx.AddHistory(ctx, i.ID, change)
}

// confirms reports whether a provider says of an intent that it has succeeded,
// which is known already. After an operator's decision that is worth a line: the
// decision cannot be a mistake any more.
func confirms(i intent.Intent, r intent.Report, verdict intent.Verdict) bool {
	known := !verdict.Moved && i.Status == payment.Succeeded && r.Status == payment.Succeeded
	return known && r.Proof > intent.Hint && r.Proof < intent.Operator
}

// actionOf names a change in the history in a word.
func actionOf(i intent.Intent, r intent.Report, verdict intent.Verdict) string {
	redirected := i.Status == payment.RequiresAction && r.NextAction != nil &&
		r.NextAction.Type == "redirect"

	switch {
	case verdict.Query:
		return actionHinted
	case !verdict.Moved:
		return "reported"
	case redirected:
		return "redirected"
	}

	return string(i.Status)
}

// eventType names an event. A success is announced once in an intent's life:
// one that comes back from a review has a name of its own.
func eventType(i intent.Intent, verdict intent.Verdict) string {
	if i.Status == payment.Succeeded && !verdict.First {
		return string(i.Kind) + ".review_lifted"
	}
	return string(i.Kind) + "." + string(i.Status)
}

// emit appends an event with the intent as it then is, inside tx: what the
// stream tells and what is stored are one commit.
func (c *Core) emit(ctx context.Context, tx *store.Tx, i *intent.Intent, typ string) error {
	data, err := eventData(ctx, tx, i)
	if err != nil {
		return err
	}
	event := payment.Event{Type: typ, CreatedAt: i.UpdatedAt, Data: data}
	return tx.AppendEvent(ctx, i.Kind, i.ID, i.ParentID, &event)
}

// Changed wakes the callers who wait for these intents, and the readers of
// events.
func (c *Core) Changed(ids ...string) { c.changes.changed(append(ids, eventsTopic)...) }
