package conformance

import (
	"context"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The shots of the verbs: each first makes what its call is about.

func methodsShot(x *trial) shot {
	req := sdk.ListPaymentMethodsRequest{Currency: x.currency(), Country: x.country(), CustomerID: "kit"}
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.ListPaymentMethods(ctx, req)
		return err
	})
}

func paymentShot(x *trial) shot {
	req := x.newPayment(nil)
	req.Attempt = 0
	return shot{
		kind: fault.Payment, reference: req.Reference, guarantee: x.info.CreatePayment,
		call: func(ctx context.Context, a *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(a.CreatePayment(ctx, req))
		},
	}
}

// The proof is made from what the payment's next action asked for.
func confirmShot(x *trial) shot {
	req := x.newConfirm(x.pay(x.control.samples.Confirmable))
	req.Attempt = 0
	return shot{call: func(ctx context.Context, a *client.Account) (string, error) {
		req.Attempt++
		return referenceOf(a.ConfirmPayment(ctx, req))
	}}
}

// A paid payment, since some providers know of no other.
func getPaymentShot(x *trial) shot {
	req := sdk.GetPaymentRequest{Payment: x.paid(nil)}
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.GetPayment(ctx, req)
		return err
	})
}

func listPaymentsShot(x *trial) shot {
	req := x.listRequest(x.paid(nil))
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.ListPayments(ctx, req)
		return err
	})
}

// listRequest asks for one payment in the way that the plugin declares.
func (x *trial) listRequest(p sdk.PaymentContext) sdk.ListPaymentsRequest {
	if x.info.PaymentLookup.ListByReference {
		return sdk.ListPaymentsRequest{Payments: []sdk.PaymentContext{p}}
	}
	return sdk.ListPaymentsRequest{From: p.CreatedAt.Add(-time.Hour), To: time.Now().Add(time.Hour)}
}

// Capturing needs a payment that the customer has authorized, which the simulator's sample makes.
func captureShot(x *trial) shot {
	req := sdk.CapturePaymentRequest{Payment: x.paid(x.control.samples.Authorization), IdempotencyKey: "capture"}
	req.IdempotencyKey += req.Payment.Reference
	return shot{
		kind: fault.Capture, reference: req.Payment.Reference, guarantee: x.info.CapturePayment,
		call: func(ctx context.Context, a *client.Account) (string, error) {
			req.Attempt++
			return referenceOf(a.CapturePayment(ctx, req))
		},
	}
}

// An open payment, since a paid one cannot be canceled.
func cancelShot(x *trial) shot {
	made, p := x.pay(nil)
	req := sdk.CancelPaymentRequest{
		Payment: contextOf(made, p), IdempotencyKey: "cancel" + made.Reference, Reason: "Sample",
	}
	return shot{call: func(ctx context.Context, a *client.Account) (string, error) {
		req.Attempt++
		return referenceOf(a.CancelPayment(ctx, req))
	}}
}

func referenceOf(p *sdk.Payment, err error) (string, error) {
	if err != nil {
		return "", err
	}
	return p.ProviderReference, nil
}

func refundShot(x *trial) shot {
	req := x.newRefund(x.paid(nil))
	req.Attempt = 0
	return shot{
		kind: fault.Refund, reference: req.Reference, guarantee: x.info.CreateRefund,
		call: func(ctx context.Context, a *client.Account) (string, error) {
			req.Attempt++
			r, err := a.CreateRefund(ctx, req)
			if err != nil {
				return "", err
			}
			return r.ProviderReference, nil
		},
	}
}

func getRefundShot(x *trial) shot {
	req := x.newRefund(x.paid(nil))
	r, err := x.a.CreateRefund(x.ctx, req)
	x.must(err, "CreateRefund")
	get := sdk.GetRefundRequest{Refund: refundContextOf(req, r)}
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.GetRefund(ctx, get)
		return err
	})
}

func payoutShot(x *trial) shot {
	req := x.newPayout()
	req.Attempt = 0
	return shot{
		kind: fault.Payout, reference: req.Reference, guarantee: x.info.CreatePayout,
		call: func(ctx context.Context, a *client.Account) (string, error) {
			req.Attempt++
			p, err := a.CreatePayout(ctx, req)
			if err != nil {
				return "", err
			}
			return p.ProviderReference, nil
		},
	}
}

func getPayoutShot(x *trial) shot {
	req := sdk.GetPayoutRequest{Payout: payoutContextOf(x.payOut())}
	x.settle(req.Payout.Reference) // some providers know of nothing that is not finished
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.GetPayout(ctx, req)
		return err
	})
}

func listPayoutsShot(x *trial) shot {
	req := x.listPayoutsRequest(payoutContextOf(x.payOut()))
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.ListPayouts(ctx, req)
		return err
	})
}

func (x *trial) listPayoutsRequest(p sdk.PayoutContext) sdk.ListPayoutsRequest {
	if x.info.PayoutLookup.ListByReference {
		return sdk.ListPayoutsRequest{Payouts: []sdk.PayoutContext{p}}
	}
	return sdk.ListPayoutsRequest{From: p.CreatedAt.Add(-time.Hour), To: time.Now().Add(time.Hour)}
}

func balancesShot(*trial) shot {
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.GetBalances(ctx)
		return err
	})
}

// operationShot is about the first operation.
func operationShot(x *trial) shot {
	if len(x.info.Operations) == 0 {
		return asked(func(context.Context, *client.Account) error { return nil }) // a case of its own complains
	}
	return x.operation(x.info.Operations[0])
}

func (x *trial) operation(o sdk.Operation) shot {
	reference, _ := newReference("op")
	req := sdk.InvokeOperationRequest{Operation: o.Name, Input: x.control.samples.Operations[o.Name], IdempotencyKey: reference}
	if req.Input == nil {
		req.Input = []byte(`{}`)
	}
	return asked(func(ctx context.Context, a *client.Account) error {
		_, err := a.InvokeOperation(ctx, req)
		return err
	})
}
