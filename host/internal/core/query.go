package core

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// query makes a call that only asks, or one that has no record of its own.
func query[T any](ctx context.Context, c *Core, provider string, needs sdk.Capability, call func(context.Context, Lease) (T, error)) (T, error) {
	var none T
	l, err := c.accounts.Acquire(ctx, provider)
	if err != nil {
		e := payment.FromProvider(provider, "", err)
		e.Asked = false
		return none, e
	}
	defer l.Release()
	if !l.Has(needs) {
		e := payment.FromProvider(provider, "", sdk.NotSent(sdk.CodeNotSupported, "this account cannot %s", needs))
		e.Asked = false
		return none, e
	}
	ctx, cancel := context.WithTimeout(ctx, l.Config().Timeout)
	defer cancel()
	v, err := call(ctx, l)
	if err != nil {
		return none, payment.FromProvider(provider, "", err)
	}
	return v, nil
}

// PaymentMethods lists what a customer can pay with at an account.
func (c *Core) PaymentMethods(ctx context.Context, provider string, r sdk.ListPaymentMethodsRequest) ([]sdk.PaymentMethod, error) {
	return query(ctx, c, provider, sdk.CapabilityListPaymentMethods, func(ctx context.Context, l Lease) ([]sdk.PaymentMethod, error) {
		return l.ListPaymentMethods(ctx, r)
	})
}

// Balances asks what an account holds.
func (c *Core) Balances(ctx context.Context, provider string) ([]sdk.Balance, error) {
	return query(ctx, c, provider, sdk.CapabilityGetBalances, func(ctx context.Context, l Lease) ([]sdk.Balance, error) {
		return l.GetBalances(ctx)
	})
}

// Invoke runs one of a provider's own operations. One that moves money needs a key, and runs once under it: a repeat gets
// the first one's answer.
func (c *Core) Invoke(ctx context.Context, provider, operation string, input json.RawMessage, key string) (output json.RawMessage, replayed bool, err error) {
	run := func(ctx context.Context) (json.RawMessage, error) {
		return query(ctx, c, provider, sdk.CapabilityInvokeOperation, func(ctx context.Context, l Lease) (json.RawMessage, error) {
			return l.InvokeOperation(ctx, sdk.InvokeOperationRequest{Operation: operation, Input: input, IdempotencyKey: key})
		})
	}
	moves, timeout, err := c.operation(ctx, provider, operation)
	if err != nil {
		return nil, false, err
	}
	if !moves {
		output, err = run(ctx)
		return output, false, err
	}
	var checks checks
	checks.key(key)
	if err := checks.err(); err != nil {
		return nil, false, err
	}
	hashes, err := requestHashes("operation "+operation, provider, input)
	if err != nil {
		return nil, false, (&payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent, Message: "the input is not JSON"})
	}
	if taken, err := c.knownAction(ctx, key, hashes); err != nil {
		return nil, true, err
	} else if taken != nil {
		return c.replayOperation(ctx, provider, operation, input, key, hashes)
	}
	k := store.Key{Key: key, RequestHash: hashes[0], IntentID: provider + "/" + operation, Action: "operation", Host: c.instance}
	w, other, err := c.recordOperation(ctx, &k, timeout)
	if err != nil {
		return nil, false, err
	}
	if other {
		return c.replayOperation(ctx, provider, operation, input, key, hashes)
	}

	type result struct {
		output json.RawMessage
		err    error
	}
	done := make(chan result, 1)
	c.calls.run(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.left())
		defer cancel()
		var out json.RawMessage
		err := error(payment.FromProvider(provider, "", errWall()))
		if w.left() > 0 {
			out, err = run(ctx)
		}
		c.finishOperation(ctx, k, provider, out, err)
		done <- result{out, err}
	})
	select {
	case r := <-done:
		return r.output, false, r.err
	case <-ctx.Done():
		return nil, false, gaveUp(ctx, sdk.OutcomeUnknown, provider, "", "you stopped waiting; the call goes on: ask again with the same key")
	}
}

