package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/kittest"
	"github.com/payhost/payhost/sdk/providertest"
)

// An account whose configuration turns capabilities off keeps the contract as well. It is proven with the recorder,
// which must find nothing where there is nothing: what it finds elsewhere counts only then.
func TestConformanceWithoutPayouts(t *testing.T) {
	sim := simulator.New()
	r := kittest.NewRecorder("")
	config := func(base string) string { return changed(t, sim.Config(base), "payouts", false) }
	providertest.Prove(r, newProvider, config, sim)
	for _, f := range r.Failed() {
		t.Error(f)
	}
	for part, want := range map[string]bool{
		"end": true, "create payment": true, "faults of writes/create_refund": true,
		"create payout": false, "faults of writes/create_payout": false,
	} {
		if slices.Contains(r.Ran(), part) != want {
			t.Errorf("%s ran: %t", part, !want)
		}
	}
}

func TestWithoutLeavesACaseOut(t *testing.T) {
	sim := simulator.New()
	r := kittest.NewRecorder("balances")
	providertest.Prove(r, newProvider, sim.Config, sim, conformance.Without("balances", "the provider has none"))
	if slices.Contains(r.Ran(), "balances") {
		t.Error("the case ran")
	}
	if !slices.Equal(r.Logged(), []string{"balances is left out: the provider has none"}) {
		t.Errorf("the log has %q", r.Logged())
	}
}

func TestWithoutNeedsACaseAndAReason(t *testing.T) {
	for name, opt := range map[string]conformance.Option{
		"there is no such case": conformance.Without("balance", "misspelled"),
		"without a reason":      conformance.Without("balances", " "),
	} {
		sim := simulator.New()
		r := kittest.NewRecorder("start")
		providertest.Prove(r, newProvider, sim.Config, sim, opt)
		if len(r.Failed()) != 1 || !strings.Contains(r.Failed()[0], name) {
			t.Errorf("want one failure that says %q, got %q", name, r.Failed())
		}
	}
}

// bare can do what every simulator must, and no more.
type bare struct {
	http.Handler
	faults *fault.Injector
}

func (b bare) Faults() *fault.Injector { return b.faults }

func TestSimulatorThatCannotProve(t *testing.T) {
	sim := simulator.New()
	r := kittest.NewRecorder("")
	providertest.Prove(r, newProvider, sim.Config, bare{sim, sim.Faults()})
	if !slices.Equal(r.Ran(), []string{"start"}) {
		t.Errorf("these ran: %q", r.Ran())
	}
	all := strings.Join(r.Failed(), "\n")
	for _, want := range []string{"Bookkeeper", "Settler", "Notifier", "Returner", "Samples.Authorization"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing says that the simulator must be a %s: %s", want, all)
		}
	}
}

// A test whose secrets cannot be told from each other, or from any text, would prove nothing.
func TestSecretsThatCannotBeLookedFor(t *testing.T) {
	for want, value := range map[string]any{"must have at least 8 characters": "short", "must be different": "wk:ref;5Hd1'Vb8\\Tg0"} {
		sim := simulator.New()
		r := kittest.NewRecorder("")
		config := func(base string) string { return changed(t, sim.Config(base), "signing_key", value) }
		providertest.Prove(r, newProvider, config, sim)
		if len(r.Failed()) != 1 || !strings.Contains(r.Failed()[0], want) {
			t.Errorf("want one failure that says %q, got %q", want, r.Failed())
		}
	}
}
