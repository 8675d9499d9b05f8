package main

import (
	"testing"

	"github.com/payhost/payhost/plugins/paysepro/simulator"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestConformance(t *testing.T) {
	sim := simulator.New()
	providertest.Run(t, newProvider, sim.Config, sim)
}
