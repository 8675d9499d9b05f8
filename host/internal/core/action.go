package core

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// An action changes a payment that exists: confirm, capture, cancel. When the provider refuses, the payment stays as it
// is and the caller gets the reason; when its answer is lost, the caller hears so and the provider is asked.
type action struct {
	verb       string
	capability sdk.Capability
	// request is hashed with the verb and the payment, to tell two requests under one key apart.
	request json.RawMessage
	// amount is what a capture takes, zero for all that is left; every other action has none.
	amount decimal.Decimal
	call   func(ctx context.Context, l Lease, i *intent.Intent, a payment.Attempt) (*sdk.Payment, error)
}

// The verbs of actions.
const (
	verbConfirm = "confirm_payment"
	verbCapture = "capture_payment"
	verbCancel  = "cancel_payment"
)

// Confirmation is what the customer sent back.
type Confirmation struct {
	Fields      map[string]string
	Attachments []sdk.Attachment
}

// ConfirmPayment hands over what the customer sent back.
func (c *Core) ConfirmPayment(ctx context.Context, id string, r Confirmation, key string) (*payment.Payment, bool, error) {
	var checks checks
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
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}
	return c.act(ctx, id, key, action{verb: verbConfirm, capability: sdk.CapabilityConfirmPayment, request: request,
		call: func(ctx context.Context, l Lease, i *intent.Intent, a payment.Attempt) (*sdk.Payment, error) {
			return l.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{Payment: PaymentContext(i), IdempotencyKey: actionKey(i.ID, key),
				Attempt: a.Number, Fields: r.Fields, Attachments: r.Attachments})
		}})
}

// CapturePayment takes an authorized payment: all of it when amount is zero.
func (c *Core) CapturePayment(ctx context.Context, id string, amount decimal.Decimal, key string) (*payment.Payment, bool, error) {
	var checks checks
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
	return c.act(ctx, id, key, action{verb: verbCapture, capability: sdk.CapabilityCapturePayment, request: request,
		amount: amount, call: callCapture})
}

// callCapture makes one attempt at a capture, of what its record says.
func callCapture(ctx context.Context, l Lease, i *intent.Intent, a payment.Attempt) (*sdk.Payment, error) {
	r := sdk.CapturePaymentRequest{Payment: PaymentContext(i), IdempotencyKey: actionKey(i.ID, a.ActionKey), Attempt: a.Number}
	if a.Amount != nil && !a.Amount.Equal(i.Amount.Decimal) {
		r.Amount = &sdk.Money{Amount: a.Amount.Decimal, Currency: i.Currency}
	}
	return l.CapturePayment(ctx, r)
}

// CancelPayment gives up a payment that has not succeeded.
func (c *Core) CancelPayment(ctx context.Context, id, reason, key string) (*payment.Payment, bool, error) {
	var checks checks
	checks.text("reason", reason, maxDescription)
	if err := checks.err(); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(reason)
	if err != nil {
		return nil, false, err
	}
	return c.act(ctx, id, key, action{verb: verbCancel, capability: sdk.CapabilityCancelPayment, request: request,
		call: func(ctx context.Context, l Lease, i *intent.Intent, a payment.Attempt) (*sdk.Payment, error) {
			return l.CancelPayment(ctx, sdk.CancelPaymentRequest{Payment: PaymentContext(i), IdempotencyKey: actionKey(i.ID, key),
				Attempt: a.Number, Reason: reason})
		}})
}

// actionKey is what the provider gets for an action under a merchant's key. A long one is told by its digest: with the
// payment's id it would be longer than the contract allows.
func actionKey(id, key string) string {
	if whole := id + ":" + key; len(whole) <= maxText {
		return whole
	}
	sum := sha256.Sum256([]byte(key))
	return id + ":sha256:" + hex.EncodeToString(sum[:])
}

