// Package suite has the cases of the conformance kit and runs them. Package
// conformance is its only door.
//
// A target is the plugin with what the discovery found out about it, a caseRun
// one case on a fresh process of it. The cases are in the files case_*.go, a
// family in each; what many of them need is in verb.go and call.go (valid calls
// of every verb), intent.go (payments, payouts and refunds) and webhook.go.
package suite

import (
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// Target is what package conformance says of its own Target. So are Output,
// Process and Reporter.
type Target struct {
	Start  func(Output) (Process, error)
	Config func(baseURL string) string
}

// Output is where a process delivers what leaves it.
type Output struct {
	Log       io.Writer
	Intercept grpc.UnaryClientInterceptor
}

// Process is a running plugin.
type Process interface {
	Client() *client.Client
	Stop() error
	Kill()
	Left() error
	Files() int
	Processor() time.Duration
}

// Reporter receives what the cases find.
type Reporter interface {
	Run(name string, f func(Reporter))
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	FailNow()
	LeaveOut(why string)
}

// Settings are the options of a run.
type Settings struct {
	Without map[string]string      // by case, the reason
	Only    func(name string) bool // nil is all cases
	// Partial lets a simulator that lacks something cost single cases.
	Partial bool
	// Patience is how long the kit waits for what should happen at once.
	Patience time.Duration
}

// Case describes one case, for lists of them.
type Case struct {
	Name  string
	Rule  string
	Needs []sdk.Capability
	Odd   control.Oddity
}

// testCase is one row of the table of cases.
type testCase struct {
	name string
	// rule is the sentence of the contract that the case enforces, as the SDK's
	// documentation or the proto files have it. A failure quotes it.
	rule string
	// needs are the capabilities without which there is nothing to hold a
	// plugin to.
	needs []sdk.Capability
	// odd is the kind of webhook without which there is nothing to try, if any.
	odd control.Oddity
	// unconfigured cases want a process in which nothing is configured yet.
	unconfigured bool
	run          func(*caseRun)
}

// cases returns them in the order in which they run: a case that fails early
// explains why later ones do.
func cases() []testCase {
	// The plugin's description of itself comes first, its end last.
	return slices.Concat(
		infoCases,
		configCases,
		accountCases,
		supportCases,
		readCases,
		paymentCases,
		confirmCases,
		captureCases,
		refundCases,
		payoutCases,
		listCases,
		requestCases,
		limitCases,
		faultCases,
		timeCases,
		crashCases,
		repeatCases,
		loadCases,
		webhookCases,
		sizeCases,
		transactionCases,
		oddCases,
		returnCases,
		secretCases,
		fileCases,
		endCases,
	)
}

func needs(list ...sdk.Capability) []sdk.Capability { return list }

// Cases returns a description of all cases, in the order in which they run.
func Cases() []Case {
	var list []Case
	for _, c := range cases() {
		list = append(
			list,
			Case{Name: c.name, Rule: c.rule, Needs: slices.Clone(c.needs), Odd: c.odd},
		)
	}
	return list
}

// Run runs the cases that the plugin's capabilities call for.
func Run(r Reporter, plugin Target, simulator control.Simulator, settings Settings) {
	all := cases()
	checkExclusions(r, all, settings.Without)

	t, err := newTarget(plugin, simulator, settings)
	if err != nil {
		r.Errorf("no address for the plugin to call: %v", err)
		return
	}
	defer t.proxy.Close()

	// The discovery decides which cases there are for this plugin.
	r.Run("start", func(r Reporter) { t.discover(r) })
	if !t.discovered {
		return
	}

	for _, c := range all {
		reason, excluded := settings.Without[c.name]
		switch {
		case !t.canAll(c.needs):
		case (c.odd != "") && (t.control.Odd[c.odd] == nil):
		case (settings.Only != nil) && !settings.Only(c.name):
		case excluded:
			r.Logf("%s is left out: %s", c.name, reason)
		default:
			r.Run(c.name, func(r Reporter) { t.run(r, c) })
		}
	}
}

// checkExclusions complains about cases that are left out without a reason, and
// about names that are no case: a typing mistake must not hide one.
func checkExclusions(r Reporter, all []testCase, without map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(without)) {
		if !slices.ContainsFunc(all, func(c testCase) bool { return c.name == name }) {
			r.Errorf("Without(%q): there is no such case", name)
		}
		if strings.TrimSpace(without[name]) == "" {
			r.Errorf("Without(%q) without a reason", name)
		}
	}
}
