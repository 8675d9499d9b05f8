package inbox_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// Customers have signed notices: the address with which they came back. Sent in
// a loop, with a body of any kind, they fill no disk, and what is new still
// counts.
func TestASignedNoticeInALoop(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	p := r.pay(t, "k")
	say := func(status, junk string) string {
		return fmt.Sprintf(
			`{"reference":%q,"status":%q,"verification":"signature"}`,
			p.ID,
			status,
		) + junk
	}

	junk := strings.Repeat(" ", 30_000)
	for range 100 {
		if answered := from(b, neighbour, "/webhooks/acme", say("processing", junk)); answered != http.StatusOK {
			t.Fatalf("answered %d", answered)
		}
	}

	if n := r.stored(t); n != 61 { // the first, and as many as prove nothing
		t.Errorf("%d were stored", n)
	}
	if answered := from(b, neighbour, "/webhooks/acme", say("succeeded", junk)); answered != http.StatusOK {
		t.Errorf("answered %d", answered)
	}

	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Errorf("the payment is %s", got)
	}
}

// The customer is sent on each time, also from the address that all payments of
// the account have.
func TestASignedReturnInALoop(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	p := r.pay(t, "k")
	r.account.Return = func(context.Context, sdk.ParseReturnRequest) (*sdk.Return, error) {
		return &sdk.Return{Verification: sdk.VerifiedBySignature,
			Events: []sdk.Event{
				{Reference: p.ID, Payment: &sdk.Payment{Status: sdk.PaymentProcessing}},
			}}, nil
	}

	for _, address := range []string{path(t, r.created.ReturnURL), "/return/acme"} {
		before := r.stored(t)
		for range 100 {
			if answered := back(b, neighbour, address); answered != http.StatusSeeOther {
				t.Fatalf("%s: answered %d", address, answered)
			}
		}

		if n := r.stored(t) - before; n > 61 {
			t.Errorf("%s: %d were stored", address, n)
		}
	}
}

// Whoever sends slowly holds no place of those whose bodies are there.
func TestSlowBodiesKeepNobodyWaiting(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	var slow []*io.PipeWriter
	done := make(chan struct{})

	const senders, each = 2, 128 // as many as one provider has places
	for n := range senders * each {
		body, writer := io.Pipe()
		slow = append(slow, writer)
		req := httptest.NewRequest(http.MethodPost, "/webhooks/acme", body)
		req.ContentLength, req.RemoteAddr = 1000, fmt.Sprintf("203.0.113.%d:1", 100+n/each)
		go func() {
			r.WebhookHandler().ServeHTTP(httptest.NewRecorder(), req)
			done <- struct{}{}
		}()
	}

	for _, writer := range slow {
		_, _ = writer.Write([]byte("{"))
	}

	genuine := fmt.Sprintf(
		`{"reference":%q,"status":"processing","verification":"signature"}`,
		p.ID,
	)
	if answered := from(r.Inbox, neighbour, "/webhooks/acme", genuine); answered != http.StatusOK {
		t.Errorf("answered %d", answered)
	}

	for _, writer := range slow {
		_ = writer.CloseWithError(io.ErrUnexpectedEOF)
	}
	for range slow {
		<-done
	}
}

// What is stored besides the body is counted too.
func TestHeadersAndQueriesAreCounted(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	b := r.stopped()
	query, most := strings.Repeat("q", 16<<10), 24<<20/(16<<10)
	taken := knockAt(b, "/webhooks/acme?"+query, most, func(n int) string {
		return fmt.Sprintf("203.0.%d.%d:1", n/250, n%250)
	})
	if (taken == most) || (taken < most/2) {
		t.Errorf("%d of %d were taken", taken, most)
	}

	req := httptest.NewRequest(strings.Repeat("A", 50_000), "/webhooks/acme", nil)
	w := httptest.NewRecorder()
	b.WebhookHandler().ServeHTTP(w, req)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a method of 50000 letters: %d", w.Code)
	}
}
