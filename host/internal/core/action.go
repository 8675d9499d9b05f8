package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/telemetry"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// An action changes a payment that exists: confirm, capture, cancel. When the
// provider refuses, the payment stays as it is and the caller gets the reason;
// when its answer is lost, the caller is told so and the provider is queried.
type action struct {
	verb       string
	capability sdk.Capability
	// request is hashed with the verb and the payment, to tell two requests
	// under one key apart.
	request json.RawMessage
	// amount is what a capture takes, zero for all that is left; every other
	// action has none.
	amount decimal.Decimal
	call   func(ctx context.Context, lease Lease, i *intent.Intent, attempt payment.Attempt) (*sdk.Payment, error)
}

// The verbs of actions.
const (
	verbConfirm = "confirm_payment"
	verbCapture = "capture_payment"
	verbCancel  = "cancel_payment"
)

// ConfirmPayment hands what the customer sent back over to the provider. Like
// the other actions it is carried out once under its key, and replayed says
// that the key stood for it already. The error is a *payment.Error; with the
// outcome refused or not_sent the payment is as it was.
func (c *Core) ConfirmPayment(
	ctx context.Context,
	id string,
	r payment.Confirmation,
	key string,
) (p *payment.Payment, replayed bool, err error) {
	var checks checklist
	for name, value := range r.Fields {
		checks.text("fields."+name, value, maxDescription)
	}

	for _, a := range r.Attachments {
		if len(a.Content) > sdk.MaxAttachment {
			checks.add(a.Field, "is larger than %d bytes", sdk.MaxAttachment)
		}
	}

	if err := checks.err(); err != nil {
		return nil, false, err
	}

	// The keys in the store have the request by Go's names of its fields.
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}

	call := func(ctx context.Context, lease Lease, i *intent.Intent, attempt payment.Attempt,
	) (*sdk.Payment, error) {
		return lease.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{
			Payment:        PaymentContext(i),
			IdempotencyKey: actionKey(i.ID, key),
			Attempt:        attempt.Number,
			Fields:         r.Fields,
			Attachments:    r.Attachments,
		})
	}

	return c.act(ctx, id, key, action{
		verb:       verbConfirm,
		capability: sdk.CapabilityConfirmPayment,
		request:    request,
		call:       call,
	})
}

// CapturePayment takes an authorized payment: all that is left of it when
// amount is zero. It has the promises of ConfirmPayment.
func (c *Core) CapturePayment(
	ctx context.Context,
	id string,
	amount decimal.Decimal,
	key string,
) (p *payment.Payment, replayed bool, err error) {
	var checks checklist
	if amount.IsNegative() {
		checks.add("amount", "must be more than zero")
	}
	checks.digits(amount)
	if err := checks.err(); err != nil {
		return nil, false, err
	}

	request, err := json.Marshal(payment.Amount{Decimal: amount})
	if err != nil {
		return nil, false, err
	}

	return c.act(ctx, id, key, action{
		verb:       verbCapture,
		capability: sdk.CapabilityCapturePayment,
		request:    request,
		amount:     amount,
		call:       callCapture,
	})
}

// CancelPayment cancels a payment that has not succeeded. It has the
// promises of ConfirmPayment.
func (c *Core) CancelPayment(ctx context.Context, id, reason, key string,
) (p *payment.Payment, replayed bool, err error) {
	var checks checklist
	checks.text("reason", reason, maxDescription)
	if err := checks.err(); err != nil {
		return nil, false, err
	}

	request, err := json.Marshal(reason)
	if err != nil {
		return nil, false, err
	}

	call := func(ctx context.Context, lease Lease, i *intent.Intent, attempt payment.Attempt,
	) (*sdk.Payment, error) {
		return lease.CancelPayment(ctx, sdk.CancelPaymentRequest{
			Payment:        PaymentContext(i),
			IdempotencyKey: actionKey(i.ID, key),
			Attempt:        attempt.Number,
			Reason:         reason,
		})
	}

	return c.act(ctx, id, key, action{
		verb:       verbCancel,
		capability: sdk.CapabilityCancelPayment,
		request:    request,
		call:       call,
	})
}

