package main

import (
	_ "time/tzdata" // a plugin's scrubbed environment may have no time zones

	"github.com/payhost/payhost/sdk"
)

// config is one merchant's account. Its two keys may be lists while they are being rotated, newest first.
type config struct {
	sdk.Endpoint
	Secret     sdk.Secret   `config:"secret,required" doc:"PLUGINAPI_SECRET: authenticates every call but payouts."`
	PrivateKey []sdk.Secret `config:"private_key,required" doc:"Signs payouts and, with access_key, postbacks."`
	AccessKey  []sdk.Secret `config:"access_key,required" doc:"Signs postbacks, with private_key."`
	Language   string       `config:"language" default:"en" doc:"Of payment pages, when a request names none: two letters."`
	TimeZone   sdk.TimeZone `config:"time_zone" doc:"Zone of the provider's times, such as Asia/Shanghai; without it they are not read."`
}

// Validate says what the tags cannot.
func (c config) Validate() []sdk.Violation {
	var wrong sdk.Violations
	wrong.Add(c.BaseURL == "", "base_url", "required: the merchant's own server, https://api.…") // there is no common address [doc]
	return wrong
}
