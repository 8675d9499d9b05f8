package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk/conformance/control"
)

// Samples are requests that the simulator accepts: a usual payment is one on a
// page, since one into a wallet has no id before it is proven.
func (s *Simulator) Samples() control.Samples {
	return control.Samples{
		Payment: &control.Sample{
			Method:  "fpx",
			Options: json.RawMessage(`{"flow":"payment","bank":"MBB"}`),
		},
		Confirmable: &control.Sample{Method: "staging_b_ml"},
		Payout:      &control.Sample{Method: "paytm"},
		Operations: map[string]json.RawMessage{
			"hash_urls": json.RawMessage(
				`{"success_urls":[{"order":1,"url":"https://shop.example/success"}]}`,
			),
		},
	}
}