// actionKey returns what the provider gets for an action under a merchant's
// key. A long one is told by its digest: with the payment's id it would be
// longer than the contract allows.
func actionKey(id, key string) string {
	if whole := id + ":" + key; len(whole) <= maxText {
		return whole
	}
	sum := sha256.Sum256([]byte(key))
	return id + ":sha256:" + hex.EncodeToString(sum[:])
}

// act carries out an action once under its key.
func (c *Core) act(ctx context.Context, id, key string, a action,
) (p *payment.Payment, replayed bool, err error) {
	var checks checklist
	checks.key(key)
	if err := checks.err(); err != nil {
		return nil, false, err
	}

	request := idempotency.Request{
		Action:   a.verb,
		Subject:  id,
		Body:     a.request,
		IsAmount: a.verb == verbCapture,
	}
	hashes, err := request.Hashes()
	if err != nil {
		return nil, false, err
	}

	// A caller who does not see all payments learns nothing of the keys of
	// others.
	if caller.From(ctx).Only() != nil {
		if _, err := c.getUnderKey(ctx, payment.KindPayment, id); err != nil {
			return nil, false, err
		}
	}

	release, err := c.keys.Hold(ctx, key)
	if err != nil {
		return nil, true, err
	}
	defer release()

	// The key comes first: nothing else that can be wrong says that nothing was
	// done under it.
	known, err := c.keys.Find(ctx, key, hashes)
	if err != nil {
		return nil, true, err
	}

	// replayOrAct may call act again, so the key must not be held meanwhile.
	if known != nil {
		release()
		return c.replayOrAct(ctx, id, key, hashes, a)
	}

	// The key is free: what is wrong from here on, nothing was done under it.
	i, err := c.getUnderKey(ctx, payment.KindPayment, id)
	if err != nil {
		return nil, false, err
	}

	lease, err := c.accounts.AcquireExisting(calling(ctx, a.capability), i.Provider)
	if err != nil {
		return nil, false, turnedAway(i.Provider, err)
	}

	called := c.countCaller()
	defer called()
	first, until, other, err := c.recordFirst(ctx, lease, i, key, hashes.Current, a)
	if err != nil || other {
		lease.Release()
	}

	switch {
	case err != nil:
		c.countBraked(i.Provider, a.capability, err)
		return nil, false, err
	case other:
		release()
		called()
		return c.replayOrAct(ctx, id, key, hashes, a)
	}

	// From here on the call is made, also when the caller goes away.
	result := make(chan *payment.Error, 1)
	stuck := make(chan struct{}, 1)
	finished := c.running.add(id, first.Number)
	release()
	c.calls.run(func() {
		defer lease.Release()
		defer finished()
		attempt := actionAttempt{
			action:  a,
			attempt: first,
			wall:    until,
			claim:   idempotency.ClaimOf(first),
		}
		result <- c.runAction(context.WithoutCancel(ctx), lease, i, attempt, stuck)
	})

	select {
	case problem := <-result:
		if problem != nil {
			return nil, false, problem
		}
		p, err = c.Payment(ctx, id)
		return p, false, recordedBut(err, i.Provider, id)
	case <-stuck:
		return nil, false, unrecordedAnswer(i.Provider, id)

	case <-ctx.Done():
		return nil, false, stoppedWaiting(ctx, i)
	}
}

// replayOrAct waits for the action under a key that is taken, and carries it
// out when the first one was not sent, which frees the key.
func (c *Core) replayOrAct(
	ctx context.Context,
	id, key string,
	hashes idempotency.Hashes,
	a action,
) (p *payment.Payment, replayed bool, err error) {
	known, err := c.keys.FindAnswered(ctx, key, hashes)
	if err != nil {
		return nil, true, err
	}
	if known == nil {
		return c.act(ctx, id, key, a)
	}

	// The payment is returned as it is now, whatever it was when the action
	// ended.
	problem, err := idempotency.Problem(known)
	if err != nil {
		return nil, true, recordedBut(err, "", id)
	}

	if problem != nil {
		return nil, true, problem
	}

	p, err = c.Payment(ctx, id)
	return p, true, recordedBut(err, "", id)
}

