package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// manCommand writes the manual pages that packages ship. It is hidden: who has a
// package has the pages.
func (a *app) manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man FOLDER",
		Short:   "Write a manual page for every command into a folder",
		Example: "  payhost man /usr/share/man/man1",
		Args:    arguments("FOLDER"),
		Hidden:  true,
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			root.DisableAutoGenTag = true
			// Pages of one version are the same whenever they are made.
			made := time.Unix(0, 0).UTC()
			header := doc.GenManHeader{Section: "1", Source: "payhost " + version, Date: &made}
			if err := doc.GenManTree(root, &header, args[0]); err != nil {
				return fmt.Errorf("man: %w", err)
			}
			return nil
		},
	}
}
