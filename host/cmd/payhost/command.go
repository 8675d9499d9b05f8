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

// app is one run of the command. The requested data goes to out, and everything
// said about it to err, so that a program can read out.
type app struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time

	config        string // the flags that all commands have
	json, noColor bool

	running bool // a command's own code has begun: a later failure is not wrong usage
}

// errSaid fails a command that has already printed the reason.
var errSaid = errors.New("failed")

// usageError reports a command line that cannot be carried out as it is
// written.
type usageError struct{ error }

// wrongUsage returns an error for a mistake that flags and arguments alone
// show. A request that only the host can judge, and refuses, is not wrong
// usage.
func wrongUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// The groups of commands in the overview.
const (
	groupHost     = "host"
	groupMoney    = "money"
	groupProvider = "provider"
	groupRecord   = "record"
)

// root returns a new tree of commands. Flags keep their values, so one tree
// serves one run.
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

	// Every command has these flags.
	flags := root.PersistentFlags()
	flags.StringVar(&a.config, "config", "config.toml", "the host's configuration `file`")
	flags.BoolVar(&a.json, "json", false, "print the answer as JSON, for programs")
	flags.BoolVar(
		&a.noColor,
		"no-color",
		false,
		"print without colors (also: NO_COLOR in the environment)",
	)

	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)

	// The overview lists the groups in this order.
	root.AddGroup(
		&cobra.Group{ID: groupHost, Title: "The host:"},
		&cobra.Group{ID: groupMoney, Title: "Payments and payouts:"},
		&cobra.Group{ID: groupProvider, Title: "Providers:"},
		&cobra.Group{ID: groupRecord, Title: "What came in and went out:"},
	)

	a.addCommands(root)
	root.SetHelpCommand(a.helpCommand())

	// cobra adds its own commands only when they are executed; they are made
	// here, so that they are prepared like all others.
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

	// The commands of a group are in the order in which an operator needs them.
	add(
		groupHost,
		a.configCommand(),
		a.serveCommand(),
		a.checkCommand(),
		a.lockCommand(),
		a.reloadCommand(),
		a.attentionCommand(),
		a.drainCommand(),
		a.auditCommand(),
		a.eraseCommand(),
		a.backupCommand(),
		a.restoreCommand(),
		a.fenceCommand(),
		a.reconcileCommand(),
		a.findingsCommand(),
		a.storeCommand(),
		a.tokensCommand(),
		a.versionCommand(),
		a.manCommand(),
	)

	add(
		groupMoney,
		a.payCommand(),
		a.paymentsCommand(),
		a.payoutCommand(),
		a.payoutsCommand(),
		a.approvalsCommand(),
	)
	add(
		groupProvider,
		a.providersCommand(),
		a.pauseCommand(),
		a.resumeCommand(),
		a.methodsCommand(),
		a.balancesCommand(),
		a.callCommand(),
		a.pluginCommand(),
	)

	add(
		groupRecord,
		a.eventsCommand(),
		a.deadLettersCommand(),
		a.webhooksCommand(),
		a.exportCommand(),
	)
}

// prepare makes all commands alike: a failure inside a command is told apart
// from wrong usage, and flags are explained in the order of their declaration.
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

// run carries out the command line and returns the exit status.
func (a *app) run(args []string) int {
	root := a.root()
	root.SetArgs(args)
	defer a.flush()
	c, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return exitDone
	}

	// Every error before the command's own code is about the command line.
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
	if errors.As(err, new(notRunError)) {
		return exitUsage
	}

	return exitFailed
}

// helpCommand is cobra's help command, except that an unknown command is wrong
// usage.
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

// group returns a command that holds others. Called alone it prints its help,
// unless it has code of its own.
func group(command *cobra.Command, commands ...*cobra.Command) *cobra.Command {
	if command.RunE == nil {
		command.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	command.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}

		// cobra suggests similar commands only in its own check of arguments.
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

// arguments returns a check for exactly the named arguments, none of them
// empty.
func arguments(names ...string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		// An empty argument is usually a shell variable that is not set.
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

// idOr returns a check for one ID, or for none when a flag names many.
func idOr(many *bool, flag string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case *many && len(args) > 0:
			return fmt.Errorf("name an ID or %s, not both", flag)
		case *many:
			return nil
		case len(args) == 0:
			return fmt.Errorf("ID is missing (or %s)", flag)
		}
		return arguments("ID")(c, args)
	}
}

// require makes flags required. It panics for a flag that does not exist; every
// test of the command would fail then.
func require(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.MarkFlagRequired(name); err != nil {
			panic(err)
		}
	}
}

// interruptible returns a context that ends with Ctrl-C or SIGTERM.
func interruptible(c *cobra.Command) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(c.Context(), os.Interrupt, syscall.SIGTERM)
}
