package sdk

import (
	"encoding/json"
	"fmt"
	"io"
)

// describe writes what the plugin is as indented JSON, for people and scripts that do not want to start a server.
func describe(out io.Writer, info Info) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(info)
}

// explain is what someone reads who has started a plugin by hand.
func explain(out io.Writer, program string, info Info) {
	description := ""
	if info.Description != "" {
		description = info.Description + "\n"
	}
	fmt.Fprintf(out, `This is %s %s, a payment-provider plugin for Payhost (contract version %d).
%s
It is not meant to be started by hand: put it into the plugin_dir of a Payhost host and name it in config.toml:

  [providers.%s]
  plugin = %q

To see what it can do and how it is configured, as JSON:

  %s describe

To run it under a debugger and have a host attach to it:

  %s debug
`, info.Name, info.Version, info.ContractVersion, description, info.Name, info.Name, program, program)
}

// MarshalJSON gives Info with the names of the contract; a window is a Go duration, amounts are strings.
func (i Info) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Name            string          `json:"name"`
		Version         string          `json:"version"`
		Description     string          `json:"description"`
		ContractVersion int             `json:"contract_version"`
		Capabilities    []Capability    `json:"capabilities"`
		Currencies      []string        `json:"currencies"`
		Countries       []string        `json:"countries"`
		PaymentLimits   []limitJSON     `json:"payment_limits"`
		PayoutLimits    []limitJSON     `json:"payout_limits"`
		PaymentFields   []string        `json:"payment_fields"`
		PayoutFields    []string        `json:"payout_fields"`
		Operations      []operationJSON `json:"operations"`
		WebhookTrust    []WebhookTrust  `json:"webhook_trust"`
		CreatePayment   guaranteeJSON   `json:"create_payment"`
		CreateRefund    guaranteeJSON   `json:"create_refund"`
		CreatePayout    guaranteeJSON   `json:"create_payout"`
		CapturePayment  guaranteeJSON   `json:"capture_payment"`
		PaymentLookup   lookupJSON      `json:"payment_lookup"`
		PayoutLookup    lookupJSON      `json:"payout_lookup"`
		RefundLookup    lookupJSON      `json:"refund_lookup"`
		ConfigSchema    json.RawMessage `json:"config_schema,omitempty"`
	}{
		i.Name, i.Version, i.Description, i.ContractVersion,
		orEmpty(i.Capabilities), orEmpty(i.Currencies), orEmpty(i.Countries),
		mapTo(i.PaymentLimits, limitToJSON), mapTo(i.PayoutLimits, limitToJSON),
		orEmpty(i.PaymentFields), orEmpty(i.PayoutFields),
		mapTo(i.Operations, func(o Operation) operationJSON { return operationJSON(o) }), orEmpty(i.WebhookTrust),
		guaranteeToJSON(i.CreatePayment), guaranteeToJSON(i.CreateRefund),
		guaranteeToJSON(i.CreatePayout), guaranteeToJSON(i.CapturePayment),
		lookupJSON(i.PaymentLookup), lookupJSON(i.PayoutLookup), lookupJSON(i.RefundLookup), i.ConfigSchema,
	})
}

// limitJSON leaves a bound out that there is not.
type limitJSON struct {
	Currency string `json:"currency"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
	Decimals *int32 `json:"decimals,omitempty"`
}

func limitToJSON(l AmountLimit) limitJSON {
	return limitJSON{Currency: l.Currency, Min: boundToWire(l.Min), Max: boundToWire(l.Max), Decimals: l.Decimals}
}

// operationJSON, guaranteeJSON and lookupJSON give the author's types the contract's names.
type operationJSON struct {
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	MovesMoney   bool            `json:"moves_money"`
}

type guaranteeJSON struct {
	Repeat   RetryBehavior `json:"repeat"`
	Window   string        `json:"window,omitempty"`
	LinkOnly bool          `json:"link_only"`
}

// guaranteeToJSON writes what an empty one is read as, not the empty text.
func guaranteeToJSON(g IdempotencySupport) guaranteeJSON {
	out := guaranteeJSON{Repeat: repeats.fromWire(repeats.toWire(g.Retry)), LinkOnly: g.LinkOnly}
	if g.Window > 0 {
		out.Window = g.Window.String()
	}
	return out
}

type lookupJSON struct {
	ByReference     bool `json:"by_reference"`
	Immediate       bool `json:"immediate"`
	Amounts         bool `json:"amounts"`
	ListByReference bool `json:"list_by_reference"`
	ListByTime      bool `json:"list_by_time"`
}

// orEmpty makes an empty list [] and not null.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func mapTo[A, B any](list []A, convert func(A) B) []B {
	out := []B{}
	for _, a := range list {
		out = append(out, convert(a))
	}
	return out
}
