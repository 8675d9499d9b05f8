package suite

import (
	"context"
	"encoding/json"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// verbSpec is one verb of the contract, for the cases that hold for all of
// them.
type verbSpec struct {
	capability sdk.Capability
	// writes is true for verbs that make or change something at the provider.
	writes bool
	// bare calls the verb with as little as the contract lets through.
	bare func(context.Context, *client.Account) error
	// prepare makes at the provider what a valid call needs, and returns the
	// call. It is nil for the verbs that only read what came in.
	prepare func(*caseRun) verbCall
}

// verbCall is one valid call. Each time it is sent is the next attempt of the
// same intent.
type verbCall struct {
	// send returns the provider's reference of what was made, if any.
	send func(context.Context, *client.Account) (reference string, err error)
	// kind and reference are where the provider's books have it. An empty kind
	// is nowhere.
	kind      ledger.Kind
	reference string
	guarantee sdk.IdempotencySupport
}

// reading returns a call that makes nothing at the provider.
func reading(call func(context.Context, *client.Account) error) verbCall {
	return verbCall{
		send: func(ctx context.Context, account *client.Account) (string, error) {
			return "", call(ctx, account)
		},
	}
}

// verbs returns all verbs, in the order of the contract.
func (t *target) verbs() []verbSpec {
	return []verbSpec{
		{capability: sdk.CapabilityCheckHealth, bare: checkHealth, prepare: healthCall},
		{
			capability: sdk.CapabilityListPaymentMethods,
			bare:       bareListMethods,
			prepare:    methodsCall,
		},
		{
			capability: sdk.CapabilityCreatePayment,
			writes:     true,
			bare:       t.bareCreatePayment,
			prepare:    paymentCall,
		},
		{
			capability: sdk.CapabilityConfirmPayment,
			writes:     true,
			bare:       t.bareConfirmPayment,
			prepare:    confirmCall,
		},
		{
			capability: sdk.CapabilityGetPayment,
			bare:       t.bareGetPayment,
			prepare:    getPaymentCall,
		},
		{
			capability: sdk.CapabilityListPayments,
			bare:       t.bareListPayments,
			prepare:    listPaymentsCall,
		},
		{
			capability: sdk.CapabilityCapturePayment,
			writes:     true,
			bare:       t.bareCapturePayment,
			prepare:    captureCall,
		},
		{
			capability: sdk.CapabilityCancelPayment,
			writes:     true,
			bare:       t.bareCancelPayment,
			prepare:    cancelCall,
		},
		{
			capability: sdk.CapabilityCreateRefund,
			writes:     true,
			bare:       t.bareCreateRefund,
			prepare:    refundCall,
		},
		{
			capability: sdk.CapabilityGetRefund,
			bare:       t.bareGetRefund,
			prepare:    getRefundCall,
		},
		{
			capability: sdk.CapabilityCreatePayout,
			writes:     true,
			bare:       t.bareCreatePayout,
			prepare:    payoutCall,
		},
		{
			capability: sdk.CapabilityGetPayout,
			bare:       t.bareGetPayout,
			prepare:    getPayoutCall,
		},
		{
			capability: sdk.CapabilityListPayouts,
			bare:       t.bareListPayouts,
			prepare:    listPayoutsCall,
		},
		{capability: sdk.CapabilityGetBalances, bare: getBalances, prepare: balancesCall},
		{capability: sdk.CapabilityParseWebhook, bare: bareParseWebhook},
		{capability: sdk.CapabilityParseReturn, bare: bareParseReturn},
		{
			capability: sdk.CapabilityInvokeOperation,
			bare:       bareInvokeOperation,
			prepare:    operationCall,
		},
	}
}

// able returns the verbs that the account can do and that the kit can call at
// will: those that write, or those that do not.
func (t *target) able(writes bool) []verbSpec {
	var list []verbSpec
	for _, verb := range t.verbs() {
		if t.can(verb.capability) && (verb.prepare != nil) && (verb.writes == writes) {
			list = append(list, verb)
		}
	}
	return list
}

// ableAll returns the same verbs, those that do not write first.
func (t *target) ableAll() []verbSpec { return append(t.able(false), t.able(true)...) }

// checkHealth makes an account that is not healthy an error, as the other verbs
// have one.
func checkHealth(ctx context.Context, account *client.Account) error {
	health, err := account.CheckHealth(ctx)
	if (err == nil) && (health.State != sdk.HealthHealthy) {
		return &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Message: string(health.State) + ": " + health.Message,
		}
	}
	return err
}

func getBalances(ctx context.Context, account *client.Account) error {
	_, err := account.GetBalances(ctx)
	return err
}

func bareListMethods(ctx context.Context, account *client.Account) error {
	_, err := account.ListPaymentMethods(ctx, sdk.ListPaymentMethodsRequest{})
	return err
}

