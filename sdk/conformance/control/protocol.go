package control

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

// The control protocol: JSON over HTTP under this path, beside the provider's
// API.
//
//	GET  /_simulator/                      what the simulator can do: {"can": ["books", …], "login_path", "samples"}
//	GET  /_simulator/config?base_url=URL   a plugin's configuration for it, {…}
//	GET  /_simulator/books                 {"entries": [{"kind", "id", "order_id", "recipient", "amount", …}]}
//	POST /_simulator/settle                {"reference"}: see Settler
//	GET  /_simulator/webhooks?reference=R  {"requests": [{"method", "query", "header", "body", …}]}: see Notifier
//	GET  /_simulator/webhooks?oddity=stale&reference=R&reference=S  the same: see OddNotifier
//	GET  /_simulator/returns?reference=R   the same: see Returner
//
// A simulator whose answers name an address that the plugin is to call makes it
// from X-Forwarded-Host, where that is set: the kit stands in between.
//
// "body" is base64, times are RFC 3339, amounts are decimal strings.
const controlPath = "/_simulator/"

// The values of "can".
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
	Entries []ledger.Entry `json:"entries"`
}

type settleRequest struct {
	Reference string `json:"reference"`
}

// maxControl bounds what is read of a control request, and maxControlAnswer of
// an answer: the books of a long run.
const (
	maxControl       = 1 << 16
	maxControlAnswer = 64 << 20
)

// Handler serves a simulator with the control protocol beside it, so that the
// kit can use it from another process. config returns a plugin's configuration
// for the simulator, as JSON text; it may be nil. A caller of the handler can
// settle payments: serve it on a loopback address only.
func Handler(simulator Simulator, config func(baseURL string) string) http.Handler {
	controls := Of(simulator)
	said := description{
		Can:       []string{},
		Odd:       slices.Sorted(maps.Keys(controls.Odd)),
		LoginPath: controls.LoginPath,
		Samples:   controls.Samples,
	}

	mux := http.NewServeMux()
	mux.Handle("/", simulator)
	offer := func(method, can string, serve http.HandlerFunc) {
		said.Can = append(said.Can, can)
		mux.HandleFunc(method+" "+controlPath+can, serve)
	}

	// Only what the simulator has is served, and listed in "can".
	if config != nil {
		offer(http.MethodGet, canConfig, func(w http.ResponseWriter, r *http.Request) {
			text := config(r.URL.Query().Get("base_url"))
			writeJSON(w, http.StatusOK, json.RawMessage(text))
		})
	}

	if controls.Books != nil {
		offer(http.MethodGet, canBooks, controls.serveBooks)
	}
	if controls.Settle != nil {
		offer(http.MethodPost, canSettle, controls.serveSettle)
	}

	if controls.Webhooks != nil {
		offer(http.MethodGet, canWebhooks, controls.serveWebhooks)
	}
	if controls.Returns != nil {
		offer(http.MethodGet, canReturns, controls.serveReturns)
	}

	mux.HandleFunc("GET "+controlPath+"{$}", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, said)
	})

	return mux
}

func (c Controls) serveBooks(w http.ResponseWriter, r *http.Request) {
	list, err := c.Books(r.Context())
	answer(w, bookList{list}, err)
}

func (c Controls) serveSettle(w http.ResponseWriter, r *http.Request) {
	var req settleRequest
	err := json.NewDecoder(io.LimitReader(r.Body, maxControl)).Decode(&req)
	if (err != nil) || (req.Reference == "") {
		writeJSON(w, http.StatusBadRequest, map[string]string{
			"error": `the body must be {"reference": "…"}`,
		})
		return
	}
	answer(w, map[string]any{}, c.Settle(r.Context(), req.Reference))
}

func (c Controls) serveWebhooks(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if odd := c.Odd[Oddity(query.Get("oddity"))]; odd != nil {
		list, err := odd(r.Context(), query["reference"])
		answer(w, delivered(list), err)
		return
	}
	list, err := c.Webhooks(r.Context(), query.Get("reference"))
	answer(w, delivered(list), err)
}

func (c Controls) serveReturns(w http.ResponseWriter, r *http.Request) {
	list, err := c.Returns(r.Context(), r.URL.Query().Get("reference"))
	answer(w, delivered(list), err)
}

func delivered(list []sdk.HTTPRequest) deliveries {
	out := deliveries{Requests: []delivery{}}
	for _, request := range list {
		out.Requests = append(out.Requests, delivery(request))
	}
	return out
}

func answer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		writeJSON(
			w,
			http.StatusInternalServerError,
			map[string]string{"error": err.Error()},
		)
		return
	}
	writeJSON(w, http.StatusOK, value)
}

func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value) // a caller that went away needs no answer
}