// act carries out an action once under its key.
func (c *Core) act(ctx context.Context, id, key string, a action) (p *payment.Payment, replayed bool, err error) {
	var checks checks
	checks.key(key)
	if err := checks.err(); err != nil {
		return nil, false, err
	}
	hashes, err := requestHashes(a.verb, id, a.request)
	if err != nil {
		return nil, false, err
	}
	release, err := c.holdKey(ctx, key)
	if err != nil {
		return nil, true, err
	}
	defer func() { release() }()

	// What the key stands for comes first: nothing else that can be wrong says that nothing was done under it.
	k, err := c.knownAction(ctx, key, hashes)
	if err != nil {
		return nil, true, err
	}
	if k != nil {
		release()
		release = func() {}
		return c.replayOrAct(ctx, id, key, hashes, a)
	}
	i, err := c.getUnderKey(ctx, payment.KindPayment, id)
	if err != nil {
		return nil, false, err
	}
	lease, err := c.accounts.AcquireExisting(ctx, i.Provider)
	if err != nil {
		return nil, false, turnedAway(i.Provider, err)
	}

	attempt, wall, other, err := c.recordAct(ctx, lease, i, key, hashes[0], a)
	if err != nil || other {
		lease.Release()
	}
	switch {
	case err != nil:
		return nil, false, err
	case other:
		release()
		release = func() {}
		return c.replayOrAct(ctx, id, key, hashes, a)
	}

	result, stuck := make(chan *payment.Error, 1), make(chan struct{}, 1)
	finished := c.running.add(id, attempt.Number)
	release()
	release = func() {}
	c.calls.run(func() {
		defer lease.Release()
		defer finished()
		first := actionAttempt{action: a, attempt: attempt, wall: wall, key: claimOf(attempt)}
		result <- c.runAction(context.WithoutCancel(ctx), lease, i, first, stuck)
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
		return nil, false, gaveUp(ctx, sdk.OutcomeUnknown, i.Provider, id,
			"you stopped waiting; the call goes on, and what becomes of it is recorded")
	}
}

// replayOrAct waits for the action under a key that is taken, and carries it out when the first one was not sent, which
// frees the key.
func (c *Core) replayOrAct(ctx context.Context, id, key string, hashes []string, a action) (*payment.Payment, bool, error) {
	p, replayed, err := c.replayAction(ctx, id, key, hashes)
	if p == nil && err == nil {
		return c.act(ctx, id, key, a)
	}
	return p, replayed, err
}

// recordAct records an action's first attempt, after whatever can be known to be wrong with it. other: another request
// under the key was faster.
func (c *Core) recordAct(ctx context.Context, l Lease, i *intent.Intent, key, hash string, a action) (
	attempt payment.Attempt, w wall, other bool, err error,
) {
	if err := c.readyFor(ctx, l, i, a); err != nil {
		return attempt, w, false, err
	}

	w = c.wallFrom(l.Config().Timeout)
	attempt, err = c.recordAction(ctx, l, i, key, hash, a)
	w.deadline = attempt.Deadline
	switch {
	case err == nil:
		return attempt, w, false, nil
	case errors.Is(err, store.ErrExists):
		return attempt, w, true, nil
	case errors.Is(err, store.ErrUnwritten):
		return attempt, w, false, unrecorded(ctx, err)
	}

	k, lost := c.standing(ctx, key)
	switch {
	case lost != nil:
		return attempt, w, false, undecided(ctx, errors.Join(err, lost), i.Provider, i.ID)
	case k == nil:
		return attempt, w, false, unrecorded(ctx, err)
	case k.Host != c.instance || !k.Deadline.Equal(attempt.Deadline):
		return attempt, w, true, nil
	}
	c.log.Warn("a commit whose acknowledgement was lost has arrived: the call is made", "id", i.ID, "provider", i.Provider, "error", err)
	return attempt, w, false, nil
}

// readyFor settles a doubt about the payment first, and refuses what cannot be done to it.
func (c *Core) readyFor(ctx context.Context, l Lease, i *intent.Intent, a action) error {
	if !l.Has(a.capability) {
		return turnedAway(i.Provider, sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", a.verb))
	}
	if foreign(l, i) {
		return errForeign(i)
	}
	if i.Status != payment.Unknown && i.Doubt == "" {
		return possible(i, a)
	}

	if err := c.settle(ctx, l, i); err != nil {
		c.log.Warn("a doubt could not be settled before an action", "id", i.ID, "provider", i.Provider, "action", a.verb, "error", err)
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
		return conflict(i, fmt.Sprintf("what became of its %s is not known: ask for its status first, or resolve it", i.Doubt))
	}
	return nil
}

// recordAction records the key and the attempt, if nothing else is under way for the payment.
func (c *Core) recordAction(ctx context.Context, l Lease, i *intent.Intent, key, hash string, a action) (attempt payment.Attempt, err error) {
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		attempt = c.newAttempt(tx, 0, a.verb, l)
		attempt.ActionKey = key
		err := tx.InsertKey(ctx, store.Key{Key: key, RequestHash: hash, IntentID: i.ID, Action: a.verb, Host: c.instance,
			Deadline: attempt.Deadline, CreatedAt: attempt.StartedAt})
		if err != nil {
			return err
		}
		current, err := tx.IntentForUpdate(ctx, i.ID)
		if err != nil {
			return err
		}
		if err := possible(current, a); err != nil {
			return err // settled since it was looked at
		}
		attempts, err := tx.Attempts(ctx, i.ID)
		if err != nil {
			return err
		}

		if other, busy := anyUnderWay(attempts, attempt.StartedAt); busy {
			return conflict(current, fmt.Sprintf("its %s is under way: repeat this when it has ended", other.Verb))
		}
		if a.verb == verbCapture {
			if attempt.Amount, err = captureOf(current, attempts, a.amount); err != nil {
				return err
			}
		}
		attempt.Number = len(attempts) + 1
		return tx.InsertAttempt(ctx, i.ID, attempt)
	})
	return attempt, err
}

