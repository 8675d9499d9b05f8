package serve

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

const describedInfo = `{
  "name": "shop",
  "version": "1.0.0",
  "description": "A <shop>.",
  "contract_version": 1,
  "capabilities": ["create_payment"],
  "currencies": ["USD"],
  "countries": [],
  "payment_limits": [{"currency": "USD", "min": "0.5", "decimals": 0}],
  "payout_limits": [{"currency": "EUR", "max": "1000"}],
  "payment_fields": ["customer.email"], "payout_fields": [],
  "operations": [{"name": "look", "description": "Looks.", "input_schema": {"type": "object"}, "moves_money": true}],
  "webhook_trust": ["signature"],
  "create_payment": {"repeat": "returns_original", "window": "24h0m0s", "link_only": true},
  "create_refund": {"repeat": "none", "link_only": false},
  "create_payout": {"repeat": "rejects_duplicates", "link_only": false},
  "capture_payment": {"repeat": "none", "link_only": false},
  "payment_lookup": {"by_reference": true, "immediate": false, "amounts": true, "list_by_reference": false, "list_by_time": true},
  "payout_lookup": {"by_reference": false, "immediate": true, "amounts": false, "list_by_reference": true, "list_by_time": false},
  "refund_lookup": {"by_reference": false, "immediate": false, "amounts": false, "list_by_reference": false, "list_by_time": false},
  "config_schema": {"type": "object"}
}`

func TestDescribeSaysEverything(t *testing.T) {
	least := decimal.RequireFromString("0.5")
	most := decimal.New(1, 3)
	decimals := int32(0)
	var out strings.Builder
	err := describe(&out, sdk.Info{
		Name:            "shop",
		Version:         "1.0.0",
		Description:     "A <shop>.",
		ContractVersion: 1,
		Capabilities:    []sdk.Capability{sdk.CapabilityCreatePayment},
		Currencies:      []string{"USD"},
		PaymentLimits: []sdk.AmountLimit{
			{Currency: "USD", Min: &least, Decimals: &decimals},
		},
		PayoutLimits:  []sdk.AmountLimit{{Currency: "EUR", Max: &most}},
		PaymentFields: []string{"customer.email"},
		Operations: []sdk.Operation{{
			Name:        "look",
			Description: "Looks.",
			InputSchema: json.RawMessage(`{"type":"object"}`),
			MovesMoney:  true,
		}},
		WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature},
		CreatePayment: sdk.IdempotencySupport{
			Retry:    sdk.RetryReturnsOriginal,
			Window:   24 * time.Hour,
			LinkOnly: true,
		},
		CreatePayout:  sdk.IdempotencySupport{Retry: sdk.RetryRejectsDuplicates},
		PaymentLookup: sdk.Lookup{ByReference: true, Amounts: true, ListByTime: true},
		PayoutLookup:  sdk.Lookup{Immediate: true, ListByReference: true},
		ConfigSchema:  json.RawMessage(`{"type":"object"}`),
	})
	if err != nil {
		t.Fatal(err)
	}

	if got, want := compacted(t, out.String()), compacted(t, describedInfo); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !strings.Contains(out.String(), "\n  \"name\": \"shop\",\n") {
		t.Errorf("not indented: %s", out.String())
	}
}

// compacted keeps the order of the keys.
func compacted(t *testing.T, text string) string {
	t.Helper()
	var value json.RawMessage
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}

	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}

	return string(out)
}

func TestExplainNeedsNoDescription(t *testing.T) {
	var with, without strings.Builder
	explain(&with, "shop", sdk.Info{Name: "shop", Description: "A shop."})
	explain(&without, "shop", sdk.Info{Name: "shop"})
	if strings.Contains(without.String(), "\n\n\n") ||
		!strings.Contains(with.String(), "\nA shop.\n\n") {
		t.Errorf("got %s and %s", with.String(), without.String())
	}
}
