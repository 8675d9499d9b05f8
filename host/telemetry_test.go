package host_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/payhost/payhost/host"
	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/hosttest"
	"github.com/payhost/payhost/sdk"
)

// receiver takes traces as OTLP over HTTP.
type receiver struct {
	mu   sync.Mutex
	sent []byte
}

func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, body...)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

const (
	callersTrace = "0af7651916cd43dd8448eb211c80319c"
	callersSpan  = "00f067aa0ba902b7"
)

// order makes a payment over HTTP, as a request of a caller who traces.
func order(t *testing.T, h *host.Host, key string) {
	t.Helper()
	body, err := json.Marshal(request("shop"))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/payments", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer t")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", key)
	r.Header.Set("X-Request-Id", "req-of-the-shop")
	r.Header.Set("Traceparent", "00-"+callersTrace+"-"+callersSpan+"-01")
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusCreated {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
}

// A request is one trace, from its caller's on: HTTP, commits, the plugin's call.
func TestARequestIsOneTrace(t *testing.T) {
	taken := &receiver{}
	server := httptest.NewServer(taken)
	t.Cleanup(server.Close)
	shop := hosttest.NewProvider("shop")
	h := hosttest.Start(t, hosttest.Setup{
		Config: &host.Config{
			HTTP:      config.HTTP{Tokens: []sdk.Secret{sdk.NewSecret("t")}},
			Telemetry: config.Telemetry{OTLP: server.URL},
		},
		Providers: []*hosttest.Provider{shop},
	})
	order(t, h, "k")
	if err := h.Close(context.WithoutCancel(t.Context())); err != nil { // sends what is left
		t.Fatal(err)
	}

	// Names and ids stand in the bytes as they are.
	id, err := hex.DecodeString(callersTrace)
	if err != nil {
		t.Fatal(err)
	}
	for what, least := range map[string]int{
		string(id): 4, "POST /v1/payments": 1, "create_payment": 1, "commit": 2, "payhost": 1,
	} {
		if got := bytes.Count(taken.sent, []byte(what)); got < least {
			t.Errorf("the trace has %q %d times", what, got)
		}
	}
}

// A line about a call names the request, and the payment.
func TestLinesNameTheRequestAndThePayment(t *testing.T) {
	var log lines
	shop := hosttest.NewProvider("shop")
	shop.On(sdk.CapabilityCreatePayment, hosttest.Doubt())
	h := hosttest.Start(t, hosttest.Setup{
		Config:    &host.Config{HTTP: config.HTTP{Tokens: []sdk.Secret{sdk.NewSecret("t")}}},
		Providers: []*hosttest.Provider{shop},
		Options: []host.Option{host.WithLogger(slog.New(slog.NewJSONHandler(&log,
			&slog.HandlerOptions{Level: slog.LevelDebug})))},
	})
	body, err := json.Marshal(request("shop"))
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/payments", bytes.NewReader(body))
	r.Header.Set("Authorization", "Bearer t")
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", "k")
	r.Header.Set("X-Request-Id", "req-of-the-shop")
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)

	called := 0
	for line := range strings.Lines(log.String()) {
		var said struct {
			Msg, Verb, Provider, ID string
			RequestID               string `json:"request_id"`
		}
		if err := json.Unmarshal([]byte(line), &said); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if said.Msg != "provider call" || said.Verb != "create_payment" {
			continue
		}
		called++
		if said.RequestID != "req-of-the-shop" || said.Provider != "shop" ||
			!strings.HasPrefix(said.ID, "pay_") {
			t.Errorf("the line is %s", line)
		}
	}
	if called == 0 {
		t.Errorf("no call is logged: %d\n%s", w.Code, log.String())
	}
}
