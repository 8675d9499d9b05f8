package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk/conformance/control"
)

// Samples are the requests that need more than the usual fields.
func (s *Simulator) Samples() control.Samples {
	return control.Samples{
		Payment:       &control.Sample{Method: "card"},
		Authorization: &control.Sample{Options: json.RawMessage(`{"capture":"manual"}`)},
		Confirmable:   &control.Sample{Method: "transfer"},
		Operations: map[string]json.RawMessage{
			"quote_fee": json.RawMessage(`{"amount":"100","currency":"EUR"}`),
		},
	}
}
