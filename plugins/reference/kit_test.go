package main

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/internal/kittest"
	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/providertest"
)

// An account whose configuration turns capabilities off keeps the contract as
// well. It is proven with the recorder, which must find nothing where there is
// nothing: what it finds elsewhere counts only then.
func TestConformanceWithoutPayouts(t *testing.T) {
	sim := simulator.New()
	r := kittest.NewRecorder("")
	config := func(base string) string { return changed(t, sim.Config(base), "payouts", false) }
	providertest.RunWith(r, newProvider, config, sim)
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
	providertest.RunWith(
		r,
		newProvider,
		sim.Config,
		sim,
		conformance.Without("balances", "the provider has none"),
	)

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
		providertest.RunWith(r, newProvider, sim.Config, sim, opt)
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
	providertest.RunWith(r, newProvider, sim.Config, bare{sim, sim.Faults()})
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

// A test whose secrets cannot be told from each other, or from any text, would
// prove nothing.
func TestSecretsThatCannotBeLookedFor(t *testing.T) {
	for want, value := range map[string]any{"must have at least 8 characters": "short", "must be different": "wk:ref;5Hd1'Vb8\\Tg0"} {
		sim := simulator.New()
		r := kittest.NewRecorder("")
		config := func(base string) string { return changed(t, sim.Config(base), "signing_key", value) }
		providertest.RunWith(r, newProvider, config, sim)
		if len(r.Failed()) != 1 || !strings.Contains(r.Failed()[0], want) {
			t.Errorf("want one failure that says %q, got %q", want, r.Failed())
		}
	}
}

// theirsOnly finds a payment by the provider's reference alone, and says so.
type theirsOnly struct{ *provider }

func (p theirsOnly) Info() sdk.Info {
	i := p.provider.Info()
	i.PaymentLookup.ByReference = false
	return i
}

func (p theirsOnly) GetPayment(
	ctx context.Context,
	req sdk.GetPaymentRequest,
) (*sdk.Payment, error) {
	if req.Payment.ProviderReference == "" {
		return nil, sdk.NotSent(
			sdk.CodeNotSupported,
			"a payment is found by the provider's reference alone, which is not known yet",
		)
	}
	return p.provider.GetPayment(ctx, req)
}

func TestAPluginMaySayThatItCannotAskAboutOnePayment(t *testing.T) {
	wantNothingFound(
		t,
		made(func(p *provider) theirsOnly { return theirsOnly{p} }),
		"not supported",
		"get payment not found",
		"get payment by reference",
	)
}

// A plugin that knows what its secrets look like refuses others before any
// call.
func TestAPluginMayRefuseSecretsByTheirForm(t *testing.T) {
	sim := simulator.New()
	good, err := sdk.DecodeConfig[config]([]byte(sim.Config("http://127.0.0.1")))
	if err != nil {
		t.Fatal(err)
	}

	form := good.SigningKey.Reveal()[:2]
	particular := func(cfg config, rt sdk.Runtime) (*provider, error) {
		if !strings.HasPrefix(cfg.SigningKey.Reveal(), form) {
			return nil, sdk.Invalid(
				sdk.Violation{Field: "signing_key", Message: "must begin with " + form},
			)
		}
		return newProvider(cfg, rt)
	}

	wantNothingFound(t, particular, "bad credentials")
}

// wantNothingFound runs cases on a provider that keeps the contract.
func wantNothingFound[P sdk.Provider](
	t *testing.T,
	newProvider func(config, sdk.Runtime) (P, error),
	cases ...string,
) {
	t.Helper()
	for _, name := range cases {
		sim, r := simulator.New(), kittest.NewRecorder(name)
		providertest.RunWith(r, newProvider, sim.Config, sim)
		if !slices.Contains(r.Ran(), name) {
			t.Errorf("%s did not run", name)
		}

		for _, f := range r.Failed() {
			t.Errorf("%s: %s", name, f)
		}
	}
}
