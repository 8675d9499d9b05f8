//go:build linux

package supervisor

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/sdk"
)

// held acquires until nothing is left, and returns how many leases that were.
func (s *stage) held(
	name string,
	acquire func(context.Context, string) (*Lease, error),
) (count int) {
	s.t.Helper()
	for ; count < 1000; count++ {
		lease, err := acquire(context.Background(), name)
		if err != nil {
			wantError(s.t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
			break
		}

		s.t.Cleanup(lease.Release)
	}

	return count
}

// What strangers cause has places of its own, whatever there is of it.
func TestReadingAndAskingLeaveThePlacesOfMoney(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.queueWait, tune.readWait = time.Millisecond, time.Millisecond },
	)

	s.apply(
		"a:started b:started c:started",
		s.config("a", inFlight(8)),
		s.config("b", inFlight(2)),
		s.config("c"),
	)

	if n := s.held("a", s.sup.AcquireReading); n != readingPlaces {
		t.Errorf("%d are read at once", n)
	}
	if st := s.status("a"); st.InFlight != 0 {
		t.Errorf("reading takes %d of max_in_flight", st.InFlight)
	}

	if n := s.held("a", s.sup.AcquireQuery); n != 2 {
		t.Errorf("%d questions of 8 calls", n)
	}
	if n := s.held("a", s.sup.AcquireExisting); n != 6 {
		t.Errorf("%d are left for what moves money", n)
	}

	if n := s.held("b", s.sup.AcquireQuery); n != 1 {
		t.Errorf("%d questions of 2 calls", n)
	}
	if n := s.held("b", s.sup.Acquire); n != 1 {
		t.Errorf("%d are left of 2", n)
	}
}

// The whole host has bounds too, and whatever others have taken, every account
// may read one thing at a time.
func TestOneAccountsReadingKeepsNoOtherFromIt(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.queueWait, tune.readWait = time.Millisecond, time.Millisecond },
	)

	s.apply("a:started b:started", s.config("a", inFlight(8)), s.config("b", inFlight(8)))
	s.sup.reading.resize(readingPlaces - 1) // all of them go to a, besides its first
	s.sup.querying.resize(1)

	for _, acquire := range []func(context.Context, string) (*Lease, error){s.sup.AcquireReading, s.sup.AcquireQuery} {
		_, most := s.sup.reading.held()
		if n := s.held("a", acquire); (n < 2) || (n > most+1) {
			t.Errorf("a has %d", n)
		}
		if n := s.held("b", acquire); n != 1 {
			t.Errorf("b has %d", n)
		}
	}
}

func TestPlacesComeBack(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.queueWait, tune.readWait = time.Millisecond, time.Millisecond },
	)

	s.apply("a:started", s.config("a", inFlight(4)))
	for range 3 * allReading {
		for _, acquire := range []func(context.Context, string) (*Lease, error){
			s.sup.AcquireReading, s.sup.AcquireQuery, s.sup.AcquireExisting, s.sup.Acquire,
		} {
			lease, err := acquire(context.Background(), "a")
			if err != nil {
				t.Fatal(err)
			}
			lease.Release()
			lease.Release()
		}
	}

	for _, one := range []*bulkhead{&s.sup.reading, &s.sup.querying, &s.sup.find("a").bulkhead, &s.sup.find("a").querying, &s.sup.find("a").reading} {
		if n, _ := one.held(); n != 0 {
			t.Errorf("%d places are still taken", n)
		}
	}

	if n := s.held("a", s.sup.Acquire); n != 4 {
		t.Errorf("%d", n)
	}
	s.apply("a:reconfigured", s.config("a", inFlight(6)))
	if n := s.held("a", s.sup.AcquireQuery); n != 1 {
		t.Errorf("%d questions of 6 calls", n)
	}

	if n := s.held("a", s.sup.Acquire); n != 1 {
		t.Errorf("%d are left of 6", n)
	}
}

