package push_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/push"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/internal/storetest"
	"github.com/payhost/payhost/host/payment"
	"github.com/prometheus/client_golang/prometheus"
)

func TestEventsArriveOnceSignedAndInOrder(t *testing.T) {
	r := newRig(t)
	happen(t, r.store, "pay_1", 1, 3)
	happen(t, r.store, "pay_2", 1, 1)
	settle(t, r.pusher)
	got := r.taken()
	slices.Sort(got)
	equal(t, "taken", got, []string{"pay_1/1", "pay_1/2", "pay_1/3", "pay_2/1"})
	settle(t, r.pusher)

	if n := len(r.asked()); n != 4 {
		t.Errorf("%d requests for 4 events", n)
	}
}

// What happened before anybody wanted events is not sent; what happened while
// pushing was off is.
func TestPushingBeginsAtTheEndOfTheStreamAndLeavesNothingOutFromThen(t *testing.T) {
	s := open(t, storetest.URL(t))
	r := newReceiver(t)
	c := newClock()
	happen(t, s, "pay_1", 1, 2)
	settle(t, pusher(t, s, r, c))
	equal(t, "before", r.taken(), nil)
	happen(t, s, "pay_1", 3, 3) // nobody pushes now
	settle(t, pusher(t, s, r, c))
	equal(t, "after", r.taken(), []string{"pay_1/3"})
}

// A later event of a payment waits for the earlier one; other payments do not.
func TestAnEventThatIsNotTakenHoldsBackItsOwnPaymentOnly(t *testing.T) {
	r := newRig(t)
	r.answering(func(e payment.Event, w http.ResponseWriter) {
		if e.PaymentID == "pay_1" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})

	happen(t, r.store, "pay_1", 1, 2)
	happen(t, r.store, "pay_2", 1, 2)
	settle(t, r.pusher)
	equal(t, "while pay_1 is refused", r.taken(), []string{"pay_2/1", "pay_2/2"})
	if n := len(r.asked()); n != 3 {
		t.Errorf("%d requests, want one for pay_1 and two for pay_2", n)
	}

	r.answering(nil)
	r.clock.pass(6 * time.Second)
	settle(t, r.pusher)
	equal(t, "in the end", r.taken(), []string{"pay_2/1", "pay_2/2", "pay_1/1", "pay_1/2"})
}

// Sixteen tries over three days, then it is a dead letter, and the next event
// of the payment goes.
func TestTheScheduleLastsThreeDays(t *testing.T) {
	r := newRig(t)
	r.answering(func(e payment.Event, w http.ResponseWriter) {
		if e.Sequence == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("deploying\x00\n <b>soon</b>"))
		}
	})

	happen(t, r.store, "pay_1", 1, 2)
	began := r.clock.now()
	for len(r.taken()) == 0 && r.clock.now().Before(began.Add(10*24*time.Hour)) {
		settle(t, r.pusher)
		r.clock.pass(10 * time.Minute)
	}

	if took := r.clock.now().Sub(began); took < 70*time.Hour || took > 82*time.Hour {
		t.Errorf("it was given up after %s, not after about three days", took)
	}
	if n := len(r.asked()); n != 17 {
		t.Errorf("%d requests, want 16 of the first event and one of the second", n)
	}

	list, next, err := r.letters.List(t.Context(), "", 10)
	if err != nil || len(list) != 1 || next != "" {
		t.Fatalf("dead letters: %+v %q %v", list, next, err)
	}
	l := list[0]
	if l.ID != store.EventID(1) || l.PaymentID != "pay_1" || l.Tries != 16 ||
		l.Status != 500 ||
		l.State != payment.DeliveryDead ||
		l.TriedAt == nil {
		t.Errorf("the dead letter is %+v", l)
	}

	if want := "HTTP 500 Internal Server Error: deploying <b>soon</b>"; l.Error != want {
		t.Errorf("it says %q, want %q", l.Error, want)
	}
}

