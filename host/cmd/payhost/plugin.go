package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host"
)

func (a *app) pluginCommand() *cobra.Command {
	return group(
		&cobra.Command{
			Use:     "plugin",
			Short:   "Begin a plugin, look at a plugin's file, call it, prove it",
			Example: "  payhost plugin new acme\n  payhost plugin info bin/plugins/acme\n  payhost plugin test bin/plugins/acme --simulator http://127.0.0.1:9090/acme",
		},
		a.pluginNewCommand(),
		a.pluginCallCommand(),
		a.pluginTestCommand(),
		&cobra.Command{
			Use:     "info FILE",
			Short:   "Show what a plugin's file is, what it can do and how it is configured",
			Long:    "Show what a plugin's file is, what it can do and how it is configured.\n\nThe program is run for that, confined as a host confines a plugin: it sees neither the\nenvironment of this shell nor files of yours, and cannot reach a host.",
			Example: "  payhost plugin info bin/plugins/acme\n  payhost plugin info ./acme@1.2.0 --json",
			Args:    arguments("FILE"),
			RunE: func(c *cobra.Command, args []string) error {
				ctx, stop := interruptible(c)
				defer stop()
				return a.pluginInfo(ctx, args[0])
			},
		})
}

func (a *app) pluginInfo(ctx context.Context, file string) error {
	said, err := host.DescribePlugin(ctx, file)
	if err != nil {
		return fmt.Errorf("plugin info %s: it does not say what it is: %w", file, err)
	}
	var p pluginInfo
	if err := read(said.Text, &p); err != nil || p.Name == "" {
		return fmt.Errorf(
			"plugin info %s: the program answers \"describe\" with something else than a description of a plugin",
			file,
		)
	}

	if a.json {
		a.printJSON(said.Text)
		return nil
	}

	a.pluginBlock(&p, file, said.Checksum)
	return nil
}
