package conformance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	kit "github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/conformance/control"
)

// Options say which program is held to the contract, and how.
type Options struct {
	// File is the plugin's program, <plugin> or <plugin>@<version>.
	File string
	// Simulator is the address of the provider's API, with the control protocol
	// beside it.
	Simulator string
	// Config is the plugin's configuration as JSON text; nil is the one that
	// the simulator offers. Its base_url is replaced.
	Config json.RawMessage
	// Allows returns why the program may not have the configuration; nil allows
	// every program.
	Allows func(path, sha256 string) error
	// Only chooses cases by their name; nil is all of them.
	Only func(name string) bool
	// Partial makes what the simulator cannot do cost only the cases that need
	// it.
	Partial bool
	// Without has cases that are left out, with the reason.
	Without map[string]string
	// Tell receives every case as it ends; it may be nil.
	Tell func(Result)
}

// Run starts the program for every case and returns a report of what was found.
// An error says why the kit could not try the plugin at all; what is wrong with
// the plugin is in the report.
func Run(ctx context.Context, options Options) (*Report, error) {
	simulator, err := control.Dial(ctx, options.Simulator)
	if (err != nil) && (!options.Partial || (simulator == nil)) {
		return nil, err
	}
	defer simulator.Close()

	// With Partial a simulator need not say what it can do.
	config, err := configuration(ctx, options, simulator)
	if err != nil {
		return nil, err
	}
	binary, workspace, done, err := plugin.FindFile(options.File)
	if err != nil {
		return nil, err
	}
	defer done()

	// The configuration has secrets: not every program may have them.
	if options.Allows != nil {
		if err := options.Allows(binary.Path, binary.Checksum); err != nil {
			return nil, err
		}
	}

	r := &runner{
		Options:   options,
		ctx:       ctx,
		binary:    binary,
		workspace: workspace,
		simulator: simulator,
		config:    config,
		mask:      &redact.Set{},
	}

	return r.run()
}

// configuration returns the plugin's configuration, as an object whose base_url
// can be replaced.
func configuration(
	ctx context.Context, options Options, simulator *control.Remote,
) (map[string]json.RawMessage, error) {
	text := options.Config
	if text == nil {
		if !simulator.HasConfig() {
			return nil, errors.New(
				"the simulator gives no configuration for the plugin: say one with --config",
			)
		}

		var err error
		text, err = simulator.Config(ctx, options.Simulator)
		if err != nil {
			return nil, fmt.Errorf("the simulator's configuration for the plugin: %w", err)
		}
	}

	// The kit puts other addresses into it.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); (err != nil) || (members == nil) {
		return nil, errors.New("the plugin's configuration is not a JSON object")
	}

	return members, nil
}

// runner is one run of the kit.
type runner struct {
	Options
	ctx       context.Context //nolint:containedctx // of the run, which is one call
	binary    plugin.Binary
	workspace *plugin.Workspace
	simulator *control.Remote
	config    map[string]json.RawMessage
	mask      *redact.Set
	report    *Report
}

// configAt returns the configuration for a provider at the address.
func (r *runner) configAt(baseURL string) string {
	address, _ := json.Marshal(baseURL) // a text always encodes
	r.config["base_url"] = address
	text, _ := json.Marshal(r.config) // its members were JSON
	return string(text)
}

func (r *runner) run() (*Report, error) {
	account, err := r.describe()
	if err != nil {
		return nil, err
	}

	// A case may be begun several times: its parts share one result.
	ran := map[string]*Result{}
	reporter := &reporter{
		mask: r.mask,
		begin: func(name string) *Result {
			if ran[name] == nil {
				ran[name] = &Result{Name: name, Rule: ruleOf(name), State: Passed}
			}
			return ran[name]
		},
		end: r.tell,
	}

	// The describing start does not count.
	began := time.Now()
	target := kit.Target{Start: start(r.ctx, r.binary, r.workspace), Config: r.configAt}
	kit.Run(reporter, target, r.simulator, r.kitOptions()...)
	r.report.Duration = time.Since(began)
	r.report.DurationMS = r.report.Duration.Milliseconds()

	r.collect(ran, account.Capabilities)
	return r.report, nil
}

