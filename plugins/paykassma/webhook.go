package main

import (
	"context"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/ordered"
	"github.com/payhost/payhost/sdk/providerhttp"
)

// ParseWebhook reads a postback. Those of all payments and payouts come to one URL, which paykassma was told once. [doc]
// Nothing in one is ever new: a repeat says the same of the same transactions, and changes nothing.
func (p *provider) ParseWebhook(_ context.Context, req sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
	body, _ := providerhttp.Fields(req.Request)
	signed, genuine := p.cfg.verify(text(body, "signature"), body.At("additional_data"))
	if !genuine {
		return nil, sdk.NotSent(sdk.CodeInvalidSignature, "the signature of the postback does not verify")
	}
	return &sdk.WebhookResult{
		Verification: sdk.VerifiedBySignature, Events: p.transfers(signed, asNamed),
		Response: sdk.OK("application/json", `{"status":"ok"}`), // anything else, and it is sent again [seen]
	}, nil
}

func asNamed(name string) string { return name }

// transfers reads additional_data: the part of a postback that is signed, so that nothing else is believed. It may hold
// several transactions of one payment, and those without our name: the customer paid and never confirmed. called gives
// our reference for the name that a transaction has.
func (p *provider) transfers(data ordered.Value, called func(name string) string) (list sdk.Transfers) {
	for _, t := range data.Elements() {
		at, withdrawal := p.cfg.TimeZone.Time(text(t, "activated_datetime")), text(t, "withdrawal_id")
		amount := sdk.ReadMoney(text(t, "amount"), text(t, "currency_code"))
		if withdrawal == "" {
			list.Received(called(text(t, "plugin_custom_order_id")), at, text(t, "transaction_id"), amount)
			continue
		}
		status := text(t, "withdrawal_status")
		list.Sent(called(withdrawal), at, sdk.Payout{
			Status: payoutStatuses[status], ProviderStatus: status, Amount: amount, Message: text(t, "comment"),
		})
	}
	return list
}
