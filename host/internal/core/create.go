package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
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
	if err := visible(ctx, r.Provider); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}

	id, left, replayed, err := c.create(ctx, &intent.Intent{
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
	if left != nil {
		p, err = paymentView(left.intent, left.attempts, left.history)
	} else {
		p, err = c.Payment(ctx, id)
	}

	return p, replayed, recordedBut(err, r.Provider, id)
}

// CreatePayout records a payout and calls its provider to make it, with the
// same promises as CreatePayment.
func (c *Core) CreatePayout(ctx context.Context, r payment.PayoutRequest, key string,
) (p *payment.Payout, replayed bool, err error) {
	if err := checkPayout(r, key); err != nil {
		return nil, false, err
	}
	if err := visible(ctx, r.Provider); err != nil {
		return nil, false, err
	}
	request, err := json.Marshal(r)
	if err != nil {
		return nil, false, err
	}

	id, left, replayed, err := c.create(ctx, &intent.Intent{
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

	if left != nil {
		p, err = payoutView(left.intent, left.attempts, left.history)
	} else {
		p, err = c.Payout(ctx, id)
	}

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
// requests under one key apart. It returns the intent's id and, when this
// request has made it and nobody has changed it since, all that there is to
// read of it.
func (c *Core) create(ctx context.Context, i *intent.Intent, said json.RawMessage,
) (id string, left *whole, replayed bool, err error) {
	op := c.operationFor(i.Kind)
	request := idempotency.Request{Action: op.name, Subject: i.ParentID, Body: said}
	hashes, err := request.Hashes()
	if err != nil {
		return "", nil, false, err
	}

	release, err := c.keys.Hold(ctx, i.IdempotencyKey)
	if err != nil {
		return "", nil, true, err
	}
	defer release()

	called := c.countCaller()
	defer called()
	lease, first, until, taken, err := c.recordNew(ctx, i, op, hashes.Current)

	var refusal *payment.Error
	if errors.As(err, &refusal) && refusal.Outcome == sdk.OutcomeUnknown {
		return "", nil, false, err // it may be recorded
	}

	// The key's own request is the answer, whatever else may be wrong with this
	// one. Recording finds out about the key; any refusal has not.
	if err != nil || taken {
		known, problem := c.keys.IntentUnder(
			context.WithoutCancel(ctx),
			i.IdempotencyKey,
			hashes,
		)

		switch {
		case problem != nil:
			return "", nil, true, problem
		case known != "":
			release()
			called()
			return known, nil, true, c.waitForAnswer(ctx, known)
		case err == nil:
			err = idempotency.InProgress("") // an action's key, freed at this moment
		}

		c.countBraked(i.Provider, op.capability, err)
		return "", nil, taken, err
	}

	// There is nothing to call before it is approved.
	if waits(i) {
		lease.Release()
		return i.ID, nil, false, nil
	}

	result, err := c.carryOut(ctx, lease, op, i, first, until, release)
	return i.ID, result, false, err
}

// carryOut makes the first attempt of an intent, which is on disk, also when the
// caller goes away. begun is called once the attempt is known to run; the lease
// is released when it has ended. The result is all that there is to read of the
// intent, when nobody else has changed it.
func (c *Core) carryOut(
	ctx context.Context,
	lease Lease,
	op operation,
	i *intent.Intent,
	first payment.Attempt,
	until wall,
	begun func(),
) (*whole, error) {
	var made *whole
	done := make(chan struct{})
	stuck := make(chan struct{}, 1)
	finished := c.running.add(i.ID, first.Number)
	begun()
	c.calls.run(func() {
		defer close(done)
		defer lease.Release()
		defer finished()
		made = c.runCreate(context.WithoutCancel(ctx), lease, op, i, first, until, stuck)
	})

	select {
	case <-done:
		return made, nil
	case <-stuck:
		return nil, unrecordedAnswer(i.Provider, i.ID)
	case <-ctx.Done():
		return nil, stoppedWaiting(ctx, i)
	}
}

// whole is an intent as the request that made it has left it, with its first
// attempt, before anybody else has changed it.
type whole struct {
	intent   *intent.Intent
	attempts []payment.Attempt
	history  []payment.Change
}

// stoppedWaiting is for a caller who goes away during a call.
func stoppedWaiting(ctx context.Context, i *intent.Intent) *payment.Error {
	return idempotency.GaveUp(ctx, sdk.OutcomeUnknown, i.Provider, i.ID,
		"you stopped waiting; the call goes on, and what becomes of it is recorded")
}

// recordNew records an intent with its first attempt, after whatever can be
// known to be wrong with it, and returns the lease for its call. taken says
// that its key stands for something else already. After an error, or when the
// key is taken, nothing was recorded and there is no lease.
func (c *Core) recordNew(
	ctx context.Context,
	i *intent.Intent,
	op operation,
	hash string,
) (lease Lease, first payment.Attempt, w wall, taken bool, err error) {
	// Nothing is recorded before the account is there and can take the request.
	if i.Kind != payment.KindRefund {
		if err := c.mintable(); err != nil {
			return nil, first, w, false, turnedAway(i.Provider, err)
		}
	}

	lease, err = c.accounts.Acquire(calling(ctx, op.capability), i.Provider)
	if err != nil {
		return nil, first, w, false, turnedAway(i.Provider, err)
	}
	defer func() {
		if err != nil || taken {
			lease.Release()
		}
	}()

	if !lease.Has(op.capability) {
		return lease, first, w, false, turnedAway(i.Provider,
			sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", op.name))
	}

	if err := c.checkEarly(lease, i); err != nil {
		return lease, first, w, false, err
	}

	w = c.wallFrom(lease.Config().Timeout)
	first, err = c.record(ctx, i, op, lease, hash)
	w.deadline = first.Deadline
	if err != nil {
		taken, err = c.unrecorded(ctx, i, err)
	}

	return lease, first, w, taken, err
}

// unrecorded says what a failed commit of a new intent means; nil when it has
// arrived all the same.
func (c *Core) unrecorded(
	ctx context.Context,
	i *intent.Intent,
	failure error,
) (taken bool, err error) {
	switch {
	case errors.Is(failure, store.ErrExists):
		return true, nil
	case errors.Is(failure, store.ErrUnwritten):
		return false, idempotency.Unrecorded(ctx, failure)
	}

	// The commit failed, and may have arrived all the same.
	key, lost := c.keys.Standing(ctx, i.IdempotencyKey)

	switch {
	case lost != nil:
		return false, idempotency.Undecided(ctx,
			errors.Join(failure, lost), i.Provider, i.ID)
	case key == nil:
		return false, idempotency.Unrecorded(ctx, failure)
	case key.IntentID != i.ID:
		return true, nil
	}

	c.log.WarnContext(ctx, "a commit whose acknowledgement was lost has arrived: the call is made",
		"id", i.ID, "provider", i.Provider, "error", failure)
	return false, nil
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
	why := c.needsApproval(i)
	if why != "" {
		i.ReviewReason = payment.ReviewApproval
	}

	err = c.store.Write(ctx, func(tx *store.Tx) error {
		first = c.newAttempt(tx, 1, op.name, lease)
		now := first.StartedAt
		i.CreatedAt, i.UpdatedAt = now, now
		if i.Kind == payment.KindPayment && expires.IsZero() {
			i.ExpiresAt = now.Add(cfg.PaymentTTL)
		}

		if err := refuseFenced(ctx, tx, i.Provider); err != nil {
			return err
		}
		if err := refuseIfPaused(ctx, tx, i); err != nil {
			return err
		}
		if err := refuseAboveLimits(ctx, tx, i, cfg.Limits); err != nil {
			return err
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

		line := createdLine(ctx, i)
		note := i.Amount.String() + " " + i.Currency
		if why != "" {
			line.Note = why
			note += "; it waits: " + why
		}
		tx.Audit(ctx, auditOf(i, op.name, note))
		if err := tx.AddHistory(ctx, i.ID, line); err != nil {
			return err
		}
		if why != "" {
			return c.hold(ctx, tx, i, why)
		}

		return tx.InsertAttempt(ctx, i.ID, first)
	})

	return first, err
}

// createdLine is the first line of an intent's history.
func createdLine(ctx context.Context, i *intent.Intent) payment.Change {
	return payment.Change{
		At:     i.CreatedAt,
		Actor:  caller.From(ctx).Name,
		Action: "created",
		To:     payment.Created,
	}
}

// waitForAnswer returns when the intent's first call has ended.
func (c *Core) waitForAnswer(ctx context.Context, id string) error {
	ended, err := c.keys.Await(ctx, id, func(ctx context.Context) (done bool, err error) {
		i, err := c.read(ctx, id)
		if err != nil && ctx.Err() == nil {
			return true, idempotency.Undecided(ctx, err, "", id)
		}
		return err == nil && (i.Status != payment.Created || waits(i)), nil
	})
	if err == nil && !ended {
		return idempotency.InProgress(id)
	}

	return err
}
