package suite

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/control"
)

func TestSamplesChangeWhatTheyName(t *testing.T) {
	req := sdk.CreatePaymentRequest{
		Reference: "pay_Kit-1",
		Method:    "kit",
		Country:   "DE",
		Customer:  sdk.Customer{Email: "kit@example.com", Phone: "1"},
	}
	applyToPayment(&control.Sample{
		Method:  "card",
		Amount:  decimal.RequireFromString("5"),
		Options: json.RawMessage(`{"r":"{reference}"}`),
		Person:  control.Person{Email: "{reference}@acme.example", FirstName: "Eve"},
	}, &req)

	if req.Method != "card" || req.Country != "DE" || req.Customer.Email != "pay_kit-1@acme.example" || req.Customer.Phone != "1" ||
		req.Customer.FirstName != "Eve" ||
		string(req.Options) != `{"r":"pay_kit-1"}` ||
		!req.Amount.Amount.Equal(decimal.NewFromInt(5)) {
		t.Errorf("got %+v", req)
	}

	out := sdk.CreatePayoutRequest{
		Reference: "po_1",
		Recipient: sdk.Recipient{IBAN: "DE1", Name: "Ada"},
	}
	applyToPayout(
		&control.Sample{Currency: "EUR", Person: control.Person{Name: "Eve"}},
		&out,
	)

	if out.Amount.Currency != "EUR" || out.Recipient.Name != "Eve" ||
		out.Recipient.IBAN != "DE1" {
		t.Errorf("got %+v", out)
	}

	before := req
	applyToPayment(nil, &req)
	if !reflect.DeepEqual(before, req) {
		t.Error("no sample changed something")
	}
}
