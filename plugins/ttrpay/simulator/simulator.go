// Package simulator plays TTR Pay's API as its document describes it, in memory: payment links with a page to pay on,
// and the notices (IPN) about them. It shares no code with the plugin, the token included, so that a mistake in one of
// them shows.
//
// What the document leaves open is marked [decided], and is one of the ways that the plugin must understand.
package simulator

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The credentials of a simulator that is not told others. They are no secrets: nothing real knows them.
const (
	DefaultMerchantKey    = "ttrpay-sandbox-key"
	DefaultMerchantSecret = "ttrpay-sandbox-merchant-secret" //nolint:gosec // see above
)

// maxBody bounds what a request may carry.
const maxBody = 64 << 10

// Simulator is an http.Handler with TTR Pay's paths. Beside them it has the control API of package fault under
// /_simulator/.
type Simulator struct {
	merchantKey, merchantSecret string

	publicURL string
	notices   bool
	sender    *http.Client
	faults    fault.Injector
	books     fault.Books
	mux       *http.ServeMux
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(merchantKey, merchantSecret string) Option {
	return func(s *Simulator) { s.merchantKey, s.merchantSecret = merchantKey, merchantSecret }
}

// WithPublicURL says under which address browsers reach the simulator, without a slash at its end. Without it that is
// the root of the host that the API was called on.
func WithPublicURL(address string) Option { return func(s *Simulator) { s.publicURL = address } }

// WithNotices makes the simulator send its notices to ipn_url. Without it they are only what Webhooks gives.
func WithNotices() Option { return func(s *Simulator) { s.notices = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		merchantKey: DefaultMerchantKey, merchantSecret: DefaultMerchantSecret,
		mux: http.NewServeMux(),
		sender: &http.Client{
			Timeout:       10 * time.Second,
			Transport:     &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	for _, o := range opts {
		o(s)
	}
	api := http.NewServeMux()
	api.HandleFunc("POST /v2/payment-links", s.createLink)
	s.mux.HandleFunc("GET /pay/{id}", s.showPage)
	s.mux.HandleFunc("POST /pay/{id}", s.leavePage)
	s.mux.Handle("/", s.faults.Wrap(api))
	s.mux.Handle("/_simulator/faults", s.faults.Handler())
	s.mux.Handle("/_simulator/books", s.books.Handler())
	return s
}

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API. The page on which the customer pays is spared, but for its notices.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books hold the payments, each under the last segment of its link.
func (s *Simulator) Books() *fault.Books { return &s.books }

// Config gives the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	text, _ := json.Marshal(map[string]string{ // texts always encode
		"environment": "sandbox", "base_url": baseURL, "merchant_key": s.merchantKey, "merchant_secret": s.merchantSecret,
	})
	return string(text)
}
