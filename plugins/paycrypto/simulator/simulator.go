// Package simulator plays PayCrypto's checkout API as its document describes
// it, in memory: orders with a page to pay on, queries, limits, signed
// webhooks. It shares no code with the plugin, signatures included, so that a
// mistake in one of them shows.
//
// A point that the document leaves open is marked [decided], and is one of the
// ways that the plugin must understand.
package simulator

import (
	"net/http"
	"sync"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of a simulator that is not told others. They are no secrets:
// nothing real knows them.
const (
	DefaultAPIKey        = "paycrypto-sandbox-api-key"        //nolint:gosec // see above
	DefaultAPISecret     = "paycrypto-sandbox-api-secret"     //nolint:gosec // see above
	DefaultPassphrase    = "paycrypto-sandbox-passphrase"     //nolint:gosec // see above
	DefaultWebhookSecret = "paycrypto-sandbox-webhook-secret" //nolint:gosec // see above
)

// Simulator is an http.Handler with the API's paths, and at its root the page
// to pay on. Beside them it has the control API of package fault under
// /_simulator/, and there notify-url: what is PUT is the webhook URL of the
// back office.
type Simulator struct {
	sim.Core
	apiKey, apiSecret, passphrase, webhookSecret string

	entering sync.Mutex // held from looking for a cust_order_id to entering it
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones; an empty passphrase is an API key
// without one.
func WithCredentials(apiKey, apiSecret, passphrase, webhookSecret string) Option {
	return func(s *Simulator) {
		s.apiKey = apiKey
		s.apiSecret = apiSecret
		s.passphrase = passphrase
		s.webhookSecret = webhookSecret
	}
}

// WithPublicURL says under which address browsers reach the simulator, without
// a slash at its end. Without it that is the root of the host that the API was
// called on.
func WithPublicURL(
	address string,
) Option {
	return func(s *Simulator) { s.PublicURL = address }
}

// WithWebhooks makes the simulator send its webhooks. Without it they are only
// to be had from Webhooks.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	made := &Simulator{
		apiKey:        DefaultAPIKey,
		apiSecret:     DefaultAPISecret,
		passphrase:    DefaultPassphrase,
		webhookSecret: DefaultWebhookSecret,
	}
	for _, o := range opts {
		o(made)
	}

	api := http.NewServeMux()
	api.HandleFunc("POST /api/v1/payment", made.signed(made.createPayment))
	api.HandleFunc("GET /api/v1/orders", made.signed(made.queryOrders))
	api.HandleFunc("GET /api/v1/merchant/limit", made.signed(made.queryLimits))
	api.HandleFunc("POST /api/v1/events/test", made.signed(made.testWebhook))
	made.HandleFunc("GET /{$}", made.showPage)
	made.HandleFunc("POST /{$}", made.leavePage)
	made.Serve(api)

	return made
}

// Config returns the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "api_key": s.apiKey, "api_secret": s.apiSecret,
		"webhook_secret": s.webhookSecret, "passphrase": s.passphrase,
	})
}

// refusal is an error of the API; the zero refusal is none.
type refusal struct {
	code  int
	words string
}

// reply sends the envelope of all answers. The HTTP status says nothing.
// [decided]
func reply(w http.ResponseWriter, no refusal, result any) {
	answer := map[string]any{"code": no.code, "msg": no.words}
	if no == (refusal{}) {
		answer = envelope(result)
	}
	sim.Reply(w, http.StatusOK, answer)
}

func envelope(result any) map[string]any {
	answer := map[string]any{"code": 0, "msg": "SUCCESS"}
	if result != nil {
		answer["result"] = result
	}
	return answer
}
