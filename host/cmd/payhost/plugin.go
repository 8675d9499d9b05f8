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
			Short:   "Start, show, call, test, rehearse, publish and install plugins",
			Example: "  payhost plugin new acme\n  payhost plugin info bin/plugins/acme\n  payhost plugin test bin/plugins/acme --simulator http://127.0.0.1:9090/acme",
		},
		a.pluginNewCommand(),
		a.pluginCallCommand(),
		a.pluginTestCommand(),
		a.pluginRehearseCommand(),
		a.pluginPublishCommand(),
		a.pluginInstallCommand(),
		a.pluginVerifyCommand(),
		a.pluginListCommand(),
		&cobra.Command{
			Use:     "info FILE",
			Short:   "Show a plugin's name and version, what it can do, and its configuration",
			Long:    "Show a plugin's name and version, what it can do, and its configuration.\n\nThe program is run for that, confined as a host confines a plugin: it sees neither the\nenvironment of this shell nor your files, and cannot reach a host.",
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
		return fmt.Errorf(
			"plugin info %s: the program does not describe itself: %w",
			file,
			err,
		)
	}

	// A program that is not a plugin may still answer with JSON.
	var p pluginInfo
	if err := read(said.Text, &p); err != nil || p.Name == "" {
		return fmt.Errorf(
			"plugin info %s: the program's answer to \"describe\" is not the description of a plugin",
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
