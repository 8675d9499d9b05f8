package inbox_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/inbox"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// restarted gives another inbox on the rig's store, as a host has that starts
// some time later.
func (r *rig) restarted(after time.Duration) *inbox.Inbox {
	accounts := coretest.NewAccounts(r.account, r.other)
	return inbox.New(inbox.Options{
		Store:     r.store,
		Core:      r.core,
		Accounts:  accounts,
		Directory: accounts,
		Now:       func() time.Time { return time.Now().Add(after) },
	})
}

// saying scripts what the next notices say.
func (r *rig) saying(v sdk.Verification, events ...sdk.Event) {
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		return &sdk.WebhookResult{
			Verification: v,
			Events:       append([]sdk.Event{}, events...),
		}, nil
	}
}

func refundEvent(paymentID, theirs string) sdk.Event {
	return sdk.Event{
		PaymentReference: paymentID,
		Refund: &sdk.Refund{
			ProviderReference: theirs,
			Status:            sdk.RefundSucceeded,
			Amount: &sdk.Money{
				Amount:   decimal.RequireFromString("10"),
				Currency: "USD",
			},
		},
	}
}

// paid makes a payment that has succeeded.
func (r *rig) paid(t *testing.T, key string) *payment.Payment {
	t.Helper()
	p := r.pay(t, key)
	webhook := r.account.Webhook
	r.saying(sdk.VerifiedBySignature, sdk.Event{
		ID:        "paid",
		Reference: p.ID,
		Payment: &sdk.Payment{Status: sdk.PaymentSucceeded,
			Amount: &sdk.Money{Amount: decimal.RequireFromString("60"), Currency: "USD"}},
	})

	r.post("/webhooks/acme", "{}")
	r.account.Webhook = webhook
	if got := r.status(t, p.ID); got != payment.Succeeded {
		t.Fatalf("it is %s", got)
	}

	return p
}

func (r *rig) refunds(t *testing.T, id string) []payment.Refund {
	t.Helper()
	list, err := r.core.Refunds(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestARefundThatTheProviderStartsIsOneRefund(t *testing.T) {
	for _, theirs := range []string{"r-1", ""} {
		t.Run("reference "+theirs, func(t *testing.T) {
			r := newRig(t, sdk.TrustSignature)
			p := r.paid(t, "k")
			r.saying(sdk.VerifiedBySignature, refundEvent(p.ID, theirs))
			for range 3 {
				r.post("/webhooks/acme", "{}")
			}

			if _, err := r.Replay(t.Context(), r.newest(t).ID); err != nil {
				t.Fatal(err)
			}
			if list := r.refunds(t, p.ID); len(list) != 1 ||
				list[0].Status != payment.Succeeded ||
				list[0].Amount.String() != "10" {
				t.Fatalf("got %+v", list)
			}

			if events, err := r.core.Events(t.Context(), "", []string{"refund.*"}, 10); err != nil ||
				len(events) != 1 {
				t.Errorf("%d events of it, %v", len(events), err)
			}
		})
	}
}

func TestARefundNoticeOnAnotherPaymentsURLChangesNothing(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	victim := r.pay(t, "k1")
	r.pay(t, "k2") // its URL is the newest
	r.saying(sdk.VerifiedByOrigin, refundEvent(victim.ID, "r-1"))
	r.post(path(t, r.created.NotifyURL), "{}")
	if list := r.refunds(t, victim.ID); len(list) != 0 {
		t.Fatalf("a refund of another payment was made: %+v", list)
	}
}

func TestAFailedReplayLeavesWhatTheNoticeWas(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Reference:    p.ID,
			Status:       "succeeded",
			Verification: sdk.VerifiedBySignature,
		},
	)

	before := r.newest(t)
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		return nil, &sdk.Error{
			Code:    sdk.CodeInvalidSignature,
			Outcome: sdk.OutcomeRefused,
			Message: "the secret was rotated",
		}
	}

	if _, err := r.Replay(t.Context(), before.ID); err == nil {
		t.Error("the replay succeeded")
	}
	if n := r.newest(t); n.State != payment.WebhookApplied || !n.Verified {
		t.Errorf("it is %s, verified %v", n.State, n.Verified)
	}
}

