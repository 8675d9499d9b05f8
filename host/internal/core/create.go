package core

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
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
	guarantee func(sdk.Info) sdk.IdempotencySupport
}

// verbOf gives the creating verb of a kind.
func (c *Core) verbOf(kind payment.Kind) creation {
	switch kind {
	case payment.KindPayout:
		return creation{kind, "po", "create_payout", sdk.CapabilityCreatePayout, c.callCreatePayout,
			func(i sdk.Info) sdk.IdempotencySupport { return i.CreatePayout }}
	case payment.KindRefund:
		return creation{kind, "re", "create_refund", sdk.CapabilityCreateRefund, c.callCreateRefund,
			func(i sdk.Info) sdk.IdempotencySupport { return i.CreateRefund }}
	default:
		return creation{payment.KindPayment, "pay", "create_payment", sdk.CapabilityCreatePayment, c.callCreatePayment,
			func(i sdk.Info) sdk.IdempotencySupport { return i.CreatePayment }}
	}
}

// CreatePayment records a payment and asks its provider to create it. Once it is recorded the answer is the payment,
// whatever became of the call: look at its status and failure. replayed says that the key stood for it already.
func (c *Core) CreatePayment(ctx context.Context, r payment.Request, key string) (p *payment.Payment, replayed bool, err error) {
	if err := checkPayment(r, key, c.nowMicro()); err != nil {
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
	id, replayed, err := c.create(ctx, i, request)
	if err != nil {
		return nil, replayed, err
	}
	p, err = c.Payment(ctx, id)
	return p, replayed, recordedBut(err, r.Provider, id)
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
	id, replayed, err := c.create(ctx, i, request)
	if err != nil {
		return nil, replayed, err
	}
	p, err = c.Payout(ctx, id)
	return p, replayed, recordedBut(err, r.Provider, id)
}

// recordedBut is for something that is recorded, and may have been carried out, but could not be read afterwards. Whatever
// the reading says, it does not say that nothing happened.
func recordedBut(err error, provider, id string) error {
	if err == nil {
		return nil
	}
	return &payment.Error{Code: payment.CodeStorage, Outcome: sdk.OutcomeUnknown, Provider: provider, PaymentID: id, Cause: err,
		RetryAfter: time.Second, Message: "it is recorded, but could not be read: repeat the request with the same " +
			"Idempotency-Key, or ask for its status: " + err.Error()}
}

// create records i under its key and makes the first call, or waits for the one that did. said is what the merchant said,
// which tells two requests under one key apart. It returns the intent's id.
func (c *Core) create(ctx context.Context, i *intent.Intent, said json.RawMessage) (id string, replayed bool, err error) {
	op := c.verbOf(i.Kind)
	hashes, err := requestHashes(op.verb, i.ParentID, said)
	if err != nil {
		return "", false, err
	}
	release, err := c.holdKey(ctx, i.IdempotencyKey)
	if err != nil {
		return "", true, err
	}
	defer func() { release() }()

	known, err := c.known(ctx, i.IdempotencyKey, hashes)
	if err != nil {
		return "", true, err
	}
	if known != "" {
		release()
		release = func() {}
		return known, true, c.waitForAnswer(ctx, known)
	}

	if i.Kind != payment.KindRefund {
		if err := c.mintable(); err != nil {
			return "", false, turnedAway(i.Provider, err)
		}
	}
	lease, err := c.accounts.Acquire(ctx, i.Provider)
	if err != nil {
		return "", false, turnedAway(i.Provider, err)
	}
	attempt, wall, other, err := c.recordNew(ctx, i, op, lease, hashes[0])
	if err != nil || other != "" {
		lease.Release()
	}
	switch {
	case err != nil:
		return "", false, err
	case other != "":
		release()
		release = func() {}
		id, err := c.replay(ctx, i.IdempotencyKey, hashes)
		if id == "" && err == nil {
			err = inProgress("") // an action's key, freed at this moment
		}
		return id, true, err
	}

	done, stuck := make(chan struct{}), make(chan struct{}, 1)
	finished := c.running.add(i.ID, attempt.Number)
	release()
	release = func() {}
	c.calls.run(func() {
		defer close(done)
		defer lease.Release()
		defer finished()
		c.runCreate(context.WithoutCancel(ctx), lease, op, i, attempt, wall, stuck)
	})
	select {
	case <-done:
		return i.ID, false, nil
	case <-stuck:
		return "", false, unrecordedAnswer(i.Provider, i.ID)
	case <-ctx.Done():
		return "", false, gaveUp(ctx, sdk.OutcomeUnknown, i.Provider, i.ID,
			"you stopped waiting; the call goes on, and what becomes of it is recorded")
	}
}

// recordNew records i with its first attempt, after whatever can be known to be wrong with it. other is the intent that
// stands under the key, when another request was faster.
func (c *Core) recordNew(ctx context.Context, i *intent.Intent, op creation, l Lease, hash string) (
	attempt payment.Attempt, w wall, other string, err error,
) {
	if !l.Has(op.capability) {
		return attempt, w, "", turnedAway(i.Provider, sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", op.verb))
	}
	if err := c.checkEarly(l, i); err != nil {
		return attempt, w, "", err
	}

	w = c.wallFrom(l.Config().Timeout)
	attempt, err = c.record(ctx, i, op, l, hash)
	w.deadline = attempt.Deadline
	switch {
	case err == nil:
		return attempt, w, "", nil
	case errors.Is(err, store.ErrExists):
	case errors.Is(err, store.ErrUnwritten):
		return attempt, w, "", unrecorded(ctx, err)
	}

	k, lost := c.standing(ctx, i.IdempotencyKey)
	switch {
	case lost != nil:
		return attempt, w, "", undecided(ctx, errors.Join(err, lost), i.Provider, i.ID)
	case k == nil && errors.Is(err, store.ErrExists):
		return attempt, w, "", inProgress("") // an action's key, freed at this moment
	case k == nil:
		return attempt, w, "", unrecorded(ctx, err)
	case k.IntentID != i.ID:
		return attempt, w, k.IntentID, nil
	}
	c.log.Warn("a commit whose acknowledgement was lost has arrived: the call is made", "id", i.ID, "provider", i.Provider, "error", err)
	return attempt, w, "", nil
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
func (c *Core) record(ctx context.Context, i *intent.Intent, op creation, l Lease, hash string) (a payment.Attempt, err error) {
	cfg := l.Config()
	i.ID, i.Status, i.Fingerprint = NewID(op.idPrefix), payment.Created, l.Fingerprint()
	expires := i.ExpiresAt

	err = c.store.Write(ctx, func(tx *store.Tx) (err error) {
		a = c.newAttempt(tx, 1, op.verb, l)
		now := a.StartedAt
		i.CreatedAt, i.UpdatedAt = now, now
		if i.Kind == payment.KindPayment && expires.IsZero() {
			i.ExpiresAt = now.Add(cfg.PaymentTTL)
		}
		err = tx.InsertKey(ctx, store.Key{Key: i.IdempotencyKey, RequestHash: hash, IntentID: i.ID, Action: op.verb,
			Host: c.instance, CreatedAt: now})
		if err != nil {
			return err
		}
		if i.Kind == payment.KindRefund {
			if err := refundable(ctx, tx, i); err != nil {
				return err
			}
		}
		// Numbers are counted for who we are to the provider, whatever the account is called here.
		if err := tx.InsertNumbered(ctx, i, "sequence:"+i.Fingerprint, cfg.SequenceStart); err != nil {
			return err
		}
		if err := tx.AddHistory(ctx, i.ID, payment.Change{At: now, Actor: actorAPI, Action: "created", To: payment.Created}); err != nil {
			return err
		}
		return tx.InsertAttempt(ctx, i.ID, a)
	})
	return a, err
}

// replay returns the id that a key stands for, waiting while its first request still runs; "" when the key is free.
func (c *Core) replay(ctx context.Context, key string, hashes []string) (string, error) {
	id, err := c.known(ctx, key, hashes)
	if id == "" || err != nil {
		return id, err
	}
	return id, c.waitForAnswer(ctx, id)
}

// known returns the id that a key stands for, "" when the key is free. When it cannot be read nobody knows what the key
// stands for.
func (c *Core) known(ctx context.Context, key string, hashes []string) (string, error) {
	var k *store.Key
	err := c.store.Get(ctx, func(tx *store.Tx) (err error) {
		k, err = tx.Key(ctx, key)
		return err
	})
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil
	case err != nil:
		return "", undecided(ctx, err, "", "")
	case !slices.Contains(hashes, k.RequestHash):
		return "", keyConflict(k)
	}
	return k.IntentID, nil
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
			return undecided(ctx, err, "", id)
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
