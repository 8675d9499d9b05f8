package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk/conformance"
)

// Samples are the requests that need more than the usual fields.
func (s *Simulator) Samples() conformance.Samples {
	return conformance.Samples{
		Payment:       &conformance.Sample{Method: "card"},
		Authorization: &conformance.Sample{Options: json.RawMessage(`{"capture":"manual"}`)},
		Confirmable:   &conformance.Sample{Method: "transfer"},
		Operations:    map[string]json.RawMessage{"quote_fee": json.RawMessage(`{"amount":"100","currency":"EUR"}`)},
	}
}
