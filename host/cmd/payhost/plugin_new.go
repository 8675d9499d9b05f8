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
	var o scaffold.Options
	c := &cobra.Command{
		Use:   "new NAME",
		Short: "Begin a plugin: a folder that builds and passes the conformance kit",
		Long: `Begin a plugin: a folder that builds and passes the conformance kit.

It speaks to an invented provider, whose simulator is part of it. Numbered TODOs lead
from that one to yours.

Inside Payhost's repository the folder is plugins/NAME. Elsewhere it is a Go module of
its own, which uses the published sdk, or with --sdk the source in a folder.`,
		Example: "  payhost plugin new acme\n  payhost plugin new acme --dir ~/src/acme --module example.com/team/acme",
		Args:    arguments("NAME"),
		RunE: func(_ *cobra.Command, args []string) error {
			o.Name = args[0]
			return a.pluginNew(o)
		},
	}

	c.Flags().
		StringVar(&o.Dir, "dir", "", "the `folder` to make (default: plugins/NAME in Payhost's repository, else NAME)")
	c.Flags().
		StringVar(&o.Module, "module", "", "the new Go module's `path` (default: example.com/NAME)")
	c.Flags().
		StringVar(&o.SDK, "sdk", "", "use the sdk in this `folder` with Payhost's source, not a published one")

	return c
}

func (a *app) pluginNew(o scaffold.Options) error {
	var err error
	if o.From, err = os.Getwd(); err != nil {
		return err
	}
	r, err := scaffold.New(o)
	var problems *scaffold.Problems

	switch {
	case errors.As(err, &problems) && problems.Usage:
		return wrongUsage("plugin new: %s", strings.Join(problems.Reasons, "; "))
	case err != nil:
		return fmt.Errorf("plugin new: nothing was made: %w", err)
	case a.json:
		return a.printValue(r)
	}

	a.printNew(o.Name, r)
	return nil
}

// printNew ends with what can be pasted.
func (a *app) printNew(name string, r *scaffold.Result) {
	fmt.Fprintf(
		a.out,
		"%s is there: %d files, with a simulator and its tests.\n",
		r.Folder,
		len(r.Files),
	)
	if r.Registry != "" {
		fmt.Fprintf(a.out, "The simulator has its line in %s.\n", r.Registry)
	}

	fmt.Fprintf(
		a.out,
		"\nIt works, with an invented provider. To make it %s's, go through its TODOs in this order:\n\n",
		name,
	)
	t := a.table()
	t.indent = "  "

	for _, todo := range r.Todos {
		t.row(
			strconv.Itoa(todo.Number),
			fmt.Sprintf("%s:%d", todo.File, todo.Line),
			todo.Text,
		)
	}

	t.print()
	fmt.Fprint(a.out, "\nNow:\n\n")
	for _, command := range r.Next {
		fmt.Fprintf(a.out, "  %s\n", command)
	}
}
