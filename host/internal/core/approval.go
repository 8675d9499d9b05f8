package core

import (
	"context"
	"errors"
	"fmt"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Some payouts, and decisions of operators, wait for a second name. A payout
// that waits is recorded under its key like any other, and has no attempt: there
// is nothing that could be sent, sent again or be in doubt. Its first attempt is
// recorded in the commit that approves it, and is then an attempt like any other.

// waits reports whether an intent waits for its approval.
func waits(i *intent.Intent) bool {
	return i.Status == payment.Created && i.ReviewReason == payment.ReviewApproval
}

// needsApproval says why a new intent has to be approved before it is sent, ""
// when it need not be.
func (c *Core) needsApproval(i *intent.Intent) (why string) {
	above, listed := c.approval().Above(i.Currency)
	if i.Kind != payment.KindPayout || !listed || !i.Amount.GreaterThan(above) {
		return ""
	}
	return fmt.Sprintf("payouts above %s %s need a second name", above, i.Currency)
}

// hold records that an intent waits for its approval, inside tx.
func (c *Core) hold(ctx context.Context, tx *store.Tx, i *intent.Intent, why string) error {
	return tx.InsertApproval(ctx, store.Approval{Approval: payment.Approval{
		ID:        NewID(approvalPrefix),
		Kind:      payment.ApprovalPayout,
		SubjectID: i.ID,
		Provider:  i.Provider,
		Amount:    i.Amount,
		Currency:  i.Currency,
		Why:       why,
		AskedBy:   caller.From(ctx).Name,
		AskedAt:   tx.Now(),
		State:     payment.ApprovalPending,
	}})
}

// approvalPrefix begins the ids of approvals.
const approvalPrefix = "apr"

// approvalNamed reads an approval by its id, or what waits for an intent; nil for
// none.
func (c *Core) approvalNamed(ctx context.Context, id string) (*payment.Approval, error) {
	var found store.Approval
	err := c.store.Get(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Approval(ctx, id)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, unread(ctx, err)
	}
	return &found.Approval, nil
}

// ListApprovals returns a page of approvals, newest first, as far as the caller
// sees the accounts. next is the cursor of the page that follows, "" at the end.
func (c *Core) ListApprovals(ctx context.Context, f payment.ApprovalFilter,
) (list []payment.Approval, next string, err error) {
	limit, err := CheckPage(CheckCursor(approvalPrefix, f.Cursor), f.Limit)
	if err != nil {
		return nil, "", err
	}

	var found []store.Approval
	err = c.store.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.ListApprovals(ctx, store.ApprovalFilter{
			State:     f.State,
			Providers: caller.From(ctx).Only(),
			Before:    f.Cursor,
			Limit:     limit + 1,
		})
		return err
	})
	if err != nil {
		return nil, "", unread(ctx, err)
	}

	for k, one := range found {
		if k == limit {
			next = list[k-1].ID
			break
		}
		list = append(list, one.Approval)
	}
	return list, next, nil
}

// Approve approves what waits: a payout is sent now, a decision counts now. id is
// that of the approval or of what it is about. Nobody approves what was asked
// for in the same name. The error is a *payment.Error; with the outcome not_sent
// it waits as before.
//
// It may be said again: what the same caller has approved already is returned as
// it is.
func (c *Core) Approve(ctx context.Context, id, reason string) (*payment.Approval, error) {
	asked, err := c.decidable(ctx, id, payment.ApprovalApproved, reason)
	if err != nil || asked.State == payment.ApprovalApproved {
		return &asked.Approval, err
	}
	if caller.From(ctx).Name == asked.AskedBy {
		return nil, ownApproval(asked)
	}

	if asked.Kind == payment.ApprovalResolve {
		err = c.approveResolution(ctx, asked, reason)
	} else {
		err = c.approvePayout(ctx, asked, reason)
	}
	if err != nil {
		return nil, err
	}
	return c.approvalNow(ctx, asked)
}

