package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// pluginInfo is the part of a plugin's description that is shown.
type pluginInfo struct {
	Name            string       `json:"name"`
	Version         string       `json:"version"`
	Description     string       `json:"description"`
	ContractVersion int          `json:"contract_version"`
	Capabilities    []string     `json:"capabilities"`
	Currencies      []string     `json:"currencies"`
	Countries       []string     `json:"countries"`
	WebhookTrust    []string     `json:"webhook_trust"`
	PaymentLimits   []limit      `json:"payment_limits"`
	PayoutLimits    []limit      `json:"payout_limits"`
	Operations      []operation  `json:"operations"`
	CreatePayment   guarantee    `json:"create_payment"`
	CreatePayout    guarantee    `json:"create_payout"`
	CreateRefund    guarantee    `json:"create_refund"`
	ConfigSchema    configSchema `json:"config_schema"`
}

// limit bounds amounts. An empty field sets no bound.
type limit struct {
	Currency string `json:"currency"`
	Min      string `json:"min"`
	Max      string `json:"max"`
	Decimals *int32 `json:"decimals"`
}

// guarantee says how the provider treats a repeated create verb. Recovery
// depends on it.
type guarantee struct {
	Repeat   string `json:"repeat"`
	Window   string `json:"window"`
	LinkOnly bool   `json:"link_only"`
}

// String returns the guarantee as the end of a sentence about a repeated call.
func (g guarantee) String() string {
	text := map[string]string{
		"none":               "makes a second one",
		"rejects_duplicates": "is refused as a duplicate",
		"returns_original":   "returns the first one",
	}[g.Repeat]
	text = orElse(text, g.Repeat)
	if g.Window != "" {
		text += " for " + g.Window
	}

	if g.LinkOnly {
		text += "; it makes a link and moves no money"
	}

	return text
}

// pluginBlock prints the plugin's own description. None of it is proven: the
// program may come from anywhere.
func (a *app) pluginBlock(p *pluginInfo, file, sum string) {
	sheet := a.block()
	sheet.field("plugin", p.Name+" "+p.Version)
	sheet.field("", p.Description)
	sheet.field("file", file)
	sheet.field("sha256", sum)
	sheet.field("contract version", strconv.Itoa(p.ContractVersion))
	sheet.field("can", words(p.Capabilities))
	sheet.field("currencies", words(p.Currencies))

	sheet.field("countries", words(p.Countries))
	sheet.field("webhooks trusted by", words(p.WebhookTrust))

	// A limit is for one currency, so there may be several.
	for _, l := range p.PaymentLimits {
		sheet.field("payment limit", limitText(l.Currency, l.Min, l.Max, l.Decimals))
	}

	for _, l := range p.PayoutLimits {
		sheet.field("payout limit", limitText(l.Currency, l.Min, l.Max, l.Decimals))
	}

	// Every plugin declares all three guarantees. They mean something only for
	// the verbs that it has.
	for _, x := range []struct {
		verb, name string
		guarantee  guarantee
	}{
		{"create_payment", "a repeated payment", p.CreatePayment},
		{"create_payout", "a repeated payout", p.CreatePayout},
		{"create_refund", "a repeated refund", p.CreateRefund},
	} {
		if slices.Contains(p.Capabilities, x.verb) {
			sheet.field(x.name, x.guarantee.String())
		}
	}

	sheet.print()
	a.configTable(p.Name, p.ConfigSchema)
	a.operations(p.Operations)
}

// configSchema is the part of a plugin's JSON Schema that is shown.
type configSchema struct {
	Properties properties `json:"properties"`
	Required   []string   `json:"required"`
}

// properties are in the order in which the plugin declares them, which is the
// best order for reading.
type properties []property

// property is one key of the configuration.
type property struct {
	Key         string            `json:"-"`
	Type        string            `json:"type"`
	Enum        []json.RawMessage `json:"enum"`
	AnyOf       []property        `json:"anyOf"`
	Format      string            `json:"format"`
	Description string            `json:"description"`
	Default     json.RawMessage   `json:"default"`
	Secret      bool              `json:"writeOnly"`
}

// UnmarshalJSON keeps the order of the keys.
func (p *properties) UnmarshalJSON(text []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	if open, err := decoder.Token(); err != nil || open != json.Delim('{') {
		return errors.Join(errors.New("properties are not an object"), err)
	}

	// A map would lose the order, so the object is read key by key.
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return err
		}
		one := property{}
		if err := decoder.Decode(&one); err != nil {
			return err
		}

		one.Key, _ = key.(string) // an object's keys are strings
		*p = append(*p, one)
	}

	return nil
}

// kind returns the values or the type that the key allows.
func (p property) kind() string {
	switch {
	case len(p.Enum) > 0:
		values := make([]string, len(p.Enum))
		for i := range p.Enum {
			values[i] = string(p.Enum[i])
		}
		return strings.Join(values, " or ")
	case len(p.AnyOf) > 0:
		kinds := make([]string, len(p.AnyOf))
		for i := range p.AnyOf {
			kinds[i] = p.AnyOf[i].kind()
		}
		return strings.Join(kinds, " or ")

	case p.Format != "":
		return p.Format
	}

	return p.Type
}

// configTable prints the keys that an operator writes into config.toml for a
// plugin.
func (a *app) configTable(plugin string, s configSchema) {
	if len(s.Properties) == 0 {
		return
	}
	a.heading(
		"configuration: plugin = " + strconv.Quote(
			plugin,
		) + " in [providers.NAME], and in [providers.NAME.config]",
	)

	rows := a.table("KEY", "REQUIRED", "TYPE", "DEFAULT", "DESCRIPTION")
	rows.indent = "  "

	for _, p := range s.Properties {
		what := p.Description
		if p.Secret {
			what += " (secret: env:NAME or file:PATH)"
		}
		rows.row(
			p.Key,
			yesNo(slices.Contains(s.Required, p.Key)),
			p.kind(),
			string(p.Default),
			what,
		)
	}

	rows.print()
}
