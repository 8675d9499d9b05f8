package providertest

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/payhost/payhost/sdk"
)

// Run proves the provider. newProvider is what the plugin's main hands to sdk.Serve. config gives a complete, valid
// configuration as JSON text whose base_url is the one given; its secrets are distinct and have at least 8 characters,
// so that they can be looked for in everything that the plugin says.
//
// The test must not be parallel to others: at its end the kit counts goroutines.
func Run[C any, P sdk.Provider](
	t *testing.T, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, sim Simulator, opts ...Option,
) {
	t.Helper()
	Prove(testingReporter{t}, newProvider, config, sim, opts...)
}

// Prove is Run for any Reporter: it is how the kit itself is tested.
func Prove[C any, P sdk.Provider](
	r Reporter, newProvider func(C, sdk.Runtime) (P, error), config func(baseURL string) string, sim Simulator, opts ...Option,
) {
	prove(r, inProcess(newProvider), config, sim, opts)
}

// Option changes how Run works.
type Option func(*settings)

type settings struct {
	without map[string]string // case -> reason
}

// Without leaves a case out, by the name under which it runs. The reason is shown in the test's output.
func Without(name, reason string) Option {
	return func(s *settings) { s.without[name] = reason }
}

// prove is what all ways to start a plugin share.
func prove(r Reporter, launch launcher, config func(string) string, sim Simulator, opts []Option) {
	set := settings{without: map[string]string{}}
	for _, o := range opts {
		o(&set)
	}
	all := cases()
	for _, name := range slices.Sorted(maps.Keys(set.without)) {
		if !slices.ContainsFunc(all, func(c testCase) bool { return c.name == name }) {
			r.Errorf("providertest.Without(%q): there is no such case", name)
		}
		if strings.TrimSpace(set.without[name]) == "" {
			r.Errorf("providertest.Without(%q) without a reason", name)
		}
	}
	s := newSubject(launch, config, sim)
	defer s.close()
	// The scout finds out which cases there are for this provider.
	r.Run("start", func(r Reporter) { s.scout(r) })
	if !s.scouted {
		return
	}
	for _, c := range all {
		switch reason, left := set.without[c.name]; {
		case !s.canAll(c.needs):
		case left:
			r.Logf("%s is left out: %s", c.name, reason)
		default:
			r.Run(c.name, func(r Reporter) { s.try(r, c) })
		}
	}
}

// testCase is one row of the table of cases.
type testCase struct {
	name string
	// rule is the sentence of the contract that the case enforces, as the SDK's documentation or the proto files have
	// it. A failure quotes it.
	rule string
	// needs are the capabilities without which there is nothing to prove.
	needs []sdk.Capability
	// unconfigured: the case wants a process in which nothing is configured yet.
	unconfigured bool
	run          func(*trial)
}

// cases are run in this order: what fails first explains what fails later.
func cases() []testCase {
	return slices.Concat(
		infoCases, configCases, accountCases, supportCases,
		readCases, paymentCases, confirmCases, captureCases, refundCases, payoutCases, listCases,
		requestCases, limitCases, faultCases, timeCases, repeatCases, loadCases,
		webhookCases, returnCases, secretCases, endCases,
	)
}

func needs(list ...sdk.Capability) []sdk.Capability { return list }