// Reject ends what waits: a payout has failed and was not sent, a decision counts
// for nothing. The caller who has asked for it may withdraw it so. The reason is
// required. The error is a *payment.Error.
func (c *Core) Reject(ctx context.Context, id, reason string) (*payment.Approval, error) {
	if err := checkReason(reason); err != nil {
		return nil, err
	}
	asked, err := c.decidable(ctx, id, payment.ApprovalRejected, reason)
	if err != nil || asked.State == payment.ApprovalRejected {
		return &asked.Approval, err
	}

	err = c.Change(ctx, asked.SubjectID, func(tx *store.Tx, i *intent.Intent) error {
		if err := c.decide(ctx, tx, i, asked, payment.ApprovalRejected, reason); err != nil {
			return err
		}
		if !waits(i) {
			return nil
		}

		name := Operator(caller.From(ctx).Operator())
		message := "it was not approved: rejected by " + name + ": " + reason
		_, err := c.Apply(ctx, tx, i, intent.Report{
			Actor:   name,
			Proof:   intent.Operator,
			Status:  payment.Failed,
			Message: message,
			Failure: &payment.Failure{
				Code:    payment.CodeRejected,
				Outcome: string(sdk.OutcomeNotSent),
				Message: message,
			},
		}, intent.StatusQuery{})
		return err
	})
	if err != nil {
		return nil, undecided(ctx, err, asked)
	}
	return c.approvalNow(ctx, asked)
}

// decidable reads what is to be decided. A decision that was made already is an
// error, unless the same caller decides the same again.
func (c *Core) decidable(
	ctx context.Context,
	id string,
	to payment.ApprovalState,
	reason string,
) (asked store.Approval, err error) {
	var checks checklist
	checks.text("reason", reason, maxDescription)
	if err := checks.err(); err != nil {
		return asked, err
	}

	err = c.store.Get(ctx, func(tx *store.Tx) (err error) {
		asked, err = tx.Approval(ctx, id)
		return err
	})
	who := caller.From(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && !who.Sees(asked.Provider):
		return asked, &payment.Error{
			Code:    string(sdk.CodeNotFound),
			Outcome: sdk.OutcomeNotSent,
			Message: "no approval has the id " + id,
		}
	case err != nil:
		return asked, unread(ctx, err)
	}

	repeated := asked.State == to && asked.DecidedBy == who.Name
	if asked.State != payment.ApprovalPending && !repeated {
		return asked, decidedAlready(asked)
	}
	return asked, nil
}

// decide records a decision about what waits, inside tx. The slower one of two
// that decide at once, on whichever hosts, ends here.
func (c *Core) decide(
	ctx context.Context,
	tx *store.Tx,
	i *intent.Intent,
	asked store.Approval,
	to payment.ApprovalState,
	reason string,
) error {
	// The intent is locked: what is read of its approval stays so.
	current, err := tx.Approval(ctx, asked.ID)
	if err != nil {
		return err
	}
	if current.State != payment.ApprovalPending {
		return decidedAlready(current)
	}

	who := caller.From(ctx)
	now := tx.Now()
	current.State = to
	current.DecidedBy = who.Name
	current.DecidedAt = &now
	current.Reason = reason
	if err := tx.DecideApproval(ctx, current); err != nil {
		return err
	}

	action := "approve"
	if to == payment.ApprovalRejected {
		action = "reject"
	}
	tx.Audit(ctx, payment.AuditEntry{
		Action:   action,
		Provider: i.Provider,
		Subject:  i.ID,
		Note: fmt.Sprintf("%s %s of %s %s, asked for by %s: %s", asked.Kind, asked.ID,
			i.Amount.String(), i.Currency, asked.AskedBy, reason),
	})
	return tx.AddHistory(ctx, i.ID, payment.Change{
		At:     now,
		Actor:  Operator(who.Operator()),
		Action: string(to),
		Note:   reason,
	})
}