// recordFirst records an action's first attempt, after whatever can be known to
// be wrong with it. other says that another request under the key was faster.
func (c *Core) recordFirst(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	key, hash string,
	a action,
) (first payment.Attempt, w wall, other bool, err error) {
	if err := c.readyFor(ctx, lease, i, a); err != nil {
		return first, w, false, err
	}

	// The wall is set before the commit: a slow database costs the call time.
	w = c.wallFrom(lease.Config().Timeout)
	first, err = c.recordAction(ctx, lease, i, key, hash, a)
	w.deadline = first.Deadline

	switch {
	case err == nil:
		return first, w, false, nil
	case errors.Is(err, store.ErrExists):
		return first, w, true, nil
	case errors.Is(err, store.ErrUnwritten):
		return first, w, false, idempotency.Unrecorded(ctx, err)
	}

	// The commit failed, and may have arrived all the same.
	standing, lost := c.keys.Standing(ctx, key)

	switch {
	case lost != nil:
		return first, w, false, idempotency.Undecided(ctx,
			errors.Join(err, lost), i.Provider, i.ID)
	case standing == nil:
		return first, w, false, idempotency.Unrecorded(ctx, err)

	// Host and deadline tell this request's own claim from that of another.
	case standing.Host != c.instance || !standing.Deadline.Equal(first.Deadline):
		return first, w, true, nil
	}

	c.log.WarnContext(ctx, "a commit whose acknowledgement was lost has arrived: the call is made",
		"id", i.ID, "provider", i.Provider, "error", err)
	return first, w, false, nil
}

// readyFor resolves a doubt about the payment first, and refuses what cannot be
// done to it.
func (c *Core) readyFor(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	a action,
) error {
	if !lease.Has(a.capability) {
		return turnedAway(i.Provider,
			sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", a.verb))
	}

	if Foreign(lease, i) {
		return errForeign(i)
	}

	// Without a doubt there is nothing to find out.
	if i.Status != payment.Unknown && i.Doubt == "" {
		return possible(i, a)
	}

	// The provider is queried first: its answer says what the action meets.
	if err := c.reconcile(ctx, lease, i); err != nil {
		c.log.WarnContext(ctx, "a doubt could not be resolved before an action",
			"id", i.ID, "provider", i.Provider, "action", a.verb, "error", err)
	}

	fresh, err := c.get(ctx, i.Kind, i.ID)
	if err != nil {
		return err
	}
	*i = *fresh

	return possible(i, a)
}

// possible refuses an action on a payment that is not in a state for it.
func possible(i *intent.Intent, a action) error {
	switch {
	case i.Status == payment.Created, i.Status == payment.Unknown, i.Status.Final():
		return conflict(i, fmt.Sprintf("it is %s: %s is not possible", i.Status, a.verb))
	case i.Doubt != "":
		return conflict(i, fmt.Sprintf("what became of its %s is not known: "+
			"ask for its status first, or resolve it", i.Doubt))
	}
	return nil
}

// recordAction records the key and the attempt, if nothing else is under way
// for the payment.
func (c *Core) recordAction(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	key, hash string,
	a action,
) (attempt payment.Attempt, err error) {
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		// The key is taken first: a request that is slower ends here.
		attempt = c.newAttempt(tx, 0, a.verb, lease)
		attempt.ActionKey = key
		err := tx.InsertKey(ctx, store.Key{
			Key:         key,
			RequestHash: hash,
			IntentID:    i.ID,
			Action:      a.verb,
			Host:        c.instance,
			Deadline:    attempt.Deadline,
			CreatedAt:   attempt.StartedAt,
		})
		if err != nil {
			return err
		}

		if err := refuseFenced(ctx, tx, i.Provider); err != nil {
			return err
		}

		// The payment may have changed since it was read for readyFor.
		current, err := tx.IntentForUpdate(ctx, i.ID)
		if err != nil {
			return err
		}

		if err := possible(current, a); err != nil {
			return err
		}
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}

		// A call that is under way may still change what this was judged by.
		if other, busy := UnderWay(attempts, attempt.StartedAt); busy {
			return conflict(
				current,
				fmt.Sprintf(
					"its %s is under way: repeat this when it has ended",
					other.Verb,
				),
			)
		}

		// The rest is counted in the transaction that takes it: two captures
		// must not take the same money.
		if a.verb == verbCapture {
			if attempt.Amount, err = captureOf(current, attempts, a.amount); err != nil {
				return err
			}
		}

		note := ""
		if attempt.Amount != nil {
			note = attempt.Amount.String() + " " + i.Currency
		}
		tx.Audit(ctx, auditOf(i, a.verb, note))
		attempt.Number = len(attempts) + 1
		return tx.InsertAttempt(ctx, i.ID, attempt)
	})

	return attempt, err
}

