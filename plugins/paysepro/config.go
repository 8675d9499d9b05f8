package main

import (
	"regexp"

	"github.com/payhost/payhost/sdk"
)

const baseURL = "https://api.paysepro.com" // the only one in the document, which has none for tests [doc]

// config is one payment module of an account. Both ids are texts: leading zeros
// are signed. The key can be renewed.
type config struct {
	sdk.Endpoint
	UID        string       `config:"uid,required,identity" doc:"The account's identifier."`
	MID        string       `config:"mid,required,identity" doc:"The payment module's identifier."`
	Email      string       `config:"email,required,identity" doc:"The e-mail address with which the account is registered."`
	APIKey     sdk.Secret   `config:"api_key,required" doc:"Signs every request; from the account's section Payment API."`
	Country    string       `config:"country" doc:"The country of customers whose payment names none: two letters."`
	Currency   string       `config:"currency" doc:"The module's currency; without it, what Paysepro says."`
	NotifyIPs  sdk.Networks `config:"notify_ips" default:"51.195.200.178" doc:"Addresses or networks whose webhooks are believed on any URL."`
	AllowDebug bool         `config:"allow_debug" default:"false" doc:"Whether webhooks of test payments count; in sandbox only."`
}

// Addresses is sdk.Addresser.
func (config) Addresses() (sandbox, live string) { return baseURL, baseURL }

// country is two letters [doc], sent in lower case as in the document's
// examples.
var country = regexp.MustCompile(`^[A-Za-z]{2}$`)

// Validate reports what the tags cannot express.
func (c config) Validate() []sdk.Violation {
	badCountry := c.Country != "" && !country.MatchString(c.Country)
	badCurrency := c.Currency != "" && sdk.CheckCurrency(c.Currency) != nil
	testInLive := c.AllowDebug && c.Environment == sdk.Live

	var wrong sdk.Violations
	wrong.Add(badCountry, "country", "must be two letters")
	wrong.Add(badCurrency, "currency", `must be an upper-case code, such as "USD"`)
	wrong.Add(testInLive, "allow_debug",
		"is for the sandbox: in live a test payment would count as money")
	return wrong
}
