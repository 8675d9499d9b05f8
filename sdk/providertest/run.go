package providertest

import (
	"testing"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// Run holds the provider to the contract. newProvider is the constructor that
// the plugin's main serves. config returns a complete, valid configuration as
// JSON text whose base_url is the one given; its secrets are distinct and have
// at least 8 characters, so that they can be looked for in everything that the
// plugin says. The simulator plays the provider; what it must be able to do is
// in package control.
//
// The test must not be parallel to others: at its end the kit counts
// goroutines.
func Run[C any, P sdk.Provider](
	t *testing.T,
	newProvider func(C, sdk.Runtime) (P, error),
	config func(baseURL string) string,
	simulator control.Simulator,
	opts ...conformance.Option,
) {
	t.Helper()
	RunWith(testingReporter{t}, newProvider, config, simulator, opts...)
}

// RunWith is Run with a Reporter in place of the test: the kit itself is tested
// so.
func RunWith[C any, P sdk.Provider](
	r conformance.Reporter,
	newProvider func(C, sdk.Runtime) (P, error),
	config func(baseURL string) string,
	simulator control.Simulator,
	opts ...conformance.Option,
) {
	target := conformance.Target{Start: inProcess(newProvider), Config: config}
	conformance.Run(r, target, simulator, opts...)
}

// testingReporter makes a subtest of every part.
type testingReporter struct{ *testing.T }

func (r testingReporter) Run(name string, f func(conformance.Reporter)) {
	r.Helper()
	r.T.Run(name, func(t *testing.T) { f(testingReporter{t}) })
}

// LeaveOut fails: in a test the simulator must be able to do everything.
func (r testingReporter) LeaveOut(why string) {
	r.Helper()
	r.Fatal(why)
}
