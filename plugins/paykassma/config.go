package main

import (
	_ "time/tzdata" // a plugin's scrubbed environment may have no time zones

	"github.com/payhost/payhost/sdk"
)

// config is one merchant's account. Its two keys may be lists while they are
// being rotated, newest first.
type config struct {
	sdk.Endpoint
	Secret     sdk.Secret   `config:"secret,required" doc:"PLUGINAPI_SECRET: authenticates every call but payouts."`
	PrivateKey []sdk.Secret `config:"private_key,required" doc:"Signs payouts and, with access_key, webhooks."`
	AccessKey  []sdk.Secret `config:"access_key,required" doc:"Signs webhooks, with private_key."`
	Language   string       `config:"language" default:"en" doc:"Of payment pages, when a request names none: two letters."`
	TimeZone   sdk.TimeZone `config:"time_zone" doc:"Zone of the provider's times, such as Asia/Shanghai; without it they are not read."`
}

// Validate reports what the tags cannot express.
func (c config) Validate() []sdk.Violation {
	var wrong sdk.Violations
	// There is no common address. [doc]
	wrong.Add(c.BaseURL == "", "base_url", "required: the merchant's own server, https://api.…")
	return wrong
}
