package core

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// resolvable says what an operator may decide, by kind.
var resolvable = map[payment.Kind][]payment.Status{
	payment.KindPayment: {
		payment.Succeeded,
		payment.Failed,
		payment.Canceled,
		payment.Expired,
	},
	payment.KindPayout: {payment.Succeeded, payment.Failed},
	payment.KindRefund: {payment.Succeeded, payment.Failed},
}

// Resolve records an operator's decision, which needs a reason and is kept in
// Resolve records an operator's decision, which needs a reason and is kept in
// the history. Where the configuration wants a second name for it, it waits for
// that, and the intent stays as it is. It also corrects an earlier decision, as
// long as nothing but that decision has moved the intent since. The error is a
// *payment.Error, with CodeConflict while a call may still reach the provider
// or when the intent has changed since the operator saw it.
func (c *Core) Resolve(
	ctx context.Context,
	kind payment.Kind,
	id string,
	r payment.Resolution,
) error {
	var checks checklist
	if !slices.Contains(resolvable[kind], r.Status) {
		checks.add("status", "must be one of %v", resolvable[kind])
	}
	checks.reason(r.Reason)
	checks.text("provider_reference", r.ProviderReference, maxText)
	if err := checks.err(); err != nil {
		return err
	}

	seen, err := c.snapshot(ctx, kind, id)
	if err != nil {
		return err
	}

	if c.approval().Resolve {
		return c.askToResolve(ctx, kind, id, r, seen)
	}
	return c.Change(ctx, id, func(tx *store.Tx, i *intent.Intent) error {
		return c.resolveIn(ctx, tx, kind, i, r, seen)
	})
}

// resolveIn records a decision inside tx.
func (c *Core) resolveIn(
	ctx context.Context,
	tx *store.Tx,
	kind payment.Kind,
	i *intent.Intent,
	r payment.Resolution,
	seen snapshot,
) error {
	corrects, err := c.resolvableNow(ctx, tx, kind, i, r.Status, seen)
	if err != nil {
		return err
	}

	tx.Audit(ctx, auditOf(i, "resolve_"+string(kind), fmt.Sprintf("%s to %s by %s: %s",
		i.Status, r.Status, Operator(r.Operator), r.Reason)))
	_, err = c.Apply(ctx, tx, i, intent.Report{
		Actor:             Operator(r.Operator),
		Proof:             intent.Operator,
		Status:            r.Status,
		ProviderReference: r.ProviderReference,
		Message:           r.Reason,
		Corrects:          corrects,
	}, intent.StatusQuery{})
	return err
}

// resolvableNow refuses a decision that the intent does not allow: it must be as
// the operator saw it. corrects reports whether the decision takes back an
// earlier one.
func (c *Core) resolvableNow(
	ctx context.Context,
	tx *store.Tx,
	kind payment.Kind,
	i *intent.Intent,
	to payment.Status,
	seen snapshot,
) (corrects bool, err error) {
	if waits(i) {
		return false, conflict(i, "it was not sent and waits for its approval: approve or reject it")
	}
	if err := c.mayResolve(ctx, tx, i, seen); err != nil {
		return false, err
	}
	if i.Status == to || intent.Allowed(kind, i.Status, to) {
		return false, nil
	}
	return true, mayCorrect(ctx, tx, i, to)
}

// snapshot is what an intent was when an operator's decision came in.
type snapshot struct {
	status   payment.Status
	attempts int
}

// snapshot returns what an operator can have decided about.
func (c *Core) snapshot(
	ctx context.Context,
	kind payment.Kind,
	id string,
) (snapshot, error) {
	i, err := c.get(ctx, kind, id)
	if err != nil {
		return snapshot{}, err
	}
	var attempts []payment.Attempt
	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		attempts, err = tx.Attempts(ctx, id)
		return err
	})
	if err != nil {
		return snapshot{}, unread(ctx, err)
	}

	// mayResolve compares both again, inside the transaction that decides.
	return snapshot{i.Status, len(attempts)}, nil
}

// mayResolve refuses a decision while a call may still reach the provider: what
// the call does would come after the decision. It also refuses one that was
// overtaken on its way to the database: the operator knew of no call made
// since.
func (c *Core) mayResolve(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	seen snapshot,
) error {
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	if a, busy := UnderWay(attempts, tx.Now()); busy {
		until := a.Deadline.Add(lostGrace).Format(time.RFC3339)
		return conflict(i, fmt.Sprintf("its %s may still reach the provider until %s; "+
			"resolve it after that", a.Verb, until))
	}

	// A call made since would have its own say about the money.
	now := snapshot{i.Status, len(attempts)}
	if now != seen {
		return conflict(
			i,
			fmt.Sprintf("it has changed while you decided: it was %s after %d calls, "+
				"and is %s after %d; look at it again", seen.status, seen.attempts, now.status, now.attempts),
		)
	}

	return nil
}

// mayCorrect refuses a move that the table does not have, unless it takes back
// what an operator had decided and nothing that the provider has said or done
// speaks against that.
func mayCorrect(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	to payment.Status,
) error {
	actor, confirmed, err := tx.LastMove(ctx, i.ID, actionConfirmed)
	if err != nil {
		return err
	}
	if !isOperator(actor) {
		return conflict(i, fmt.Sprintf("it is %s, which cannot become %s", i.Status, to))
	}
	if i.Status != payment.Succeeded {
		return nil
	}
	if confirmed {
		return conflict(i, "the provider has confirmed since that it has succeeded")
	}

	// The host's own calls have moved money only if it came.
	attempts, err := tx.Attempts(ctx, i.ID)
	if err != nil {
		return err
	}
	if captured(attempts, "ok").IsPositive() {
		return conflict(i, "the provider has confirmed that it was captured")
	}
	i.Captured = nil // what a capture in doubt had counted

	refunds, err := tx.Children(ctx, i.ID)
	if err != nil {
		return err
	}
	for _, refund := range refunds {
		if refund.Status != payment.Failed {
			return conflict(i, fmt.Sprintf("money of it was given back by %s: resolve that first",
				refund.ID))
		}
	}

	return nil
}

// isOperator reports whether an actor of a history is a person.
func isOperator(actor string) bool {
	return actor == actorOperator || strings.HasPrefix(actor, actorOperator+" ")
}

// Operator returns how a history names an operator.
func Operator(name string) string {
	if name == "" {
		return actorOperator
	}
	return actorOperator + " " + name
}

// conflict is for an intent that is not in a state for the request.
func conflict(i *intent.Intent, why string) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeConflict,
		Outcome:   sdk.OutcomeNotSent,
		Provider:  i.Provider,
		PaymentID: i.ID,
		Message:   why,
	}
}
