// Package simulator plays a Paykassma server's API as its document describes it, in memory: both ways to make a payment,
// both ways to prove one, a page to pay on, payouts, what is told of either, and the postbacks themselves. It shares no
// code with the plugin, signatures included, so that a mistake in one of them shows.
//
// What the document leaves open is marked [decided], and is one of the ways that the plugin must understand.
package simulator

import (
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The credentials of a simulator that is not told others. They are no secrets: nothing real knows them.
const (
	DefaultSecret     = "paykassma-sandbox-secret"      //nolint:gosec // see above
	DefaultPrivateKey = "paykassma-sandbox-private-key" //nolint:gosec // see above
	DefaultAccessKey  = "paykassma-sandbox-access-key"
)

// maxBody bounds what a request may carry: a screenshot is the largest.
const maxBody = 6 << 20

// Simulator is an http.Handler with the paths of the document. Beside them it has the control API of package fault under
// /_simulator/, and there PUT notify-url, whose body is where postbacks go: a real server is told that by e-mail.
type Simulator struct {
	secret, privateKey, accessKey string

	publicURL string
	notices   bool
	sender    *http.Client
	faults    fault.Injector
	books     fault.Books
	mux       *http.ServeMux

	mu        sync.Mutex
	notifyURL string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(secret, privateKey, accessKey string) Option {
	return func(s *Simulator) { s.secret, s.privateKey, s.accessKey = secret, privateKey, accessKey }
}

// WithPublicURL says under which address browsers reach the simulator, without a slash at its end. Without it that is
// the root of the host that the API was called on.
func WithPublicURL(address string) Option { return func(s *Simulator) { s.publicURL = address } }

// WithNotices makes the simulator finish by itself what nobody presses a button for, proven payments and payouts, and
// send its postbacks once it knows where to.
func WithNotices() Option { return func(s *Simulator) { s.notices = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	s := &Simulator{
		secret: DefaultSecret, privateKey: DefaultPrivateKey, accessKey: DefaultAccessKey, mux: http.NewServeMux(),
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
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/v1/payment-systems/available":    s.listSystems,
		"GET /wallet-type/images/":                 s.listHints,
		"POST /api/v1/transaction/create/{system}": s.showWallet,
		"POST /api/v1/transaction/activate":        s.activate,
		"POST /api/v1/possible-transaction":        s.takeProof,
		"POST /api/v1/payment/create/{system}":     s.openPage,
		"POST /payment-plugin/hash-url":            s.hashURLs,
		"GET /api/v1/postback":                     s.showPostback,
		"GET /api/v1/pullpostbacks":                s.listPostbacks,
	} {
		api.HandleFunc(pattern, s.secretly(handle))
	}
	api.HandleFunc("GET /api/v1/accounts-balance", s.listBalances)
	api.HandleFunc("POST /v2/withdrawal/create", s.payOut)
	s.mux.Handle("/", s.faults.Wrap(api))
	s.mux.HandleFunc("GET /payment/{id}", s.showPage)
	s.mux.HandleFunc("POST /payment/{id}", s.leavePage)
	s.mux.Handle("/_simulator/faults", s.faults.Handler())
	s.mux.Handle("/_simulator/books", s.books.Handler())
	s.mux.HandleFunc("PUT /_simulator/notify-url", s.learnNotifyURL)
	return s
}

func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	s.mux.ServeHTTP(w, r)
}

// Faults are what goes wrong with the API. The page on which the customer pays is spared, but for its postback.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books hold payments and payouts under numbers of the simulator's own. A payment's OrderID is the id that came with it,
// which for one into a wallet is when it is proven; until then it goes by its label, as Recipient.
func (s *Simulator) Books() *fault.Books { return &s.books }

// Config gives the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	text, _ := json.Marshal(map[string]string{ // texts always encode
		"environment": "sandbox", "base_url": baseURL, "secret": s.secret, "private_key": s.privateKey,
		"access_key": s.accessKey, "time_zone": "Asia/Shanghai",
	})
	return string(text)
}

// secretly hides what is there from callers without the secret. [doc]
func (s *Simulator) secretly(handle http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("secret") != s.secret {
			reply(w, http.StatusNotFound, map[string]any{"message": "Not found"})
			return
		}
		handle(w, r)
	}
}

func (s *Simulator) learnNotifyURL(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil || !isURL(string(text)) {
		http.Error(w, "the body must be a URL", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notifyURL = string(text)
	w.WriteHeader(http.StatusNoContent)
}

func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// newID differs from those of a run before, which a host may still remember.
func newID() string { return strconv.FormatInt(100_000_000_000+rand.Int64N(900_000_000_000), 10) } //nolint:gosec // no secret

func reply(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that went away is no fault of ours
}

// fail says no. message is a text, or what is wrong by field. [doc]
func fail(w http.ResponseWriter, message any) {
	reply(w, http.StatusOK, map[string]any{"status": "fail", "message": message})
}

// wrongField is the form of a message about one field. [doc]
func wrongField(name, words string) map[string][]string { return map[string][]string{name: {words}} }
