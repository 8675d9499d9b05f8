package core

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file turns intents into the contract's requests.

func (c *Core) callCreatePayment(ctx context.Context, l Lease, i *intent.Intent, attempt int) (intent.Report, error) {
	var r payment.Request
	if err := json.Unmarshal(i.Request, &r); err != nil {
		return intent.Report{}, sdk.NotSent(sdk.CodeInternal, "the stored request of %s is damaged: %v", i.ID, err)
	}
	p, err := l.CreatePayment(ctx, sdk.CreatePaymentRequest{
		Reference: i.ID, IdempotencyKey: i.ID, Sequence: i.Sequence, Attempt: attempt, Amount: i.Money(),
		MerchantReference: r.MerchantReference, Description: r.Description, Method: r.Method, Country: r.Country,
		Language: r.Language, Customer: sdk.Customer(r.Customer),
		NotifyURL: c.NotifyURL(i.Provider, i.ID),
		ReturnURL: c.publicURL + "/return/" + c.Tokens().Mint(token.Return, i.ID),
		CancelURL: c.publicURL + "/return/" + c.Tokens().Mint(token.Cancel, i.ID),
		ExpiresAt: r.ExpiresAt, Metadata: r.Metadata, Options: r.ProviderOptions,
	})
	if err != nil {
		return intent.Report{}, err
	}
	return paymentReport(actorCall, intent.Answer, p), nil
}

func (c *Core) callCreatePayout(ctx context.Context, l Lease, i *intent.Intent, attempt int) (intent.Report, error) {
	var r payment.PayoutRequest
	if err := json.Unmarshal(i.Request, &r); err != nil {
		return intent.Report{}, sdk.NotSent(sdk.CodeInternal, "the stored request of %s is damaged: %v", i.ID, err)
	}
	p, err := l.CreatePayout(ctx, sdk.CreatePayoutRequest{
		Reference: i.ID, IdempotencyKey: i.ID, Sequence: i.Sequence, Attempt: attempt, Amount: i.Money(),
		MerchantReference: r.MerchantReference, Description: r.Description, Method: r.Method, Recipient: sdk.Recipient(r.Recipient),
		NotifyURL: c.NotifyURL(i.Provider, i.ID), Metadata: r.Metadata, Options: r.ProviderOptions,
	})
	if err != nil {
		return intent.Report{}, err
	}
	return payoutReport(actorCall, intent.Answer, p), nil
}

func (c *Core) callCreateRefund(ctx context.Context, l Lease, i *intent.Intent, attempt int) (intent.Report, error) {
	parent, err := c.get(ctx, payment.KindPayment, i.ParentID)
	if err != nil {
		return intent.Report{}, sdk.NotSent(sdk.CodeInternal, "read the refund's payment: %v", err)
	}
	var d intent.RefundDetails
	if err := json.Unmarshal(i.Request, &d); err != nil {
		return intent.Report{}, sdk.NotSent(sdk.CodeInternal, "the stored request of %s is damaged: %v", i.ID, err)
	}
	p, err := l.CreateRefund(ctx, sdk.CreateRefundRequest{
		Reference: i.ID, Payment: PaymentContext(parent), IdempotencyKey: i.ID, Sequence: i.Sequence, Attempt: attempt,
		Amount: i.Money(), Reason: d.Reason,
	})
	if err != nil {
		return intent.Report{}, err
	}
	return refundReport(actorCall, intent.Answer, p), nil
}

// NotifyURL is where a provider sends notices of one payment or payout.
func (c *Core) NotifyURL(provider, id string) string {
	return fmt.Sprintf("%s/webhooks/%s/%s", c.publicURL, provider, c.Tokens().Mint(token.Webhook, id))
}

// AccountURL is where a provider sends notices of one account: what must be typed into its back office.
func (c *Core) AccountURL(provider string) string {
	return fmt.Sprintf("%s/webhooks/%s/%s", c.publicURL, provider, c.Tokens().Mint(token.Account, provider))
}

// PaymentContext is what a plugin is told of a payment.
func PaymentContext(i *intent.Intent) sdk.PaymentContext {
	var r payment.Request
	_ = json.Unmarshal(i.Request, &r) // it was marshalled here; what is missing the plugin reports
	return sdk.PaymentContext{
		Reference: i.ID, ProviderReference: i.ProviderReference, Amount: i.Money(), MerchantReference: i.MerchantReference,
		Method: i.Method, Country: r.Country, Customer: sdk.Customer(r.Customer), Options: r.ProviderOptions, State: i.State,
		CreatedAt: i.CreatedAt, Sequence: i.Sequence,
	}
}

// PayoutContext is what a plugin is told of a payout.
func PayoutContext(i *intent.Intent) sdk.PayoutContext {
	var r payment.PayoutRequest
	_ = json.Unmarshal(i.Request, &r) // as above
	return sdk.PayoutContext{
		Reference: i.ID, ProviderReference: i.ProviderReference, Amount: i.Money(), MerchantReference: i.MerchantReference,
		Method: i.Method, Recipient: sdk.Recipient(r.Recipient), Options: r.ProviderOptions, State: i.State, CreatedAt: i.CreatedAt, Sequence: i.Sequence,
	}
}

// refundContext is what a plugin is told of a refund and of the payment that it belongs to.
func refundContext(i, parent *intent.Intent) sdk.RefundContext {
	return sdk.RefundContext{
		Reference: i.ID, ProviderReference: i.ProviderReference, Amount: i.Money(), Payment: PaymentContext(parent),
		State: i.State, CreatedAt: i.CreatedAt, Sequence: i.Sequence,
	}
}
