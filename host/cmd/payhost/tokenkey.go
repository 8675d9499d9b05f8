package main

import (
	"net/http"

	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// tokensCommand is about the keys that sign webhook and return URLs.
func (a *app) tokensCommand() *cobra.Command {
	return group(
		a.listTokenKeys("tokens"),
		a.listTokenKeys("list"),
		a.rotateTokenKey(),
		a.endTokenKey(),
	)
}

func (a *app) listTokenKeys(use string) *cobra.Command {
	short := "List the keys that sign webhook and return URLs"
	if use == "tokens" {
		short = "List, rotate and end the keys of webhook and return URLs"
	}

	return &cobra.Command{
		Use:   use,
		Short: short,
		Long: `List the keys that sign webhook and return URLs, the newest first.

A key that is not sealed is in the database alone: a copy of the database is enough to
forge webhooks of providers that do not sign them. A sealed key also needs
host.token_secret.`,
		Example: "  payhost tokens",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r := request{
				method: http.MethodGet,
				path:   "/v1/token-keys",
				what:   "list the token keys",
			}
			return a.list(cmd, r, (*app).tokenKeyTable)
		},
	}
}

func (a *app) rotateTokenKey() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "rotate --reason TEXT",
		Short: "Make a new key for webhook and return URLs",
		Long: `Make a new key for webhook and return URLs. After half a minute it signs the URLs of
new payments, with the first secret of host.token_secret mixed in. Before that, every
host on the database needs this secret in its list.

Existing payments keep their key. The webhook URL of each account changes: enter the
new one, which ` + "`payhost providers show NAME`" + ` prints, in the provider's back office, and
then end the former key.`,
		Example: "  payhost tokens rotate --reason \"the backup of May 3 was lost\"",
		Args:    cobra.NoArgs,
	}

	command.Flags().StringVar(&reason, "reason", "", "why (required)")
	require(command, "reason")
	command.RunE = func(cmd *cobra.Command, _ []string) error {
		call := request{
			method: http.MethodPost,
			path:   "/v1/token-keys",
			what:   "rotate the token key",
			body:   object("reason", reason),
		}
		return a.list(cmd, call, (*app).tokenKeyTable)
	}

	return command
}

func (a *app) endTokenKey() *cobra.Command {
	var reason string
	command := &cobra.Command{
		Use:   "end KEY --reason TEXT",
		Short: "End a former key: the URLs that it signed are refused from now on",
		Long: `End a former key. Webhooks and returns to the URLs that it signed are refused from
now on. For payments under this key that are still open, the host queries the status
at the provider; where that is not possible, an operator decides.`,
		Example: "  payhost tokens end k1 --reason \"the backup of May 3 was lost\"",
		Args:    arguments("KEY"),
	}

	command.Flags().StringVar(&reason, "reason", "", "why (required)")
	require(command, "reason")
	command.RunE = func(cmd *cobra.Command, args []string) error {
		call := request{
			method: http.MethodPost,
			path:   recordPath("token-keys", args[0], "end"),
			what:   "end " + args[0],
			body:   object("reason", reason),
		}
		return a.list(cmd, call, (*app).tokenKeyTable)
	}

	return command
}

func (a *app) tokenKeyTable(body []byte) (next string, err error) {
	var page struct {
		Data []payment.TokenKey `json:"data"`
		Next string             `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table("KEY", "STATE", "SEALED", "FROM "+a.zone(), "BY", "REASON")
	for _, key := range page.Data {
		sealed := "no"
		if key.Sealed {
			sealed = "yes"
		}
		from := "the beginning"
		if key.From != nil {
			from = clock(*key.From)
		}

		// An ended key shows who ended it, any other who made it.
		by, reason := key.By, key.Reason
		if key.State == payment.KeyEnded {
			by, reason = key.EndedBy, key.EndReason
		}

		rows.row(key.ID, string(key.State), sealed, from, by, reason)
	}

	rows.print()
	return page.Next, nil
}
