package sdk_test

import (
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// exampleConfig shows every tag. A real one has what its provider needs, and no
// more.
type exampleConfig struct {
	sdk.Endpoint                   // environment and base_url
	WebsiteID      string          `config:"website_id,required,identity" doc:"The website's number at the provider."`
	SecretKey      sdk.Secret      `config:"secret_key,required" doc:"Signs every request."`
	WebhookSecrets []sdk.Secret    `config:"webhook_secrets" doc:"Verify notices, newest first."`
	NotifyIPs      []string        `config:"notify_ips" default:"192.0.2.1,192.0.2.2" doc:"Where notices come from."`
	Tolerance      time.Duration   `config:"webhook_tolerance" default:"5m" min:"1s" max:"1h" doc:"How old a notice may be."`
	PageSize       int             `config:"page_size" default:"50" min:"1" max:"100" doc:"How many payments to ask for at once."`
	Fee            decimal.Decimal `config:"fee" min:"0" doc:"What the provider keeps of every payment."`
	Language       string          `config:"language" default:"en" oneof:"en,de,fr" doc:"Of the payment page."`
	WebsiteURL     string          `config:"website_url" format:"uri" doc:"Sent as Referer."`
	AllowDebug     bool            `config:"allow_debug" doc:"Whether test notices count."`
}

// Validate says what tags cannot.
func (c exampleConfig) Validate() []sdk.Violation {
	if c.AllowDebug && c.Environment == sdk.Live {
		return []sdk.Violation{{Field: "allow_debug", Message: "cannot be on in live"}}
	}
	return nil
}

func ExampleDecodeConfig() {
	cfg, err := sdk.DecodeConfig[exampleConfig]([]byte(`{
		"environment": "sandbox", "website_id": "w123456", "secret_key": "s3cr3t",
		"webhook_secrets": ["new", "old"], "webhook_tolerance": "90s", "fee": 0.35}`))
	fmt.Println(err)
	fmt.Println(cfg.URL("https://sandbox.pay.example", "https://pay.example"))
	fmt.Println(
		cfg.WebsiteID,
		cfg.SecretKey,
		len(cfg.WebhookSecrets),
		cfg.NotifyIPs,
		cfg.Tolerance,
		cfg.PageSize,
		cfg.Fee,
		cfg.Language,
	)
	// Output:
	// <nil>
	// https://sandbox.pay.example
	// w123456 [secret] 2 [192.0.2.1 192.0.2.2] 1m30s 50 0.35 en
}

// Everything that is wrong is said at once.
func ExampleDecodeConfig_problems() {
	_, err := sdk.DecodeConfig[exampleConfig]([]byte(`{
		"environment": "live", "base_url": "http://pay.example", "website_id": 123456, "secretKey": "s3cr3t",
		"webhook_tolerance": "2h", "language": "es", "allow_debug": true}`))
	for _, v := range sdk.AsError(err).Violations {
		fmt.Printf("%s %s\n", v.Field, v.Message)
	}
	// Output:
	// base_url must be https in live, unless its host is this machine
	// website_id must be text, not a number: put it in quotes
	// secret_key is missing
	// webhook_tolerance must be at most 1h
	// language must be one of "en", "de", "fr"
	// allow_debug cannot be on in live
	// secretKey is not a known key: did you mean "secret_key"?
}
