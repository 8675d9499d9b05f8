package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// CreatePayment records a payment and calls its provider to create it. Once it
// is recorded the answer is the payment, whatever became of the call: look at
// its status and failure. replayed says that the key stood for it already.
//
// The error is a *payment.Error. With the outcome not_sent nothing was
// recorded; with any other the caller repeats the request under the same key.
func (c *Core) CreatePayment(ctx context.Context, r payment.Request, key string,
) (p *payment.Payment, replayed bool, err error) {
	if err := checkPayment(r, key, c.nowMicro()); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}

	id, replayed, err := c.create(ctx, &intent.Intent{
		Kind:              payment.KindPayment,
		Provider:          r.Provider,
		Amount:            payment.Amount{Decimal: r.Amount},
		Currency:          r.Currency,
		MerchantReference: r.MerchantReference,
		Method:            r.Method,
		Request:           request,
		IdempotencyKey:    key,
		ExpiresAt:         r.ExpiresAt.UTC().Truncate(time.Microsecond),
	}, request)
	if err != nil {
		return nil, replayed, err
	}

	// The payment is recorded: no error may now say that nothing was done.
	p, err = c.Payment(ctx, id)
	return p, replayed, recordedBut(err, r.Provider, id)
}

// CreatePayout records a payout and calls its provider to make it, with the
// same promises as CreatePayment.
func (c *Core) CreatePayout(ctx context.Context, r payment.PayoutRequest, key string,
) (p *payment.Payout, replayed bool, err error) {
	if err := checkPayout(r, key); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}

	id, replayed, err := c.create(ctx, &intent.Intent{
		Kind:              payment.KindPayout,
		Provider:          r.Provider,
		Amount:            payment.Amount{Decimal: r.Amount},
		Currency:          r.Currency,
		MerchantReference: r.MerchantReference,
		Method:            r.Method,
		Request:           request,
		IdempotencyKey:    key,
	}, request)
	if err != nil {
		return nil, replayed, err
	}

	p, err = c.Payout(ctx, id)
	return p, replayed, recordedBut(err, r.Provider, id)
}

// recordedBut is for an intent that is recorded, and may have been carried out,
// but could not be read afterwards. Whatever the reading says, it does not say
// that nothing happened.
func recordedBut(err error, provider, id string) error {
	if err == nil {
		return nil
	}

	return &payment.Error{
		Code:       payment.CodeStorage,
		Outcome:    sdk.OutcomeUnknown,
		Provider:   provider,
		PaymentID:  id,
		Cause:      err,
		RetryAfter: time.Second,
		Message: "it is recorded, but could not be read: repeat the request with the same " +
			"Idempotency-Key, or ask for its status: " + err.Error(),
	}
}

// create records an intent under its key and makes the first call, or waits for
// the request that did. said is the merchant's own request, which tells two
// requests under one key apart. It returns the intent's id.
func (c *Core) create(ctx context.Context, i *intent.Intent, said json.RawMessage,
) (id string, replayed bool, err error) {
	op := c.operationFor(i.Kind)
	request := idempotency.Request{Action: op.name, Subject: i.ParentID, Body: said}
	hashes, err := request.Hashes()
	if err != nil {
		return "", false, err
	}

	release, err := c.keys.Hold(ctx, i.IdempotencyKey)
	if err != nil {
		return "", true, err
	}
	defer release()

	// The key comes first: what stands under it is the answer, whatever else
	// may be wrong with the request now.
	known, err := c.keys.IntentUnder(ctx, i.IdempotencyKey, hashes)
	if err != nil {
		return "", true, err
	}

	if known != "" {
		release()
		return known, true, c.waitForAnswer(ctx, known)
	}

	// Nothing is recorded before the account is there and can take the request.
	if i.Kind != payment.KindRefund {
		if err := c.mintable(); err != nil {
			return "", false, turnedAway(i.Provider, err)
		}
	}

	lease, err := c.accounts.Acquire(calling(ctx, op.capability), i.Provider)
	if err != nil {
		return "", false, turnedAway(i.Provider, err)
	}
	first, until, other, err := c.recordNew(ctx, i, op, lease, hashes.Current)
	if err != nil || other != "" {
		lease.Release()
	}

	switch {
	case err != nil:
		return "", false, err
	case other != "":
		release()
		id, err := c.replay(ctx, i.IdempotencyKey, hashes)
		if id == "" && err == nil {
			err = idempotency.InProgress("") // an action's key, freed at this moment
		}

		return id, true, err
	}

	// From here on the call is made, also when the caller goes away.
	done := make(chan struct{})
	stuck := make(chan struct{}, 1)
	finished := c.running.add(i.ID, first.Number)
	release()
	c.calls.run(func() {
		defer close(done)
		defer lease.Release()
		defer finished()
		c.runCreate(context.WithoutCancel(ctx), lease, op, i, first, until, stuck)
	})

	select {
	case <-done:
		return i.ID, false, nil
	case <-stuck:
		return "", false, unrecordedAnswer(i.Provider, i.ID)
	case <-ctx.Done():
		return "", false, stoppedWaiting(ctx, i)
	}
}

