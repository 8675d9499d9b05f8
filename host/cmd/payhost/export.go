package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"
)

// formatLines is the format of a JSON object a line.
const formatLines = "jsonl"

// exportCommand writes records as they come from the host.
func (a *app) exportCommand() *cobra.Command {
	return group(
		&cobra.Command{
			Use:   "export",
			Short: "Write payments, payouts, refunds or events as a table or as JSON lines",
			Example: "  payhost export payments --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z > november.csv\n" +
				"  payhost export events --from 24h --jsonl",
		},
		a.exportKind("payments", "the newest first"),
		a.exportKind("payouts", "the newest first"),
		a.exportKind("refunds", "the newest first"),
		a.exportKind("events", "the oldest first"),
	)
}

func (a *app) exportKind(kind, order string) *cobra.Command {
	var asTable, asLines bool
	command := &cobra.Command{
		Use:   kind,
		Short: "Write " + kind + ", " + order,
		Long: "Write all " + kind + " that were made in a range of time, " + order + ", to standard output.\n\n" +
			`With --csv, the default, they are a table: its first row names the columns, and a text
that a spreadsheet would take for a formula has an apostrophe before it. With --jsonl,
or --json, each line is a JSON object as the HTTP API has it.`,
		Example: "  payhost export " + kind + " --from 2026-11-01T00:00:00Z --to 2026-12-01T00:00:00Z > november.csv\n" +
			"  payhost export " + kind + " --from 24h --jsonl",
		Args: cobra.NoArgs,
	}

	filters := []filter{
		{
			"from",
			"from",
			"only what was made since a `time` (2026-12-01T00:00:00Z) or in the last 24h",
		},
		{"to", "to", "only what was made before a `time`"},
	}

	addFilters(command, filters)
	command.Flags().BoolVar(&asTable, "csv", false, "a table, the default")
	command.Flags().BoolVar(&asLines, "jsonl", false, "a JSON object a line")

	command.RunE = func(cmd *cobra.Command, _ []string) error {
		if asTable && (asLines || a.json) {
			return wrongUsage("--csv and --jsonl (or --json) exclude each other")
		}
		query := queryOf(cmd, filters)

		for _, f := range filters {
			text := query.Get(f.parameter)
			if text == "" {
				continue
			}
			at, err := a.moment(f.flag, text)
			if err != nil {
				return err
			}

			query.Set(f.parameter, at)
		}

		query.Set("format", "csv")
		if asLines || a.json {
			query.Set("format", formatLines)
		}

		return a.download(cmd, request{
			method: http.MethodGet,
			path:   "/v1/exports/" + kind,
			query:  query,
			what:   "export " + kind,
		})
	}

	return command
}

// download writes an answer to standard output as it comes, however large it
// is.
func (a *app) download(cmd *cobra.Command, call request) error {
	ctx, stop := interruptible(cmd)
	defer stop()
	_, err := a.exchange(ctx, call, func(body io.Reader) ([]byte, error) {
		if err := a.copyLines(body, call.query.Get("format") == formatLines); err != nil {
			return nil, fmt.Errorf(
				"the export is cut off, and what was written is not whole "+
					"(make it again): %w",
				err,
			)
		}
		return nil, nil
	})

	return err
}

// copyLines writes lines as they come. Nothing in JSON controls a terminal
// where it may be looked at; a table is for another program, which gets every
// text as it is.
func (a *app) copyLines(body io.Reader, asJSON bool) error {
	if !asJSON {
		_, err := io.Copy(a.out, body)
		return err
	}

	from := bufio.NewReader(body)
	for {
		line, err := from.ReadString('\n')
		if _, err := io.WriteString(a.out, escapedJSON(line)); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
