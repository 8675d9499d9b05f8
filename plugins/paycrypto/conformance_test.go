package main

import (
	"testing"

	"github.com/payhost/payhost/plugins/paycrypto/simulator"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestConformance(t *testing.T) {
	sim := simulator.New()
	providertest.Run(t, newProvider, sim.Config, sim)
}

// Secrets that look different in a header, in JSON, in a URL and in HTML; and
// an API key without a password.
func TestConformanceWithOddSecrets(t *testing.T) {
	sim := simulator.New(
		simulator.WithCredentials(
			`canary/key&"<1>+ %41`,
			`cánary/secret&"<2>+ %42\`,
			"",
			`cánary/hook&"<3>+ %43\`,
		),
	)
	providertest.Run(t, newProvider, sim.Config, sim)
}
