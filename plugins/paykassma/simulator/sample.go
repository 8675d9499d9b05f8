package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk/conformance"
)

// Samples are requests that the simulator accepts: a usual payment is one on a page, since one into a wallet has no id
// before it is proven.
func (s *Simulator) Samples() conformance.Samples {
	return conformance.Samples{
		Payment:     &conformance.Sample{Method: "fpx", Options: json.RawMessage(`{"flow":"payment","bank":"MBB"}`)},
		Confirmable: &conformance.Sample{Method: "staging_b_ml"},
		Payout:      &conformance.Sample{Method: "paytm"},
		Operations: map[string]json.RawMessage{
			"hash_urls": json.RawMessage(`{"success_urls":[{"order":1,"url":"https://shop.example/success"}]}`),
		},
	}
}
