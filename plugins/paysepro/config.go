package main

import (
	"regexp"

	"github.com/payhost/payhost/sdk"
)

const baseURL = "https://api.paysepro.com" // the document knows no other, for tests neither [doc]

// config is one payment module of an account. Both ids are texts: leading zeros are signed. The key can be renewed.
type config struct {
	sdk.Endpoint
	UID        string       `config:"uid,required,identity" doc:"The account's identifier."`
	MID        string       `config:"mid,required,identity" doc:"The payment module's identifier."`
	Email      string       `config:"email,required,identity" doc:"The e-mail address with which the account is registered."`
	APIKey     sdk.Secret   `config:"api_key,required" doc:"Signs every request; from the account's section Payment API."`
	Country    string       `config:"country" doc:"The country of customers whose payment names none: two letters."`
	Currency   string       `config:"currency" doc:"The module's currency; without it, what Paysepro says."`
	NotifyIPs  sdk.Networks `config:"notify_ips" default:"51.195.200.178" doc:"Addresses or networks whose notifications are believed on any URL."`
	AllowDebug bool         `config:"allow_debug" default:"false" doc:"Whether notifications of test payments count; in sandbox only."`
}

// Addresses is sdk.Addresser.
func (config) Addresses() (sandbox, live string) { return baseURL, baseURL }

// A country is two letters [doc], sent in lower case as in the document's examples.
var country = regexp.MustCompile(`^[A-Za-z]{2}$`)

// Validate says what the tags cannot.
func (c config) Validate() []sdk.Violation {
	var wrong sdk.Violations
	wrong.Add(c.Country != "" && !country.MatchString(c.Country), "country", "must be two letters")
	wrong.Add(c.Currency != "" && sdk.CheckCurrency(c.Currency) != nil, "currency", `must be an upper-case code, such as "USD"`)
	test := c.AllowDebug && c.Environment == sdk.Live
	wrong.Add(test, "allow_debug", "is for the sandbox: in live a test payment would count as money")
	return wrong
}
