package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/caller"
	"github.com/payhost/payhost/host/internal/idempotency"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file has the calls to a provider that are about no intent: queries, and
// the provider's own operations.

// PaymentMethods lists what a customer can pay with at an account.
func (c *Core) PaymentMethods(
	ctx context.Context,
	provider string,
	r sdk.ListPaymentMethodsRequest,
) ([]sdk.PaymentMethod, error) {
	return query(ctx, c, provider, sdk.CapabilityListPaymentMethods,
		func(ctx context.Context, lease Lease) ([]sdk.PaymentMethod, error) {
			return lease.ListPaymentMethods(ctx, r)
		})
}

// Balances returns what an account holds at its provider.
func (c *Core) Balances(ctx context.Context, provider string) ([]sdk.Balance, error) {
	return query(ctx, c, provider, sdk.CapabilityGetBalances,
		func(ctx context.Context, lease Lease) ([]sdk.Balance, error) {
			return lease.GetBalances(ctx)
		})
}

// query makes a call that only reads, or one that has no record of its own. The
// error is a *payment.Error.
func query[T any](ctx context.Context, c *Core, provider string, needs sdk.Capability,
	call func(context.Context, Lease) (T, error),
) (T, error) {
	var none T
	if err := visible(ctx, provider); err != nil {
		return none, err
	}
	lease, err := c.accounts.Acquire(calling(ctx, needs), provider)
	if err != nil {
		return none, notAsked(provider, err)
	}
	defer lease.Release()

	if !lease.Has(needs) {
		err := sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", needs)
		return none, notAsked(provider, err)
	}

	ctx, cancel := context.WithTimeout(ctx, lease.Config().Timeout)
	defer cancel()
	answer, err := call(ctx, lease)
	if err != nil {
		return none, payment.FromProvider(provider, "", err)
	}

	return answer, nil
}

// notAsked is for a call that was turned away before it reached the provider.
func notAsked(provider string, err error) *payment.Error {
	e := payment.FromProvider(provider, "", err)
	e.Asked = false
	return e
}

// invocation is a call of one of a provider's own operations.
type invocation struct {
	provider, operation string
	input               json.RawMessage
	key                 string
}

// Invoke runs one of a provider's own operations. An operation that moves money
// needs a key, and runs once under it: a repeated request gets the first one's
// answer, and replayed says so.
func (c *Core) Invoke(
	ctx context.Context,
	provider, operation string,
	input json.RawMessage,
	key string,
) (output json.RawMessage, replayed bool, err error) {
	call := invocation{provider: provider, operation: operation, input: input, key: key}
	movesMoney, timeout, err := c.describeOperation(ctx, provider, operation)
	if err != nil {
		return nil, false, err
	}

	if !movesMoney {
		if err := c.Audit(ctx, auditOfOperation(provider, operation)); err != nil {
			return nil, false, err
		}
		output, err = c.callOperation(ctx, call)
		return output, false, err
	}
	if err := permitted(ctx, caller.PayoutsWrite, "an operation that moves money"); err != nil {
		return nil, false, err
	}

	return c.invokeOnce(ctx, call, timeout)
}

// invokeOnce runs an operation once under its key.
func (c *Core) invokeOnce(ctx context.Context, call invocation, timeout time.Duration,
) (output json.RawMessage, replayed bool, err error) {
	var checks checklist
	checks.key(call.key)
	if err := checks.err(); err != nil {
		return nil, false, err
	}

	request := idempotency.Request{
		Action:  "operation " + call.operation,
		Subject: call.provider,
		Body:    call.input,
	}
	hashes, err := request.Hashes()
	if err != nil {
		return nil, false, &payment.Error{
			Code:    string(sdk.CodeInvalidRequest),
			Outcome: sdk.OutcomeNotSent,
			Message: "the input is not JSON",
		}
	}

	known, err := c.keys.Find(ctx, call.key, hashes)
	if err != nil {
		return nil, true, err
	}
	if known != nil {
		return c.replayOperation(ctx, call, hashes)
	}

	claim := store.Key{
		Key:         call.key,
		RequestHash: hashes.Current,
		IntentID:    call.provider + "/" + call.operation,
		Action:      "operation",
		Host:        c.instance,
	}
	w, other, err := c.recordOperation(ctx, call.provider, call.operation, &claim, timeout)
	if err != nil {
		c.countBraked(call.provider, sdk.CapabilityInvokeOperation, err)
		return nil, false, err
	}

	if other {
		return c.replayOperation(ctx, call, hashes)
	}

	// From here on the call is made, also when the caller goes away.
	type result struct {
		output json.RawMessage
		err    error
	}
	done := make(chan result, 1)
	c.calls.run(func() {
		output, err := c.runOperation(context.WithoutCancel(ctx), call, claim, w)
		done <- result{output, err}
	})

	select {
	case r := <-done:
		return r.output, false, r.err
	case <-ctx.Done():
		return nil, false, idempotency.GaveUp(ctx, sdk.OutcomeUnknown, call.provider, "",
			"you stopped waiting; the call goes on: ask again with the same key")
	}
}

