package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// creation is what distinguishes the three creating verbs.
type creation struct {
	kind       payment.Kind
	idPrefix   string
	verb       string
	capability sdk.Capability
	// call makes one attempt at the provider.
	call func(ctx context.Context, l Lease, i *intent.Intent, attempt int) (intent.Report, error)
	// guarantee is what the plugin declares of a repeat.
	guarantee func(sdk.Info) sdk.RepeatGuarantee
}

// verbOf gives the creating verb of a kind.
func (c *Core) verbOf(kind payment.Kind) creation {
	switch kind {
	case payment.KindPayout:
		return creation{kind, "po", "create_payout", sdk.CapabilityCreatePayout, c.callCreatePayout,
			func(i sdk.Info) sdk.RepeatGuarantee { return i.CreatePayout }}
	case payment.KindRefund:
		return creation{kind, "re", "create_refund", sdk.CapabilityCreateRefund, c.callCreateRefund,
			func(i sdk.Info) sdk.RepeatGuarantee { return i.CreateRefund }}
	default:
		return creation{payment.KindPayment, "pay", "create_payment", sdk.CapabilityCreatePayment, c.callCreatePayment,
			func(i sdk.Info) sdk.RepeatGuarantee { return i.CreatePayment }}
	}
}

// CreatePayment records a payment and asks its provider to create it. Once it is recorded the answer is the payment,
// whatever became of the call: look at its status and failure. replayed says that the key stood for it already.
func (c *Core) CreatePayment(ctx context.Context, r payment.Request, key string) (p *payment.Payment, replayed bool, err error) {
	if err := checkPayment(r, key, c.now()); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}
	i := &intent.Intent{
		Kind: payment.KindPayment, Provider: r.Provider, Amount: payment.Amount{Decimal: r.Amount}, Currency: r.Currency,
		MerchantReference: r.MerchantReference, Method: r.Method, Request: request, IdempotencyKey: key,
		ExpiresAt: r.ExpiresAt.UTC().Truncate(time.Microsecond),
	}
	id, replayed, err := c.create(ctx, i)
	if err != nil {
		return nil, false, err
	}
	p, err = c.Payment(ctx, id)
	return p, replayed, err
}

// CreatePayout records a payout and asks its provider to make it, with the same promises as CreatePayment.
func (c *Core) CreatePayout(ctx context.Context, r payment.PayoutRequest, key string) (p *payment.Payout, replayed bool, err error) {
	if err := checkPayout(r, key); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}
	i := &intent.Intent{
		Kind: payment.KindPayout, Provider: r.Provider, Amount: payment.Amount{Decimal: r.Amount}, Currency: r.Currency,
		MerchantReference: r.MerchantReference, Method: r.Method, Request: request, IdempotencyKey: key,
	}
	id, replayed, err := c.create(ctx, i)
	if err != nil {
		return nil, false, err
	}
	p, err = c.Payout(ctx, id)
	return p, replayed, err
}