// captureOf is what a capture takes: what is asked for, or all that is left of what was authorized. What earlier captures
// have taken, or may have, is not there any more.
func captureOf(i *intent.Intent, attempts []payment.Attempt, amount decimal.Decimal) (*payment.Amount, error) {
	left := i.Amount.Decimal.Sub(captured(attempts, "ok", string(sdk.OutcomeUnknown)))
	if amount.IsZero() {
		amount = left
	}
	if !left.IsPositive() || amount.GreaterThan(left) {
		return nil, conflict(i, fmt.Sprintf("%s %s of it is left to capture", decimal.Max(left, decimal.Zero), i.Currency))
	}
	return &payment.Amount{Decimal: amount}, nil
}

// captured adds up the captures with one of these outcomes. All attempts under
// one key are one capture. What the provider has decided against is none.
func captured(attempts []payment.Attempt, outcomes ...string) (sum decimal.Decimal) {
	counted := map[string]bool{}
	for _, a := range attempts {
		if a.Verb != verbCapture || a.Amount == nil || !slices.Contains(outcomes, a.Outcome) {
			continue
		}
		if a.ActionKey != "" && counted[a.ActionKey] {
			continue
		}
		if (a.Outcome == string(sdk.OutcomeUnknown)) && decidedAgainst(attempts, a) {
			continue
		}
		counted[a.ActionKey] = true
		sum = sum.Add(a.Amount.Decimal)
	}
	return sum
}

// decidedAgainst reports whether the provider has refused the repeat of a capture
// that had no answer. Its word is about the capture, whichever attempt arrived.
func decidedAgainst(attempts []payment.Attempt, capture payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		again := (a.Verb == capture.Verb) && (a.ActionKey == capture.ActionKey) &&
			(a.Number > capture.Number)
		return again && (a.Outcome == string(sdk.OutcomeRefused)) && decides(sdk.Code(a.Code))
	})
}

// noteCaptured records what the captures of a payment that has succeeded have
// taken, those among them that had no answer.
func noteCaptured(i *intent.Intent, attempts []payment.Attempt) {
	total := captured(attempts, "ok", string(sdk.OutcomeUnknown))
	if !total.IsPositive() {
		return
	}
	i.Captured = &payment.Amount{Decimal: total}
	if (i.Status == payment.Succeeded) && (i.PaidAmount == nil) && !total.Equal(i.Amount.Decimal) {
		i.PaidAmount, i.PaidCurrency = i.Captured, i.Currency
	}
}

// actionAttempt is one attempt at an action.
type actionAttempt struct {
	action
	attempt payment.Attempt
	wall    wall
	// key is who took the merchant's key, which the attempt answers for.
	key store.Key
	// repeat: an earlier attempt under the key may have arrived.
	repeat bool
}

// claimOf describes the key of an action's first attempt, which took it.
func claimOf(first payment.Attempt) store.Key {
	return store.Key{Key: first.ActionKey, Host: first.Host, Deadline: first.Deadline}
}