func TestADeadLetterIsRetriedByHand(t *testing.T) {
	r := newRig(t)
	r.answering(status(http.StatusGone))
	happen(t, r.store, "pay_1", 1, 2)
	settle(t, r.pusher)
	if n := len(r.asked()); n != 2 {
		t.Fatalf("%d requests: 410 must end the tries of an event at once", n)
	}

	first, next, err := r.letters.List(t.Context(), "", 1)
	if err != nil || len(first) != 1 || first[0].ID != store.EventID(2) ||
		next != store.EventID(2) {
		t.Fatalf("the first page: %+v %q %v", first, next, err)
	}

	rest, next, err := r.letters.List(t.Context(), next, 1)
	if err != nil || len(rest) != 1 || rest[0].ID != store.EventID(1) || next != "" {
		t.Fatalf("the second page: %+v %q %v", rest, next, err)
	}
	r.answering(nil)

	for range 2 { // told twice it goes once
		l, err := r.letters.Retry(t.Context(), store.EventID(1))
		if err != nil || l.State != payment.DeliveryPending || l.Tries != 0 {
			t.Fatalf("retry: %+v %v", l, err)
		}
	}

	settle(t, r.pusher)
	equal(t, "taken", r.taken(), []string{"pay_1/1"})

	for _, id := range []string{store.EventID(1), store.EventID(99), "evt_nonsense", "", "pay_1"} {
		if _, err := r.letters.Retry(t.Context(), id); err == nil ||
			!strings.Contains(err.Error(), "no event") {
			t.Errorf("retry of %q: %v", id, err)
		}
	}
}

// A host that dies between sending and recording leaves a claim; when that has
// run out the event is sent again, under the same id.
func TestAnEventWhoseEndWasNotRecordedIsSentAgainUnderTheSameID(t *testing.T) {
	r := newRig(t)
	dying, die := context.WithCancel(t.Context())

	// taken, but the host is gone before it hears of it
	r.answering(func(payment.Event, http.ResponseWriter) { die() })
	happen(t, r.store, "pay_1", 1, 1)
	_, _ = r.pusher.RunOnce(dying)
	r.answering(nil)
	settle(t, r.pusher)
	before := len(r.asked())
	r.clock.pass(time.Minute)

	settle(t, r.pusher)

	// Whether the dying host still recorded the answer is a race that both may
	// win: sent again it must be only if not.
	for _, id := range r.asked() {
		if id != store.EventID(1) {
			t.Errorf("sent as %q", id)
		}
	}

	if n := len(r.asked()); n > 2 || before > 1 {
		t.Errorf("%d requests, %d of them while the claim held", n, before)
	}
	b, err := r.letters.Backlog(t.Context())
	if err != nil || b.Pending != 0 {
		t.Errorf("backlog %+v %v", b, err)
	}
}

func TestWhileAClaimHoldsNobodyElseSends(t *testing.T) {
	r := newRig(t)
	other := pusher(t, r.store, r.receiver, r.clock)
	inside, release := make(chan struct{}), make(chan struct{})
	r.answering(func(payment.Event, http.ResponseWriter) {
		close(inside)
		<-release
	})

	happen(t, r.store, "pay_1", 1, 1)
	done := make(chan error, 1)
	go func() {
		_, err := r.pusher.RunOnce(context.Background())
		done <- err
	}()

	<-inside
	if worked, err := other.RunOnce(t.Context()); worked || err != nil {
		t.Errorf("the other host found work: %v %v", worked, err)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	equal(t, "taken", r.taken(), []string{"pay_1/1"})
}

// While a secret is being replaced every event carries a signature of each.
func TestEverySecretSigns(t *testing.T) {
	for name, verifier := range map[string]string{"the new": "whsec_bmV3LXNlY3JldC1vZi10aGUtc2hvcA==", "the old": secret} {
		t.Run(name, func(t *testing.T) {
			s, r := open(t, storetest.URL(t)), newReceiver(t)
			r.verifier = verifier
			p := pusher(
				t,
				s,
				r,
				newClock(),
				"whsec_bmV3LXNlY3JldC1vZi10aGUtc2hvcA==",
				secret,
			)

			happen(t, s, "pay_1", 1, 1)
			settle(t, p)
			equal(t, "taken", r.taken(), []string{"pay_1/1"})
		})
	}
}

func TestAReceiverThatAsksForTimeGetsIt(t *testing.T) {
	r := newRig(t)
	r.answering(func(_ payment.Event, w http.ResponseWriter) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})

	happen(t, r.store, "pay_1", 1, 1)
	settle(t, r.pusher)
	r.clock.pass(59 * time.Minute)
	settle(t, r.pusher)
	if n := len(r.asked()); n != 1 {
		t.Errorf("%d requests within the hour that the receiver asked for", n)
	}

	r.answering(nil)
	r.clock.pass(8 * time.Minute) // with its jitter
	settle(t, r.pusher)
	equal(t, "taken", r.taken(), []string{"pay_1/1"})
}

