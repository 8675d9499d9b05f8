package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host/internal/conformance"
)

type conformanceOptions struct {
	simulator, account, only, junit string
	without                         []string
	partial                         bool
}

func (a *app) pluginTestCommand() *cobra.Command {
	var o conformanceOptions
	command := &cobra.Command{
		Use:   "test FILE",
		Short: "Test a plugin's file against the contract",
		Long: `Test a plugin's file against the contract, whatever language it is written in.

Each case starts the file as a host starts it. A simulator takes the provider's place:
the test makes customers pay there, reads the simulator's ledger, and puts faults
between the plugin and the simulator. A failed case quotes the sentence of the contract
that the plugin breaks.

Without --config the simulator supplies the plugin's configuration. With --config the
configuration is that of this plugin's account in the file (or the whole file, when
its name ends in .json); base_url is replaced.

Exit status: 0 when every case passed, 1 when one failed, 2 for wrong usage.`,
		Example: `  payhost plugin test bin/plugins/acme --simulator http://127.0.0.1:9090/acme
  payhost plugin test ./acme@1.2.0 --simulator http://127.0.0.1:9090 --config acme.json --junit report.xml
  payhost plugin test ./acme --simulator http://127.0.0.1:9090 --run 'webhook|return'
  payhost plugin test ./acme --simulator https://sandbox.acme.example --config config.toml --partial`,
		Args: arguments("FILE"),
	}

	command.Flags().
		StringVar(&o.simulator, "simulator", "", "the `URL` of the simulated provider, which has the control protocol (required)")
	command.Flags().
		StringVar(&o.account, "account", "", "the `name` of the account whose configuration it gets (default: the only account with this plugin)")
	command.Flags().
		StringVar(&o.only, "run", "", "only the cases whose names match the `expression`")
	command.Flags().
		BoolVar(&o.partial, "partial", false, "leave out the cases that need the control protocol")

	command.Flags().
		StringArrayVar(&o.without, "without", nil, "leave a case out, `NAME=REASON`; may be repeated")
	command.Flags().
		StringVar(&o.junit, "junit", "", "also write the report to a `file`, as JUnit XML")
	command.RunE = func(c *cobra.Command, args []string) error {
		options, err := a.conformanceOptions(args[0], o, c.Flags().Changed("config"))
		if err != nil {
			return err
		}
		ctx, stop := interruptible(c)
		defer stop()

		// With --json the report comes at the end, as a whole.
		if !a.json {
			options.Tell = a.printCase
		}
		report, err := conformance.Run(ctx, options)
		if err != nil {
			return fmt.Errorf("plugin test %s: no case was run: %w", args[0], err)
		}

		return a.conclude(report, o.junit)
	}

	return command
}

// conformanceOptions returns the options of the flags. hasConfig reports
// whether --config was given.
func (a *app) conformanceOptions(
	file string,
	options conformanceOptions,
	hasConfig bool,
) (conformance.Options, error) {
	out := conformance.Options{
		File:      file,
		Simulator: options.simulator,
		Partial:   options.partial,
		Without:   map[string]string{},
	}
	if options.simulator == "" {
		return out, wrongUsage(
			"plugin test needs --simulator, the URL of the simulated provider",
		)
	}

	// Which cases run, and which are left out for a reason.
	if options.only != "" {
		only, err := regexp.Compile(options.only)
		if err != nil {
			return out, wrongUsage("--run: %v", err)
		}
		out.Only = only.MatchString
	}

	for _, w := range options.without {
		name, why, _ := strings.Cut(w, "=")
		if strings.TrimSpace(why) == "" {
			return out, wrongUsage("--without %q: say NAME=REASON", w)
		}
		out.Without[name] = why
	}

	switch {
	case !hasConfig && options.account == "":
	case filepath.Ext(a.config) == ".json":
		text, err := os.ReadFile(a.config)
		if err != nil {
			return out, err
		}
		out.Config = json.RawMessage(text)
	default:
		account, err := a.accountFor(file, options.account, "account")
		if err != nil {
			return out, err
		}
		out.Config, out.Allows = account.Config, account.Allows
	}

	return out, nil
}

// printCase prints a case when it has ended.
func (a *app) printCase(c conformance.Result) {
	state := fmt.Sprintf("%-8s", c.State)
	if a.colored() {
		state = paint(orElse(statusColors[string(c.State)], plain), state)
	}
	fmt.Fprintf(a.out, "%s  %-34s %6.2f s\n", state, c.Name, c.Duration.Seconds())

	for _, f := range c.Failures {
		part := ""
		if f.Part != "" {
			part = f.Part + ": "
		}

		for i, line := range strings.Split(strings.TrimSpace(part+f.Text), "\n") {
			fmt.Fprintf(
				a.out,
				"  %s%s\n",
				map[bool]string{true: "- ", false: "  "}[i == 0],
				printable(line),
			)
		}
	}

	if len(c.Failures) > 0 && c.Rule != "" {
		fmt.Fprintf(a.out, "    The contract: %q\n", c.Rule)
	}
}

// conclude writes the report. The error says that a case failed.
func (a *app) conclude(report *conformance.Report, junit string) error {
	// The file comes first: a build server reads it when cases failed as well.
	if junit != "" {
		file, err := os.Create(junit)
		if err != nil {
			return err
		}
		if err := report.WriteJUnit(file); err != nil {
			_ = file.Close()
			return err
		}

		if err := file.Close(); err != nil {
			return err
		}
	}

	if a.json {
		if err := a.printValue(report); err != nil {
			return err
		}
	} else {
		a.printReport(report)
	}

	switch notRun := report.Count(conformance.NotRun); {
	case report.Ok():
		return nil
	case notRun > 0:
		return fmt.Errorf(
			"plugin test: %d of %d cases failed, and %d were not run",
			report.Failed,
			len(report.Cases),
			notRun,
		)

	default:
		return fmt.Errorf(
			"plugin test: %d of %d cases failed",
			report.Failed,
			len(report.Cases),
		)
	}
}

func (a *app) printReport(report *conformance.Report) {
	fmt.Fprintf(
		a.out,
		"\n%s %s, contract version %d\n",
		report.Plugin,
		printable(report.Version),
		report.Contract,
	)
	fmt.Fprintf(a.out, "%s, sha256 %s\n", report.File, report.SHA256)

	fmt.Fprintf(a.out, "against the simulator at %s\n\n", report.Simulator)

	// Cases with a reason are those that did not simply pass or fail.
	rows := a.table()

	for _, c := range report.Cases {
		if c.Why != "" {
			rows.row(string(c.State), c.Name, c.Why)
		}
	}

	rows.print()
	fmt.Fprintf(
		a.out,
		"\n%d cases: %d passed, %d failed, %d left out, %d not needed, %d not run, in %s\n",
		len(report.Cases),
		report.Passed,
		report.Failed,
		report.Count(conformance.LeftOut),
		report.Count(conformance.NotNeeded),
		report.Count(conformance.NotRun),
		report.Duration.Round(100*time.Millisecond),
	)
}
