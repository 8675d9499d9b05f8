package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/payment"
	"github.com/spf13/cobra"
)

// provider is the host's answer about one of its providers.
type provider struct {
	host.ProviderStatus
	// WebhookURL is the URL to enter in the provider's back office, where the
	// provider takes one URL for everything.
	WebhookURL string `json:"webhook_url"`
}

// providersCommand shows the state of the host's providers. The providers
// themselves are not asked.
func (a *app) providersCommand() *cobra.Command {
	return group(a.listProviders("providers"), a.listProviders("list"), a.showProvider(), a.restartProvider())
}

func (a *app) listProviders(use string) *cobra.Command {
	short := "List the providers"
	if use == "providers" {
		short = "Show the state of the providers"
	}

	return &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    "List the configured providers and their state.",
		Example: "  payhost providers\n  payhost providers show acme\n  payhost providers --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.list(
				c,
				request{
					method: http.MethodGet,
					path:   "/v1/providers",
					what:   "list providers",
				},
				(*app).providerTable,
			)
		},
	}
}

// providerTable prints one line for each provider. A last error stays there
// after the provider has recovered from it.
func (a *app) providerTable(body []byte) (next string, err error) {
	var page struct {
		Data []provider `json:"data"`
		Next string     `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}

	rows := a.table(
		"PROVIDER",
		"STATE",
		"PLUGIN",
		"VERSION",
		"PID",
		"IN FLIGHT",
		"RESTARTS",
		"LAST ERROR",
	)

	for _, row := range page.Data {
		// A provider without a running process has no number.
		pid := ""
		if row.PID != 0 {
			pid = strconv.Itoa(row.PID)
		}

		rows.row(
			row.Name,
			string(row.State),
			row.Plugin,
			row.Version,
			pid,
			strconv.Itoa(row.InFlight),
			strconv.Itoa(row.Restarts),
			row.LastError,
		)
	}

	rows.print()
	return page.Next, nil
}

func (a *app) showProvider() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one provider: its state, its plugin, what it can do, its webhook URL",
		Example: "  payhost providers show acme",
		Args:    arguments("NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			call := request{
				method: http.MethodGet,
				path:   recordPath("providers", args[0]),
				what:   "show " + args[0],
			}

			return a.one(cmd, call, func(body []byte) error {
				var p provider
				err := read(body, &p)
				if err == nil {
					a.providerBlock(&p)
				}
				return err
			})
		},
	}
}

// canaryFields prints what the new version has made of what was read.
func (a *app) canaryFields(sheet block, canary *payment.ProviderCanary) {
	if canary == nil {
		return
	}
	sheet.field("new version", fmt.Sprintf("%s: %s since %s; %d compared, %d not read",
		canary.Version, canary.State, a.at(canary.Since), canary.Compared, canary.Skipped))
	sheet.field("", canary.Error)
	for _, difference := range canary.Differences {
		sheet.field("differs", fmt.Sprintf("%s, %s, last %s, %s: %s", difference.Class,
			count(difference.Count, "time"), a.at(difference.LastAt), difference.About,
			difference.Example))
	}
}

// providerBlock prints the provider's state, then its plugin, then what it can
// do.
func (a *app) providerBlock(p *provider) {
	sheet := a.block()
	sheet.field("provider", p.Name)
	sheet.field("state", string(p.State))
	sheet.field("last error", p.LastError)
	for _, one := range p.Paused {
		sheet.field("paused", string(one.What)+" since "+a.at(one.Since)+" by "+one.By+": "+one.Reason)
	}
	sheet.field("plugin", strings.TrimSpace(p.Plugin+" "+p.Version))
	sheet.field("", p.Description)
	sheet.field("contract version", strconv.Itoa(p.ContractVersion))
	sheet.field("sha256", p.Checksum)

	a.canaryFields(sheet, p.Canary)

	if p.PID != 0 {
		sheet.field("process", strconv.Itoa(p.PID))
	}
	if p.StartedAt != nil {
		sheet.field("started", a.at(*p.StartedAt))
	}

	// How it runs.
	sheet.field("isolation", strings.Join(p.Isolation, ", "))
	sheet.field("isolation missing", strings.Join(p.IsolationMissing, "; "))
	sheet.field("restarts", strconv.Itoa(p.Restarts))
	sheet.field("in flight", strconv.Itoa(p.InFlight)+" of "+strconv.Itoa(p.MaxInFlight))
	sheet.field("breaker", p.Breaker)
	sheet.field("required", yesNo(p.Required))
	sheet.field("webhook URL", p.WebhookURL)

	sheet.field("webhooks trusted by", words(p.WebhookTrust))

	// Its capabilities.
	sheet.field("can", words(p.Capabilities))
	sheet.field("currencies", words(p.Currencies))
	sheet.field("countries", words(p.Countries))

	for _, l := range p.PaymentLimits {
		sheet.field(
			"payment limit",
			limitText(l.Currency, amount(l.Min), amount(l.Max), l.Decimals),
		)
	}

	for _, l := range p.PayoutLimits {
		sheet.field(
			"payout limit",
			limitText(l.Currency, amount(l.Min), amount(l.Max), l.Decimals),
		)
	}

	for _, w := range p.Warnings {
		sheet.field("warning", w)
	}
	sheet.print()

	// The provider's own operations come last, with the command that runs them.
	list := make([]operation, len(p.Operations))
	for i, o := range p.Operations {
		list[i] = operation{o.Name, o.Description, o.MovesMoney}
	}

	if a.operations(list); len(list) > 0 {
		a.indented("payhost call " + p.Name + " OPERATION JSON")
	}
}

// operation is the part of a provider's own operation that is shown.
type operation struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	MovesMoney  bool   `json:"moves_money"`
}

// operations prints a provider's own operations, if it has any.
func (a *app) operations(list []operation) {
	if len(list) == 0 {
		return
	}
	a.heading("operations")
	rows := a.table("NAME", "MOVES MONEY", "DESCRIPTION")
	rows.indent = "  "
	for _, o := range list {
		rows.row(o.Name, yesNo(o.MovesMoney), o.Description)
	}

	rows.print()
}

// limitText returns a limit in words; decimals is nil when it is not known.
func limitText(currency, least, most string, decimals *int32) string {
	text := currency
	if least != "" {
		text += " from " + least
	}
	if most != "" {
		text += " to " + most
	}

	if decimals != nil {
		text += ", " + strconv.Itoa(int(*decimals)) + " decimals"
	}

	return text
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// words joins the names of an enumeration.
func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = string(list[i])
	}
	return strings.Join(out, " ")
}