// replayOperation waits for the operation under a key that is taken, and runs
// it when the first one was not sent, which frees the key.
func (c *Core) replayOperation(
	ctx context.Context,
	call invocation,
	hashes idempotency.Hashes,
) (output json.RawMessage, replayed bool, err error) {
	known, err := c.keys.FindAnswered(ctx, call.key, hashes)
	if err != nil {
		return nil, true, err
	}
	if known == nil {
		return c.Invoke(ctx, call.provider, call.operation, call.input, call.key)
	}
	output, err = idempotency.Output(known)
	return output, true, err
}

// recordOperation takes an operation's key until its deadline. other says that
// another request has it.
func (c *Core) recordOperation(
	ctx context.Context,
	provider, operation string,
	claim *store.Key,
	timeout time.Duration,
) (w wall, other bool, err error) {
	release, err := c.keys.Hold(ctx, claim.Key)
	if err != nil {
		return w, false, err
	}
	defer release()

	w = c.wallFrom(timeout)
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		claim.CreatedAt = tx.Now()
		claim.Deadline = claim.CreatedAt.Add(timeout)
		if err := tx.InsertKey(ctx, *claim); err != nil {
			return err
		}
		tx.Audit(ctx, auditOfOperation(provider, operation))
		if err := refuseFenced(ctx, tx, provider); err != nil {
			return err
		}
		return refusePaused(ctx, tx, provider, payment.PausePayouts)
	})

	w.deadline = claim.Deadline
	switch {
	case err == nil:
		return w, false, nil
	case errors.Is(err, store.ErrExists):
		return w, true, nil
	case errors.Is(err, store.ErrUnwritten):
		return w, false, idempotency.Unrecorded(ctx, err)
	}

	// The commit failed, and may have arrived all the same.
	standing, lost := c.keys.Standing(ctx, claim.Key)

	switch {
	case lost != nil:
		return w, false, idempotency.Undecided(ctx, errors.Join(err, lost), "", "")
	case standing == nil:
		return w, false, idempotency.Unrecorded(ctx, err)
	}

	own := standing.Host == claim.Host && standing.Deadline.Equal(claim.Deadline)
	return w, !own, nil
}

// describeOperation reports whether an operation moves money, and how long it
// may take. The error is also that the provider has no such operation.
func (c *Core) describeOperation(ctx context.Context, provider, name string,
) (movesMoney bool, timeout time.Duration, err error) {
	if err := visible(ctx, provider); err != nil {
		return false, 0, err
	}
	lease, err := c.accounts.Acquire(ctx, provider)
	if err != nil {
		return false, 0, notAsked(provider, err)
	}
	defer lease.Release()

	for _, operation := range lease.Info().Operations {
		if operation.Name == name {
			return operation.MovesMoney, lease.Config().Timeout, nil
		}
	}

	return false, 0, &payment.Error{
		Code:     string(sdk.CodeNotFound),
		Outcome:  sdk.OutcomeNotSent,
		Provider: provider,
		Message:  "this provider has no operation " + name,
	}
}

// callOperation makes the call. The plugin gets the key too, so that a provider
// which knows keys can tell a repeated call.
func (c *Core) callOperation(
	ctx context.Context,
	call invocation,
) (json.RawMessage, error) {
	return query(ctx, c, call.provider, sdk.CapabilityInvokeOperation,
		func(ctx context.Context, lease Lease) (json.RawMessage, error) {
			return lease.InvokeOperation(ctx, sdk.InvokeOperationRequest{
				Operation:      call.operation,
				Input:          call.input,
				IdempotencyKey: call.key,
			})
		})
}

// runOperation makes the call within its time and keeps how it ended under its
// key.
func (c *Core) runOperation(ctx context.Context, call invocation, claim store.Key, w wall,
) (output json.RawMessage, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.left())
	defer cancel()
	err = payment.FromProvider(call.provider, "", errWall())
	if w.left() > 0 {
		output, err = c.callOperation(ctx, call)
	}

	// The output may be the only one there is: it is kept as any answer is.
	var problem *payment.Error
	if err != nil && !errors.As(err, &problem) {
		problem = &payment.Error{Message: err.Error()}
	}

	answer := answered{
		id:       claim.Key,
		provider: call.provider,
		attempt:  finished(1, claim.IntentID, 0, nil, err),
	}

	c.persist(ctx, answer, func(ctx context.Context) error {
		return c.store.Write(ctx, func(tx *store.Tx) error {
			return idempotency.FinishOperation(ctx, tx, claim, output, problem)
		})
	})

	return output, err
}
