package main

import (
	"time"
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
	TimeZone   string       `config:"time_zone" doc:"Zone of the provider's times, such as Asia/Shanghai; without it they are not read."`
}

// Validate says what the tags cannot.
func (c config) Validate() (wrong []sdk.Violation) {
	if c.BaseURL == "" { // there is no common address [doc]
		wrong = append(wrong, sdk.Violation{Field: "base_url", Message: "required: the merchant's own server, https://api.…"})
	}
	if _, err := time.LoadLocation(c.TimeZone); err != nil {
		wrong = append(wrong, sdk.Violation{Field: "time_zone", Message: "must be the name of a time zone, such as Asia/Shanghai"})
	}
	return wrong
}

// time reads a time that names no zone.
func (c config) time(text string) time.Time {
	zone, err := time.LoadLocation(c.TimeZone)
	if at, wrong := time.ParseInLocation(time.DateTime, text, zone); err == nil && wrong == nil && c.TimeZone != "" {
		return at.UTC()
	}
	return time.Time{}
}
