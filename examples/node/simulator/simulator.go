// Package simulator is the invented provider Acme in memory: its API as a
// document of Acme's would describe it, with faults on demand. It checks
// credentials and fields as strictly as a provider does, and its books say what
// really happened.
package simulator

import (
	"io"
	"net/http"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of the one merchant of this provider: made up, and hard to
// mask, since they have all that URLs and JSON escape.
const (
	merchantID = "M-0047"
	apiKey     = "ak/+acme&7Yp2=Qm\"9Xw" //nolint:gosec // see above
	webhookKey = "wk:acme;5Hd1'Vb8\\Tg0"
	oldKey     = "wk:acme;2Ks9'Fj4\\Pe7"
)

// Simulator is the provider. It may be used by several goroutines.
type Simulator struct {
	sim.Core

	mu      sync.Mutex
	charges []*storedCharge
	replies map[string]reply // by idempotency key
}

// storedCharge is one as the API shows it; fields that are not exported stay
// inside. Its amount is text, as all of Acme's are.
type storedCharge struct {
	ID       string          `json:"id"`
	Order    string          `json:"order"`
	State    string          `json:"state"`
	Amount   decimal.Decimal `json:"amount"`
	Currency string          `json:"currency"`
	PayURL   string          `json:"pay_url"`

	notifyURL, returnURL, cancelURL string
}

// reply is the answer to a repeat with the same key.
type reply struct {
	request string
	answer  storedCharge
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithWebhooks makes the simulator send webhooks to notify_url.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New returns a provider without charges.
func New(opts ...Option) *Simulator {
	s := &Simulator{replies: map[string]reply{}}
	for _, apply := range opts {
		apply(s)
	}

	api := http.NewServeMux()
	api.Handle("GET /v1/ping", s.endpoint(s.ping))
	api.Handle("POST /v1/charges", s.endpoint(s.createCharge))
	api.Handle("GET /v1/charges/by-order/{order}", s.endpoint(s.getCharge))
	s.Serve(api)

	s.HandleFunc("GET /pay/{order}", s.showPage)
	s.HandleFunc("POST /pay/{order}", s.leavePage)
	return s
}

// Config returns the configuration of a plugin for this provider at the
// address.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment":  "sandbox",
		"base_url":     baseURL,
		"merchant_id":  merchantID,
		"api_key":      apiKey,
		"webhook_keys": []string{webhookKey, oldKey},
	})
}

// refusal is the provider's way to say no.
type refusal struct {
	status        int
	code, message string
}

// endpoint checks the key, and answers as every call of the API does. It holds
// the lock while a request is handled.
func (s *Simulator) endpoint(
	handle func(r *http.Request, body []byte) (any, *refusal),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+apiKey {
			refuse(w, &refusal{http.StatusUnauthorized, "credentials", "unknown API key"})
			return
		}

		s.mu.Lock()
		answer, refused := handle(r, body)
		s.mu.Unlock()
		if refused != nil {
			refuse(w, refused)
			return
		}

		sim.Reply(w, http.StatusOK, answer)
	})
}

func refuse(w http.ResponseWriter, refused *refusal) {
	sim.Reply(w, refused.status, map[string]any{
		"error": map[string]string{"code": refused.code, "message": refused.message},
	})
}

func (s *Simulator) ping(*http.Request, []byte) (any, *refusal) {
	return map[string]bool{"ok": true}, nil
}

// find returns the charge of this order, or nil.
func (s *Simulator) find(order string) *storedCharge {
	for _, charge := range s.charges {
		if charge.Order == order {
			return charge
		}
	}
	return nil
}

func (s *Simulator) getCharge(r *http.Request, _ []byte) (any, *refusal) {
	charge := s.find(r.PathValue("order"))
	if charge == nil {
		return nil, &refusal{
			http.StatusNotFound,
			"not_found",
			"there is no charge of this order",
		}
	}
	return *charge, nil
}
