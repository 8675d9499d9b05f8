package core

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	call    func(ctx context.Context, l Lease, i *intent.Intent, attempt int) (*sdk.Payment, error)
}

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
	return c.act(ctx, id, key, action{"confirm_payment", sdk.CapabilityConfirmPayment, request,
		func(ctx context.Context, l Lease, i *intent.Intent, attempt int) (*sdk.Payment, error) {
			return l.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{Payment: PaymentContext(i), IdempotencyKey: i.ID + ":" + key,
				Attempt: attempt, Fields: r.Fields, Attachments: r.Attachments})
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
	return c.act(ctx, id, key, action{"capture_payment", sdk.CapabilityCapturePayment, request,
		func(ctx context.Context, l Lease, i *intent.Intent, attempt int) (*sdk.Payment, error) {
			r := sdk.CapturePaymentRequest{Payment: PaymentContext(i), IdempotencyKey: i.ID + ":" + key, Attempt: attempt}
			if !amount.IsZero() {
				r.Amount = &sdk.Money{Amount: amount, Currency: i.Currency}
			}
			return l.CapturePayment(ctx, r)
		}})
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
	return c.act(ctx, id, key, action{"cancel_payment", sdk.CapabilityCancelPayment, request,
		func(ctx context.Context, l Lease, i *intent.Intent, attempt int) (*sdk.Payment, error) {
			return l.CancelPayment(ctx, sdk.CancelPaymentRequest{Payment: PaymentContext(i), IdempotencyKey: i.ID + ":" + key,
				Attempt: attempt, Reason: reason})
		}})
}

// act carries out an action once under its key.
func (c *Core) act(ctx context.Context, id, key string, a action) (p *payment.Payment, replayed bool, err error) {
	var checks checks
	checks.key(key)
	if err := checks.err(); err != nil {
		return nil, false, err
	}
	i, err := c.get(ctx, payment.KindPayment, id)
	if err != nil {
		return nil, false, err
	}
	hash, err := requestHash(a.verb, id, a.request)
	if err != nil {
		return nil, false, err
	}
	if replayed, err := c.replayAction(ctx, key, hash); replayed || err != nil {
		return c.replayedPayment(ctx, id, err)
	}
	lease, err := c.accounts.AcquireExisting(ctx, i.Provider)
	if err != nil {
		return nil, false, turnedAway(i.Provider, err)
	}
	if err := c.readyFor(ctx, lease, i, a); err != nil {
		lease.Release()
		return nil, false, err
	}
	number, err := c.recordAction(ctx, lease, id, key, hash, a)
	if errors.Is(err, store.ErrExists) {
		lease.Release()
		if replayed, err := c.replayAction(ctx, key, hash); replayed || err != nil {
			return c.replayedPayment(ctx, id, err)
		}
		return c.act(ctx, id, key, a) // the first request under the key was not sent, and has freed it
	}
	if err != nil {
		lease.Release()
		return nil, false, storageError(err)
	}
	result := make(chan *payment.Error, 1)
	c.calls.run(func() {
		defer lease.Release()
		result <- c.runAction(context.WithoutCancel(ctx), lease, i, key, a, number)
	})
	select {
	case problem := <-result:
		if problem != nil {
			return nil, false, problem
		}
		p, err = c.Payment(ctx, id)
		return p, false, err
	case <-ctx.Done():
		return nil, false, &payment.Error{Code: string(sdk.CodeUnavailable), Outcome: sdk.OutcomeUnknown, Provider: i.Provider,
			PaymentID: id, Message: "you stopped waiting; the call goes on, and what becomes of it is recorded"}
	}
}

func (c *Core) replayedPayment(ctx context.Context, id string, err error) (*payment.Payment, bool, error) {
	if err != nil {
		return nil, true, err
	}
	p, err := c.Payment(ctx, id)
	return p, true, err
}

// readyFor settles a doubt about the payment first, and refuses what cannot be done to it.
func (c *Core) readyFor(ctx context.Context, l Lease, i *intent.Intent, a action) error {
	if !l.Has(a.capability) {
		return turnedAway(i.Provider, sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", a.verb))
	}
	if i.Status == payment.Unknown {
		if err := c.settle(ctx, l, i); err != nil {
			c.log.Warn("could not settle a payment before acting on it", "id", i.ID, "error", err)
		}
		fresh, err := c.get(ctx, i.Kind, i.ID)
		if err != nil {
			return err
		}
		*i = *fresh
	}
	return possible(i, a)
}

// possible refuses an action on a payment that is not in a state for it.
func possible(i *intent.Intent, a action) error {
	if i.Status == payment.Created || i.Status == payment.Unknown || i.Status.Final() {
		return conflict(i, fmt.Sprintf("it is %s: %s is not possible", i.Status, a.verb))
	}
	return nil
}

func (c *Core) recordAction(ctx context.Context, l Lease, id, key, hash string, a action) (number int, err error) {
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		now := c.nowMicro()
		err := tx.InsertKey(ctx, store.Key{Key: key, RequestHash: hash, IntentID: id, Action: a.verb, Host: c.instance,
			Deadline: now.Add(l.Config().Timeout), CreatedAt: now})
		if err != nil {
			return err
		}
		current, err := tx.IntentToChange(ctx, id)
		if err != nil {
			return err
		}
		if err := possible(current, a); err != nil {
			return err // settled since it was looked at
		}
		attempts, err := tx.Attempts(ctx, id)
		if err != nil {
			return err
		}
		number = len(attempts) + 1
		return tx.InsertAttempt(ctx, id, c.newAttempt(number, a.verb, l))
	})
	return number, err
}

