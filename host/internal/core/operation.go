package core

import (
	"context"
	"encoding/json"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// operation is what distinguishes the three verbs that create something at a
// provider.
type operation struct {
	// name is the verb in attempts, keys and logs.
	name       string
	kind       payment.Kind
	idPrefix   string
	capability sdk.Capability
	// call makes one attempt at the provider.
	call func(ctx context.Context, lease Lease, i *intent.Intent, attempt int) (intent.Report, error)
}

// operationFor returns the operation that creates intents of a kind.
func (c *Core) operationFor(kind payment.Kind) operation {
	switch kind {
	case payment.KindPayout:
		return operation{
			name:       "create_payout",
			kind:       kind,
			idPrefix:   "po",
			capability: sdk.CapabilityCreatePayout,
			call:       c.callCreatePayout,
		}

	case payment.KindRefund:
		return operation{
			name:       "create_refund",
			kind:       kind,
			idPrefix:   "re",
			capability: sdk.CapabilityCreateRefund,
			call:       c.callCreateRefund,
		}

	default:
		return operation{
			name:       "create_payment",
			kind:       payment.KindPayment,
			idPrefix:   "pay",
			capability: sdk.CapabilityCreatePayment,
			call:       c.callCreatePayment,
		}
	}
}

// CreateGuarantee returns what a plugin declares of a create of this kind that
// is sent again.
func CreateGuarantee(info sdk.Info, kind payment.Kind) sdk.IdempotencySupport {
	switch kind {
	case payment.KindPayout:
		return info.CreatePayout
	case payment.KindRefund:
		return info.CreateRefund
	default:
		return info.CreatePayment
	}
}

// callCreatePayment makes one attempt at a payment. Every attempt sends the
// same key, sequence and URLs, by which the provider can tell a repeated one.
func (c *Core) callCreatePayment(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	attempt int,
) (intent.Report, error) {
	var request payment.Request
	if err := json.Unmarshal(i.Request, &request); err != nil {
		return intent.Report{}, damagedRequest(i, err)
	}

	// The tokens in the URLs are signed with the key of the time when the id
	// was made: they stay the same when the operator rotates the keys.
	created, err := lease.CreatePayment(ctx, sdk.CreatePaymentRequest{
		Reference:         i.ID,
		IdempotencyKey:    i.ID,
		Sequence:          i.Sequence,
		Attempt:           attempt,
		Amount:            i.Money(),
		MerchantReference: request.MerchantReference,
		Description:       request.Description,
		Method:            request.Method,
		Country:           request.Country,
		Language:          request.Language,
		Customer:          sdk.Customer(request.Customer),
		NotifyURL:         c.NotifyURL(i.Provider, i.ID),
		ReturnURL:         c.publicURL + "/return/" + c.Tokens().Mint(token.Return, i.ID),
		CancelURL:         c.publicURL + "/return/" + c.Tokens().Mint(token.Cancel, i.ID),
		ExpiresAt:         request.ExpiresAt,
		Metadata:          request.Metadata,
		Options:           request.ProviderOptions,
	})
	if err != nil {
		return intent.Report{}, err
	}

	return paymentReport(actorCall, intent.Answer, created), nil
}

// callCreatePayout makes one attempt at a payout, like callCreatePayment.
func (c *Core) callCreatePayout(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	attempt int,
) (intent.Report, error) {
	var request payment.PayoutRequest
	if err := json.Unmarshal(i.Request, &request); err != nil {
		return intent.Report{}, damagedRequest(i, err)
	}

	created, err := lease.CreatePayout(ctx, sdk.CreatePayoutRequest{
		Reference:         i.ID,
		IdempotencyKey:    i.ID,
		Sequence:          i.Sequence,
		Attempt:           attempt,
		Amount:            i.Money(),
		MerchantReference: request.MerchantReference,
		Description:       request.Description,
		Method:            request.Method,
		Recipient:         sdk.Recipient(request.Recipient),
		NotifyURL:         c.NotifyURL(i.Provider, i.ID),
		Metadata:          request.Metadata,
		Options:           request.ProviderOptions,
	})
	if err != nil {
		return intent.Report{}, err
	}

	return payoutReport(actorCall, intent.Answer, created), nil
}

// callCreateRefund makes one attempt at a refund. The plugin is told of the
// payment as it is now.
func (c *Core) callCreateRefund(
	ctx context.Context,
	lease Lease,
	i *intent.Intent,
	attempt int,
) (intent.Report, error) {
	parent, err := c.get(ctx, payment.KindPayment, i.ParentID)
	if err != nil {
		return intent.Report{}, sdk.NotSent(
			sdk.CodeInternal,
			"read the refund's payment: %v",
			err,
		)
	}

	var details intent.RefundDetails
	if err := json.Unmarshal(i.Request, &details); err != nil {
		return intent.Report{}, damagedRequest(i, err)
	}

	created, err := lease.CreateRefund(ctx, sdk.CreateRefundRequest{
		Reference:      i.ID,
		Payment:        PaymentContext(parent),
		IdempotencyKey: i.ID,
		Sequence:       i.Sequence,
		Attempt:        attempt,
		Amount:         i.Money(),
		Reason:         details.Reason,
	})
	if err != nil {
		return intent.Report{}, err
	}

	return refundReport(actorCall, intent.Answer, created), nil
}

// damagedRequest is for a request that the store returns otherwise than the
// host wrote it.
func damagedRequest(i *intent.Intent, err error) *sdk.Error {
	return sdk.NotSent(
		sdk.CodeInternal,
		"the stored request of %s is damaged: %v",
		i.ID,
		err,
	)
}
