package providertest

import (
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
)

// Run proves the provider. newProvider is what the plugin's main hands to serve.Provider. config gives a complete, valid
// configuration as JSON text whose base_url is the one given; its secrets are distinct and have at least 8 characters,
// so that they can be looked for in everything that the plugin says.
//
// The test must not be parallel to others: at its end the kit counts goroutines.
func Run[C any, P sdk.Provider](
	t *testing.T, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, sim conformance.Simulator,
	opts ...conformance.Option,
) {
	t.Helper()
	Prove(testingReporter{t}, newProvider, config, sim, opts...)
}

// Prove is Run for any Reporter: it is how the kit itself is tested.
func Prove[C any, P sdk.Provider](
	r conformance.Reporter, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string,
	sim conformance.Simulator, opts ...conformance.Option,
) {
	conformance.Prove(r, inProcess(newProvider), config, sim, opts...)
}

type testingReporter struct{ *testing.T }

func (r testingReporter) Run(name string, f func(conformance.Reporter)) {
	r.Helper()
	r.T.Run(name, func(t *testing.T) { f(testingReporter{t}) })
}
