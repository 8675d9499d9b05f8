package main

import "github.com/payhost/payhost/sdk"

// config is the account at the provider. The fields tagged identity say who we
// are there, so that a payment is never retried under another identity.
type config struct {
	sdk.Endpoint
	MerchantID  string       `config:"merchant_id,required,identity" doc:"The account's number, as the provider's back office shows it."`
	APIKey      sdk.Secret   `config:"api_key,required" doc:"Sent with every request."`
	SigningKey  sdk.Secret   `config:"signing_key,required" doc:"Signs requests and the customer's return."`
	WebhookKeys []sdk.Secret `config:"webhook_keys,required" doc:"Keys that sign webhooks, newest first: two while one is being replaced."`
	Payouts     bool         `config:"payouts" default:"true" doc:"Whether this account may pay out."`
}

// The provider's addresses, used unless base_url is configured.
const (
	sandboxURL = "https://sandbox.reference.example"
	liveURL    = "https://api.reference.example"
)

// Addresses is sdk.Addresser.
func (config) Addresses() (sandbox, live string) { return sandboxURL, liveURL }
