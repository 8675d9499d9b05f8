// Package simulator plays TTR Pay's API as its document describes it, in
// memory: payment links with a page to pay on, and the webhooks (IPN) about
// them. It shares no code with the plugin, the token included, so that a
// mistake in one of them shows.
//
// A point that the document leaves open is marked [decided], and is one of the
// ways that the plugin must understand.
package simulator

import (
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of a simulator that is not told others. They are no secrets:
// nothing real knows them.
const (
	DefaultMerchantKey    = "ttrpay-sandbox-key"
	DefaultMerchantSecret = "ttrpay-sandbox-merchant-secret" //nolint:gosec // see above
)

// Simulator is an http.Handler with TTR Pay's paths. Beside them it has the
// control API of package fault under /_simulator/.
type Simulator struct {
	sim.Core
	merchantKey, merchantSecret string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(merchantKey, merchantSecret string) Option {
	return func(s *Simulator) { s.merchantKey, s.merchantSecret = merchantKey, merchantSecret }
}

// WithPublicURL says under which address browsers reach the simulator, without
// a slash at its end. Without it that is the root of the host that the API was
// called on.
func WithPublicURL(
	address string,
) Option {
	return func(s *Simulator) { s.PublicURL = address }
}

// WithWebhooks makes the simulator send its webhooks to ipn_url. Without it they
// are only what Webhooks returns.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	made := &Simulator{
		merchantKey:    DefaultMerchantKey,
		merchantSecret: DefaultMerchantSecret,
	}
	for _, o := range opts {
		o(made)
	}

	api := http.NewServeMux()
	api.HandleFunc("POST /v2/payment-links", made.createLink)
	made.HandleFunc("GET /pay/{id}", made.showPage)
	made.HandleFunc("POST /pay/{id}", made.leavePage)
	made.Serve(api)

	return made
}

// Config returns the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "merchant_key": s.merchantKey, "merchant_secret": s.merchantSecret,
	})
}
