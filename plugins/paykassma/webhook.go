package main

import (
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// ParseWebhook reads a postback. Those of all payments and payouts come to one
// URL, which paykassma was told once. [doc] Nothing in one is ever new: a second
// delivery says the same of the same transactions, and changes nothing.
func (p *provider) ParseWebhook(
	_ context.Context, req sdk.ParseWebhookRequest,
) (*sdk.WebhookResult, error) {
	body, _ := providerhttp.Fields(req.Request)
	signed, genuine := verify(p.cfg, text(body, "signature"), body.At("additional_data"))
	if !genuine {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature,
			"the signature of the webhook does not verify")
	}

	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature,
		Events:       p.events(signed, asNamed),
		// Anything else, and it is sent again. [seen]
		Response: sdk.OK("application/json", `{"status":"ok"}`),
	}, nil
}

func asNamed(name string) string { return name }

// events reads additional_data: the part of a webhook that is signed, so that
// nothing else is believed. It may hold several transactions of one payment, and
// those without our name: the customer paid and never confirmed. called returns
// our reference for the name that a transaction has.
func (p *provider) events(
	data ordered.Value, called func(name string) string,
) (list sdk.Transfers) {
	for _, transaction := range data.Elements() {
		at := p.cfg.TimeZone.Time(text(transaction, "activated_datetime"))
		amount := sdk.ReadMoney(text(transaction, "amount"), text(transaction, "currency_code"))

		withdrawal := text(transaction, "withdrawal_id")
		if withdrawal == "" {
			reference := called(text(transaction, "plugin_custom_order_id"))
			list.Received(reference, at, text(transaction, "transaction_id"), amount)
			continue
		}

		status := text(transaction, "withdrawal_status")
		list.Sent(called(withdrawal), at, sdk.Payout{
			Status:         payoutStatuses[status],
			ProviderStatus: status,
			Amount:         amount,
			Message:        text(transaction, "comment"),
		})
	}
	return list
}
