package simulator

import (
	"encoding/json"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/providertest"
)

// Samples are requests that the simulator accepts: a usual payment is one on a page, since one into a wallet has no id
// before it is proven.
func (s *Simulator) Samples() providertest.Samples {
	return providertest.Samples{
		Payment: func(r *sdk.CreatePaymentRequest) {
			r.Method, r.Options = "fpx", json.RawMessage(`{"flow":"payment","bank":"MBB"}`)
		},
		Confirmable: func(r *sdk.CreatePaymentRequest) { r.Method = "staging_b_ml" },
		Payout:      func(r *sdk.CreatePayoutRequest) { r.Method = "paytm" },
		Operations: map[string]json.RawMessage{
			"hash_urls": json.RawMessage(`{"success_urls":[{"order":1,"url":"https://shop.example/success"}]}`),
		},
	}
}
