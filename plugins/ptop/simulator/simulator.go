// Package simulator plays ptop's API as its document describes it, in memory:
// payments with a page to pay on, the signed result, payment-check, and
// payouts. It shares no code with the plugin, signatures included, so that a
// mistake in one of them shows.
//
// A point that the document leaves open is marked [decided], and is one of the
// ways that the plugin must understand.
package simulator

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of a simulator that is not told others. They are no secrets:
// nothing real knows them.
const (
	DefaultWebsiteID    = "w123456"
	DefaultSecretKey    = "ptop-sandbox-secret-key"    //nolint:gosec // see above
	DefaultTheSignature = "ptop-sandbox-the-signature" //nolint:gosec // see above
	DefaultWebsiteURL   = "https://shop.example"
)

// Simulator is an http.Handler with ptop's live and sandbox paths. Beside them
// it has the control API of package fault under /_simulator/.
type Simulator struct {
	sim.Core
	websiteID, secretKey, theSignature, websiteURL string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(websiteID, secretKey, theSignature, websiteURL string) Option {
	return func(s *Simulator) {
		s.websiteID = websiteID
		s.secretKey = secretKey
		s.theSignature = theSignature
		s.websiteURL = websiteURL
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

// WithWebhooks makes the simulator also send the signed result from server to
// server, to the URL to which it then sends the customer. The document hints at
// such a call without describing it.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	made := &Simulator{
		websiteID:    DefaultWebsiteID,
		secretKey:    DefaultSecretKey,
		theSignature: DefaultTheSignature,
		websiteURL:   DefaultWebsiteURL,
	}
	for _, o := range opts {
		o(made)
	}

	api := http.NewServeMux()
	for _, root := range []string{"/api", "/api/test"} {
		api.HandleFunc("POST "+root+"/payment", made.createPayment(root))
		api.HandleFunc("POST "+root+"/payment-check", made.checkPayment(root))
		made.HandleFunc("GET "+root+"/payment/{id}", made.showPage(root))
		made.HandleFunc("POST "+root+"/payment/{id}", made.leavePage(root))
	}

	api.HandleFunc("POST /api/api-payout", made.createPayout)
	made.Serve(api)
	return made
}

// Config returns the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "website_id": s.websiteID, "secret_key": s.secretKey,
		"the_signature": s.theSignature, "website_url": s.websiteURL,
	})
}

// refusal is an answer with what is wrong; the zero refusal is none.
type refusal struct {
	status int
	words  string
}

// identify checks who calls: website, secret, and the referring website.
func (s *Simulator) identify(r *http.Request, websiteID, secretKey string) refusal {
	referer, err := url.Parse(r.Referer())
	website, _ := url.Parse(s.websiteURL)

	switch {
	case websiteID != s.websiteID:
		return refusal{http.StatusUnauthorized, "Invalid website id"}
	case secretKey != s.secretKey:
		return refusal{http.StatusUnauthorized, "Invalid secret key"}
	case err != nil || website == nil || referer.Host == "" || !strings.EqualFold(referer.Host, website.Host):
		return refusal{http.StatusUnauthorized, "Invalid referrer"}
	}

	return refusal{}
}