func decidedAlready(asked store.Approval) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeConflict,
		Outcome:   sdk.OutcomeNotSent,
		Provider:  asked.Provider,
		PaymentID: asked.SubjectID,
		Message:   fmt.Sprintf("%s was %s by %s", asked.ID, asked.State, asked.DecidedBy),
	}
}

func ownApproval(asked store.Approval) *payment.Error {
	return &payment.Error{
		Code:      string(sdk.CodePermission),
		Outcome:   sdk.OutcomeNotSent,
		Provider:  asked.Provider,
		PaymentID: asked.SubjectID,
		Message: fmt.Sprintf("%s asked for it, and nobody approves their own: "+
			"another name has to", asked.AskedBy),
	}
}

// undecided says what a failed commit of a decision means: only some are certain.
func undecided(ctx context.Context, err error, asked store.Approval) error {
	var refused *payment.Error
	if errors.As(err, &refused) || errors.Is(err, store.ErrUnwritten) {
		return idempotency.Unrecorded(ctx, err)
	}
	return &payment.Error{
		Code:      payment.CodeStorage,
		Outcome:   sdk.OutcomeUnknown,
		Provider:  asked.Provider,
		PaymentID: asked.SubjectID,
		Cause:     err,
		Message: "the database does not say whether this decision is recorded: read " + asked.ID +
			" again, or say it again: " + err.Error(),
	}
}

// approvalNow returns an approval as it is once it is decided, which certainly is
// recorded.
func (c *Core) approvalNow(
	ctx context.Context,
	asked store.Approval,
) (*payment.Approval, error) {
	found, err := c.approvalNamed(ctx, asked.ID)
	if err != nil {
		return nil, recordedBut(err, asked.Provider, asked.SubjectID)
	}
	return found, nil
}

// approvePayout records the approval with the first attempt, in one commit, and
// makes the call.
func (c *Core) approvePayout(ctx context.Context, asked store.Approval, reason string) error {
	i, err := c.get(ctx, payment.KindPayout, asked.SubjectID)
	if err != nil {
		return err
	}
	op := c.operationFor(i.Kind)
	lease, err := c.leaseFor(ctx, i, op)
	if err != nil {
		return err
	}

	called := c.countCaller()
	defer called()
	w := c.wallFrom(lease.Config().Timeout)
	var first payment.Attempt
	err = c.store.WriteIntent(ctx, i.ID, func(tx *store.Tx, current *intent.Intent) error {
		err := c.decide(ctx, tx, current, asked, payment.ApprovalApproved, reason)
		if err != nil {
			return err
		}
		if !waits(current) {
			return conflict(current, fmt.Sprintf("it is %s, and does not wait", current.Status))
		}
		if err := refuseFenced(ctx, tx, current.Provider); err != nil {
			return err
		}
		if err := refuseIfPaused(ctx, tx, current); err != nil {
			return err
		}

		first = c.newAttempt(tx, 1, op.name, lease)
		current.ReviewReason = ""
		current.UpdatedAt = first.StartedAt
		if err := tx.InsertAttempt(ctx, current.ID, first); err != nil {
			return err
		}
		i = current
		return tx.SaveIntent(ctx, current)
	})
	w.deadline = first.Deadline
	if err != nil {
		err = c.unapproved(ctx, i, asked, first, err)
	}
	if err != nil {
		lease.Release()
		return err
	}

	_, err = c.carryOut(ctx, lease, op, i, first, w, func() {})
	return err
}