// runAction makes the call and records its end: the payment's new state, or the reason for which there is none.
func (c *Core) runAction(ctx context.Context, l Lease, i *intent.Intent, key string, a action, number int) *payment.Error {
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	logged, exchanges := sdk.WithExchangeLog(ctx)
	started := time.Now()
	answer, err := a.call(logged, l, i, number)
	done := finished(number, a.verb, time.Since(started), exchanges.Exchanges(), err)
	var problem *payment.Error
	if err != nil {
		problem = payment.FromProvider(i.Provider, i.ID, err)
	}
	note := fmt.Sprintf("%s, %s %s: %s in %d ms", a.verb, l.Config().Plugin, l.Version(), done.Outcome, done.DurationMS)
	c.persist(ctx, i.ID, "record the answer", func(ctx context.Context, tx *store.Tx) error {
		if err := tx.FinishAttempt(ctx, i.ID, done); err != nil {
			return err
		}
		if err := finishKey(ctx, tx, key, problem); err != nil {
			return err
		}
		if err := tx.AddHistory(ctx, i.ID, payment.Change{At: c.nowMicro(), Actor: actorHost, Action: "called", Note: note}); err != nil {
			return err
		}
		current, err := tx.IntentToChange(ctx, i.ID)
		if err != nil {
			return err
		}
		if problem != nil {
			if problem.Outcome == sdk.OutcomeUnknown && !current.Status.Final() {
				current.CheckAt, current.Checks = c.nowMicro(), 0
				return tx.SaveIntent(ctx, current)
			}
			return nil
		}
		_, err = c.Apply(ctx, tx, current, paymentReport(actorCall, intent.Answer, answer), c.asking(l, current))
		return err
	})
	c.changes.changed(key)
	return problem
}

// actionDone is a key's result when its action succeeded; else the result is the problem.
const actionDone = "done"

// finishKey keeps how an action ended. What was proven not to have been sent frees its key, so that it can be tried
// again under it.
func finishKey(ctx context.Context, tx *store.Tx, key string, problem *payment.Error) error {
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

// replayAction gives how the action under a key ended, waiting while it runs.
func (c *Core) replayAction(ctx context.Context, key, hash string) (replayed bool, err error) {
	k, err := c.waitForKey(ctx, key, hash)
	if k == nil || err != nil || k.Result == actionDone {
		return k != nil || err != nil, err
	}
	var problem payment.Error
	if err := json.Unmarshal([]byte(k.Result), &problem); err != nil {
		return true, err
	}
	return true, &problem
}
