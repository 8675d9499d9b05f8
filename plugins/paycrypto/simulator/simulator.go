// Package simulator plays PayCrypto's checkout API as its document describes it, in memory: orders with a page to pay
// on, queries, limits, signed webhooks. It shares no code with the plugin, signatures included, so that a mistake in one
// of them shows.
//
// What the document leaves open is marked [decided], and is one of the ways that the plugin must understand.
package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The credentials of a simulator that is not told others. They are no secrets: nothing real knows them.
const (
	DefaultAPIKey        = "paycrypto-sandbox-api-key"        //nolint:gosec // see above
	DefaultAPISecret     = "paycrypto-sandbox-api-secret"     //nolint:gosec // see above
	DefaultPassphrase    = "paycrypto-sandbox-passphrase"     //nolint:gosec // see above
	DefaultWebhookSecret = "paycrypto-sandbox-webhook-secret" //nolint:gosec // see above
)

// maxBody bounds what a request may carry.
const maxBody = 64 << 10

// Simulator is an http.Handler with the API's paths, and at its root the page to pay on. Beside them it has the control
// API of package fault under /_simulator/, and there notify-url: what is PUT is the webhook URL of the back office.
type Simulator struct {
	apiKey, apiSecret, passphrase, webhookSecret string

	publicURL string
	notices   bool
	sender    *http.Client
	faults    fault.Injector
	books     fault.Books
	mux       *http.ServeMux

	mu        sync.Mutex // also held from looking for a cust_order_id to entering it
	notifyURL string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones; an empty passphrase is an API key without one.
func WithCredentials(apiKey, apiSecret, passphrase, webhookSecret string) Option {
	return func(s *Simulator) {
		s.apiKey, s.apiSecret, s.passphrase, s.webhookSecret = apiKey, apiSecret, passphrase, webhookSecret
	}
}

// WithPublicURL says under which address browsers reach the simulator, without a slash at its end. Without it that is
// the root of the host that the API was called on.
func WithPublicURL(address string) Option { return func(s *Simulator) { s.publicURL = address } }

// WithNotices makes the simulator send its webhooks. Without it they are only to be had from Webhooks.
func WithNotices() Option { return func(s *Simulator) { s.notices = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		apiKey: DefaultAPIKey, apiSecret: DefaultAPISecret, passphrase: DefaultPassphrase, webhookSecret: DefaultWebhookSecret,
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
	api.HandleFunc("POST /api/v1/payment", s.signed(s.createPayment))
	api.HandleFunc("GET /api/v1/orders", s.signed(s.queryOrders))
	api.HandleFunc("GET /api/v1/merchant/limit", s.signed(s.queryLimits))
	api.HandleFunc("POST /api/v1/events/test", s.signed(s.testWebhook))
	s.mux.Handle("/api/", s.faults.Wrap(api))
	s.mux.HandleFunc("GET /{$}", s.showPage)
	s.mux.HandleFunc("POST /{$}", s.leavePage)
	s.mux.Handle("/_simulator/faults", s.faults.Handler())
	s.mux.Handle("/_simulator/books", s.books.Handler())
	s.mux.HandleFunc("PUT /_simulator/notify-url", s.putNotifyURL)
	return s
}

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API. The page on which the customer pays is spared, but for its webhook.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books hold the orders.
func (s *Simulator) Books() *fault.Books { return &s.books }

// Config gives the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	config := map[string]string{
		"environment": "sandbox", "base_url": baseURL, "api_key": s.apiKey, "api_secret": s.apiSecret,
		"webhook_secret": s.webhookSecret,
	}
	if s.passphrase != "" {
		config["passphrase"] = s.passphrase
	}
	text, _ := json.Marshal(config) // texts always encode
	return string(text)
}

func (s *Simulator) putNotifyURL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) > 0 && !isURL(string(body)) {
		http.Error(w, "the body must be a URL, or empty", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.notifyURL = string(body)
	s.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// refusal is an error of the API; the zero refusal is none.
type refusal struct {
	code  int
	words string
}

// reply sends the envelope of all answers. The HTTP status says nothing. [decided]
func reply(w http.ResponseWriter, no refusal, result any) {
	answer := map[string]any{"code": no.code, "msg": no.words}
	if no == (refusal{}) {
		answer = envelope(result)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a client that went away is no fault of ours
}

func envelope(result any) map[string]any {
	answer := map[string]any{"code": 0, "msg": "SUCCESS"}
	if result != nil {
		answer["result"] = result
	}
	return answer
}
