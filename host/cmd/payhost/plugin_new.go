package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host/internal/scaffold"
)

func (a *app) pluginNewCommand() *cobra.Command {
	var options scaffold.Options
	command := &cobra.Command{
		Use:   "new NAME",
		Short: "Start a new plugin: a folder that builds and passes its tests",
		Long: `Start a new plugin: a folder that builds and passes its tests, the conformance
tests among them.

The plugin works with an invented provider, whose simulator is part of the folder.
Numbered TODOs show what to change to make it work with yours.

Inside Payhost's repository the folder is plugins/NAME. Elsewhere it is a Go module of
its own, which uses the published sdk, or with --sdk the source in a folder.`,
		Example: "  payhost plugin new acme\n  payhost plugin new acme --dir ~/src/acme --module example.com/team/acme",
		Args:    arguments("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			options.Name = args[0]
			return a.pluginNew(options)
		},
	}

	command.Flags().
		StringVar(&options.Dir, "dir", "", "the `folder` to make (default: plugins/NAME in Payhost's repository, else NAME)")
	command.Flags().
		StringVar(&options.Module, "module", "", "the `path` of the new Go module (default: example.com/NAME)")
	command.Flags().
		StringVar(&options.SDK, "sdk", "", "use the sdk of Payhost's source in this `folder`, not a published one")

	return command
}

func (a *app) pluginNew(options scaffold.Options) error {
	var err error
	if options.From, err = os.Getwd(); err != nil {
		return err
	}
	r, err := scaffold.New(options)
	var problems *scaffold.Problems

	switch {
	case errors.As(err, &problems) && problems.Usage:
		return wrongUsage("plugin new: %s", strings.Join(problems.Reasons, "; "))
	case err != nil:
		return fmt.Errorf("plugin new: no folder was made: %w", err)
	case a.json:
		return a.printValue(r)
	}

	a.printNew(options.Name, r)
	return nil
}

// printNew prints the new folder, its TODOs, and commands to paste.
func (a *app) printNew(name string, r *scaffold.Result) {
	fmt.Fprintf(
		a.out,
		"Made %s: %d files, with a simulator and tests.\n",
		r.Folder,
		len(r.Files),
	)
	if r.Registry != "" {
		fmt.Fprintf(a.out, "Added the simulator to %s.\n", r.Registry)
	}

	fmt.Fprintf(
		a.out,
		"\nIt works with an invented provider. To make it work with %s, do its TODOs in this order:\n\n",
		name,
	)

	// The TODOs are numbered in the order in which they are best done.
	rows := a.table()
	rows.indent = "  "

	for _, todo := range r.Todos {
		rows.row(
			strconv.Itoa(todo.Number),
			fmt.Sprintf("%s:%d", todo.File, todo.Line),
			todo.Text,
		)
	}

	rows.print()
	fmt.Fprint(a.out, "\nNow:\n\n")
	for _, command := range r.Next {
		fmt.Fprintf(a.out, "  %s\n", command)
	}
}
