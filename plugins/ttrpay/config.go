package main

import "github.com/payhost/payhost/sdk"

const baseURL = "https://api.ttrpay.net" // the only one in the document, which has none for tests [doc]

// config is one merchant. The key names it; the secret can be renewed.
type config struct {
	sdk.Endpoint
	MerchantKey    string       `config:"merchant_key,required,identity" doc:"The merchant's key, the part of every token before the point."`
	MerchantSecret sdk.Secret   `config:"merchant_secret,required" doc:"Signs every request."`
	NotifyIPs      sdk.Networks `config:"notify_ips" doc:"Addresses or networks that webhooks must come from; without any, the payment's own URL suffices."`
}

// Addresses is sdk.Addresser.
func (config) Addresses() (sandbox, live string) { return baseURL, baseURL }
