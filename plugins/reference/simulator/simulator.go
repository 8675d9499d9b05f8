// Package simulator is the invented provider that the reference plugin is for:
// its whole API, in memory, with faults on demand. It checks keys, signatures
// and fields as strictly as a real one, and answers repeats as it says it does.
package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of the one merchant of this provider. They are made up, and
// hard to mask: all that URLs and JSON escape is in them.
const (
	merchantID    = "M-0047"
	apiKey        = "ak/+ref&7Yp2=Qm\"9Xw" //nolint:gosec // see above
	signingKey    = "sk<ref>%8Rt4?Zn6 Lc3"
	webhookKey    = "wk:ref;5Hd1'Vb8\\Tg0"
	oldWebhookKey = "wk:ref;2Ks9'Fj4\\Pe7"
)

// Simulator is the provider. It may be used by several goroutines.
type Simulator struct {
	sim.Core

	mu       sync.Mutex
	payments []*payment
	payouts  []*payout
	refunds  []*refund
	replies  map[string]reply // by path and idempotency key
	balance  map[string]decimal.Decimal
}

// reply is what a repeat with the same key is answered with.
type reply struct {
	request string
	answer  any
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithPublicURL says under which address browsers reach the simulator, without
// a slash at its end. Without it that is the root of the host that the API was
// called on.
func WithPublicURL(
	address string,
) Option {
	return func(s *Simulator) { s.PublicURL = address }
}

// WithWebhooks makes the simulator send its webhooks to notify_url.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New returns a provider whose merchant holds a million of each currency.
func New(opts ...Option) *Simulator {
	million := decimal.NewFromInt(1_000_000)
	made := &Simulator{
		Core:    sim.Core{MaxBody: 16 << 20},
		replies: map[string]reply{},
		balance: map[string]decimal.Decimal{},
	}
	for currency := range decimals {
		made.balance[currency] = million
	}

	for _, o := range opts {
		o(made)
	}
	api := http.NewServeMux()

	for pattern, handler := range map[string]func(*Simulator, *request) (any, *refusal){
		"GET /v1/methods":                     (*Simulator).listMethods,
		"GET /v1/balances":                    (*Simulator).listBalances,
		"GET /v1/fee":                         (*Simulator).quoteFee,
		"POST /v1/payments":                   (*Simulator).createPayment,
		"GET /v1/payments":                    (*Simulator).listPayments,
		"GET /v1/payments/{payment}":          (*Simulator).getPayment,
		"POST /v1/payments/{payment}/confirm": (*Simulator).confirmPayment,
		"POST /v1/payments/{payment}/capture": (*Simulator).capturePayment,
		"POST /v1/payments/{payment}/cancel":  (*Simulator).cancelPayment,
		"POST /v1/payments/{payment}/refunds": (*Simulator).createRefund,
		"GET /v1/refunds/{refund}":            (*Simulator).getRefund,
		"POST /v1/payouts":                    (*Simulator).createPayout,
		"GET /v1/payouts":                     (*Simulator).listPayouts,
		"GET /v1/payouts/{payout}":            (*Simulator).getPayout,
	} {
		api.Handle(pattern, made.endpoint(handler))
	}

	made.Serve(api)
	made.HandleFunc("GET /pay/{payment}", made.showPage)
	made.HandleFunc("POST /pay/{payment}", made.leavePage)

	return made
}

// Config is the configuration of a plugin for this provider at the address.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "merchant_id": merchantID,
		"api_key": apiKey, "signing_key": signingKey, "webhook_keys": []string{webhookKey, oldWebhookKey},
	})
}

// request is one that came with the right key and signature. The simulator's
// lock is held while it is handled.
type request struct {
	*http.Request
	body []byte
}

// refusal is the provider's way to say no.
type refusal struct {
	status        int
	code, message string
}

func (s *Simulator) endpoint(
	handle func(*Simulator, *request) (any, *refusal),
) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		answer, no := s.handle(&request{r, body}, handle)
		status := http.StatusOK
		if no != nil {
			status, answer = no.status, map[string]any{
				"error": map[string]string{"code": no.code, "message": no.message},
			}
		}

		sim.Reply(w, status, answer)
	})
}

func (s *Simulator) handle(
	r *request,
	handle func(*Simulator, *request) (any, *refusal),
) (any, *refusal) {
	if r.Header.Get("Authorization") != "Bearer "+apiKey {
		return nil, &refusal{http.StatusUnauthorized, "credentials", "unknown API key"}
	}
	// The signature covers the path and the query as they were sent.
	path := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}

	if r.Header.Get(
		"Signature",
	) != sign(
		signingKey,
		r.Method+"\n"+path+"\n"+string(r.body),
	) {
		return nil, &refusal{
			http.StatusUnauthorized,
			"signature",
			"the signature does not fit the request",
		}
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	return s.once(r, handle)
}

// once answers a repeat with the original.
func (s *Simulator) once(
	r *request,
	handle func(*Simulator, *request) (any, *refusal),
) (any, *refusal) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return handle(s, r)
	}
	key = r.URL.Path + " " + key
	if first, repeated := s.replies[key]; repeated {
		if first.request != string(r.body) {
			return nil, &refusal{
				http.StatusConflict,
				"duplicate",
				"another request was made with this key",
			}
		}

		return first.answer, nil
	}

	// A refusal is not kept: the same key may be tried again.
	answer, no := handle(s, r)
	if no == nil {
		s.replies[key] = reply{string(r.body), answer}
	}

	return answer, no
}

func invalid(format string, args ...any) *refusal {
	return &refusal{http.StatusUnprocessableEntity, "invalid", fmt.Sprintf(format, args...)}
}

// sign is written again here, so that the plugin's own way of signing is
// compared with something.
func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// decimals are those of the currencies that it takes.
var decimals = map[string]int32{"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "USDC": 6}

// checkAmount reads an amount between the limits.
func checkAmount(text, currency string, least, most int64) (decimal.Decimal, *refusal) {
	amount, err := sdk.ParseAmount(text)
	digits, known := decimals[currency]

	switch {
	case !known:
		return amount, invalid("the currency must be EUR, USD, JPY, KWD or USDC")
	case err != nil || !amount.Equal(amount.Truncate(digits)):
		return amount, invalid(
			"the amount must be a number with at most the currency's decimals",
		)
	case amount.LessThan(decimal.NewFromInt(least)) || amount.GreaterThan(decimal.NewFromInt(most)):
		return amount, &refusal{
			http.StatusUnprocessableEntity,
			"limit",
			"the amount is too small or too large",
		}
	}

	return amount, nil
}

func now() time.Time { return time.Now().UTC() }
