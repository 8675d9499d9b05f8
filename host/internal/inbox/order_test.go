package inbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
	"pgregory.net/rapid"
)

// delivery is one thing that reaches the host about a payment: a notice, or the
// create call's own answer.
type delivery struct {
	status sdk.PaymentStatus
	// forged is a notice that nobody signed.
	forged bool
	// answer is the create call's own answer.
	answer bool
}

func (d delivery) String() string {
	switch {
	case d.answer:
		return "the create's answer"
	case d.forged:
		return "forged " + string(d.status)
	}
	return string(d.status)
}

// What a payment has been at its provider, one after the other, as it tells of
// it.
var (
	straight = [][]sdk.PaymentStatus{
		{sdk.PaymentRequiresAction, sdk.PaymentProcessing, sdk.PaymentSucceeded},
		{sdk.PaymentProcessing, sdk.PaymentAuthorized, sdk.PaymentSucceeded},
		{sdk.PaymentRequiresAction, sdk.PaymentProcessing, sdk.PaymentFailed},
		{sdk.PaymentRequiresAction, sdk.PaymentCanceled},
		{sdk.PaymentRequiresAction, sdk.PaymentProcessing},
	}
	// winding are those in which an end was not the end: only asking tells
	// which of them came last.
	winding = [][]sdk.PaymentStatus{
		{sdk.PaymentProcessing, sdk.PaymentFailed, sdk.PaymentSucceeded},
		{sdk.PaymentRequiresAction, sdk.PaymentExpired, sdk.PaymentSucceeded},
	}
)

// In whatever order and however often its notices come, and whenever the create
// call's own answer does: a payment ends as it did at its provider, and its
// success is told once.
func TestNoticesInAnyOrderEndInTheSameState(t *testing.T) {
	for name, lives := range map[string][][]sdk.PaymentStatus{"told": straight, "told and asked": slices.Concat(straight, winding)} {
		t.Run(name, func(t *testing.T) {
			o := newOrder(t, name != "told")
			rapid.Check(t, func(t *rapid.T) {
				life := rapid.SampledFrom(lives).Draw(t, "life")
				o.end = life[len(life)-1]
				o.check(t, drawDeliveries(t, life), rapid.Bool().Draw(t, "at once"))
			})
		})
	}
}

// drawDeliveries gives everything that a provider told once or more, forgeries,
// and one answer, in any order.
func drawDeliveries(t *rapid.T, told []sdk.PaymentStatus) []delivery {
	list := []delivery{{answer: true}}
	for _, s := range told {
		for range rapid.IntRange(1, 3).Draw(t, "times") {
			list = append(list, delivery{status: s})
		}
	}

	for range rapid.IntRange(0, 2).Draw(t, "forgeries") {
		list = append(list, delivery{
			forged: true,
			status: rapid.SampledFrom([]sdk.PaymentStatus{
				sdk.PaymentSucceeded, sdk.PaymentFailed, sdk.PaymentCanceled}).Draw(t, "forged"),
		})
	}

	return rapid.Permutation(list).Draw(t, "order")
}

// order is a rig with one payment at a time.
type order struct {
	*rig
	end     sdk.PaymentStatus // of the present payment at its provider
	number  int
	seen    string // the last event of the payments before
	mu      sync.Mutex
	answers map[string]chan struct{} // by reference: closed when the create call may be answered
	began   chan string
}

func newOrder(t *testing.T, asked bool) *order {
	t.Helper()
	o := &order{
		rig:     newRig(t, sdk.TrustSignature),
		answers: map[string]chan struct{}{},
		began:   make(chan string, 1),
	}
	o.account.Create = func(_ context.Context, r sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		may := make(chan struct{})
		o.mu.Lock()
		o.answers[r.Reference] = may
		o.mu.Unlock()
		o.began <- r.Reference
		<-may

		return &sdk.Payment{
			ProviderReference: "theirs-" + r.Reference,
			Status:            sdk.PaymentRequiresAction,
		}, nil
	}

	if asked {
		o.account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, Amounts: true}
		o.account.Get = func(_ context.Context, r sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{
				ProviderReference: "theirs-" + r.Payment.Reference,
				Status:            o.end,
				Amount:            &r.Payment.Amount,
			}, nil
		}
	}

	return o
}

// check delivers in order, or all at once, and compares what the payment has
// become.
func (o *order) check(t *rapid.T, list []delivery, atOnce bool) {
	o.number++
	key, created := fmt.Sprintf("order-%d", o.number), make(chan error, 1)
	go func() {
		_, _, err := o.core.CreatePayment(context.Background(), payment.Request{
			Provider: "acme",
			Amount:   decimal.RequireFromString("60"),
			Currency: "USD",
		}, key)
		created <- err
	}()

	id := <-o.began
	var wg sync.WaitGroup

	for k, d := range list {
		deliver := func() { o.deliver(t, id, k, d, created) }
		if atOnce {
			wg.Go(deliver)
			continue
		}

		deliver()
	}

	wg.Wait()
	o.core.Wait() // for the questions that notices have raised
	o.compare(t, id, list)
}

func (o *order) deliver(t *rapid.T, id string, k int, d delivery, created <-chan error) {
	if d.answer {
		o.mu.Lock()
		close(o.answers[id])
		o.mu.Unlock()
		if err := <-created; err != nil {
			t.Errorf("create: %v", err)
		}

		return
	}

	n := coretest.JSONWebhook{
		Reference:    id,
		Status:       string(d.status),
		Amount:       "60",
		Currency:     "USD",
		Verification: sdk.VerifiedBySignature,
	}
	if k%2 == 0 { // the others are told apart by what they say
		n.ID = string(d.status)
	}

	if d.forged {
		n.Verification = sdk.NotVerified
	}
	body, err := json.Marshal(n)
	if err != nil {
		t.Fatal(err)
	}

	r := httptest.NewRequest(http.MethodPost, "/webhooks/acme", bytes.NewReader(body))

	// strangers are counted by address
	r.RemoteAddr = fmt.Sprintf("203.%d.%d.%d:1", o.number/250, o.number%250, k)
	w := httptest.NewRecorder()
	o.WebhookHandler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("%s was answered %d", d, w.Code)
	}
}

func (o *order) compare(t *rapid.T, id string, list []delivery) {
	p, err := o.core.Payment(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	want := payment.Status(o.end)
	if p.Status != want || p.ReviewReason != "" || p.ProviderReference != "theirs-"+id {
		t.Fatalf(
			"after %v: %s %s %q, want %s\n%+v",
			list,
			p.Status,
			p.ReviewReason,
			p.ProviderReference,
			want,
			p.History,
		)
	}

	events, err := o.core.Events(context.Background(), o.seen, nil, 1000)
	if err != nil {
		t.Fatal(err)
	}
	o.seen = events[len(events)-1].ID
	successes, last := 0, int64(0)

	for _, e := range events {
		if e.PaymentID != id {
			continue
		}
		if e.Type == "payment.succeeded" {
			successes++
		}

		if e.Sequence != last+1 {
			t.Fatalf("after %v: event %d follows event %d", list, e.Sequence, last)
		}
		last = e.Sequence
	}

	if (want == payment.Succeeded && successes != 1) ||
		(want != payment.Succeeded && successes != 0) {
		t.Fatalf("after %v: %d events of success, and it is %s", list, successes, want)
	}
}
