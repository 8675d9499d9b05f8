package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/spf13/cobra"
)

// storeCommand works on a database that no host has open.
func (a *app) storeCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "store",
		Short: "Move the database from SQLite to PostgreSQL, with the host stopped",
		Example: "  payhost store copy sqlite:/var/lib/payhost/payhost.db env:PAYHOST_POSTGRES\n" +
			"  payhost store copy --help",
	}, a.copyStore(), a.reopenStore())
}

func (a *app) copyStore() *cobra.Command {
	return &cobra.Command{
		Use:   "copy FROM TO",
		Short: "Copy a SQLite database to an empty PostgreSQL database",
		Long: `Copy a SQLite database to an empty PostgreSQL database.

Stop the host first, and start none before store.url names the new database. The tables
of FROM are brought up to date, as a start does. All rows are copied in one transaction
and then compared one by one: TO has everything, or nothing. From then on no host opens
FROM, because what is paid in one of the two is unknown in the other. A copying that was
cut off is done by the same command again. Background jobs are not copied: a host makes
its own.

FROM and TO may be env:NAME or file:PATH, so that no password is on the command line.`,
		Example: "  payhost store copy sqlite:/var/lib/payhost/payhost.db env:PAYHOST_POSTGRES",
		Args:    arguments("FROM", "TO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := interruptible(cmd)
			defer stop()

			from, err := databaseURL("FROM", args[0])
			if err != nil {
				return err
			}
			to, err := databaseURL("TO", args[1])
			if err != nil {
				return err
			}

			tables, err := store.Copy(ctx, from, to, a.tellCopy)
			if err != nil {
				return fmt.Errorf("store copy: %w", err)
			}
			return a.copied(from, tables)
		},
	}
}

// databaseURL returns the URL that an argument is or refers to.
func databaseURL(name, text string) (string, error) {
	folder, err := os.Getwd()
	if err != nil {
		return "", err
	}
	url := config.Resolve(folder, text)
	if url == "" {
		return "", fmt.Errorf("store: %s: there is no text in %s", name, text)
	}
	return url, nil
}

// tellCopy says how far the copying is.
func (a *app) tellCopy(p store.CopyProgress) {
	verb := "copied"
	if p.Verifying {
		verb = "compared"
	}
	a.note("%s: %s %d of %d", p.Table, verb, p.Done, p.All)
}

// copied prints what was copied, and what comes next.
func (a *app) copied(from string, tables []store.CopiedTable) error {
	if a.json {
		err := a.printValue(map[string]any{"tables": append([]store.CopiedTable{}, tables...)})
		if err != nil {
			return err
		}
	} else if len(tables) > 0 {
		t := a.table("TABLE", "ROWS", "SHA256")
		for _, table := range tables {
			t.row(table.Table, strconv.FormatInt(table.Rows, 10), table.SHA256)
		}
		t.print()
	}

	if len(tables) == 0 {
		a.note("an earlier run had copied and compared everything already")
	}
	a.note("no host opens %s any more: set store.url to the new database, and start the host", from)
	return nil
}

func (a *app) reopenStore() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "reopen URL",
		Short: "Let hosts open a database again that was copied to another one",
		Long: `Let hosts open a database again that was copied to another one.

Only when no host has ever run on the copy, or never will again: a payment that was made
there is not in this database, and a shop that repeats its key here pays again.
The reason is in the audit log.`,
		Example: `  payhost store reopen sqlite:/var/lib/payhost/payhost.db --reason "the new server was never used"`,
		Args:    arguments("URL"),
	}
	command.Flags().StringVar(&reason, "reason", "", "why, for the audit log")
	require(command, "reason")

	command.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := interruptible(cmd)
		defer stop()
		if reason == "" {
			return wrongUsage("--reason is empty")
		}
		url, err := databaseURL("URL", args[0])
		if err != nil {
			return err
		}

		other, err := store.Reopen(ctx, url, reason)
		if err != nil {
			return fmt.Errorf("store reopen: %w", err)
		}
		if a.json {
			return a.printValue(map[string]string{"copied_to": other})
		}
		a.note("hosts may open it again; start none on %s, to which it was copied", other)
		return nil
	}
	return command
}
