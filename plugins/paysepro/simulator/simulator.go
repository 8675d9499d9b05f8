// Package simulator plays Paysepro's API as its document describes it, in
// memory: getData, createCode with a page to pay on, and the notifications of a
// public integration. It shares no code with the plugin, the signature
// included, so that a mistake in one of them shows.
//
// A point that the document leaves open is marked [decided], and is one of the
// ways that the plugin must understand.
package simulator

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"github.com/payhost/payhost/sdk/conformance/sim"
)

// The credentials of a simulator that is not told others. They are no secrets:
// nothing real knows them.
const (
	DefaultUID    = "012345"
	DefaultMID    = "054321"
	DefaultEmail  = "owner@shop.example"
	DefaultAPIKey = "paysepro-sandbox-api-key" //nolint:gosec // see above
)

// Simulator is an http.Handler with Paysepro's paths. Beside them it has the
// control API of package fault under /_simulator/, and PUT
// /_simulator/notify-url, whose body is what the merchant types into the module
// in the back office: the URL of notifications.
type Simulator struct {
	sim.Core
	uid, mid, email, apiKey string
}

// Option changes a new Simulator.
type Option func(*Simulator)

// WithCredentials replaces the default ones.
func WithCredentials(uid, mid, email, apiKey string) Option {
	return func(s *Simulator) {
		s.uid = uid
		s.mid = mid
		s.email = email
		s.apiKey = apiKey
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

// WithWebhooks makes the simulator send its notifications, once it was told
// where to.
func WithWebhooks() Option { return func(s *Simulator) { s.SendWebhooks = true } }

// New makes a simulator with empty books.
func New(opts ...Option) *Simulator {
	made := &Simulator{
		uid:    DefaultUID,
		mid:    DefaultMID,
		email:  DefaultEmail,
		apiKey: DefaultAPIKey,
	}
	for _, o := range opts {
		o(made)
	}

	api := http.NewServeMux()
	api.HandleFunc("GET /getData.php", made.getData)
	api.HandleFunc("POST /createCode.php", made.createCode)
	made.HandleFunc("GET /pay.php", made.showPage)
	made.HandleFunc("POST /pay.php", made.leavePage)
	made.Serve(api)

	return made
}

// Config returns the plugin's configuration for this simulator.
func (s *Simulator) Config(baseURL string) string {
	return sim.Config(map[string]any{
		"environment": "sandbox", "base_url": baseURL, "uid": s.uid, "mid": s.mid, "email": s.email, "api_key": s.apiKey,
	})
}

// identify returns the error code of who calls; "" is none.
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

func reply(w http.ResponseWriter, body any) { sim.Reply(w, http.StatusOK, body) }
