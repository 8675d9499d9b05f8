package prove

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/internal/redact"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
)

// Options say what is proven, and how.
type Options struct {
	// File is the plugin's program, <plugin> or <plugin>@<version>.
	File string
	// Simulator is the address of the provider's API, with the control protocol beside it.
	Simulator string
	// Config is the plugin's configuration as JSON text; nil is the one that the simulator gives. Its base_url is replaced.
	Config json.RawMessage
	// Allows says why the program may not have the configuration; nil is any.
	Allows func(path, sha256 string) error
	// Only chooses cases by their name; nil is all of them.
	Only func(name string) bool
	// Partial has what the simulator cannot do cost only the cases that need it.
	Partial bool
	// Without has cases that are left out, with the reason.
	Without map[string]string
	// Tell hears of every case as it ends; nil is nobody.
	Tell func(Result)
}

// Run starts the program for every case and gives what was found. The error says why nothing could be proven at all; what
// is wrong with the plugin is in the report.
func Run(ctx context.Context, o Options) (*Report, error) {
	sim, err := conformance.Dial(ctx, o.Simulator)
	if err != nil && (!o.Partial || sim == nil) {
		return nil, err
	}
	defer sim.Close()
	config, err := configuration(ctx, o, sim)
	if err != nil {
		return nil, err
	}
	binary, workspace, done, err := plugin.FindFile(o.File)
	if err != nil {
		return nil, err
	}
	defer done()
	if o.Allows != nil {
		if err := o.Allows(binary.Path, binary.Checksum); err != nil {
			return nil, err
		}
	}
	r := &run{Options: o, ctx: ctx, binary: binary, workspace: workspace, sim: sim, config: config, mask: &redact.Set{}}
	return r.prove()
}

// configuration gives the plugin's, as an object whose base_url can be replaced.
func configuration(ctx context.Context, o Options, sim *conformance.Remote) (map[string]json.RawMessage, error) {
	text := o.Config
	if text == nil {
		if !sim.HasConfig() {
			return nil, errors.New("the simulator gives no configuration for the plugin: say one with --config")
		}
		var err error
		if text, err = sim.Config(ctx, o.Simulator); err != nil {
			return nil, fmt.Errorf("the simulator's configuration for the plugin: %w", err)
		}
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil || members == nil {
		return nil, errors.New("the plugin's configuration is not a JSON object")
	}
	return members, nil
}

// run is one run.
type run struct {
	Options
	ctx       context.Context //nolint:containedctx // of the run, which is one call
	binary    plugin.Binary
	workspace *plugin.Workspace
	sim       *conformance.Remote
	config    map[string]json.RawMessage
	mask      *redact.Set
	report    *Report
}

// withBase gives the configuration for a provider at another address.
func (r *run) withBase(baseURL string) string {
	address, _ := json.Marshal(baseURL) // a text
	r.config["base_url"] = address
	text, _ := json.Marshal(r.config) // its members were JSON
	return string(text)
}

func (r *run) prove() (*Report, error) {
	process, err := plugin.Start(r.ctx, plugin.Spec{Binary: r.binary, Workspace: r.workspace, Logger: discarded})
	if err != nil {
		return nil, err
	}
	defer process.Stop(endTime)
	info := process.Info()
	r.mask.Add(redact.In(info.ConfigSchema, json.RawMessage(r.withBase(r.Simulator)))...)
	account, err := process.Client().Configure(r.ctx, "kit", json.RawMessage(r.withBase(r.Simulator)))
	if err != nil {
		return nil, refusedConfig(r.mask, err)
	}
	r.report = &Report{
		Plugin: info.Name, Version: info.Version, Contract: info.ContractVersion, File: r.binary.Path, SHA256: r.binary.Checksum,
		Simulator: r.Simulator, Started: time.Now().UTC().Truncate(time.Second), Cases: []Result{},
	}
	for _, c := range account.Capabilities {
		r.report.Capabilities = append(r.report.Capabilities, string(c))
	}
	options := []conformance.Option{conformance.Only(func(name string) bool {
		return r.ctx.Err() == nil && (r.Only == nil || r.Only(name))
	})}
	if r.Partial {
		options = append(options, conformance.Partial())
	}
	for name, why := range r.Without {
		options = append(options, conformance.Without(name, why))
	}
	began := time.Now()
	ran := map[string]*Result{}
	l := &listener{mask: r.mask, begin: func(name string) *Result {
		if ran[name] == nil {
			ran[name] = &Result{Name: name, Rule: ruleOf(name), State: Passed}
		}
		return ran[name]
	}, end: r.tell}
	conformance.Prove(l, launch(r.ctx, r.binary, r.workspace), r.withBase, r.sim, options...)
	r.report.Duration = time.Since(began)
	r.report.DurationMS = r.report.Duration.Milliseconds()
	r.collect(ran, account.Capabilities)
	return r.report, nil
}

func (r *run) tell(c *Result) {
	if r.Tell != nil {
		r.Tell(*c)
	}
}

// collect puts the cases into the kit's order, those that did not run among them.
func (r *run) collect(ran map[string]*Result, can []sdk.Capability) {
	if start := ran["start"]; start != nil {
		r.report.Cases = append(r.report.Cases, *start)
	}
	for _, c := range conformance.Cases() {
		result := Result{Name: c.Name, Rule: c.Rule, State: NotRun}
		lacks := slices.IndexFunc(c.Needs, func(n sdk.Capability) bool { return !slices.Contains(can, n) })
		switch why, without := r.Without[c.Name]; {
		case ran[c.Name] != nil:
			result = *ran[c.Name]
		case lacks >= 0:
			result.State, result.Why = NotNeeded, "the account has no "+string(c.Needs[lacks])
		case c.Odd != "" && !r.sim.Sends(c.Odd):
			result.State, result.Why = NotNeeded, "the simulator has no notice that is "+string(c.Odd)
		case without:
			result.State, result.Why = LeftOut, why
		case r.Only != nil && !r.Only(c.Name):
			continue
		}
		r.report.Cases = append(r.report.Cases, result)
	}
	r.report.Passed, r.report.Failed = r.report.Count(Passed), r.report.Count(Failed)
}

// ruleOf gives the sentence that a case enforces.
func ruleOf(name string) string {
	for _, c := range conformance.Cases() {
		if c.Name == name {
			return c.Rule
		}
	}
	return ""
}

// refusedConfig says why nothing can be proven: the kit needs one configuration with which everything works.
func refusedConfig(mask *redact.Set, err error) error {
	e := sdk.AsError(err)
	lines := []string{"the plugin does not take the configuration: " + mask.Text(e.Message)}
	for _, v := range e.Violations {
		lines = append(lines, "  "+v.Field+": "+mask.Text(v.Message))
	}
	return errors.New(strings.Join(lines, "\n"))
}
