package main

import (
	"time"

	"github.com/payhost/payhost/sdk"
)

// config is one API key of a merchant. The key names the merchant; its secret
// and password can be renewed.
type config struct {
	sdk.Endpoint
	APIKey           sdk.Secret    `config:"api_key,required,identity" doc:"The API key, from the back office's menu Developers - API keys."`
	APISecret        sdk.Secret    `config:"api_secret,required" doc:"The API key's secret, which signs our calls."`
	Passphrase       sdk.Secret    `config:"passphrase" doc:"The API key's password, when it was created with one."`
	WebhookSecret    []sdk.Secret  `config:"webhook_secret,required" doc:"Signs webhooks; newest first while one is being replaced."`
	WebhookTolerance time.Duration `config:"webhook_tolerance" default:"5m" min:"1s" max:"1h" doc:"How far a webhook's Timestamp may be off before it is only a reason to ask."`
	CompanyName      string        `config:"company_name" doc:"The name that customers see on the payment page."`
	CompanyEmail     string        `config:"company_email" doc:"Where receipts of payments go."`
}

// Addresses is sdk.Addresser. [doc]
func (config) Addresses() (sandbox, live string) {
	return "https://payapi-sandbox.paycrypto.com", "https://payapi.paycrypto.com"
}