// leaseFor returns the lease for the first call of what is approved. The account
// may have changed since it was asked for.
func (c *Core) leaseFor(ctx context.Context, i *intent.Intent, op operation) (Lease, error) {
	if err := c.mintable(); err != nil {
		return nil, turnedAway(i.Provider, err)
	}
	lease, err := c.accounts.Acquire(calling(ctx, op.capability), i.Provider)
	if err != nil {
		return nil, turnedAway(i.Provider, err)
	}

	switch {
	case Foreign(lease, i):
		err = errForeign(i)
	case !lease.Has(op.capability):
		err = turnedAway(i.Provider,
			sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", op.name))
	default:
		err = c.checkEarly(lease, i)
	}
	if err != nil {
		lease.Release()
		return nil, err
	}
	return lease, nil
}

// unapproved says what a failed commit of an approval means; nil when it has
// arrived all the same, with the attempt that this host is to make.
func (c *Core) unapproved(
	ctx context.Context,
	i *intent.Intent,
	asked store.Approval,
	first payment.Attempt,
	failure error,
) error {
	if errors.Is(failure, store.ErrUnwritten) {
		return idempotency.Unrecorded(ctx, failure)
	}

	// A later write reads what comes after the commit in doubt.
	var attempts []payment.Attempt
	reading := context.WithoutCancel(ctx)
	lost := c.store.Write(reading, func(tx *store.Tx) (err error) {
		attempts, err = tx.Attempts(reading, i.ID)
		return err
	})
	made, arrived := numbered(attempts, 1)
	switch {
	case lost != nil:
		return undecided(ctx, errors.Join(failure, lost), asked)
	case !arrived:
		return idempotency.Unrecorded(ctx, failure)
	case made.Host != c.instance || !made.Deadline.Equal(first.Deadline):
		return conflict(i, "it was approved by another at this moment")
	}

	c.log.WarnContext(ctx, "a commit whose acknowledgement was lost has arrived: the call is made",
		"id", i.ID, "provider", i.Provider, "error", failure)
	return nil
}

// askToResolve records a decision that waits for a second name. A decision that
// is not possible now is refused now.
func (c *Core) askToResolve(
	ctx context.Context,
	kind payment.Kind,
	id string,
	r payment.Resolution,
	seen snapshot,
) error {
	return c.Change(ctx, id, func(tx *store.Tx, i *intent.Intent) error {
		if _, err := c.resolvableNow(ctx, tx, kind, i, r.Status, seen); err != nil {
			return err
		}
		err := tx.InsertApproval(ctx, store.Approval{
			Approval: payment.Approval{
				ID:         NewID(approvalPrefix),
				Kind:       payment.ApprovalResolve,
				SubjectID:  i.ID,
				Provider:   i.Provider,
				Amount:     i.Amount,
				Currency:   i.Currency,
				Why:        "decisions of operators need a second name",
				Resolution: &r,
				AskedBy:    caller.From(ctx).Name,
				AskedAt:    tx.Now(),
				State:      payment.ApprovalPending,
			},
			SeenStatus:   seen.status,
			SeenAttempts: seen.attempts,
		})
		if errors.Is(err, store.ErrExists) {
			return conflict(i, "another decision about it waits for its approval: "+
				"approve or reject that first")
		}
		if err != nil {
			return err
		}

		note := fmt.Sprintf("to %s: %s; it waits for a second name", r.Status, r.Reason)
		tx.Audit(ctx, auditOf(i, "resolve_"+string(kind), note))
		return tx.AddHistory(ctx, i.ID, payment.Change{
			At:     tx.Now(),
			Actor:  Operator(r.Operator),
			Action: "asked",
			Note:   note,
		})
	})
}

// approveResolution carries out a decision that has waited, in the names of both.
// The intent must still be as the first of them saw it.
func (c *Core) approveResolution(
	ctx context.Context,
	asked store.Approval,
	reason string,
) error {
	err := c.Change(ctx, asked.SubjectID, func(tx *store.Tx, i *intent.Intent) error {
		err := c.decide(ctx, tx, i, asked, payment.ApprovalApproved, reason)
		if err != nil {
			return err
		}
		decision := *asked.Resolution
		decision.Operator = asked.AskedBy + ", approved by " + caller.From(ctx).Name
		seen := snapshot{asked.SeenStatus, asked.SeenAttempts}
		return c.resolveIn(ctx, tx, i.Kind, i, decision, seen)
	})
	if err != nil {
		return undecided(ctx, err, asked)
	}
	return nil
}
