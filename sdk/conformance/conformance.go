package conformance

import (
	"io"
	"time"

	"google.golang.org/grpc"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/control"
	"github.com/payhost/payhost/sdk/conformance/internal/suite"
)

// Target is the plugin that is held to the contract.
type Target struct {
	// Start starts a fresh process of the plugin, in which no account is
	// configured. The kit starts one for every case.
	Start func(Output) (Process, error)
	// Config returns a complete, valid configuration as JSON text, whose
	// base_url is the one given. Its secrets are distinct and have at least 8
	// characters, so that they can be looked for in everything that the plugin
	// says.
	Config func(baseURL string) string
}

// Output is where a process must deliver what leaves it, so that the kit can
// look for secrets there.
type Output struct {
	// Log takes what the plugin logs and prints, in pieces of any size.
	Log io.Writer
	// Intercept must be the interceptor of the client's connection. It sees
	// every answer as it is on the wire.
	Intercept grpc.UnaryClientInterceptor
}

// Process is a running plugin, as a host sees it.
type Process interface {
	// Client returns the client that calls the plugin.
	Client() *client.Client
	// Stop asks the process to end, and ends it by force if it does not. The
	// error says what did not end by itself. The kit calls Stop once, also
	// after Kill.
	Stop() error
	// Kill ends the process at once, in the middle of a call.
	Kill()
	// Left reports, after Stop, what the process left behind; nil is nothing.
	Left() error
	// Files counts the files and connections that the process holds open; 0
	// where the system does not tell.
	Files() int
	// Processor returns the processor time that the process has used so far, as
	// a program built for release would; 0 where the system does not tell.
	Processor() time.Duration
}

// Reporter receives what the cases find.
type Reporter interface {
	// Run calls f with a reporter for the named part and returns when f has
	// ended.
	Run(name string, f func(Reporter))
	// Logf notes what is worth knowing and not wrong.
	Logf(format string, args ...any)
	// Errorf marks the part as failed and lets it go on.
	Errorf(format string, args ...any)
	// FailNow ends the part: it runs deferred calls and does not return.
	FailNow()
	// LeaveOut ends the part like FailNow, because the simulator cannot do what
	// the rest of it needs. Whether that is a failure is the reporter's
	// decision.
	LeaveOut(why string)
}

// Option changes how Run works.
type Option func(*settings)

type settings suite.Settings

// Without leaves a case out, by the name under which it runs. The report shows
// the reason, which must not be empty.
func Without(name, reason string) Option {
	return func(s *settings) { s.Without[name] = reason }
}

// Only runs the cases for whose name fits returns true, and no others.
func Only(fits func(name string) bool) Option {
	return func(s *settings) { s.Only = fits }
}

// Partial makes a capability that the simulator lacks cost only the cases that
// need it, not the whole run: for trying a plugin on a simulator that does not
// speak the control protocol.
func Partial() Option {
	return func(s *settings) { s.Partial = true }
}

// Patience sets how long the kit waits for what should happen at once before it
// reports that it did not; 5 seconds without this option.
func Patience(d time.Duration) Option {
	return func(s *settings) { s.Patience = d }
}

// Run holds the target to every case of the contract that its capabilities call
// for. The simulator plays the provider.
func Run(r Reporter, target Target, simulator control.Simulator, opts ...Option) {
	set := settings{Without: map[string]string{}, Patience: 5 * time.Second}
	for _, apply := range opts {
		apply(&set)
	}

	suite.Run(reporter{r}, suite.Target{
		Config: target.Config,
		Start: func(out suite.Output) (suite.Process, error) {
			return target.Start(Output(out))
		},
	}, simulator, suite.Settings(set))
}

// reporter is a Reporter as package suite knows it.
type reporter struct{ Reporter }

func (r reporter) Run(name string, f func(suite.Reporter)) {
	r.Reporter.Run(name, func(part Reporter) { f(reporter{part}) })
}

// Case is one of the kit's cases.
type Case struct {
	// Name is the name under which it runs.
	Name string
	// Rule is the sentence of the contract that it enforces.
	Rule string
	// Needs are the capabilities that the case is about. Without all of them it
	// does not run.
	Needs []sdk.Capability
	// Odd is the kind of webhook that the case is about, if any. Without it the
	// case does not run.
	Odd control.Oddity
}

// Cases returns all cases in the order in which they run.
func Cases() []Case {
	var list []Case
	for _, c := range suite.Cases() {
		list = append(list, Case(c))
	}
	return list
}