// replayOperation waits for the operation under a key that is taken, and runs it when the first one was not sent, which
// frees the key.
func (c *Core) replayOperation(ctx context.Context, provider, operation string, input json.RawMessage, key string, hashes []string) (
	output json.RawMessage, replayed bool, err error,
) {
	k, err := c.waitForKey(ctx, key, hashes)
	if k == nil && err == nil {
		return c.Invoke(ctx, provider, operation, input, key)
	}
	if err == nil {
		output, err = outputOf(k)
	}
	return output, true, err
}

// recordOperation takes an operation's key until its deadline. other: another request has it.
func (c *Core) recordOperation(ctx context.Context, k *store.Key, timeout time.Duration) (w wall, other bool, err error) {
	release, err := c.holdKey(ctx, k.Key)
	if err != nil {
		return w, false, err
	}
	defer release()

	w = c.wallFrom(timeout)
	err = c.store.Write(ctx, func(tx *store.Tx) error {
		k.CreatedAt = tx.Now()
		k.Deadline = k.CreatedAt.Add(timeout)
		return tx.InsertKey(ctx, *k)
	})
	w.deadline = k.Deadline
	switch {
	case err == nil:
		return w, false, nil
	case errors.Is(err, store.ErrExists):
		return w, true, nil
	case errors.Is(err, store.ErrUnwritten):
		return w, false, unrecorded(ctx, err)
	}

	found, lost := c.standing(ctx, k.Key)
	switch {
	case lost != nil:
		return w, false, undecided(ctx, errors.Join(err, lost), "", "")
	case found == nil:
		return w, false, unrecorded(ctx, err)
	}
	return w, found.Host != k.Host || !found.Deadline.Equal(k.Deadline), nil
}

// operation tells whether an operation exists and moves money, and how long it may take.
func (c *Core) operation(ctx context.Context, provider, name string) (moves bool, timeout time.Duration, err error) {
	l, err := c.accounts.Acquire(ctx, provider)
	if err != nil {
		e := payment.FromProvider(provider, "", err)
		e.Asked = false
		return false, 0, e
	}
	defer l.Release()
	for _, o := range l.Info().Operations {
		if o.Name == name {
			return o.MovesMoney, l.Config().Timeout, nil
		}
	}
	return false, 0, &payment.Error{Code: string(sdk.CodeNotFound), Outcome: sdk.OutcomeNotSent, Provider: provider,
		Message: "this provider has no operation " + name}
}

// operationResult is how an operation ended, as its key keeps it.
type operationResult struct {
	Output  json.RawMessage `json:"output,omitempty"`
	Problem *payment.Error  `json:"problem,omitempty"`
}

func (c *Core) finishOperation(ctx context.Context, k store.Key, provider string, output json.RawMessage, err error) {
	r := operationResult{Output: output}
	if err != nil {
		r.Problem = &payment.Error{}
		if !errors.As(err, &r.Problem) {
			r.Problem.Message = err.Error()
		}
	}
	text, marshal := json.Marshal(r)
	if marshal != nil { // a plugin's output that is not JSON
		text = []byte(`{}`)
	}
	what := answered{id: k.Key, provider: provider, attempt: finished(1, k.IntentID, 0, nil, err)}
	c.persist(ctx, what, func(ctx context.Context) error {
		return c.store.Write(ctx, func(tx *store.Tx) error {
			if r.Problem != nil && r.Problem.Outcome == sdk.OutcomeNotSent {
				return tx.DeleteKey(ctx, k)
			}
			return tx.FinishKey(ctx, k, string(text))
		})
	})
}

// outputOf gives how the operation under a key ended.
func outputOf(k *store.Key) (json.RawMessage, error) {
	var r operationResult
	if err := json.Unmarshal([]byte(k.Result), &r); err != nil {
		return nil, err
	}
	if r.Problem != nil {
		return nil, r.Problem
	}
	return r.Output, nil
}