// Requests that are read are short, and wait for their turn however many come.
func TestManyWaitToBeRead(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.readWait = time.Hour })
	s.apply("a:started", s.config("a", inFlight(1)))
	var first []*Lease

	for range readingPlaces {
		lease, err := s.sup.AcquireReading(context.Background(), "a")
		if err != nil {
			t.Fatal(err)
		}
		first = append(first, lease)
	}

	const others = 5 * readingPlaces
	got := make(chan error, others)

	for range others {
		go func() {
			lease, err := s.sup.AcquireReading(context.Background(), "a")
			if err == nil {
				lease.Release()
			}
			got <- err
		}()
	}

	eventually(
		t,
		"all wait",
		func() bool { return s.sup.find("a").reading.queued() == others },
	)

	for _, lease := range first {
		lease.Release()
	}

	for range others {
		if err := <-got; err != nil {
			t.Fatal(err)
		}
	}
}

// A request that was read waits for the disk next: it keeps no other from being
// read meanwhile. Its lease still pins the process, and reads nothing more.
func TestWhatWasReadHoldsNoPlace(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.readWait = time.Millisecond })
	s.apply("a:started", s.config("a"))
	request := sdk.ParseWebhookRequest{Scope: sdk.ScopeOpen}

	var held []*Lease
	for range 3 * readingPlaces {
		lease, err := s.sup.AcquireReading(context.Background(), "a")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(lease.Release)
		held = append(held, lease)

		if _, err := lease.ParseWebhook(context.Background(), request); err != nil {
			t.Fatal(err)
		}
	}

	_, err := held[0].ParseWebhook(context.Background(), request)
	wantError(t, err, sdk.CodeInternal, sdk.OutcomeNotSent)
	if n := s.held("a", s.sup.AcquireReading); n != readingPlaces {
		t.Errorf("%d are read at once", n)
	}

	// The place of a lease that is released late is not freed twice.
	for _, lease := range held {
		lease.Release()
	}
	if n := s.held("a", s.sup.AcquireReading); n != 0 {
		t.Errorf("%d more are read at once", n)
	}
}

func inFlight(most int) func(*config.Provider) {
	return func(p *config.Provider) { p.MaxInFlight = most }
}

// Strangers can cause questions: that the provider answers none of them says
// nothing about payments.
func TestQuestionsDoNotStopPayments(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.breakerFailures, tune.breakerOpen = 3, time.Hour },
	)

	s.apply("a:started", s.config("a"))
	lease := s.acquire("a")
	silent := func(context.Context) (int, error) {
		return 0, &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "no answer",
		}
	}

	questions := []sdk.Capability{
		sdk.CapabilityGetPayment, sdk.CapabilityGetPayout, sdk.CapabilityGetRefund, sdk.CapabilityListPayments,
		sdk.CapabilityListPayouts,
	}
	for _, verb := range questions {
		_, _ = runCall(context.Background(), lease, verb, silent)
	}

	if st := s.status("a"); st.Breaker != "closed" {
		t.Errorf("the breaker is %s", st.Breaker)
	}
	s.mustPay("a")

	for _, verb := range questions {
		_, err := runCall(
			context.Background(),
			lease,
			verb,
			func(context.Context) (int, error) {
				return 0, errors.New("asked all the same")
			},
		)

		wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}

	// Nor does an outage of payments keep the host from asking what became of
	// them.
	other := s.config("b")
	s.apply("a:unchanged b:started", s.config("a"), other)
	lease = s.acquire("b")
	for range 3 {
		_, _ = runCall(context.Background(), lease, sdk.CapabilityCreatePayment, silent)
	}

	if st := s.status("b"); st.Breaker != "open" {
		t.Errorf("the breaker is %s", st.Breaker)
	}
	answered := func(context.Context) (int, error) { return 1, nil }
	if _, err := runCall(context.Background(), lease, sdk.CapabilityGetPayment, answered); err != nil {
		t.Errorf("a question: %v", err)
	}
}
