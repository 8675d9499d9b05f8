package sdk

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

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
	return limitJSON{Currency: l.Currency, Min: boundText(l.Min), Max: boundText(l.Max), Decimals: l.Decimals}
}

// boundText returns "" for no bound.
func boundText(bound *decimal.Decimal) string {
	if bound == nil {
		return ""
	}
	return FormatAmount(*bound)
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
	out := guaranteeJSON{Repeat: RetryNone, LinkOnly: g.LinkOnly}
	known := (g.Retry == RetryRejectsDuplicates) || (g.Retry == RetryReturnsOriginal)
	if known || strings.HasPrefix(string(g.Retry), "unrecognized_") {
		out.Repeat = g.Retry
	}
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
