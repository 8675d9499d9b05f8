package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/internal/rehearsal"
)

// defaultLast and mostLast are how many intents are rehearsed.
const (
	defaultLast = 200
	mostLast    = 10000
)

// notRunError is for a gate that could not be tried: it must not be taken for one
// that was, and has failed.
type notRunError struct{ error }

func (e notRunError) Unwrap() error { return e.error }

type rehearseOptions struct {
	account string
	last    int
	allow   []string
}

func (a *app) pluginRehearseCommand() *cobra.Command {
	var o rehearseOptions
	command := &cobra.Command{
		Use:   "rehearse FILE",
		Short: "Try a new version of a plugin with what has happened to this host",
		Long: `Try a new version of a plugin with what has happened to this host.

What is stored of an account's last intents is read from the database of config.toml,
while hosts may be running: the calls to the provider with what it answered, and the
webhooks as they came. The new program and the one that serves the account now are
both started as a host starts them, and make the same calls. Neither reaches a network:
a local server takes the provider's place and answers what the provider answered then.
Verified webhooks are also tried with a change that a forger might make.

What the new program does otherwise is reported by class, each with an example: its
requests (request.method, .path, .query, .body, .header, .count, .order), its answers
(answer.status, .amount, .error_code, …), what it makes of webhooks (event.status,
.verification, …), what it declares (declaration, account), its version, its time.
What changes by itself from call to call, such as a time or a signature over it, is not
compared: the serving program is run twice to find that out. --allow NAME takes a class,
or all that begin with it, for what is meant.

The new program gets the account's configuration with its secrets. Nothing is written.

Exit status: 0 when nothing differs but what is allowed, 1 when something does, 2 when
it could not be tried.`,
		Example: `  payhost plugin rehearse ./acme@1.3.0
  payhost plugin rehearse ./acme@1.3.0 --provider acme-eu --last 1000
  payhost plugin rehearse ./acme@1.3.0 --allow request.body.added --json`,
		Args: arguments("FILE"),
	}

	command.Flags().
		StringVar(&o.account, "provider", "", "the `name` of the account (default: the only account with this plugin)")
	command.Flags().
		IntVar(&o.last, "last", defaultLast, "rehearse what is stored of the last `number` of intents")
	command.Flags().
		StringArrayVar(&o.allow, "allow", nil, "a `class` of differences that is meant; may be repeated")
	command.RunE = func(c *cobra.Command, args []string) error {
		ctx, stop := interruptible(c)
		defer stop()
		return a.pluginRehearse(ctx, args[0], o)
	}

	return command
}

func (a *app) pluginRehearse(ctx context.Context, file string, o rehearseOptions) error {
	if (o.last < 1) || (o.last > mostLast) {
		return wrongUsage("--last must be from 1 to %d", mostLast)
	}
	cfg, err := host.LoadConfig(a.config)
	if err != nil {
		return notRunError{a.refuseConfig(err)}
	}
	account, err := a.accountFor(file, o.account, "provider")
	if err != nil {
		return err
	}

	report, err := rehearsal.Run(ctx, rehearsal.Options{
		Config:  cfg,
		Account: account,
		File:    file,
		Last:    o.last,
		Allow:   o.allow,
	})
	if err != nil {
		return notRunError{fmt.Errorf(
			"plugin rehearse %s: nothing was compared, and nothing was sent to %s: %w",
			file, account.Name, err)}
	}

	if a.json {
		if err := a.printValue(report); err != nil {
			return err
		}
	} else {
		a.printRehearsal(report)
	}
	if !report.Differs {
		return nil
	}

	return errors.New("plugin rehearse: the new program does not do the same; what is meant " +
		"of that, --allow takes by its class")
}

func (a *app) printRehearsal(report *rehearsal.Report) {
	fmt.Fprintf(a.out, "%s %s, sha256 %s\n",
		report.Plugin, printable(report.Candidate.Version), report.Candidate.SHA256)
	fmt.Fprintf(a.out, "against %s, which serves %s now, sha256 %s\n\n",
		printable(report.Serving.Version), report.Provider, report.Serving.SHA256)

	tried := a.block()
	tried.field("rehearsed", fmt.Sprintf("%s, %s, and %d forged copies of webhooks",
		count(report.Rehearsed.Attempts, "call"),
		count(report.Rehearsed.Webhooks, "webhook"),
		report.Rehearsed.Forged))
	for _, group := range report.LeftOut {
		tried.field("left out", fmt.Sprintf("%d: %s (such as %s)",
			group.Count, group.Reason, group.Example))
	}
	if len(report.Varies) > 0 {
		tried.field("not compared", strings.Join(report.Varies, ", "))
	}
	for _, took := range report.Times {
		tried.field("shortest call", fmt.Sprintf("%s %.1f ms, was %.1f ms",
			took.Verb, took.CandidateMS, took.ServingMS))
	}
	if len(report.Unneeded) > 0 {
		tried.field("allowed", printable(strings.Join(report.Unneeded, ", "))+
			": nothing differs so; was another class meant?")
	}
	tried.print()

	if len(report.Differences) == 0 {
		fmt.Fprint(a.out, "\nNothing differs in what was rehearsed.\n")
		return
	}
	for _, difference := range report.Differences {
		a.printDifference(difference)
	}
}

// printDifference prints one class in one place. A text that is empty on both
// sides may be secret, or says nothing more than the class.
func (a *app) printDifference(difference rehearsal.Difference) {
	allowed := ""
	if difference.Allowed {
		allowed = ", allowed"
	}
	a.heading(fmt.Sprintf("%s  %s, %s%s", difference.Class, difference.Place,
		count(difference.Count, "time"), allowed))

	facts := a.block()
	facts.indent = "  "
	facts.field("call", difference.Verb)
	if difference.Example.Serving+difference.Example.Candidate != "" {
		facts.field("was", fmt.Sprintf("%q", difference.Example.Serving))
		facts.field("is", fmt.Sprintf("%q", difference.Example.Candidate))
	}
	facts.field("such as", difference.Example.Call)
	if len(difference.IDs) > 1 {
		facts.field("in", strings.Join(difference.IDs, ", "))
	}
	facts.print()
}
