package suite

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// Each function below prepares a valid call of one verb: it first makes what
// the call is about.

func healthCall(*caseRun) verbCall { return reading(checkHealth) }

func methodsCall(run *caseRun) verbCall {
	req := run.methodsRequest()
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.ListPaymentMethods(ctx, req)
		return err
	})
}

func paymentCall(run *caseRun) verbCall {
	req := run.newPayment(nil)
	req.Attempt = 0
	return verbCall{
		kind:      ledger.Payment,
		reference: req.Reference,
		guarantee: run.info.CreatePayment,
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(account.CreatePayment(ctx, req))
		},
	}
}

// confirmCall makes the proof from what the payment's next action asked for.
func confirmCall(run *caseRun) verbCall {
	req := run.newConfirm(run.pay(run.control.Samples.Confirmable))
	req.Attempt = 0
	return verbCall{
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(account.ConfirmPayment(ctx, req))
		},
	}
}

// getPaymentCall asks for a paid payment, since some providers know of no
// other.
func getPaymentCall(run *caseRun) verbCall {
	req := sdk.GetPaymentRequest{Payment: run.paid(nil)}
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.GetPayment(ctx, req)
		return err
	})
}

func listPaymentsCall(run *caseRun) verbCall {
	req := run.listPaymentsRequest(run.paid(nil))
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.ListPayments(ctx, req)
		return err
	})
}

// listPaymentsRequest asks for one payment in the way that the plugin declares.
func (t *target) listPaymentsRequest(payment sdk.PaymentContext) sdk.ListPaymentsRequest {
	if t.info.PaymentLookup.ListByReference {
		return sdk.ListPaymentsRequest{Payments: []sdk.PaymentContext{payment}}
	}
	return sdk.ListPaymentsRequest{
		From: payment.CreatedAt.Add(-time.Hour),
		To:   time.Now().Add(time.Hour),
	}
}

// captureCall captures a payment that the customer has authorized, which the
// simulator's sample makes.
func captureCall(run *caseRun) verbCall {
	payment := run.paid(run.control.Samples.Authorization)
	req := sdk.CapturePaymentRequest{
		Payment:        payment,
		IdempotencyKey: "capture" + payment.Reference,
	}

	// A second send is one more attempt under the same key, as when the host
	// retries.
	return verbCall{
		kind:      ledger.Capture,
		reference: payment.Reference,
		guarantee: run.info.CapturePayment,
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(account.CapturePayment(ctx, req))
		},
	}
}

// cancelCall cancels an open payment, since a paid one cannot be canceled.
func cancelCall(run *caseRun) verbCall {
	made, payment := run.pay(nil)
	req := sdk.CancelPaymentRequest{
		Payment:        contextOf(made, payment),
		IdempotencyKey: "cancel" + made.Reference,
		Reason:         "Sample",
	}

	return verbCall{
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(account.CancelPayment(ctx, req))
		},
	}
}

func referenceOf(payment *sdk.Payment, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return payment.ProviderReference, nil
}

func refundCall(run *caseRun) verbCall {
	req := run.newRefund(run.paid(nil))
	req.Attempt = 0
	return verbCall{
		kind:      ledger.Refund,
		reference: req.Reference,
		guarantee: run.info.CreateRefund,
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			refund, err := account.CreateRefund(ctx, req)
			if err != nil {
				return "", err
			}
			return refund.ProviderReference, nil
		},
	}
}

func getRefundCall(run *caseRun) verbCall {
	made := run.newRefund(run.paid(nil))
	refund, err := run.account.CreateRefund(run.ctx, made)
	run.must(err, "CreateRefund")

	req := sdk.GetRefundRequest{Refund: refundContextOf(made, refund)}
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.GetRefund(ctx, req)
		return err
	})
}

func payoutCall(run *caseRun) verbCall {
	req := run.newPayout()
	req.Attempt = 0
	return verbCall{
		kind:      ledger.Payout,
		reference: req.Reference,
		guarantee: run.info.CreatePayout,
		send: func(ctx context.Context, account *client.Account) (string, error) {
			req.Attempt++
			payout, err := account.CreatePayout(ctx, req)
			if err != nil {
				return "", err
			}
			return payout.ProviderReference, nil
		},
	}
}

// getPayoutCall asks for a finished payout, since some providers know of no
// other.
func getPayoutCall(run *caseRun) verbCall {
	req := sdk.GetPayoutRequest{Payout: payoutContextOf(run.payOut())}
	run.settle(req.Payout.Reference)
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.GetPayout(ctx, req)
		return err
	})
}

func listPayoutsCall(run *caseRun) verbCall {
	req := run.listPayoutsRequest(payoutContextOf(run.payOut()))
	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.ListPayouts(ctx, req)
		return err
	})
}

// listPayoutsRequest asks for one payout in the way that the plugin declares.
func (t *target) listPayoutsRequest(payout sdk.PayoutContext) sdk.ListPayoutsRequest {
	if t.info.PayoutLookup.ListByReference {
		return sdk.ListPayoutsRequest{Payouts: []sdk.PayoutContext{payout}}
	}
	return sdk.ListPayoutsRequest{
		From: payout.CreatedAt.Add(-time.Hour),
		To:   time.Now().Add(time.Hour),
	}
}

func balancesCall(*caseRun) verbCall { return reading(getBalances) }

// operationCall invokes the first operation.
func operationCall(run *caseRun) verbCall {
	if len(run.info.Operations) == 0 {
		// A case of its own complains.
		return reading(func(context.Context, *client.Account) error { return nil })
	}
	return run.invoke(run.info.Operations[0])
}

// invoke returns the call of an operation with the simulator's sample of its
// input.
func (run *caseRun) invoke(operation sdk.Operation) verbCall {
	reference, _ := newReference("op")
	req := sdk.InvokeOperationRequest{
		Operation:      operation.Name,
		Input:          run.control.Samples.Operations[operation.Name],
		IdempotencyKey: reference,
	}
	if req.Input == nil {
		req.Input = []byte(`{}`)
	}

	return reading(func(ctx context.Context, account *client.Account) error {
		_, err := account.InvokeOperation(ctx, req)
		return err
	})
}
