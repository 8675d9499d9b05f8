package main

import "github.com/payhost/payhost/sdk"

const baseURL = "https://ptop.me" // in both environments [doc]

// config is one website registered at ptop.
type config struct {
	sdk.Endpoint
	WebsiteID    string     `config:"website_id,required,identity" doc:"The website identifier that ptop assigned."`
	SecretKey    sdk.Secret `config:"secret_key,required" doc:"Authenticates our calls and signs ptop's webhooks."`
	TheSignature sdk.Secret `config:"the_signature" doc:"The key that signs payouts, which ptop calls the_signature; without it there are none."`
	WebsiteURL   string     `config:"website_url,required" format:"uri" doc:"The website's address as registered at ptop, which checks it as the Referer."`
}

// Addresses is sdk.Addresser.
func (config) Addresses() (sandbox, live string) { return baseURL, baseURL }

// paymentPath returns the path of a call about payments, in which the
// environments differ. [doc]
func (c config) paymentPath(call string) string {
	if c.Environment == sdk.Live {
		return "/api/" + call
	}
	return "/api/test/" + call
}

// noPayouts says why this account cannot pay out, "" when it can.
func (c config) noPayouts() string {
	switch {
	case c.TheSignature.IsZero():
		return "payouts need the_signature"
	case c.Environment == sdk.Sandbox && c.BaseURL == "":
		// The only payout path moves real money. [doc] A base_url is the
		// operator's own test server. [decided]
		return "ptop has no sandbox for payouts: they need environment live, or a base_url"
	}
	return ""
}
