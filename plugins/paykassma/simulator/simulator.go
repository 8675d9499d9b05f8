// Package simulator plays a Paykassma server's API as its document describes
// it, in memory: both ways to make a payment, both ways to prove one, a page to
// pay on, payouts, what is told of either, and the postbacks themselves. It
// shares no code with the plugin, signatures included, so that a mistake in one
// of them shows.
//
// A point that the document leaves open is marked [decided], and is one of the
// ways that the plugin must understand.
package simulator

import (
	"math/rand/v2"
	"net/http"
	"strconv"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of a simulator that is not told others. They are no secrets:
// nothing real knows them.
const (
	DefaultSecret     = "paykassma-sandbox-secret"      //nolint:gosec // see above
	DefaultPrivateKey = "paykassma-sandbox-private-key" //nolint:gosec // see above
	DefaultAccessKey  = "paykassma-sandbox-access-key"
)

// maxBody bounds what a request may carry: a screenshot is the largest.
const maxBody = 6 << 20

// Simulator is an http.Handler with the paths of the document. Beside them it
// has the control API of package fault under /_simulator/, and there PUT
// notify-url, whose body is where postbacks go: a real server is told that by
// e-mail.
type Simulator struct {
	sim.Core
	secret, privateKey, accessKey string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(secret, privateKey, accessKey string) Option {
	return func(s *Simulator) {
		s.secret = secret
		s.privateKey = privateKey
		s.accessKey = accessKey
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

// WithWebhooks makes the simulator finish by itself what has no button, proven
// payments and payouts, and send its postbacks once it knows where to.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	made := &Simulator{
		Core:       sim.Core{MaxBody: maxBody},
		secret:     DefaultSecret,
		privateKey: DefaultPrivateKey,
		accessKey:  DefaultAccessKey,
	}
	for _, o := range opts {
		o(made)
	}

	api := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/v1/payment-systems/available":    made.listSystems,
		"GET /wallet-type/images/":                 made.listHints,
		"POST /api/v1/transaction/create/{system}": made.showWallet,
		"POST /api/v1/transaction/activate":        made.activate,
		"POST /api/v1/possible-transaction":        made.takeProof,
		"POST /api/v1/payment/create/{system}":     made.openPage,
		"POST /payment-plugin/hash-url":            made.hashURLs,
		"GET /api/v1/postback":                     made.showPostback,
		"GET /api/v1/pullpostbacks":                made.listPostbacks,
	} {
		api.HandleFunc(pattern, made.secretly(handle))
	}

	api.HandleFunc("GET /api/v1/accounts-balance", made.listBalances)
	api.HandleFunc("POST /v2/withdrawal/create", made.payOut)
	made.Serve(api)
	made.HandleFunc("GET /payment/{id}", made.showPage)
	made.HandleFunc("POST /payment/{id}", made.leavePage)

	return made
}

// Config returns the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "secret": s.secret, "private_key": s.privateKey,
		"access_key": s.accessKey, "time_zone": "Asia/Shanghai",
	})
}

// secretly hides what is there from callers without the secret. [doc]
func (s *Simulator) secretly(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("secret") != s.secret {
			sim.Reply(w, http.StatusNotFound, map[string]any{"message": "Not found"})
			return
		}
		handle(w, r)
	}
}

// newID looks like the document's examples.
func newID() string { return strconv.FormatInt(100_000_000_000+rand.Int64N(900_000_000_000), 10) } //nolint:gosec // no secret

// fail says no. message is a text, or what is wrong by field. [doc]
func fail(w http.ResponseWriter, message any) {
	sim.Reply(w, http.StatusOK, map[string]any{"status": "fail", "message": message})
}

// wrongField is the form of a message about one field. [doc]
func wrongField(
	name, words string,
) map[string][]string {
	return map[string][]string{name: {words}}
}
