package main

import (
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providerhttp"
)

const baseURL = "https://api.ttrpay.net" // the document knows no other, for tests neither [doc]

// config is one merchant. The key names it; the secret can be renewed.
type config struct {
	sdk.Endpoint
	MerchantKey    string     `config:"merchant_key,required,identity" doc:"The merchant's key, the part of every token before the point."`
	MerchantSecret sdk.Secret `config:"merchant_secret,required" doc:"Signs every request."`
	NotifyIPs      []string   `config:"notify_ips" doc:"Addresses or networks that notices must come from; without any, the payment's own URL suffices."`
}

// Validate says what the tags cannot.
func (c config) Validate() []sdk.Violation {
	if _, err := providerhttp.ParseAddresses(c.NotifyIPs); err != nil {
		return []sdk.Violation{{Field: "notify_ips", Message: err.Error()}}
	}
	return nil
}