// create records i under its key and makes the first call, or waits for the one that did. It gives the intent's id.
func (c *Core) create(ctx context.Context, i *intent.Intent) (id string, replayed bool, err error) {
	verb := c.verbOf(i.Kind)
	hash, err := requestHash(verb.verb, i.ParentID, i.Request)
	if err != nil {
		return "", false, err
	}
	if id, err := c.replay(ctx, i.IdempotencyKey, hash); id != "" || err != nil {
		return id, true, err
	}
	lease, err := c.accounts.Acquire(ctx, i.Provider)
	if err != nil {
		return "", false, turnedAway(i.Provider, err)
	}
	if !lease.Has(verb.capability) {
		lease.Release()
		return "", false, turnedAway(i.Provider, sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", verb.verb))
	}
	err = c.record(ctx, i, verb, lease, hash)
	if errors.Is(err, store.ErrExists) {
		lease.Release()
		id, err := c.replay(ctx, i.IdempotencyKey, hash)
		if id == "" && err == nil {
			err = inProgress("") // an action's key, freed at this moment
		}
		return id, true, err
	}
	if err != nil {
		lease.Release()
		return "", false, storageError(err)
	}
	done := make(chan struct{})
	c.calls.run(func() {
		defer close(done)
		defer lease.Release()
		c.runCreate(context.WithoutCancel(ctx), lease, verb, i)
	})
	select {
	case <-done:
		return i.ID, false, nil
	case <-ctx.Done():
		return "", false, &payment.Error{Code: string(sdk.CodeUnavailable), Outcome: sdk.OutcomeUnknown, Provider: i.Provider,
			PaymentID: i.ID, Message: "you stopped waiting; the call goes on, and what becomes of it is recorded"}
	}
}

// turnedAway is a refusal before anything was recorded.
func turnedAway(provider string, err error) *payment.Error {
	e := payment.FromProvider(provider, "", err)
	e.Asked, e.Outcome = false, sdk.OutcomeNotSent
	if e.Code == string(sdk.CodeNotFound) {
		e.Code = string(sdk.CodeInvalidRequest)
		e.Violations = append(e.Violations, sdk.Violation{Field: "provider", Message: e.Message})
	}
	return e
}

// record commits the intent, its key and its first attempt: from here on nothing is lost.
func (c *Core) record(ctx context.Context, i *intent.Intent, verb creation, l Lease, hash string) error {
	cfg, now := l.Config(), c.nowMicro()
	i.ID, i.CreatedAt, i.UpdatedAt, i.Status = NewID(verb.idPrefix), now, now, payment.Created
	i.Fingerprint = l.Fingerprint()
	if i.Kind == payment.KindPayment && i.ExpiresAt.IsZero() {
		i.ExpiresAt = now.Add(cfg.PaymentTTL)
	}
	return c.store.Update(ctx, func(tx *store.Tx) (err error) {
		err = tx.InsertKey(ctx, store.Key{Key: i.IdempotencyKey, RequestHash: hash, IntentID: i.ID, Action: verb.verb,
			Host: c.instance, CreatedAt: now})
		if err != nil {
			return err
		}
		if i.Kind == payment.KindRefund {
			if err := refundable(ctx, tx, i); err != nil {
				return err
			}
		}
		if err := tx.InsertNumbered(ctx, i, "sequence:"+i.Provider+":"+i.Fingerprint, cfg.SequenceStart); err != nil {
			return err
		}
		if err := tx.AddHistory(ctx, i.ID, payment.Change{At: now, Actor: actorAPI, Action: "created", To: payment.Created}); err != nil {
			return err
		}
		return tx.InsertAttempt(ctx, i.ID, c.newAttempt(1, verb.verb, l))
	})
}

func (c *Core) newAttempt(number int, verb string, l Lease) payment.Attempt {
	now := c.nowMicro()
	return payment.Attempt{Number: number, Verb: verb, StartedAt: now, Deadline: now.Add(l.Config().Timeout),
		PluginVersion: l.Version(), Fingerprint: l.Fingerprint(), Host: c.instance}
}

// replay gives the id that a key stands for, waiting while its first request still runs; "" when the key is free.
func (c *Core) replay(ctx context.Context, key, hash string) (string, error) {
	var k *store.Key
	err := c.store.Look(ctx, func(tx *store.Tx) (err error) {
		k, err = tx.Key(ctx, key)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", storageError(err)
	}
	if k.RequestHash != hash {
		return "", keyConflict(k)
	}
	return k.IntentID, c.waitForAnswer(ctx, k.IntentID)
}

// replayWait is how long a repeated request waits for the first one under its key.
const replayWait = 30 * time.Second

// lookAgain is how often a waiter looks at the store, for what another host does.
const lookAgain = 200 * time.Millisecond

// waitForAnswer returns when the intent's first call has ended.
func (c *Core) waitForAnswer(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, replayWait)
	defer cancel()
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		changed, leave := c.changes.wait(id)
		i, err := c.read(ctx, id)
		if err != nil && ctx.Err() == nil {
			leave()
			return storageError(err)
		}
		if err == nil && i.Status != payment.Created {
			leave()
			return nil
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-ctx.Done():
		}
		leave()
		if ctx.Err() != nil {
			return inProgress(id)
		}
	}
}