// undecided reports whether an end leaves open what became of the action. A
// repeat that failed speaks for the first attempt only when it is the
// provider's decision about the money.
func (a actionAttempt) undecided(err error) bool {
	e := sdk.AsError(err)
	if !a.repeat || e == nil {
		return false
	}
	return e.Outcome != sdk.OutcomeRefused || !decides(e.Code)
}

// runAction makes the call and records its end: the payment's new state, or the
// reason for which there is none. The error is for whoever waits for the action.
func (c *Core) runAction(ctx context.Context, l Lease, i *intent.Intent, a actionAttempt,
	stuck chan struct{},
) *payment.Error {
	ctx, cancel := context.WithTimeout(ctx, a.wall.left())
	defer cancel()
	logged, exchanges := sdk.WithExchangeLog(ctx)
	started := time.Now()
	answer, err := (*sdk.Payment)(nil), errWall()
	if a.wall.left() > 0 {
		answer, err = a.call(logged, l, i, a.attempt)
	}

	took := time.Since(started)
	done := finished(a.attempt.Number, a.verb, took, exchanges.Exchanges(), err)
	var own *payment.Error
	if err != nil {
		own = payment.FromProvider(i.Provider, i.ID, err)
	}
	problem := own
	didNot := done.Outcome != "ok" && done.Outcome != string(sdk.OutcomeUnknown)

	recorded := c.persistEnd(ctx, ending{
		answered: answered{id: i.ID, provider: i.Provider, attempt: done,
			reference: referenceOf(answer), stuck: stuck},
		note: fmt.Sprintf("%s, %s %s: %s in %d ms", a.verb, l.Config().Plugin, l.Version(),
			done.Outcome, done.DurationMS),
		apply: func(ctx context.Context, tx *store.Tx, current *intent.Intent,
			attempts []payment.Attempt) error {
			problem = own
			// An attempt that did not happen speaks for itself only, as long as
			// another one may have: another host may have sent it again.
			nothing := (current.Doubt == a.verb) && noneHappened(attempts, a.verb) &&
				!arrived(attempts)
			if didNot && !nothing && hasLater(attempts, a.verb, a.attempt.Number) {
				problem = supersededBy(i, a.verb)
				return finishKey(ctx, tx, a.key, problem)
			}
			if a.undecided(err) {
				if nothing {
					current.Doubt = ""
				}
				return c.laterIn(ctx, tx, current)
			}

			if err := c.finishKeyOf(ctx, tx, a, i.ID, problem); err != nil {
				return err
			}
			return c.applyAction(ctx, tx, l, current, attempts, a.attempt, answer, problem)
		},
	})
	c.changes.changed(a.attempt.ActionKey)
	if !recorded && problem != nil { // recovery takes the open attempt for a doubt, and may send it again
		return unrecordedAnswer(i.Provider, i.ID)
	}
	return problem
}

// supersededBy is for whoever waited for an attempt that did not happen, when a later one may have.
func supersededBy(i *intent.Intent, verb string) *payment.Error {
	return &payment.Error{Code: payment.CodeHostGone, Outcome: sdk.OutcomeUnknown, Provider: i.Provider, PaymentID: i.ID,
		Message: "this call did not happen, but its " + verb + " was sent again meanwhile: ask for the payment's status"}
}

// applyAction records what an action's end means for its payment. attempts has
// that end already.
func (c *Core) applyAction(ctx context.Context, tx *store.Tx, l Lease, current *intent.Intent, attempts []payment.Attempt,
	attempt payment.Attempt, answer *sdk.Payment, problem *payment.Error,
) error {
	if problem == nil {
		if attempt.Verb == verbCapture && attempt.Amount != nil {
			current.Captured = &payment.Amount{Decimal: captured(attempts, "ok")}
		}
		if (current.Doubt == attempt.Verb) && !anotherInDoubt(attempts, attempt) {
			current.Doubt = "" // its host was taken for gone, and has an answer after all
		}
		_, err := c.Apply(ctx, tx, current, paymentReport(actorCall, intent.Answer, answer), c.asking(l, current))
		return err
	}

	switch {
	case (problem.Outcome == sdk.OutcomeUnknown) && tookUnheard(current, attempt):
		noteCaptured(current, attempts)
	case problem.Outcome != sdk.OutcomeUnknown && current.Doubt == attempt.Verb:
		current.Doubt = ""
	case problem.Outcome == sdk.OutcomeUnknown && !current.Status.Final():
		current.CheckAt, current.Checks = tx.Now(), 0
		if movesMoney(attempt.Verb) && !happened(attempts, attempt.ActionKey) {
			current.Doubt = attempt.Verb
		}
	default:
		return nil
	}
	return tx.SaveIntent(ctx, current)
}