// actionAttempt is one attempt at an action.
type actionAttempt struct {
	action
	attempt payment.Attempt
	wall    wall
	// claim is the merchant's key as it was taken; the attempt answers for it.
	claim store.Key
	// retry says that an earlier attempt under the key may have arrived.
	retry bool
}

// undecided reports whether an end leaves open what became of the action. A
// retry that failed speaks for the first attempt only when it is the provider's
// decision about the money.
func (a actionAttempt) undecided(err error) bool {
	e := sdk.AsError(err)
	if !a.retry || e == nil {
		return false
	}
	return e.Outcome != sdk.OutcomeRefused || !decides(e.Code)
}

// runAction makes the call and records its end: the payment's new state, or the
// reason for which there is none. The error is for the caller who waits for the
// action.
func (c *Core) runAction(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	a actionAttempt,
	stuck chan struct{},
) *payment.Error {
	// The wall is looked at last, before the call leaves.
	ctx, cancel := context.WithTimeout(ctx, a.wall.left())
	defer cancel()
	logged, exchanges := sdk.WithExchangeLog(telemetry.About(ctx, i.ID))
	started := time.Now()
	answer, err := (*sdk.Payment)(nil), errWall()
	if a.wall.left() > 0 {
		answer, err = a.call(logged, lease, i, a.attempt)
	}

	// A call that failed has a problem, which may not be what the caller is
	// told: the transaction below may know of another attempt.
	took := time.Since(started)
	ended := finished(a.attempt.Number, a.verb, took, exchanges.Exchanges(), err)
	var own *payment.Error
	if err != nil {
		own = payment.FromProvider(i.Provider, i.ID, err)
	}

	problem := own
	didNot := ended.Outcome != "ok" && ended.Outcome != string(sdk.OutcomeUnknown)

	recorded := c.persistEnd(ctx, ending{
		answered: answered{
			id:        i.ID,
			provider:  i.Provider,
			attempt:   ended,
			reference: referenceOf(answer),
			stuck:     stuck,
		},
		note: fmt.Sprintf("%s, %s %s: %s in %d ms", a.verb,
			lease.Config().Plugin, lease.Version(), ended.Outcome, ended.DurationMS),
		apply: func(ctx context.Context, tx *store.Tx, current *intent.Intent,
			attempts []payment.Attempt,
		) error {
			problem = own

			// An attempt that did not happen speaks for itself only, as long as
			// another one may have: another host may have sent it again.
			nothing := (current.Doubt == a.verb) && noneHappened(attempts, a.verb) &&
				!Arrived(attempts)
			if didNot && !nothing && hasLater(attempts, a.verb, a.attempt.Number) {
				problem = supersededBy(i, a.verb)
				return idempotency.Finish(ctx, tx, a.claim, problem)
			}

			// The key stays with the doubt, and the provider is queried again.
			if a.undecided(err) {
				if nothing {
					current.Doubt = ""
				}
				return c.Reschedule(ctx, tx, current)
			}

			if err := a.finishKey(ctx, tx, i.ID, problem); err != nil {
				return err
			}

			end := actionEnd{attempt: a.attempt, answer: answer, problem: problem}
			return c.applyAction(ctx, tx, lease, current, attempts, end)
		},
	})

	c.changes.changed(a.attempt.ActionKey)
	if !recorded && problem != nil {
		// Recovery takes the open attempt for a doubt, and may send it again.
		return unrecordedAnswer(i.Provider, i.ID)
	}

	return problem
}

