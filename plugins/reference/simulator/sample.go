package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// Samples are the requests that need more than the usual fields.
func (s *Simulator) Samples() providertest.Samples {
	return providertest.Samples{
		Payment:       func(r *sdk.CreatePaymentRequest) { r.Method = "card" },
		Authorization: func(r *sdk.CreatePaymentRequest) { r.Options = json.RawMessage(`{"capture":"manual"}`) },
		Confirmable:   func(r *sdk.CreatePaymentRequest) { r.Method = "transfer" },
		Operations:    map[string]json.RawMessage{"quote_fee": json.RawMessage(`{"amount":"100","currency":"EUR"}`)},
	}
}