// anotherInDoubt reports whether an action of the same verb was begun after an
// attempt's, and may have been carried out.
func anotherInDoubt(attempts []payment.Attempt, attempt payment.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		after := (a.Verb == attempt.Verb) && (a.ActionKey != attempt.ActionKey) &&
			(a.Number > attempt.Number)
		return after && (a.Outcome == string(sdk.OutcomeUnknown)) && !decidedAgainst(attempts, a)
	})
}

// tookUnheard reports whether a payment has succeeded while the answer to its
// capture was waited for.
func tookUnheard(i *intent.Intent, attempt payment.Attempt) bool {
	return (attempt.Verb == verbCapture) && (i.Status == payment.Succeeded)
}

// happened reports whether an action under a key is known to have been carried
// out, by whichever of its attempts.
func happened(attempts []payment.Attempt, key string) bool {
	return slices.ContainsFunc(attempts, func(a payment.Attempt) bool {
		return a.Outcome == "ok" && a.ActionKey == key
	})
}

// movesMoney reports whether what became of an action must be known before another one: a confirmation only hands over what
// the customer says, and may be handed over again.
func movesMoney(verb string) bool { return verb == verbCapture || verb == verbCancel }

func referenceOf(p *sdk.Payment) string {
	if p == nil {
		return ""
	}
	return p.ProviderReference
}

// actionDone is a key's result when its action succeeded; else the result is the problem.
const actionDone = "done"

// finishKey keeps how an action ended. What was proven not to have been sent frees its key, so that it can be tried
// again under it.
func finishKey(ctx context.Context, tx *store.Tx, key store.Key, problem *payment.Error) error {
	if problem == nil {
		return tx.FinishKey(ctx, key, actionDone)
	}
	if problem.Outcome == sdk.OutcomeNotSent {
		return tx.DeleteKey(ctx, key)
	}
	result, err := json.Marshal(problem)
	if err != nil {
		return err
	}
	return tx.FinishKey(ctx, key, string(result))
}

// finishKeyOf keeps how an action ended under its key. A repeat answers for a
// key that somebody else took: it finishes the key as it finds it, as long as
// that stands for the same action and nothing clear is known of it. That it was
// carried out holds whatever a repeat was told before.
func (c *Core) finishKeyOf(ctx context.Context, tx *store.Tx, a actionAttempt, id string,
	problem *payment.Error,
) error {
	if !a.repeat && ((problem != nil) || (a.verb != verbCapture)) {
		return finishKey(ctx, tx, a.key, problem)
	}
	k, err := tx.Key(ctx, a.key.Key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil // forgotten since
	case err != nil:
		return err
	case k.IntentID != id, k.Host != a.key.Host, !k.Deadline.Equal(a.key.Deadline),
		(problem != nil) && decided(k.Result):
		return nil
	}
	return finishKey(ctx, tx, *k, problem)
}

// decided reports whether a key's result says what became of its action.
func decided(result string) bool {
	var problem payment.Error
	switch {
	case result == "":
		return false
	case result == actionDone, json.Unmarshal([]byte(result), &problem) != nil:
		return true
	}
	return problem.Outcome != sdk.OutcomeUnknown
}

// replayAction returns how the action under a key ended, waiting while it runs. p and err are nil when the key is free.
func (c *Core) replayAction(ctx context.Context, id, key string, hashes []string) (p *payment.Payment, replayed bool, err error) {
	k, err := c.waitForKey(ctx, key, hashes)
	if k == nil || err != nil {
		return nil, err != nil, err
	}
	if k.Result != actionDone {
		var problem payment.Error
		if err := json.Unmarshal([]byte(k.Result), &problem); err != nil {
			return nil, true, recordedBut(err, "", id)
		}
		return nil, true, &problem
	}
	p, err = c.Payment(ctx, id)
	return p, true, recordedBut(err, "", id)
}