// finishKey records how the action ended under its key. A retry answers for a
// key that another request took; so does a capture that was carried out, since
// its retry may have ended the key before.
func (a actionAttempt) finishKey(ctx context.Context, tx *store.Tx, id string,
	problem *payment.Error,
) error {
	if a.retry || (problem == nil && a.verb == verbCapture) {
		return idempotency.FinishAsFound(ctx, tx, a.claim, id, problem)
	}
	return idempotency.Finish(ctx, tx, a.claim, problem)
}

// supersededBy is for a caller who waited for an attempt that did not happen,
// when a later one may have.
func supersededBy(i *intent.Intent, verb string) *payment.Error {
	return &payment.Error{
		Code:      payment.CodeHostGone,
		Outcome:   sdk.OutcomeUnknown,
		Provider:  i.Provider,
		PaymentID: i.ID,
		Message: "this call did not happen, but its " + verb +
			" was sent again meanwhile: ask for the payment's status",
	}
}

// actionEnd is how one attempt at an action has ended.
type actionEnd struct {
	attempt payment.Attempt
	answer  *sdk.Payment   // nil when the call failed
	problem *payment.Error // nil when the action was carried out
}

// applyAction records what an action's end means for its payment. attempts has
// that end already.
func (c *Core) applyAction(
	ctx context.Context,
	tx *store.Tx,
	lease Lease,
	current *intent.Intent,
	attempts []payment.Attempt,
	end actionEnd,
) error {
	attempt := end.attempt
	if end.problem == nil {
		if attempt.Verb == verbCapture && attempt.Amount != nil {
			current.Captured = &payment.Amount{Decimal: captured(attempts, "ok")}
		}

		// Its host was taken for gone, and has an answer after all.
		if current.Doubt == attempt.Verb && !anotherInDoubt(attempts, attempt) {
			current.Doubt = ""
		}
		report := paymentReport(actorCall, intent.Answer, end.answer)
		_, err := c.Apply(ctx, tx, current, report, StatusQuery(lease, current))

		return err
	}

	// A refusal leaves the payment as it is; an unknown end is a doubt about
	// it, unless the payment tells more.
	unknown := end.problem.Outcome == sdk.OutcomeUnknown

	switch {
	case unknown && tookUnheard(current, attempt):
		noteCaptured(current, attempts)
	case !unknown && current.Doubt == attempt.Verb:
		current.Doubt = ""
	case unknown && !current.Status.Final():
		current.CheckAt = tx.Now()
		current.Checks = 0
		if movesMoney(attempt.Verb) && !happened(attempts, attempt.ActionKey) {
			current.Doubt = attempt.Verb
		}

	default:
		return nil
	}

	return tx.SaveIntent(ctx, current)
}

// movesMoney reports whether what became of an action must be known before
// another one: a confirmation only hands over what the customer says, and may
// be handed over again.
func movesMoney(verb string) bool { return verb == verbCapture || verb == verbCancel }

// referenceOf returns the provider's reference in an answer, "" when the call
// failed.
func referenceOf(p *sdk.Payment) string {
	if p == nil {
		return ""
	}
	return p.ProviderReference
}
