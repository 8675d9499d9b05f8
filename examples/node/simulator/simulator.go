// Package simulator is the invented provider Acme in memory: its API as a document of Acme's would describe it, with faults
// on demand. It checks credentials and fields as strictly as a provider does, and its books say what really happened.
package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/fault"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// What the one merchant of this provider uses: made up, and hard to mask, since all that URLs and JSON escape is in it.
const (
	merchantID = "M-0047"
	apiKey     = "ak/+acme&7Yp2=Qm\"9Xw" //nolint:gosec // see above
	webhookKey = "wk:acme;5Hd1'Vb8\\Tg0"
	oldKey     = "wk:acme;2Ks9'Fj4\\Pe7"
)

// Simulator is the provider. It may be used by several goroutines.
type Simulator struct {
	sender *http.Client // nil: no notices are sent
	faults fault.Injector
	books  ledger.Ledger
	all    http.Handler

	mu      sync.Mutex
	charges []*charge
	replies map[string]reply // by idempotency key
}

// charge is one as the API shows it; what is not exported stays inside. Its amount is text, as all of Acme's are.
type charge struct {
	ID       string          `json:"id"`
	Order    string          `json:"order"`
	State    string          `json:"state"`
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"`
	PayURL   string          `json:"pay_url"`

	notifyURL, returnURL, cancelURL string
}

// reply is what a repeat with the same key is answered with.
type reply struct {
	request string
	answer  charge
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithNotices makes the simulator send its notices to notify_url.
func WithNotices() Option {
	return func(s *Simulator) {
		s.sender = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	}
}

// New gives a provider without charges.
func New(opts ...Option) *Simulator {
	s := &Simulator{replies: map[string]reply{}}
	for _, o := range opts {
		o(s)
	}
	api := http.NewServeMux()
	api.Handle("GET /v1/ping", s.endpoint(s.ping))
	api.Handle("POST /v1/charges", s.endpoint(s.createCharge))
	api.Handle("GET /v1/charges/by-order/{order}", s.endpoint(s.getCharge))
	all := http.NewServeMux()
	all.Handle("/", s.faults.Wrap(api))
	all.HandleFunc("GET /pay/{order}", s.showPage)
	all.HandleFunc("POST /pay/{order}", s.leavePage)
	all.Handle("/_simulator/faults", s.faults.Handler())
	s.all = all
	return s
}

// ServeHTTP is the provider's API, and the page on which its customers pay.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.all.ServeHTTP(w, r) }

// Faults are what the API is to do wrong.
func (s *Simulator) Faults() *fault.Injector { return &s.faults }

// Books are what really happened.
func (s *Simulator) Ledger() *ledger.Ledger { return &s.books }

// Config is the configuration of a plugin for this provider at the address.
func (s *Simulator) Config(baseURL string) string {
	text, err := json.Marshal(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "merchant_id": merchantID,
		"api_key": apiKey, "webhook_keys": []string{webhookKey, oldKey},
	})
	if err != nil {
		panic(err) // texts only
	}
	return string(text)
}

// refusal is the provider's way to say no.
type refusal struct {
	status        int
	code, message string
}

// endpoint checks the key, and answers as every call of the API does. The lock is held while a request is handled.
func (s *Simulator) endpoint(handle func(r *http.Request, body []byte) (any, *refusal)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			return
		}
		answer, no := any(nil), &refusal{http.StatusUnauthorized, "credentials", "unknown API key"}
		if r.Header.Get("Authorization") == "Bearer "+apiKey {
			s.mu.Lock()
			answer, no = handle(r, body)
			s.mu.Unlock()
		}
		w.Header().Set("Content-Type", "application/json")
		if no != nil {
			w.WriteHeader(no.status)
			answer = map[string]any{"error": map[string]string{"code": no.code, "message": no.message}}
		}
		_ = json.NewEncoder(w).Encode(answer) // a caller that went away is its own loss
	})
}

func (s *Simulator) ping(*http.Request, []byte) (any, *refusal) {
	return map[string]bool{"ok": true}, nil
}

// find gives the charge of this order, or nil.
func (s *Simulator) find(order string) *charge {
	for _, c := range s.charges {
		if c.Order == order {
			return c
		}
	}
	return nil
}

func (s *Simulator) getCharge(r *http.Request, _ []byte) (any, *refusal) {
	if c := s.find(r.PathValue("order")); c != nil {
		return *c, nil
	}
	return nil, &refusal{http.StatusNotFound, "not_found", "there is no charge of this order"}
}
