// Package simulator plays Paysepro's API as its document describes it, in memory: getData, createCode with a page to pay
// on, and the notifications of a public integration. It shares no code with the plugin, the signature included, so that
// a mistake in one of them shows.
//
// What the document leaves open is marked [decided], and is one of the ways that the plugin must understand.
package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The credentials of a simulator that is not told others. They are no secrets: nothing real knows them.
const (
	DefaultUID    = "012345"
	DefaultMID    = "054321"
	DefaultEmail  = "owner@shop.example"
	DefaultAPIKey = "paysepro-sandbox-api-key" //nolint:gosec // see above
)

// maxBody bounds what a request may carry.
const maxBody = 64 << 10

// Simulator is an http.Handler with Paysepro's paths. Beside them it has the control API of package fault under
// /_simulator/, and PUT /_simulator/notify-url, whose body is what the merchant types into the module in the back office:
// the URL of notifications.
type Simulator struct {
	uid, mid, email, apiKey string

	publicURL string
	notices   bool
	mu        sync.Mutex
	notifyURL string
	sender    *http.Client
	faults    fault.Injector
	books     fault.Books
	mux       *http.ServeMux
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(uid, mid, email, apiKey string) Option {
	return func(s *Simulator) { s.uid, s.mid, s.email, s.apiKey = uid, mid, email, apiKey }
}

// WithPublicURL says under which address browsers reach the simulator, without a slash at its end. Without it that is
// the root of the host that the API was called on.
func WithPublicURL(address string) Option { return func(s *Simulator) { s.publicURL = address } }

// WithNotices makes the simulator send its notifications, once it was told where to.
func WithNotices() Option { return func(s *Simulator) { s.notices = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		uid: DefaultUID, mid: DefaultMID, email: DefaultEmail, apiKey: DefaultAPIKey,
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
	api.HandleFunc("GET /getData.php", s.getData)
	api.HandleFunc("POST /createCode.php", s.createCode)
	s.mux.HandleFunc("GET /pay.php", s.showPage)
	s.mux.HandleFunc("POST /pay.php", s.leavePage)
	s.mux.Handle("/", s.faults.Wrap(api))
	s.mux.Handle("/_simulator/faults", s.faults.Handler())
	s.mux.Handle("/_simulator/books", s.books.Handler())
	s.mux.HandleFunc("PUT /_simulator/notify-url", s.putNotifyURL)
	return s
}

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API. The page on which the customer pays is spared, but for its notifications.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books hold the payments, each under its code.
func (s *Simulator) Books() *fault.Books { return &s.books }

// Config gives the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	text, _ := json.Marshal(map[string]string{ // texts always encode
		"environment": "sandbox", "base_url": baseURL, "uid": s.uid, "mid": s.mid, "email": s.email, "api_key": s.apiKey,
	})
	return string(text)
}

func (s *Simulator) putNotifyURL(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !isURL(string(body)) {
		http.Error(w, "the body must be a URL", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notifyURL = string(body)
	w.WriteHeader(http.StatusNoContent)
}

// base is where plugins and browsers reach us.
func (s *Simulator) base(r *http.Request) string {
	if kit := r.Header.Get("X-Forwarded-Host"); kit != "" {
		return "http://" + kit
	}
	if s.publicURL != "" {
		return s.publicURL
	}
	return "http://" + r.Host
}

// identify gives the error code of who calls; "" is none.
func (s *Simulator) identify(r *http.Request, uid, mid, cc string) string {
	mac := hmac.New(sha256.New, []byte(s.apiKey))
	mac.Write([]byte(uid + mid + cc + s.email))
	switch {
	case uid != s.uid:
		return "06"
	case mid != s.mid:
		return "05"
	case !hmac.Equal([]byte(r.Header.Get("signature")), []byte(hex.EncodeToString(mac.Sum(nil)))):
		return "40"
	}
	return ""
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no fault of ours
}