// bareCreatePayment keeps the URLs: a host always gives them.
func (t *target) bareCreatePayment(ctx context.Context, account *client.Account) error {
	full := t.newPayment(nil)
	_, err := account.CreatePayment(ctx, sdk.CreatePaymentRequest{
		Reference:      full.Reference,
		IdempotencyKey: full.IdempotencyKey,
		Sequence:       full.Sequence,
		Attempt:        1,
		Amount:         full.Amount,
		NotifyURL:      full.NotifyURL,
		ReturnURL:      full.ReturnURL,
		CancelURL:      full.CancelURL,
	})

	return err
}

func (t *target) bareConfirmPayment(ctx context.Context, account *client.Account) error {
	_, err := account.ConfirmPayment(ctx, sdk.ConfirmPaymentRequest{
		Payment:        t.strangePayment(),
		IdempotencyKey: "kit",
		Attempt:        1,
		Fields:         map[string]string{"a": "b"},
	})
	return err
}

func (t *target) bareGetPayment(ctx context.Context, account *client.Account) error {
	_, err := account.GetPayment(ctx, sdk.GetPaymentRequest{Payment: t.strangePayment()})
	return err
}

func (t *target) bareListPayments(ctx context.Context, account *client.Account) error {
	_, err := account.ListPayments(ctx, sdk.ListPaymentsRequest{
		Payments: []sdk.PaymentContext{t.strangePayment()},
	})
	return err
}

func (t *target) bareCapturePayment(ctx context.Context, account *client.Account) error {
	_, err := account.CapturePayment(ctx, sdk.CapturePaymentRequest{
		Payment:        t.strangePayment(),
		IdempotencyKey: "kit",
		Attempt:        1,
	})
	return err
}

func (t *target) bareCancelPayment(ctx context.Context, account *client.Account) error {
	_, err := account.CancelPayment(ctx, sdk.CancelPaymentRequest{
		Payment:        t.strangePayment(),
		IdempotencyKey: "kit",
		Attempt:        1,
	})
	return err
}

func (t *target) bareCreateRefund(ctx context.Context, account *client.Account) error {
	reference, number := newReference("re")
	_, err := account.CreateRefund(ctx, sdk.CreateRefundRequest{
		Reference:      reference,
		Payment:        t.strangePayment(),
		IdempotencyKey: "kit",
		Sequence:       number,
		Attempt:        1,
		Amount:         t.amount(t.info.PaymentLimits),
	})

	return err
}

func (t *target) bareGetRefund(ctx context.Context, account *client.Account) error {
	reference, _ := newReference("re")
	_, err := account.GetRefund(ctx, sdk.GetRefundRequest{
		Refund: sdk.RefundContext{Reference: reference, Payment: t.strangePayment()},
	})
	return err
}

func (t *target) bareCreatePayout(ctx context.Context, account *client.Account) error {
	full := t.newPayout()
	_, err := account.CreatePayout(ctx, sdk.CreatePayoutRequest{
		Reference:      full.Reference,
		IdempotencyKey: full.IdempotencyKey,
		Sequence:       full.Sequence,
		Attempt:        1,
		Amount:         full.Amount,
		NotifyURL:      full.NotifyURL,
	})

	return err
}

func (t *target) bareGetPayout(ctx context.Context, account *client.Account) error {
	_, err := account.GetPayout(ctx, sdk.GetPayoutRequest{Payout: t.strangePayout()})
	return err
}

func (t *target) bareListPayouts(ctx context.Context, account *client.Account) error {
	_, err := account.ListPayouts(ctx, sdk.ListPayoutsRequest{
		Payouts: []sdk.PayoutContext{t.strangePayout()},
	})
	return err
}

func bareParseWebhook(ctx context.Context, account *client.Account) error {
	_, err := account.ParseWebhook(ctx, sdk.ParseWebhookRequest{
		Request: strangeRequest(),
		Scope:   sdk.ScopeOpen,
	})
	return err
}

func bareParseReturn(ctx context.Context, account *client.Account) error {
	_, err := account.ParseReturn(ctx, sdk.ParseReturnRequest{
		Request: strangeRequest(),
		Scope:   sdk.ScopeOpen,
	})
	return err
}

// bareInvokeOperation invokes an operation that no provider declares.
func bareInvokeOperation(ctx context.Context, account *client.Account) error {
	_, err := account.InvokeOperation(ctx, sdk.InvokeOperationRequest{
		Operation:      "no_such_operation",
		Input:          json.RawMessage(`{}`),
		IdempotencyKey: "kit",
	})
	return err
}

// strangePayment is a payment that the provider has never heard of.
func (t *target) strangePayment() sdk.PaymentContext { return contextOf(t.newPayment(nil), nil) }

// strangePayout is a payout that the provider has never heard of.
func (t *target) strangePayout() sdk.PayoutContext { return payoutContextOf(t.newPayout(), nil) }

// strangeAddress belongs to no provider.
const strangeAddress = "192.0.2.99"

// strangeRequest is a request that no provider sends.
func strangeRequest() sdk.HTTPRequest {
	return sdk.HTTPRequest{
		Method:        "POST",
		RemoteAddress: strangeAddress,
		ReceivedAt:    time.Now().UTC(),
	}
}
