package conformance

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// verb is one verb of the contract, for the cases that hold for all of them.
type verb struct {
	capability sdk.Capability
	// writes: it makes or changes something at the provider.
	writes bool
	// bare calls it with as little as the contract lets through.
	bare func(context.Context, *sdk.AccountClient) error
	// ready makes what a valid call needs, and gives the call. nil for those that only read what came in.
	ready func(*trial) shot
}

// shot is one valid call. Every call of it is the next attempt of the same intent.
type shot struct {
	// call gives the provider's reference of what was made, if any.
	call func(context.Context, *sdk.AccountClient) (string, error)
	// kind and reference are where the books have it; an empty kind is nowhere.
	kind      fault.EntryKind
	reference string
	guarantee sdk.IdempotencySupport
}

// asked is a shot that only reads.
func asked(call func(context.Context, *sdk.AccountClient) error) shot {
	return shot{call: func(ctx context.Context, a *sdk.AccountClient) (string, error) { return "", call(ctx, a) }}
}

// verbs are in the order of the contract.
func (s *subject) verbs() []verb {
	return []verb{
		{
			capability: sdk.CapabilityCheckHealth,
			bare:       func(ctx context.Context, a *sdk.AccountClient) error { return healthError(a.CheckHealth(ctx)) },
			ready: func(*trial) shot {
				return asked(func(ctx context.Context, a *sdk.AccountClient) error { return healthError(a.CheckHealth(ctx)) })
			},
		},
		{
			capability: sdk.CapabilityListPaymentMethods,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ListPaymentMethods(ctx, sdk.ListPaymentMethodsRequest{})
				return err
			},
			ready: methodsShot,
		},
		{capability: sdk.CapabilityCreatePayment, writes: true, bare: s.bareCreatePayment, ready: paymentShot},
		{
			capability: sdk.CapabilityConfirmPayment, writes: true, ready: confirmShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{
					Payment: s.strangePayment(), IdempotencyKey: "kit", Attempt: 1, Fields: map[string]string{"a": "b"},
				})
				return err
			},
		},
		{
			capability: sdk.CapabilityGetPayment, ready: getPaymentShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.GetPayment(ctx, sdk.GetPaymentRequest{Payment: s.strangePayment()})
				return err
			},
		},
		{
			capability: sdk.CapabilityListPayments, ready: listPaymentsShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ListPayments(ctx, sdk.ListPaymentsRequest{Payments: []sdk.PaymentContext{s.strangePayment()}})
				return err
			},
		},
		{
			capability: sdk.CapabilityCapturePayment, writes: true, ready: captureShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.CapturePayment(ctx, sdk.CapturePaymentRequest{Payment: s.strangePayment(), IdempotencyKey: "kit", Attempt: 1})
				return err
			},
		},
		{
			capability: sdk.CapabilityCancelPayment, writes: true, ready: cancelShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.CancelPayment(ctx, sdk.CancelPaymentRequest{Payment: s.strangePayment(), IdempotencyKey: "kit", Attempt: 1})
				return err
			},
		},
		{
			capability: sdk.CapabilityCreateRefund, writes: true, ready: refundShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				reference, n := newReference("re")
				_, err := a.CreateRefund(ctx, sdk.CreateRefundRequest{
					Reference: reference, Payment: s.strangePayment(), IdempotencyKey: "kit", Sequence: n, Attempt: 1,
					Amount: s.amount(s.info.PaymentLimits),
				})
				return err
			},
		},
		{
			capability: sdk.CapabilityGetRefund, ready: getRefundShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				reference, _ := newReference("re")
				_, err := a.GetRefund(ctx, sdk.GetRefundRequest{
					Refund: sdk.RefundContext{Reference: reference, Payment: s.strangePayment()},
				})
				return err
			},
		},
		{capability: sdk.CapabilityCreatePayout, writes: true, bare: s.bareCreatePayout, ready: payoutShot},
		{
			capability: sdk.CapabilityGetPayout, ready: getPayoutShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.GetPayout(ctx, sdk.GetPayoutRequest{Payout: payoutContextOf(s.newPayout(), nil)})
				return err
			},
		},
		{
			capability: sdk.CapabilityListPayouts, ready: listPayoutsShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ListPayouts(ctx, sdk.ListPayoutsRequest{Payouts: []sdk.PayoutContext{payoutContextOf(s.newPayout(), nil)}})
				return err
			},
		},
		{
			capability: sdk.CapabilityGetBalances,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.GetBalances(ctx)
				return err
			},
			ready: balancesShot,
		},
		{
			capability: sdk.CapabilityParseWebhook,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ParseWebhook(ctx, sdk.ParseWebhookRequest{Request: strangeRequest(), Scope: sdk.ScopeOpen})
				return err
			},
		},
		{
			capability: sdk.CapabilityParseReturn,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.ParseReturn(ctx, sdk.ParseReturnRequest{Request: strangeRequest(), Scope: sdk.ScopeOpen})
				return err
			},
		},
		{
			capability: sdk.CapabilityInvokeOperation, ready: operationShot,
			bare: func(ctx context.Context, a *sdk.AccountClient) error {
				_, err := a.InvokeOperation(ctx, sdk.InvokeOperationRequest{
					Operation: "no_such_operation", Input: json.RawMessage(`{}`), IdempotencyKey: "kit",
				})
				return err
			},
		},
	}
}

// The URLs stay: a host always gives them.
func (s *subject) bareCreatePayment(ctx context.Context, a *sdk.AccountClient) error {
	full := s.newPayment(nil)
	_, err := a.CreatePayment(ctx, sdk.CreatePaymentRequest{
		Reference: full.Reference, IdempotencyKey: full.IdempotencyKey, Sequence: full.Sequence, Attempt: 1,
		Amount: full.Amount, NotifyURL: full.NotifyURL, ReturnURL: full.ReturnURL, CancelURL: full.CancelURL,
	})
	return err
}

func (s *subject) bareCreatePayout(ctx context.Context, a *sdk.AccountClient) error {
	full := s.newPayout()
	_, err := a.CreatePayout(ctx, sdk.CreatePayoutRequest{
		Reference: full.Reference, IdempotencyKey: full.IdempotencyKey, Sequence: full.Sequence, Attempt: 1,
		Amount: full.Amount, NotifyURL: full.NotifyURL,
	})
	return err
}

// strangePayment is one that the provider has never heard of.
func (s *subject) strangePayment() sdk.PaymentContext { return contextOf(s.newPayment(nil), nil) }

// strangeRequest is one that no provider sends.
func strangeRequest() sdk.HTTPRequest {
	return sdk.HTTPRequest{Method: "POST", RemoteAddress: strangeAddress, ReceivedAt: time.Now().UTC()}
}

const strangeAddress = "192.0.2.99"

// healthError makes an account that is not healthy an error like that of the other verbs.
func healthError(h sdk.Health, err error) error {
	if err == nil && h.State != sdk.HealthHealthy {
		return &sdk.Error{Code: sdk.CodeUnavailable, Message: string(h.State) + ": " + h.Message}
	}
	return err
}

// able gives the verbs that the account can do and that can be called at will.
func (s *subject) able(writes bool) []verb {
	var out []verb
	for _, v := range s.verbs() {
		if s.can(v.capability) && v.ready != nil && v.writes == writes {
			out = append(out, v)
		}
	}
	return out
}