// A redirect is no arrival, and what it points at gets nothing.
func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := httptest.NewServer(
		http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) { t.Error("an event went to another address") },
		),
	)
	defer elsewhere.Close()

	r := newRig(t)
	r.answering(func(_ payment.Event, w http.ResponseWriter) {
		w.Header().Set("Location", elsewhere.URL)
		w.WriteHeader(http.StatusPermanentRedirect)
	})

	happen(t, r.store, "pay_1", 1, 1)
	settle(t, r.pusher)
	b, err := r.letters.Backlog(t.Context())
	if err != nil || b.Pending != 1 || b.Dead != 0 {
		t.Errorf("backlog %+v %v", b, err)
	}
}

// A receiver that is not there: the error names no part of the URL, which may
// have a token in it.
func TestAnErrorDoesNotShowTheAddress(t *testing.T) {
	r := newRig(t)
	r.Close()
	happen(t, r.store, "pay_1", 1, 1)
	settle(t, r.pusher)

	for range 20 {
		r.clock.pass(14 * time.Hour)
		settle(t, r.pusher)
	}

	list, _, err := r.letters.List(t.Context(), "", 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v %v", list, err)
	}
	if l := list[0]; l.Status != 0 || !strings.Contains(l.Error, "connection refused") ||
		strings.Contains(l.Error, "canary") {
		t.Errorf("the dead letter is %+v", l)
	}
}

func TestTheBacklogIsMeasured(t *testing.T) {
	r := newRig(t)
	r.answering(func(e payment.Event, w http.ResponseWriter) {
		w.WriteHeader(
			map[string]int{"pay_1": http.StatusGone, "pay_2": http.StatusInternalServerError}[e.PaymentID],
		)
	})

	happen(t, r.store, "pay_1", 1, 1)
	happen(t, r.store, "pay_2", 1, 2)
	settle(t, r.pusher)
	r.clock.pass(2 * time.Second)
	registry := prometheus.NewRegistry()
	registry.MustRegister(push.Collector(r.letters))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}

	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	want := map[string]float64{
		"payhost_events_pending":        2,
		"payhost_events_dead":           1,
		"payhost_events_oldest_seconds": 2,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Run sends what is there, and what is found when it is told to look, and ends
// with its context.
func TestRunPushesUntilItIsStopped(t *testing.T) {
	r := newRig(t)
	arrived := make(chan struct{}, 300)
	r.answering(func(payment.Event, http.ResponseWriter) { arrived <- struct{}{} })
	happen(t, r.store, "pay_1", 1, 100)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.pusher.Run(ctx)
	}()

	for range 100 {
		<-arrived
	}
	happen(t, r.store, "pay_1", 101, 110)
	r.pusher.Wake()
	for range 10 {
		<-arrived
	}

	stop()
	<-done
	r.Close() // waits for what it is still answering
	ordered := slices.IsSortedFunc(
		r.got,
		func(a, b payment.Event) int { return int(a.Sequence - b.Sequence) },
	)
	if !ordered || len(r.got) != 110 {
		t.Errorf("%d taken, in order: %v", len(r.got), ordered)
	}
}
