package core

import (
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/token"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// This file is what plugins are told of intents and of the host.

// NotifyURL returns where a provider sends webhooks of one payment or payout.
func (c *Core) NotifyURL(provider, id string) string {
	return fmt.Sprintf("%s/webhooks/%s/%s", c.publicURL, provider,
		c.Tokens().Mint(token.Webhook, id))
}

// AccountURL returns where a provider sends webhooks of one account. The
// operator types it into the provider's back office.
func (c *Core) AccountURL(provider string) string {
	return fmt.Sprintf("%s/webhooks/%s/%s", c.publicURL, provider,
		c.Tokens().Mint(token.Account, provider))
}

// PaymentContext returns what a plugin is told of a payment.
func PaymentContext(i *intent.Intent) sdk.PaymentContext {
	var request payment.Request

	// The host marshalled it; the plugin reports what is missing.
	_ = json.Unmarshal(i.Request, &request)

	return sdk.PaymentContext{
		Reference:         i.ID,
		ProviderReference: i.ProviderReference,
		Amount:            i.Money(),
		MerchantReference: i.MerchantReference,
		Method:            i.Method,
		Country:           request.Country,
		Customer:          sdk.Customer(request.Customer),
		Options:           request.ProviderOptions,
		State:             i.State,
		CreatedAt:         i.CreatedAt,
		Sequence:          i.Sequence,
	}
}

// PayoutContext returns what a plugin is told of a payout.
func PayoutContext(i *intent.Intent) sdk.PayoutContext {
	var request payment.PayoutRequest
	_ = json.Unmarshal(i.Request, &request) // as for payments

	return sdk.PayoutContext{
		Reference:         i.ID,
		ProviderReference: i.ProviderReference,
		Amount:            i.Money(),
		MerchantReference: i.MerchantReference,
		Method:            i.Method,
		Recipient:         sdk.Recipient(request.Recipient),
		Options:           request.ProviderOptions,
		State:             i.State,
		CreatedAt:         i.CreatedAt,
		Sequence:          i.Sequence,
	}
}

// refundContext returns what a plugin is told of a refund and of its payment.
func refundContext(refund, parent *intent.Intent) sdk.RefundContext {
	return sdk.RefundContext{
		Reference:         refund.ID,
		ProviderReference: refund.ProviderReference,
		Amount:            refund.Money(),
		Payment:           PaymentContext(parent),
		State:             refund.State,
		CreatedAt:         refund.CreatedAt,
		Sequence:          refund.Sequence,
	}
}
