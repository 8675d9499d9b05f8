package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// The exit statuses.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// app is one run of the command. What was asked for goes to out, everything
// that is said about it to err, so that out can be read by a program.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	config        string // the flags that all commands have
	json, noColor bool

	running bool // a command's own code has begun: what fails from here on is no wrong usage
}

// errSaid fails a command that has already said why.
var errSaid = errors.New("failed")

// usageError is a command line that asks for nothing that can be done.
type usageError struct{ error }

// wrongUsage is for what flags and arguments alone show to be wrong. What the
// host has to judge is not: its no is a refusal.
func wrongUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// The groups that the overview of the commands is in.
const (
	groupHost     = "host"
	groupMoney    = "money"
	groupProvider = "provider"
	groupRecord   = "record"
)

// root makes the commands anew: flags keep their values, so one tree serves one
// run.
func (a *app) root() *cobra.Command {
	cobra.EnableCommandSorting = false // the order below is the one to read them in
	root := group(&cobra.Command{
		Use:   "payhost",
		Short: "Run payment providers as plugins, and make payments through them",
		Long: `Run payment providers as plugins, and make payments through them.

"payhost serve" runs a host on a config.toml. The commands for payments, providers
and records talk to the host that runs on that file, over its admin socket.

Exit status: 0 done, 1 refused or failed, 2 wrong usage.`,
		Example: `  payhost check
  payhost serve
  payhost pay --provider acme --amount 60.00 --currency USD --idempotency-key order-47
  payhost payments show pay_06dq8z5k3c`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	})

	flags := root.PersistentFlags()
	flags.StringVar(&a.config, "config", "config.toml", "the host's configuration `file`")
	flags.BoolVar(&a.json, "json", false, "print the host's answer as JSON, for programs")
	flags.BoolVar(
		&a.noColor,
		"no-color",
		false,
		"print without colors (also: NO_COLOR in the environment)",
	)

	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.AddGroup(
		&cobra.Group{ID: groupHost, Title: "The host:"},
		&cobra.Group{ID: groupMoney, Title: "Payments and payouts:"},
		&cobra.Group{ID: groupProvider, Title: "Providers:"},
		&cobra.Group{ID: groupRecord, Title: "What came in and went out:"},
	)

	a.addCommands(root)
	root.SetHelpCommand(a.helpCommand())
	root.InitDefaultCompletionCmd()
	if c, _, err := root.Find([]string{"completion"}); err == nil {
		group(c)
	}

	a.prepare(root)
	return root
}

// addCommands puts every command into its group of the overview.
func (a *app) addCommands(root *cobra.Command) {
	add := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}

	add(
		groupHost,
		a.serveCommand(),
		a.checkCommand(),
		a.lockCommand(),
		a.reloadCommand(),
		a.tokensCommand(),
		a.versionCommand(),
	)

	add(
		groupMoney,
		a.payCommand(),
		a.paymentsCommand(),
		a.payoutCommand(),
		a.payoutsCommand(),
	)
	add(
		groupProvider,
		a.providersCommand(),
		a.methodsCommand(),
		a.balancesCommand(),
		a.callCommand(),
		a.pluginCommand(),
	)

	add(groupRecord, a.eventsCommand(), a.lettersCommand(), a.webhooksCommand())
}

// prepare makes all commands alike: what fails inside one is told from wrong
// usage, and flags are explained in the order in which they were declared.
func (a *app) prepare(command *cobra.Command) {
	command.Flags().SortFlags = false
	if run := command.RunE; run != nil {
		command.RunE = func(c *cobra.Command, args []string) error {
			a.running = true
			return run(c, args)
		}
	}

	for _, sub := range command.Commands() {
		a.prepare(sub)
	}
}

// run returns the exit status.
func (a *app) run(args []string) int {
	root := a.root()
	root.SetArgs(args)
	defer a.flush()
	c, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return exitDone
	}

	if usage := (usageError{}); !a.running || errors.As(err, &usage) {
		fmt.Fprintf(
			a.err,
			"payhost: %s\n\nUsage: %s\n%q explains it.\n",
			printable(err.Error()),
			c.UseLine(),
			c.CommandPath()+" --help",
		)

		return exitUsage
	}

	if !errors.Is(err, errSaid) {
		fmt.Fprintf(a.err, "payhost: %s\n", lines(err.Error()))
	}

	return exitFailed
}

// helpCommand is cobra's, but asking about what does not exist is wrong usage.
func (a *app) helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(c *cobra.Command, args []string) error {
			about, rest, err := c.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return wrongUsage("there is no command %q", strings.Join(args, " "))
			}
			return about.Help()
		},
	}
}

// group makes a command that only holds others: alone it explains itself.
func group(command *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	if command.RunE == nil {
		command.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
		cmd.SuggestionsMinimumDistance = 2
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += "; did you mean " + strings.Join(near, " or ") + "?"
		}
		return errors.New(text)
	}

	command.AddCommand(commands...)
	return command
}

// arguments wants exactly those that are named, none of them empty.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		for i, arg := range args[:min(len(args), len(names))] {
			if arg == "" {
				return fmt.Errorf("%s is empty", names[i])
			}
		}

		switch {
		case len(args) < len(names):
			return fmt.Errorf("%s is missing", strings.Join(names[len(args):], " and "))
		case len(args) > len(names):
			return fmt.Errorf("%q is one argument too many", args[len(names)])
		}

		return nil
	}
}

// require makes flags required. It panics for one that does not exist, which no
// test of the command survives.
func require(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
}

// interruptible returns a context that Ctrl-C ends.
func interruptible(c *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
}
