package main

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/payhost/payhost/host"
	"github.com/spf13/cobra"
)

// provider is what the host tells of one of its providers.
type provider struct {
	host.ProviderStatus
	// WebhookURL is what has to be typed into a provider's own back office, where it takes one URL for everything.
	WebhookURL string `json:"webhook_url"`
}

func (a *app) providersCommand() *cobra.Command {
	return group(a.listProviders("providers"), a.listProviders("list"), a.showProvider())
}

func (a *app) listProviders(use string) *cobra.Command {
	short := "List the providers"
	if use == "providers" {
		short = "Show how the providers stand"
	}
	return &cobra.Command{
		Use:     use,
		Short:   short,
		Long:    "List the configured providers and how they stand.",
		Example: "  payhost providers\n  payhost providers show acme\n  payhost providers --json",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.list(c, request{method: http.MethodGet, path: "/v1/providers", what: "list providers"}, (*app).providerTable)
		},
	}
}

func (a *app) providerTable(body []byte) (next string, err error) {
	var page struct {
		Data []provider `json:"data"`
		Next string     `json:"next_cursor"`
	}
	if err := read(body, &page); err != nil {
		return "", err
	}
	t := a.table("PROVIDER", "STATE", "PLUGIN", "VERSION", "PID", "IN FLIGHT", "RESTARTS", "LAST ERROR")
	for _, p := range page.Data {
		pid := ""
		if p.PID != 0 {
			pid = strconv.Itoa(p.PID)
		}
		t.row(p.Name, string(p.State), p.Plugin, p.Version, pid, strconv.Itoa(p.InFlight), strconv.Itoa(p.Restarts), p.LastError)
	}
	t.print()
	return page.Next, nil
}

func (a *app) showProvider() *cobra.Command {
	return &cobra.Command{
		Use:     "show NAME",
		Short:   "Show one provider: state, plugin, what it can do, where its notices go",
		Example: "  payhost providers show acme",
		Args:    arguments("NAME"),
		RunE: func(c *cobra.Command, args []string) error {
			r := request{method: http.MethodGet, path: recordPath("providers", args[0]), what: "show " + args[0]}
			return a.one(c, r, func(body []byte) error {
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

func (a *app) providerBlock(p *provider) {
	t := a.table()
	field := func(name, text string) {
		if text != "" {
			t.row(name, text)
		}
	}
	field("provider", p.Name)
	field("state", string(p.State))
	field("last error", p.LastError)
	field("plugin", strings.TrimSpace(p.Plugin+" "+p.Version))
	field("", p.Description)
	field("contract version", strconv.Itoa(p.ContractVersion))
	field("sha256", p.Checksum)
	if p.PID != 0 {
		field("process", strconv.Itoa(p.PID))
	}
	if p.StartedAt != nil {
		field("started", a.at(*p.StartedAt))
	}
	field("restarts", strconv.Itoa(p.Restarts))
	field("in flight", strconv.Itoa(p.InFlight)+" of "+strconv.Itoa(p.MaxInFlight))
	field("breaker", p.Breaker)
	field("required", yesNo(p.Required))
	field("webhook URL", p.WebhookURL)
	field("notices trusted by", words(p.WebhookTrust))
	field("can", words(p.Capabilities))
	field("currencies", words(p.Currencies))
	field("countries", words(p.Countries))
	for _, l := range p.PaymentLimits {
		field("payment limit", limitText(l.Currency, amount(l.Min), amount(l.Max), l.Decimals))
	}
	for _, l := range p.PayoutLimits {
		field("payout limit", limitText(l.Currency, amount(l.Min), amount(l.Max), l.Decimals))
	}
	for _, w := range p.Warnings {
		field("warning", w)
	}
	t.print()
	if len(p.Operations) == 0 {
		return
	}
	a.heading("operations")
	t = a.table("NAME", "MOVES MONEY", "WHAT")
	t.indent = "  "
	for _, o := range p.Operations {
		t.row(o.Name, yesNo(o.MovesMoney), o.Description)
	}
	t.print()
	a.indented("payhost call " + p.Name + " OPERATION JSON")
}

// limitText words a limit; decimals may be unknown.
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

func words[T ~string](list []T) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = string(list[i])
	}
	return strings.Join(out, " ")
}

func (a *app) reloadCommand() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "reload",
		Short: "Make the running host take over its changed config.toml",
		Long: `Make the running host take over its changed config.toml, provider by provider.

A file with mistakes changes nothing at all. A provider that does not come up with its
new configuration or plugin keeps what served before; the others are not touched.`,
		Example: "  payhost check && payhost reload\n  payhost reload --force",
		Args:    cobra.NoArgs,
	}
	c.Flags().BoolVar(&force, "force", false, "also change who we are to a provider with open payments, and end what still drains")
	c.RunE = func(c *cobra.Command, _ []string) error {
		ctx, stop := interruptible(c)
		defer stop()
		body := []byte(`{"force": ` + strconv.FormatBool(force) + `}`)
		began := a.now()
		got, err := a.ask(ctx, request{method: http.MethodPost, path: "/admin/reload", body: body, what: "reload", accept: http.StatusUnprocessableEntity})
		if err != nil {
			return err
		}
		return a.reloaded(got.body, a.now().Sub(began))
	}
	return c
}

// reloaded prints what became of every provider; it fails when one failed.
func (a *app) reloaded(body []byte, took time.Duration) error {
	var answer struct {
		Results []struct{ Name, Action, Error string }
		// Problems are what is wrong with the file; then nothing has changed.
		Problems []string
	}
	if err := read(body, &answer); err != nil {
		return err
	}
	failed := len(answer.Problems)
	for _, p := range answer.Problems {
		a.complain(p)
	}
	if a.json {
		a.printJSON(body)
	} else if len(answer.Results) > 0 {
		t := a.table("NAME", "RESULT", "ERROR")
		for _, r := range answer.Results {
			t.row(r.Name, r.Action, r.Error)
		}
		t.print()
	}
	for _, r := range answer.Results {
		if r.Error != "" || r.Action == "failed" {
			failed++
		}
	}
	switch {
	case len(answer.Problems) > 0:
		a.note("nothing has changed: correct the configuration first (payhost check)")
		return errSaid
	case failed > 0:
		a.note("%d of %d failed: what served there before still serves", failed, len(answer.Results))
		return errSaid
	case !a.json:
		a.note("reloaded after %s", span(took))
	}
	return nil
}
