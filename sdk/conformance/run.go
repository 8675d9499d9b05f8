package conformance

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk"
)

// Prove proves one plugin. launch starts it. config gives a complete, valid configuration as JSON text whose base_url is
// the one given; its secrets are distinct and have at least 8 characters, so that they can be looked for in everything
// that the plugin says.
func Prove(r Reporter, launch Launch, config func(baseURL string) string, sim Simulator, opts ...Option) {
	set := settings{without: map[string]string{}, patience: 5 * time.Second}
	for _, o := range opts {
		o(&set)
	}
	all := cases()
	for _, name := range slices.Sorted(maps.Keys(set.without)) {
		if !slices.ContainsFunc(all, func(c testCase) bool { return c.name == name }) {
			r.Errorf("Without(%q): there is no such case", name)
		}
		if strings.TrimSpace(set.without[name]) == "" {
			r.Errorf("Without(%q) without a reason", name)
		}
	}
	s, err := newSubject(launch, config, sim)
	if err != nil {
		r.Errorf("no address for the plugin to call: %v", err)
		return
	}
	s.partial, s.patience = set.partial, set.patience
	defer s.tap.close()
	// The scout finds out which cases there are for this provider.
	r.Run("start", func(r Reporter) { s.scout(r) })
	if !s.scouted {
		return
	}
	for _, c := range all {
		switch reason, left := set.without[c.name]; {
		case !s.canAll(c.needs):
		case c.odd != "" && s.control.odd[c.odd] == nil:
		case set.only != nil && !set.only(c.name):
		case left:
			r.Logf("%s is left out: %s", c.name, reason)
		default:
			r.Run(c.name, func(r Reporter) { s.try(r, c) })
		}
	}
}

// Option changes how Prove works.
type Option func(*settings)

type settings struct {
	without  map[string]string // case -> reason
	only     func(name string) bool
	partial  bool
	patience time.Duration
}

// Without leaves a case out, by the name under which it runs. The reason is shown in the report.
func Without(name, reason string) Option {
	return func(s *settings) { s.without[name] = reason }
}

// Only runs the cases whose names fit, and no others.
func Only(fits func(name string) bool) Option {
	return func(s *settings) { s.only = fits }
}

// Patience is how long the kit waits for what should happen at once before it says that it did not; 5 seconds without
// this option.
func Patience(d time.Duration) Option {
	return func(s *settings) { s.patience = d }
}

// Case is one of the kit's cases.
type Case struct {
	// Name is under which it runs.
	Name string
	// Rule is the sentence of the contract that it enforces.
	Rule string
	// Needs are the capabilities without which there is nothing to prove, and the case does not run.
	Needs []sdk.Capability
	// Odd is the kind of notice without which there is nothing to prove, if any.
	Odd Oddity
}

// Cases lists all cases in the order in which they run.
func Cases() []Case {
	var out []Case
	for _, c := range cases() {
		out = append(out, Case{Name: c.name, Rule: c.rule, Needs: slices.Clone(c.needs), Odd: c.odd})
	}
	return out
}

// testCase is one row of the table of cases.
type testCase struct {
	name string
	// rule is the sentence of the contract that the case enforces, as the SDK's documentation or the proto files have
	// it. A failure quotes it.
	rule string
	// needs are the capabilities without which there is nothing to prove.
	needs []sdk.Capability
	// odd is the kind of notice without which there is nothing to prove, if any.
	odd Oddity
	// unconfigured: the case wants a process in which nothing is configured yet.
	unconfigured bool
	run          func(*trial)
}

// cases are run in this order: what fails first explains what fails later.
func cases() []testCase {
	return slices.Concat(
		infoCases, configCases, accountCases, supportCases,
		readCases, paymentCases, confirmCases, captureCases, refundCases, payoutCases, listCases,
		requestCases, limitCases, faultCases, timeCases, crashCases, repeatCases, loadCases,
		webhookCases, sizeCases, transactionCases, oddCases, returnCases, secretCases, fileCases, endCases,
	)
}

func needs(list ...sdk.Capability) []sdk.Capability { return list }
