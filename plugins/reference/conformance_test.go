package main

import (
	"encoding/json"
	"testing"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk/providertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestConformance(t *testing.T) {
	sim := simulator.New()
	providertest.Run(t, newProvider, sim.Config, sim)
}

// changed returns the configuration with another value under key.
func changed(t *testing.T, config, key string, value any) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(config), &members); err != nil {
		t.Fatal(err)
	}

	members[key] = value
	text, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}