// describe starts the program once and begins the report with what it is.
func (r *runner) describe() (sdk.AccountInfo, error) {
	first, err := plugin.Start(r.ctx, plugin.Spec{
		Binary:    r.binary,
		Workspace: r.workspace,
		Logger:    slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return sdk.AccountInfo{}, err
	}
	defer first.Stop(endTime)

	// Every text of the report is masked from here on.
	info := first.Info()
	config := json.RawMessage(r.configAt(r.Simulator))
	r.mask.Add(redact.In(info.ConfigSchema, config)...)
	account, err := first.Client().Configure(r.ctx, "kit", config)
	if err != nil {
		return sdk.AccountInfo{}, refusedConfig(r.mask, err)
	}

	r.report = &Report{
		Plugin:    info.Name,
		Version:   info.Version,
		Contract:  info.ContractVersion,
		File:      r.binary.Path,
		SHA256:    r.binary.Checksum,
		Simulator: r.Simulator,
		Started:   time.Now().UTC().Truncate(time.Second),
		Cases:     []Result{},
	}

	for _, capability := range account.Capabilities {
		r.report.Capabilities = append(r.report.Capabilities, string(capability))
	}

	return account, nil
}

func (r *runner) kitOptions() []kit.Option {
	// A run that was broken off leaves the other cases out.
	wanted := func(name string) bool {
		return (r.ctx.Err() == nil) && ((r.Only == nil) || r.Only(name))
	}
	options := []kit.Option{kit.Only(wanted)}
	if r.Partial {
		options = append(options, kit.Partial())
	}

	for name, why := range r.Without {
		options = append(options, kit.Without(name, why))
	}

	return options
}

func (r *runner) tell(result *Result) {
	if r.Tell != nil {
		r.Tell(*result)
	}
}

// collect puts the cases into the kit's order, those that did not run among
// them.
func (r *runner) collect(ran map[string]*Result, capabilities []sdk.Capability) {
	if start := ran["start"]; start != nil {
		r.report.Cases = append(r.report.Cases, *start)
	}

	// A case without a result must not pass for a passed one: it is NotRun
	// unless a reason is found.
	for _, c := range kit.Cases() {
		result := Result{Name: c.Name, Rule: c.Rule, State: NotRun}
		lacks := slices.IndexFunc(c.Needs, func(need sdk.Capability) bool {
			return !slices.Contains(capabilities, need)
		})
		why, excluded := r.Without[c.Name]

		// The first reason counts: a case that the account cannot have is not
		// also left out.
		switch {
		case ran[c.Name] != nil:
			result = *ran[c.Name]
		case lacks >= 0:
			result.State = NotNeeded
			result.Why = "the account has no " + string(c.Needs[lacks])
		case (c.Odd != "") && !r.simulator.Sends(c.Odd):
			result.State = NotNeeded
			result.Why = "the simulator has no webhook that is " + string(c.Odd)

		case excluded:
			result.State = LeftOut
			result.Why = why
		case (r.Only != nil) && !r.Only(c.Name):
			continue
		}

		r.report.Cases = append(r.report.Cases, result)
	}

	r.report.Passed = r.report.Count(Passed)
	r.report.Failed = r.report.Count(Failed)
}

// ruleOf returns the sentence of the contract that a case enforces.
func ruleOf(name string) string {
	for _, c := range kit.Cases() {
		if c.Name == name {
			return c.Rule
		}
	}
	return ""
}

// refusedConfig says why the kit cannot try the plugin: it needs one
// configuration with which everything works.
func refusedConfig(mask *redact.Set, err error) error {
	refusal := sdk.AsError(err)
	lines := []string{
		"the plugin does not take the configuration: " + mask.Text(refusal.Message),
	}
	for _, violation := range refusal.Violations {
		lines = append(lines, "  "+violation.Field+": "+mask.Text(violation.Message))
	}
	return errors.New(strings.Join(lines, "\n"))
}
