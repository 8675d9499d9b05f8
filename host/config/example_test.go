package config_test

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// A service that embeds the host builds its configuration in code.
func ExampleConfig_Validate() {
	c := &config.Config{
		HTTP: config.HTTP{Tokens: []sdk.Secret{sdk.NewSecret("token")}},
		Log:  config.Log{Level: slog.LevelWarn},
		Providers: []config.Provider{
			{
				Name:    "shop",
				Plugin:  "ptop",
				Enabled: true,
				Config:  []byte(`{"environment": "sandbox"}`),
			},
		},
	}
	if err := c.Validate(); err != nil {
		fmt.Println(err)
		return
	}

	fmt.Println(c.Host.PublicURL, c.Providers[0].Timeout, c.Providers[0].MaxInFlight)
	// Output: http://127.0.0.1:8080 15s 64
}

// Every mistake comes at once.
func ExampleProblems() {
	c := &config.Config{
		Host:      config.Host{PublicURL: "pay.example.com"},
		Providers: []config.Provider{{Name: "shop", Timeout: time.Hour}},
	}
	fmt.Println(c.Validate())
	// Output:
	// host.public_url: must be an absolute http or https URL, such as https://pay.example.com
	// providers.shop.plugin: is missing; name the plugin that serves this account
	// providers.shop.timeout: must be from 1ms to 5m, not 1h
}