// stoppedWaiting is for a caller who goes away during a call.
func stoppedWaiting(ctx context.Context, i *intent.Intent) *payment.Error {
	return idempotency.GaveUp(ctx, sdk.OutcomeUnknown, i.Provider, i.ID,
		"you stopped waiting; the call goes on, and what becomes of it is recorded")
}

// recordNew records an intent with its first attempt, after whatever can be
// known to be wrong with it. other is the intent that stands under the key,
// when another request was faster.
func (c *Core) recordNew(
	ctx context.Context,
	i *intent.Intent,
	op operation,
	lease Lease,
	hash string,
) (first payment.Attempt, w wall, other string, err error) {
	if !lease.Has(op.capability) {
		return first, w, "", turnedAway(i.Provider,
			sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", op.name))
	}

	if err := c.checkEarly(lease, i); err != nil {
		return first, w, "", err
	}

	w = c.wallFrom(lease.Config().Timeout)
	first, err = c.record(ctx, i, op, lease, hash)
	w.deadline = first.Deadline

	switch {
	case err == nil:
		return first, w, "", nil
	case errors.Is(err, store.ErrExists):
	case errors.Is(err, store.ErrUnwritten):
		return first, w, "", idempotency.Unrecorded(ctx, err)
	}

	// The commit failed, and may have arrived all the same.
	key, lost := c.keys.Standing(ctx, i.IdempotencyKey)

	switch {
	case lost != nil:
		return first, w, "", idempotency.Undecided(ctx,
			errors.Join(err, lost), i.Provider, i.ID)
	case key == nil && errors.Is(err, store.ErrExists):
		// An action's key, freed at this moment.
		return first, w, "", idempotency.InProgress("")

	case key == nil:
		return first, w, "", idempotency.Unrecorded(ctx, err)
	case key.IntentID != i.ID:
		return first, w, key.IntentID, nil
	}

	c.log.Warn("a commit whose acknowledgement was lost has arrived: the call is made",
		"id", i.ID, "provider", i.Provider, "error", err)
	return first, w, "", nil
}

// turnedAway is a refusal before anything was recorded.
func turnedAway(provider string, err error) *payment.Error {
	e := payment.FromProvider(provider, "", err)
	e.Asked = false
	e.Outcome = sdk.OutcomeNotSent
	if e.Code == string(sdk.CodeNotFound) {
		e.Code = string(sdk.CodeInvalidRequest)
		e.Violations = append(e.Violations,
			sdk.Violation{Field: "provider", Message: e.Message})
	}
	return e
}

// record commits an intent, its key and its first attempt: from here on nothing
// is lost.
func (c *Core) record(
	ctx context.Context,
	i *intent.Intent,
	op operation,
	lease Lease,
	hash string,
) (first payment.Attempt, err error) {
	cfg := lease.Config()
	i.ID = NewID(op.idPrefix)
	i.Status = payment.Created
	i.Fingerprint = lease.Fingerprint()
	expires := i.ExpiresAt

	err = c.store.Write(ctx, func(tx *store.Tx) error {
		first = c.newAttempt(tx, 1, op.name, lease)
		now := first.StartedAt
		i.CreatedAt, i.UpdatedAt = now, now
		if i.Kind == payment.KindPayment && expires.IsZero() {
			i.ExpiresAt = now.Add(cfg.PaymentTTL)
		}

		// A key is taken once: of two requests under it, on whichever host, the
		// slower one ends here and records nothing.
		key := store.Key{
			Key:         i.IdempotencyKey,
			RequestHash: hash,
			IntentID:    i.ID,
			Action:      op.name,
			Host:        c.instance,
			CreatedAt:   now,
		}
		if err := tx.InsertKey(ctx, key); err != nil {
			return err
		}

		if i.Kind == payment.KindRefund {
			if err := refundable(ctx, tx, i); err != nil {
				return err
			}
		}

		// Numbers are counted for who the host is to the provider, whatever the
		// account is called here.
		err := tx.InsertNumbered(ctx, i, "sequence:"+i.Fingerprint, cfg.SequenceStart)
		if err != nil {
			return err
		}

		created := payment.Change{
			At:     now,
			Actor:  actorAPI,
			Action: "created",
			To:     payment.Created,
		}
		if err := tx.AddHistory(ctx, i.ID, created); err != nil {
			return err
		}

		return tx.InsertAttempt(ctx, i.ID, first)
	})

	return first, err
}

// replay returns the id that a key stands for, waiting while its first request
// still runs; "" when the key is free.
func (c *Core) replay(
	ctx context.Context,
	key string,
	hashes idempotency.Hashes,
) (string, error) {
	id, err := c.keys.IntentUnder(ctx, key, hashes)
	if id == "" || err != nil {
		return id, err
	}
	return id, c.waitForAnswer(ctx, id)
}

// waitForAnswer returns when the intent's first call has ended.
func (c *Core) waitForAnswer(ctx context.Context, id string) error {
	ended, err := c.keys.Await(ctx, id, func(ctx context.Context) (done bool, err error) {
		i, err := c.read(ctx, id)
		if err != nil && ctx.Err() == nil {
			return true, idempotency.Undecided(ctx, err, "", id)
		}
		return err == nil && i.Status != payment.Created, nil
	})
	if err == nil && !ended {
		return idempotency.InProgress(id)
	}

	return err
}
