package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

const eventsSecret = "whsec_Y2FuYXJ5LWV2ZW50cy1zZWNyZXQtNWUxZg=="

// pushed is what the test looks at of an event.
type pushed struct {
	ID, Type  string
	PaymentID string `json:"payment_id"`
	Sequence  int
}

// A service that verifies what it gets with the convention's own library; it
// wants nothing (410) until it is told to.
func TestEventsArePushedAndADeadOneIsRetriedByHand(t *testing.T) {
	verifier, err := standardwebhooks.NewWebhook(eventsSecret)
	if err != nil {
		t.Fatal(err)
	}
	wanted, got := make(chan bool, 16), make(chan pushed, 16)
	service := httptest.NewServer(
		http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if err := verifier.Verify(body, r.Header); err != nil {
				t.Error(err)
			}
			var e pushed
			if err := json.Unmarshal(body, &e); err != nil ||
				e.ID != r.Header.Get("webhook-id") {
				t.Errorf("got %s %v", body, err)
			}

			if !<-wanted {
				rw.WriteHeader(http.StatusGone)
			}
			got <- e
		}),
	)
	defer service.Close()

	w := newWorld(t)
	w.env = append(w.env, "E2E_EVENTS="+eventsSecret)
	w.write(
		w.standard() + fmt.Sprintf(
			"\n[events]\nurl = %q\nsecret = \"env:E2E_EVENTS\"\n",
			service.URL,
		),
	)

	if code, out := w.command("check"); code != 0 {
		t.Fatalf("check: %d\n%s", code, out)
	}
	host := w.serve()
	wanted <- false
	p := w.pay("k1")
	first := <-got
	if first.Type != "payment.requires_action" || first.PaymentID != p.ID ||
		first.Sequence != 1 {
		t.Fatalf("got %+v", first)
	}

	// Its end is recorded after it was answered.
	code, out := w.command("dead-letters")
	for code == 0 && !strings.Contains(out, first.ID) {
		code, out = w.command("dead-letters")
	}

	if !strings.Contains(out, "410 Gone") {
		t.Fatalf("dead-letters: %d\n%s", code, out)
	}
	wanted <- true
	if code, out := w.command("dead-letters", "retry", first.ID); code != 0 {
		t.Fatalf("retry: %d\n%s", code, out)
	}

	if again := <-got; again != first {
		t.Fatalf("retried: %+v", again)
	}
	if log := host.text(); strings.Contains(log, eventsSecret) ||
		strings.Contains(log, strings.TrimPrefix(eventsSecret, "whsec_")) {
		t.Error("the secret is in the log")
	}
}
