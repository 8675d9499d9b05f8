package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/payhost/payhost/host/config"
)

// configCommand is the parent of what helps to write config.toml.
func (a *app) configCommand() *cobra.Command {
	command := &cobra.Command{
		Use:     "config",
		Short:   "Begin a config.toml, and print its schema for editors",
		Example: "  payhost config init\n  payhost config schema",
	}
	command.AddCommand(a.configInitCommand(), a.configSchemaCommand())
	return command
}

func (a *app) configInitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a config.toml with every key, what it is for and its default",
		Long: `Write a config.toml with every key, what it is for and its default.

The file is the one that --config names. What it holds is commented out, so that it
can be used as it is: a host without providers. A file that is there is left alone.`,
		Example: "  payhost config init\n  payhost config init --config /etc/payhost/config.toml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			// Secrets may be written into it later, so nobody else may read it.
			file, err := os.OpenFile(a.config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("config init: %s is there already, and was left alone", a.config)
			}
			if err != nil {
				return fmt.Errorf("config init: %w", err)
			}

			_, err = file.WriteString(config.Sample())
			if err = errors.Join(err, file.Close()); err != nil {
				_ = os.Remove(a.config) // half a file helps nobody
				return fmt.Errorf("config init: %w", err)
			}

			if a.json {
				return a.printValue(map[string]string{"file": a.config})
			}
			a.note("wrote %s; \"payhost check\" tells what is wrong with it", a.config)
			return nil
		},
	}
}

func (a *app) configSchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of config.toml, for editors",
		Long: `Print the JSON Schema of config.toml, for editors.

It has every key with its type and what it is for. An editor that knows TOML and JSON
Schema completes keys with it, and marks those that do not exist. Bounds, and what keys
say of each other, are told by "payhost check".`,
		Example: "  payhost config schema",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			schema, err := config.Schema()
			if err != nil {
				return fmt.Errorf("config schema: %w", err)
			}
			_, err = fmt.Fprintf(a.out, "%s\n", schema)
			return err
		},
	}
}
