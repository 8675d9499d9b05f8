package sdk

import (
	"encoding/json"
	"strings"

	"github.com/shopspring/decimal"
)

// MarshalJSON writes Info with the names of the contract. A window is a Go
// duration, amounts are strings.
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
		Name:            i.Name,
		Version:         i.Version,
		Description:     i.Description,
		ContractVersion: i.ContractVersion,
		Capabilities:    orEmpty(i.Capabilities),
		Currencies:      orEmpty(i.Currencies),
		Countries:       orEmpty(i.Countries),
		PaymentLimits:   mapTo(i.PaymentLimits, limitToJSON),
		PayoutLimits:    mapTo(i.PayoutLimits, limitToJSON),
		PaymentFields:   orEmpty(i.PaymentFields),
		PayoutFields:    orEmpty(i.PayoutFields),
		Operations:      mapTo(i.Operations, operationToJSON),
		WebhookTrust:    orEmpty(i.WebhookTrust),
		CreatePayment:   guaranteeToJSON(i.CreatePayment),
		CreateRefund:    guaranteeToJSON(i.CreateRefund),
		CreatePayout:    guaranteeToJSON(i.CreatePayout),
		CapturePayment:  guaranteeToJSON(i.CapturePayment),
		PaymentLookup:   lookupJSON(i.PaymentLookup),
		PayoutLookup:    lookupJSON(i.PayoutLookup),
		RefundLookup:    lookupJSON(i.RefundLookup),
		ConfigSchema:    i.ConfigSchema,
	})
}

// limitJSON leaves out a bound that is not declared.
type limitJSON struct {
	Currency string `json:"currency"`
	Min      string `json:"min,omitempty"`
	Max      string `json:"max,omitempty"`
	Decimals *int32 `json:"decimals,omitempty"`
}

func limitToJSON(limit AmountLimit) limitJSON {
	return limitJSON{
		Currency: limit.Currency,
		Min:      boundText(limit.Min),
		Max:      boundText(limit.Max),
		Decimals: limit.Decimals,
	}
}

// boundText returns "" for no bound.
func boundText(bound *decimal.Decimal) string {
	if bound == nil {
		return ""
	}
	return FormatAmount(*bound)
}

// operationJSON, guaranteeJSON and lookupJSON give the author's types the
// contract's names.
type operationJSON struct {
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	InputSchema  json.RawMessage `json:"input_schema,omitempty"`
	OutputSchema json.RawMessage `json:"output_schema,omitempty"`
	MovesMoney   bool            `json:"moves_money"`
}

func operationToJSON(o Operation) operationJSON { return operationJSON(o) }

type guaranteeJSON struct {
	Repeat   RetryBehavior `json:"repeat"`
	Window   string        `json:"window,omitempty"`
	LinkOnly bool          `json:"link_only"`
}

// guaranteeToJSON writes RetryNone for an empty behaviour, as it is read.
func guaranteeToJSON(support IdempotencySupport) guaranteeJSON {
	out := guaranteeJSON{Repeat: RetryNone, LinkOnly: support.LinkOnly}
	known := (support.Retry == RetryRejectsDuplicates) || (support.Retry == RetryReturnsOriginal)
	if known || strings.HasPrefix(string(support.Retry), "unrecognized_") {
		out.Repeat = support.Retry
	}
	if support.Window > 0 {
		out.Window = support.Window.String()
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

// mapTo converts a list; an empty one becomes [] and not null.
func mapTo[A, B any](list []A, convert func(A) B) []B {
	out := []B{}
	for _, element := range list {
		out = append(out, convert(element))
	}
	return out
}
