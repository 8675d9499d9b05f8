package conformance

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/fault"
)

// The control protocol: JSON over HTTP under this path, beside the provider's API.
//
//	GET  /_simulator/                      what the simulator can do: {"can": ["books", …], "login_path", "samples"}
//	GET  /_simulator/config?base_url=URL   a plugin's configuration for it, {…}
//	GET  /_simulator/books                 {"entries": [{"kind", "id", "order_id", "recipient", "amount", …}]}
//	POST /_simulator/settle                {"reference"}: see Settler
//	GET  /_simulator/webhooks?reference=R  {"requests": [{"method", "query", "header", "body", …}]}: see Notifier
//	GET  /_simulator/webhooks?oddity=stale&reference=R&reference=S  the same: see OddNotifier
//	GET  /_simulator/returns?reference=R   the same: see Returner
//
// A simulator whose answers name an address that the plugin is to call makes it from X-Forwarded-Host, where that is set:
// the kit stands in between.
//
// "body" is base64, times are RFC 3339, amounts are decimal strings.
const controlPath = "/_simulator/"

// What "can" may say.
const (
	canConfig   = "config"
	canBooks    = "books"
	canSettle   = "settle"
	canWebhooks = "webhooks"
	canReturns  = "returns"
)

// description is what a simulator says of itself.
type description struct {
	Can       []string `json:"can"`
	Odd       []Oddity `json:"odd_webhooks,omitempty"`
	LoginPath string   `json:"login_path,omitempty"`
	Samples   Samples  `json:"samples,omitzero"`
}

// delivery is one request of the provider or of the customer's browser.
type delivery struct {
	Method        string      `json:"method"`
	Query         string      `json:"query,omitempty"`
	Header        http.Header `json:"header,omitempty"`
	Body          []byte      `json:"body,omitempty"`
	RemoteAddress string      `json:"remote_address"`
	ReceivedAt    time.Time   `json:"received_at"`
}

type deliveries struct {
	Requests []delivery `json:"requests"`
}

type bookList struct {
	Entries []fault.Entry `json:"entries"`
}

type settleRequest struct {
	Reference string `json:"reference"`
}

// maxControl bounds what is read of a control request, and maxControlAnswer of an answer: the books of a long run.
const (
	maxControl       = 1 << 16
	maxControlAnswer = 64 << 20
)

// Control serves a simulator with the control protocol beside it, so that the kit can use it from another process. config
// gives a plugin's configuration for the simulator, as JSON text; it may be nil. Whoever can call the handler can settle
// payments: it is for a loopback address.
func Control(sim Simulator, config func(baseURL string) string) http.Handler {
	c := controlsOf(sim)
	d := description{LoginPath: c.login, Samples: c.samples, Can: []string{}, Odd: slices.Sorted(maps.Keys(c.odd))}
	mux := http.NewServeMux()
	mux.Handle("/", sim)
	offer := func(is bool, what, pattern string, serve http.HandlerFunc) {
		if is {
			d.Can = append(d.Can, what)
			mux.HandleFunc(pattern, serve)
		}
	}
	offer(config != nil, canConfig, "GET "+controlPath+canConfig, func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, json.RawMessage(config(r.URL.Query().Get("base_url"))))
	})
	offer(c.books != nil, canBooks, "GET "+controlPath+canBooks, func(w http.ResponseWriter, r *http.Request) {
		list, err := c.books(r.Context())
		answer(w, bookList{list}, err)
	})
	offer(c.settle != nil, canSettle, "POST "+controlPath+canSettle, func(w http.ResponseWriter, r *http.Request) {
		var in settleRequest
		if err := json.NewDecoder(io.LimitReader(r.Body, maxControl)).Decode(&in); err != nil || in.Reference == "" {
			writeJSON(w, http.StatusBadRequest, map[string]string{"error": `the body must be {"reference": "…"}`})
			return
		}
		answer(w, map[string]any{}, c.settle(r.Context(), in.Reference))
	})
	offer(c.webhooks != nil, canWebhooks, "GET "+controlPath+canWebhooks, func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		if odd := c.odd[Oddity(query.Get("oddity"))]; odd != nil {
			list, err := odd(r.Context(), query["reference"])
			answer(w, delivered(list), err)
			return
		}
		list, err := c.webhooks(r.Context(), query.Get("reference"))
		answer(w, delivered(list), err)
	})
	offer(c.returns != nil, canReturns, "GET "+controlPath+canReturns, func(w http.ResponseWriter, r *http.Request) {
		list, err := c.returns(r.Context(), r.URL.Query().Get("reference"))
		answer(w, delivered(list), err)
	})
	mux.HandleFunc("GET "+controlPath+"{$}", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, d) })
	return mux
}

func delivered(list []sdk.HTTPRequest) deliveries {
	out := deliveries{Requests: []delivery{}}
	for _, r := range list {
		out.Requests = append(out.Requests, delivery(r))
	}
	return out
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		return
	}
	writeJSON(w, http.StatusOK, value)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a caller that went away is its own loss
}
