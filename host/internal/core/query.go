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
	hash, err := requestHash("operation "+operation, provider, input)
	if err != nil {
		return nil, false, (&payment.Error{Code: string(sdk.CodeInvalidRequest), Outcome: sdk.OutcomeNotSent, Message: "the input is not JSON"})
	}
	now := c.nowMicro()
	err = c.store.Update(ctx, func(tx *store.Tx) error {
		return tx.InsertKey(ctx, store.Key{Key: key, RequestHash: hash, IntentID: provider + "/" + operation, Action: "operation",
			Host: c.instance, Deadline: now.Add(timeout), CreatedAt: now})
	})
	if errors.Is(err, store.ErrExists) {
		k, err := c.waitForKey(ctx, key, hash)
		if k == nil && err == nil {
			return c.Invoke(ctx, provider, operation, input, key) // the first request was not sent, and has freed the key
		}
		if err == nil {
			output, err = outputOf(k)
		}
		return output, true, err
	}
	if err != nil {
		return nil, false, storageError(err)
	}
	type result struct {
		output json.RawMessage
		err    error
	}
	done := make(chan result, 1)
	c.calls.run(func() {
		out, err := run(context.WithoutCancel(ctx))
		c.finishOperation(ctx, key, out, err)
		done <- result{out, err}
	})
	select {
	case r := <-done:
		return r.output, false, r.err
	case <-ctx.Done():
		return nil, false, &payment.Error{Code: string(sdk.CodeUnavailable), Outcome: sdk.OutcomeUnknown, Provider: provider,
			Message: "you stopped waiting; the call goes on: ask again with the same key"}
	}
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

func (c *Core) finishOperation(ctx context.Context, key string, output json.RawMessage, err error) {
	r := operationResult{Output: output}
	if err != nil {
		r.Problem = &payment.Error{}
		if !errors.As(err, &r.Problem) {
			r.Problem.Message = err.Error()
		}
	}
	text, marshal := json.Marshal(r)
	c.persist(ctx, key, "record an operation's answer", func(ctx context.Context, tx *store.Tx) error {
		if marshal != nil {
			return marshal
		}
		if r.Problem != nil && r.Problem.Outcome == sdk.OutcomeNotSent {
			return tx.DeleteKey(ctx, key)
		}
		return tx.FinishKey(ctx, key, string(text))
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
