//go:build linux

package supervisor

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
)

func disabled(p *config.Provider) { p.Enabled = false }

// wantOnlyExisting makes sure that nothing new is taken and that what is open
// is carried on.
func (s *stage) wantOnlyExisting(name string, code sdk.Code) {
	s.t.Helper()
	_, err := s.sup.Acquire(context.Background(), name)
	wantError(s.t, err, code, sdk.OutcomeNotSent)
	l, err := s.sup.AcquireExisting(context.Background(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Release()

	if _, err := l.ParseWebhook(context.Background(), sdk.ParseWebhookRequest{Scope: sdk.ScopeOpen}); err != nil {
		s.t.Error(err)
	}
}

func TestDisabledProviderDrainsUntilNothingIsOpen(t *testing.T) {
	s := newStage(t)
	s.open.Store(true)
	s.apply("a:started", s.config("a"))
	pid := s.status("a").PID
	s.apply("a:disabled", s.config("a", disabled))
	if st := s.status("a"); st.State != StateDraining || st.Enabled {
		t.Errorf("status %+v", st)
	}

	s.wantOnlyExisting("a", sdk.CodeUnavailable)
	s.apply("a:unchanged", s.config("a", disabled))
	s.crash("a") // what drains is supervised too
	s.wantOnlyExisting("a", sdk.CodeUnavailable)
	pid = s.status("a").PID

	s.open.Store(false)
	st := s.awaitState("a", StateDisabled)
	if st.PID != 0 {
		t.Errorf("status %+v", st)
	}

	eventually(t, "the process is stopped", func() bool { return !alive(pid) })
	_, err := s.sup.AcquireExisting(context.Background(), "a")
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
}

func TestRemovedProviderDrainsAndIsForgotten(t *testing.T) {
	s := newStage(t)
	s.open.Store(true)
	s.apply("a:started b:started", s.config("a"), s.config("b"))
	s.mustPay("a")
	s.apply("a:removed b:unchanged", s.config("b"))
	s.wantOnlyExisting("a", sdk.CodeNotFound)
	s.apply("a:unchanged b:unchanged", s.config("b"))
	s.open.Store(false)

	eventually(t, "it is forgotten", func() bool { _, ok := s.sup.Status("a"); return !ok })
	if n := s.metric("payhost_provider_calls_total", "code=ok outcome=ok provider=a verb=create_payment"); n != 0 {
		t.Error("its figures are still there")
	}
	s.mustPay("b") // the process is b's as well
	s.apply("a:started b:unchanged", s.config("a"), s.config("b"))
	s.mustPay("a")
}

func TestDrainingProviderThatIsWantedAgainGoesOn(t *testing.T) {
	s := newStage(t)
	s.open.Store(true)
	s.apply("a:started", s.config("a"))
	pid := s.status("a").PID
	s.apply("a:disabled", s.config("a", disabled))
	s.apply("a:started", s.config("a"))
	s.mustPay("a")
	s.apply("a:removed")

	s.apply("a:started", s.config("a"))
	s.mustPay("a")
	if st := s.status("a"); st.PID != pid || st.State != StateReady || !st.Enabled {
		t.Errorf("status %+v", st)
	}
}

func TestDropEndsDraining(t *testing.T) {
	s := newStage(t)
	s.open.Store(true)
	s.apply("a:started b:started", s.config("a"), s.config("b"))
	s.apply("a:disabled b:removed", s.config("a", disabled))
	if !s.sup.Drop("a") || !s.sup.Drop("b") || s.sup.Drop("nobody") {
		t.Error("wrong answer")
	}
	s.awaitState("a", StateDisabled)
	eventually(t, "b is forgotten", func() bool { _, ok := s.sup.Status("b"); return !ok })
}

func TestLeaseOnADroppedProviderIsDrained(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	pid := s.status("a").PID
	l := s.acquire("a")
	s.apply("a:disabled", s.config("a", disabled))
	if st := s.status("a"); st.State != StateDraining {
		t.Errorf("status %+v", st)
	}

	if _, err := l.CreatePayment(context.Background(), payment("r1")); err != nil {
		t.Error(err)
	}
	l.Release()
	eventually(t, "the process is stopped", func() bool { return !alive(pid) })
	s.awaitState("a", StateDisabled)
}

// After a restart of the host a provider that was disabled with something open
// must still take its notices.
func TestDisabledProviderIsStartedForWhatIsOpen(t *testing.T) {
	s := newStage(t)
	s.apply("b:disabled", s.config("b", disabled))
	if st := s.status("b"); st.State != StateDisabled || st.PID != 0 {
		t.Errorf("status %+v", st)
	}

	s.open.Store(true)
	s.apply("a:disabled b:unchanged", s.config("a", disabled), s.config("b", disabled))
	s.wantOnlyExisting("a", sdk.CodeUnavailable)
	s.open.Store(false)
	s.awaitState("a", StateDisabled)
}

func TestCloseWaitsForCallsAndLeavesNothing(t *testing.T) {
	s := newStage(t)
	s.apply("a:started b:started", s.config("a"), s.config("b"))
	pid := s.status("a").PID
	entered, release := s.provider.Hold(t, "ok", nil)
	l := s.acquire("a")
	done := payIn(l)
	plugintest.Await(t, entered)
	closed := make(chan error, 1)

	go func() { closed <- s.sup.Close(context.Background()) }()
	eventually(t, "nothing new is taken", func() bool {
		l, err := s.sup.Acquire(context.Background(), "b")
		if err == nil {
			l.Release()
		}
		return err != nil
	})

	release()
	if err := plugintest.Await(t, done); err != nil {
		t.Errorf("the call under way: %v", err)
	}
	l.Release()
	if err := plugintest.Await(t, closed); err != nil {
		t.Error(err)
	}

	if alive(pid) {
		t.Error("the process still runs")
	}
	results := s.sup.Apply(context.Background(), []config.Provider{s.config("a")})
	s.expect("a:failed", results)
}

func TestCloseIsCutShortByItsContext(t *testing.T) {
	s := newStage(t)
	s.apply(
		"a:started",
		s.config("a", func(p *config.Provider) { p.DrainTimeout = time.Hour }),
	)

	entered, _ := s.provider.Hold(t, "ok", nil)
	done := payIn(s.acquire("a"))
	plugintest.Await(t, entered)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.sup.Close(ctx); err != nil {
		t.Error(err)
	}

	wantError(t, plugintest.Await(t, done), sdk.CodeUnavailable, sdk.OutcomeUnknown)
}

func TestCloseEndsAnApplyThatHangs(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.startTimeout, tune.reloadTimeout = time.Minute, time.Minute },
	)

	s.script("hang")
	results := make(chan []Result, 1)
	go func() { results <- s.sup.Apply(context.Background(), []config.Provider{s.config("a")}) }()
	eventually(
		t,
		"the plugin hangs",
		func() bool { st, ok := s.sup.Status("a"); return ok && st.State == StateStarting },
	)

	if err := s.sup.Close(context.Background()); err != nil {
		t.Error(err)
	}
	s.expect("a:failed", plugintest.Await(t, results))
}

func TestRegistryThatWasNeverUsedCloses(t *testing.T) {
	if err := New(Options{}).Close(context.Background()); err != nil {
		t.Error(err)
	}
}
