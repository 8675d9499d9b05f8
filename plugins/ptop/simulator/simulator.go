// Package simulator plays ptop's API as its document describes it, in memory: payments with a page to pay on, the
// signed result, payment-check, and payouts. It shares no code with the plugin, signatures included, so that a mistake
// in one of them shows.
//
// What the document leaves open is marked [decided], and is one of the ways that the plugin must understand.
package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The credentials of a simulator that is not told others. They are no secrets: nothing real knows them.
const (
	DefaultWebsiteID    = "w123456"
	DefaultSecretKey    = "ptop-sandbox-secret-key"    //nolint:gosec // see above
	DefaultTheSignature = "ptop-sandbox-the-signature" //nolint:gosec // see above
	DefaultWebsiteURL   = "https://shop.example"
)

// maxBody bounds what a request may carry.
const maxBody = 64 << 10

// Simulator is an http.Handler with ptop's live and sandbox paths. Beside them it has the control API of package fault
// under /_simulator/.
type Simulator struct {
	websiteID, secretKey, theSignature, websiteURL string

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
func WithCredentials(websiteID, secretKey, theSignature, websiteURL string) Option {
	return func(s *Simulator) {
		s.websiteID, s.secretKey, s.theSignature, s.websiteURL = websiteID, secretKey, theSignature, websiteURL
	}
}

// WithPublicURL says under which address browsers reach the simulator, without a slash at its end. Without it that is
// the root of the host that the API was called on.
func WithPublicURL(address string) Option { return func(s *Simulator) { s.publicURL = address } }

// WithNotices makes the simulator also send the signed result from server to server, to the URL to which it then sends
// the customer. The document hints at such a call without describing it.
func WithNotices() Option { return func(s *Simulator) { s.notices = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		websiteID: DefaultWebsiteID, secretKey: DefaultSecretKey,
		theSignature: DefaultTheSignature, websiteURL: DefaultWebsiteURL,
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
	for _, root := range []string{"/api", "/api/test"} {
		api.HandleFunc("POST "+root+"/payment", s.createPayment(root))
		api.HandleFunc("POST "+root+"/payment-check", s.checkPayment(root))
		s.mux.HandleFunc("GET "+root+"/payment/{id}", s.showPage(root))
		s.mux.HandleFunc("POST "+root+"/payment/{id}", s.leavePage(root))
	}
	api.HandleFunc("POST /api/api-payout", s.createPayout)
	s.mux.Handle("/", s.faults.Wrap(api))
	s.mux.Handle("/_simulator/faults", s.faults.Handler())
	s.mux.Handle("/_simulator/books", s.books.Handler())
	return s
}

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API. The page on which the customer pays is spared, but for its signed result.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books hold the payments of both environments, and the payouts under their sendingTrx.
func (s *Simulator) Books() *fault.Books { return &s.books }

// Config gives the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	text, _ := json.Marshal(map[string]string{ // texts always encode
		"environment": "sandbox", "base_url": baseURL, "website_id": s.websiteID, "secret_key": s.secretKey,
		"the_signature": s.theSignature, "website_url": s.websiteURL,
	})
	return string(text)
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

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no fault of ours
}