func TestAnEventThatFitsNothingIsSeenThoughAnotherIsApplied(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	paid := &sdk.Payment{Status: sdk.PaymentProcessing}
	r.saying(
		sdk.VerifiedBySignature,
		sdk.Event{Reference: p.ID, Payment: paid},
		sdk.Event{Reference: "pay_unknown", Payment: paid},
	)

	r.post("/webhooks/acme", "{}")
	if n := r.newest(t); n.State != payment.WebhookUnmatched ||
		r.status(t, p.ID) != payment.Processing {
		t.Errorf("the notice is %s, the payment %s", n.State, r.status(t, p.ID))
	}
}

func TestANoticeThatWaitsIsReadAfterARestart(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	r.account.SetDown(true)
	r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Reference:    p.ID,
			Status:       "succeeded",
			Verification: sdk.VerifiedBySignature,
		},
	)

	for k, down := range []bool{true, false} {
		r.account.SetDown(down)
		if err := r.restarted(time.Duration(k+1) * 2 * time.Minute).Catchup(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if n := r.newest(t); n.State != payment.WebhookApplied ||
		r.status(t, p.ID) != payment.Succeeded {
		t.Errorf(
			"the notice is %s after %d tries, the payment %s",
			n.State,
			n.Tries,
			r.status(t, p.ID),
		)
	}
}

// A plugin that hangs on a notice which waited holds up its own provider's, not
// another's.
func TestAProviderThatHangsDelaysNobodyElsesNotices(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.other.OnInfo.WebhookTrust, r.other.Webhook = r.account.OnInfo.WebhookTrust, coretest.Parse

	for _, a := range []*coretest.Account{r.account, r.other} {
		a.SetDown(true)
		r.send(
			"/webhooks/"+a.Name,
			coretest.JSONWebhook{
				Reference:    "pay_unknown",
				Status:       "succeeded",
				Verification: sdk.VerifiedBySignature,
			},
		)

		a.SetDown(false)
	}

	hangs, release := make(chan struct{}), make(chan struct{})
	r.account.Webhook = func(context.Context, sdk.ParseWebhookRequest) (*sdk.WebhookResult, error) {
		close(hangs)
		<-release
		return nil, failed
	}

	host := r.restarted(2 * time.Minute)
	due, err := host.DueProviders(t.Context())
	if err != nil || len(due) != 2 {
		t.Fatalf("due at %v, %v", due, err)
	}

	var hanging sync.WaitGroup
	hanging.Go(func() {
		if err := host.CatchupProvider(t.Context(), "acme"); err != nil {
			t.Error(err)
		}
	})

	<-hangs
	if err := host.CatchupProvider(t.Context(), "other"); err != nil {
		t.Error(err)
	}
	if list, _, err := r.List(t.Context(), store.WebhookFilter{Provider: "other", Limit: 1}); err != nil ||
		list[0].State != payment.WebhookUnmatched {
		t.Errorf("the other provider's notice is %s, %v", list[0].State, err)
	}

	close(release)
	hanging.Wait()
}

var failed = &sdk.Error{
	Code:    sdk.CodeUnavailable,
	Outcome: sdk.OutcomeUnknown,
	Message: "as the test says",
}

// All that waits of a provider is read in one round, also when it is much, and
// stops when the plugin goes away.
func TestARoundReadsAllThatWaits(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.account.SetDown(true)

	const many = 40
	for range many {
		r.send(
			"/webhooks/acme",
			coretest.JSONWebhook{
				Reference:    "pay_unknown",
				Status:       "succeeded",
				Verification: sdk.VerifiedBySignature,
			},
		)
	}

	r.account.SetDown(false)
	if err := r.restarted(2 * time.Minute).Catchup(t.Context()); err != nil {
		t.Fatal(err)
	}
	list, _, err := r.List(
		t.Context(),
		store.WebhookFilter{State: payment.WebhookUnmatched, Limit: 100},
	)
	if err != nil || len(list) != many {
		t.Errorf("%d of %d are read, %v", len(list), many, err)
	}
}

func TestOldUnverifiedNoticesAreForgotten(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	r.send(
		"/webhooks/acme",
		coretest.JSONWebhook{
			Reference:    p.ID,
			Status:       "succeeded",
			Verification: sdk.VerifiedBySignature,
		},
	)

	r.send("/webhooks/acme", coretest.JSONWebhook{Verification: "invalid"})
	for _, c := range []struct {
		after time.Duration
		left  int
	}{{29 * 24 * time.Hour, 2}, {31 * 24 * time.Hour, 1}} {
		if err := r.restarted(c.after).Forget(t.Context()); err != nil {
			t.Fatal(err)
		}
		list, _, err := r.List(t.Context(), store.WebhookFilter{Limit: 10})
		if err != nil || len(list) != c.left {
			t.Errorf("after %s: %d notices, want %d (%v)", c.after, len(list), c.left, err)
		}
	}
}

// A genuine webhook that comes again and again is kept once, and once for each
// thing that it says; what was applied, and what fits nothing, stays.
func TestRepeatsOfGenuineWebhooksAreForgotten(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	p := r.pay(t, "k")
	send := func(n coretest.JSONWebhook) string {
		n.Verification = sdk.VerifiedBySignature
		r.send("/webhooks/acme", n)
		return r.newest(t).ID
	}

	paid := coretest.JSONWebhook{
		ID:        "e1",
		Reference: p.ID,
		Status:    "succeeded",
		Amount:    "60.00",
		Currency:  "USD",
	}
	late := coretest.JSONWebhook{ID: "e2", Reference: p.ID, Status: "processing"}

	lost := coretest.JSONWebhook{ID: "e3", Reference: "pay_unknown", Status: "succeeded"}

	kept := map[string]payment.WebhookState{send(paid): payment.WebhookApplied}
	gone := []string{send(paid), send(paid)}
	kept[send(late)] = r.newest(t).State
	gone = append(gone, send(late))
	for range 2 {
		kept[send(lost)] = payment.WebhookUnmatched
	}

	if _, err := r.Replay(t.Context(), gone[0]); err != nil {
		t.Fatal(err)
	}
	kept[gone[0]] = payment.WebhookApplied // what an operator has applied again
	gone = gone[1:]

	for _, after := range []time.Duration{23 * time.Hour, 25 * time.Hour, 400 * 24 * time.Hour} {
		if err := r.restarted(after).Forget(t.Context()); err != nil {
			t.Fatal(err)
		}

		for _, id := range gone {
			_, err := r.Get(t.Context(), id)
			if deleted := err != nil; deleted != (after > 24*time.Hour) {
				t.Errorf("after %s: %s, %v", after, id, err)
			}
		}

		for id, state := range kept {
			if n, err := r.Get(t.Context(), id); (err != nil) || (n.State != state) {
				t.Errorf("after %s: %s, which was %s, is %+v, %v", after, id, state, n, err)
			}
		}
	}

	send(paid) // it is known as before
	if n := r.newest(t); n.State != payment.WebhookIgnored {
		t.Errorf("the same once more is %s", n.State)
	}
}

func TestHeadersAreKeptWholeOrTheNoticeIsRefused(t *testing.T) {
	r := newRig(t, sdk.TrustSignature)
	r.pay(t, "k")
	post := func(h http.Handler, path string, headers int) int {
		req := httptest.NewRequest(http.MethodPost, path, strings.NewReader("{}"))
		req.Header.Set("Cookie", "session=secret")
		for n := range headers {
			req.Header.Set("X-"+strings.Repeat("a", n+1), "v")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, req)
		return w.Code
	}
	if got := post(r.WebhookHandler(), "/webhooks/acme", 65); got != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("65 headers: %d", got)
	}

	post(r.WebhookHandler(), "/webhooks/acme", 10)
	if h := r.newest(t).Request.Header; len(h) != 11 {
		t.Errorf("stored %v", h)
	}
	post(r.ReturnHandler(), path(t, r.created.ReturnURL), 10)
	if h := r.newest(t).Request.Header; len(h) != 10 || h.Get("Cookie") != "" {
		t.Errorf("a customer's cookies are stored: %v", h)
	}
}

func TestAStoreThatDoesNotAnswerIsNotAMissingURL(t *testing.T) {
	r := newRig(t, sdk.TrustPaymentURL)
	r.pay(t, "k")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the store refuses whatever is asked with it
	w := httptest.NewRecorder()
	r.WebhookHandler().
		ServeHTTP(w, httptest.NewRequest(http.MethodPost, path(t, r.created.NotifyURL), strings.NewReader("{}")).WithContext(ctx))
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d: a provider takes 404 for an end", w.Code)
	}
}
