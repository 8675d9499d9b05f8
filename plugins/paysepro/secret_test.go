package main

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/paysepro/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

// canary is a secret that no text has by chance, and that looks different in a
// URL and in JSON.
const canary = `cánary/key&"<1>+ %41`

// host starts the plugin as a host has it, with a simulator that knows the
// canary.
func host(t *testing.T) (*providertest.Hosted, *simulator.Simulator) {
	t.Helper()
	sim := simulator.New(
		simulator.WithCredentials("0123", "0456", "owner@shop.example", canary),
	)
	api := httptest.NewServer(sim)
	t.Cleanup(api.Close)
	return providertest.Host(t, newProvider, sim.Config(api.URL)), sim
}

// The key is in no error, record or log line, also when Paysepro sends it back,
// and no signature is in a record.
func TestSecretsStayInside(t *testing.T) {
	escaped, _ := json.Marshal(canary)
	echo := `{"error":"40","message":"no: ` + strings.Trim(
		string(escaped),
		`"`,
	) + ` ` + url.QueryEscape(
		canary,
	) + `"}`
	signature := requestSignature(
		config{
			UID:    "0123",
			MID:    "0456",
			Email:  "owner@shop.example",
			APIKey: sdk.NewSecret(canary),
		},
		"ar",
	)

	for _, path := range []string{"/getData.php", "/createCode.php"} {
		for _, f := range []fault.Fault{
			{Kind: fault.Delay}, // nothing goes wrong
			{Kind: fault.Error, Status: 200, Body: echo}, {Kind: fault.Error, Status: 200, Body: echo[:len(echo)-2]},
			{Kind: fault.Error, Status: 401, Body: echo}, {Kind: fault.Error, Status: 200, Body: `{"error":"` + signature + `"}`},
			{Kind: fault.HTML}, {Kind: fault.LostResponse}, {Kind: fault.Truncated},
		} {
			t.Run(fmt.Sprintf("%s %s %d", path, f.Kind, f.Status), func(t *testing.T) {
				account, sim := host(t)
				f.Path = path
				if f.Kind != fault.Delay {
					if err := sim.Faults().Add(f); err != nil {
						t.Fatal(err)
					}
				}

				ctx, record := sdk.WithExchangeLog(t.Context())
				_, err := account.CreatePayment(ctx, paymentRequest())
				if len(record.Exchanges()) == 0 {
					t.Error("no exchange was recorded")
				}

				providertest.WantNoSecret(t, account.Said(record, err), canary, signature)
			})
		}
	}
}
