package main

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/paykassma/simulator"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	sim := simulator.New()
	providertest.Run(t, newProvider, sim.Config, sim)
}
