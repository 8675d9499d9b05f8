//go:build linux

package supervisor

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
)

func kill(t testing.TB, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// crash kills the plugin of an account and waits until that is noticed.
func (s *stage) crash(name string) {
	s.t.Helper()
	before := s.status(name)
	kill(s.t, before.PID, syscall.SIGKILL)
	eventually(
		s.t,
		"the crash is noticed",
		func() bool { return s.status(name).Restarts > before.Restarts },
	)
}

// crashByCall has five calls end the plugin.
func (s *stage) crashByCall(name string) {
	s.t.Helper()
	s.provider.Say("exit 9")

	for range 5 {
		before := s.status(name).Restarts
		_, err := s.pay(name)
		wantError(s.t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
		eventually(
			s.t,
			"the crash is noticed",
			func() bool { return s.status(name).Restarts > before },
		)
	}

	s.provider.Say("ok")
}

// go-plugin trap 6: a call fails before the process is known to be gone;
// replaying it could move money twice.
func TestPluginKilledDuringACallIsReplacedAndTheCallIsInDoubt(t *testing.T) {
	s := newStage(t)
	s.apply("a:started b:started", s.config("a"), s.config("b", s.merchant("m2")))
	before := s.status("a")
	if other := s.status("b"); other.PID != before.PID || before.PID == 0 ||
		before.State != StateReady {
		t.Fatalf("two processes for one program: %+v, %+v", before, other)
	}

	entered, release := s.provider.Hold(t, "ok", nil)
	failed := payIn(s.acquire("a"))
	plugintest.Await(t, entered)
	kill(t, before.PID, syscall.SIGKILL)
	e := wantError(t, plugintest.Await(t, failed), sdk.CodeUnavailable, sdk.OutcomeUnknown)
	if !strings.Contains(e.Message, "process ended during the call") {
		t.Errorf("message %q", e.Message)
	}

	release()
	s.mustPay("a") // waits for the plugin that is on its way
	s.mustPay("b")
	after := s.status("a")
	if after.PID == before.PID || after.Restarts != 1 || after.State != StateReady ||
		after.LastError != "" {
		t.Errorf("status %+v", after)
	}

	calls := s.provider.Calls()
	if len(calls) != 3 || calls[1].Merchant != "m1" || calls[2].Merchant != "m2" {
		t.Errorf("the provider got %+v", calls)
	}
}

// A call on a process that has ended before finds nobody to send it to: that is
// no doubt.
func TestACallThatFindsNoProcessWasNotSent(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	lease := s.acquire("a")
	s.crash("a")
	wantError(t, plugintest.Await(t, payIn(lease)), sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if calls := s.provider.Calls(); len(calls) != 0 {
		t.Errorf("the provider got %+v", calls)
	}

	// Nor is it left to luck what the connection says: the call is not tried.
	tried := false
	err := meet(t.Context(), lease, admitted, func(context.Context) error {
		tried = true
		return nil
	})

	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if tried {
		t.Error("the call was tried on a process that has ended")
	}
}

// A connection may be broken while nobody knows yet that its process has ended.
func TestACallThatFindsNoConnectionWasNotSent(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	unconnected := func(context.Context) error {
		return &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "connection refused",
		}
	}

	err := meet(t.Context(), s.acquire("a"), explained, unconnected)
	e := wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if !strings.Contains(e.Message, "could not be reached") {
		t.Errorf("message %q", e.Message)
	}
}

func TestCrashLoopEndsInQuarantine(t *testing.T) {
	s := newStage(t)
	cfg := s.config("a")
	s.apply("a:started", cfg)
	s.crashByCall("a")
	st := s.awaitState("a", StateQuarantined)
	if st.Restarts != 5 || !strings.Contains(st.LastError, "exit status 9") ||
		st.PID != 0 ||
		st.Version != "1.0.0" {
		t.Errorf("status %+v", st)
	}

	_, err := s.pay("a")
	if e := wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent); e.RetryAfter == 0 {
		t.Error("it does not say when to come again")
	}

	t.Run("a reload frees it", func(t *testing.T) {
		s.apply("a:started", cfg)
		s.mustPay("a")
		s.apply("a:unchanged", cfg)
		s.crashByCall("a")
		s.awaitState("a", StateQuarantined)
	})

	t.Run("an operator frees it", func(t *testing.T) {
		if !s.sup.Release("a") || s.sup.Release("nobody") {
			t.Error("wrong answer")
		}
		s.awaitState("a", StateReady)
		s.mustPay("a")
	})

	t.Run("another configuration frees it", func(t *testing.T) {
		s.crashByCall("a")
		s.awaitState("a", StateQuarantined)
		s.apply("a:reconfigured", s.config("a", s.table("m1", "other")))
		s.mustPay("a")
	})
}

// go-plugin trap 7: Ping has no deadline and proves nothing.
func TestPluginThatDoesNotAnswerIsReplaced(t *testing.T) {
	s := newStage(
		t,
		func(tune *tuning) { tune.liveEvery, tune.liveDeadline = 20*time.Millisecond, 200*time.Millisecond },
	)

	s.apply("a:started", s.config("a"))
	before := s.status("a").PID
	kill(t, before, syscall.SIGSTOP)
	eventually(t, "it is replaced", func() bool { return s.status("a").Restarts == 1 })
	s.mustPay("a")
	if after := s.status("a").PID; after == before {
		t.Error("it is the same process")
	}
}

func TestOutageOfAProviderRestartsNothing(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.liveEvery = time.Millisecond })
	s.apply("a:started", s.config("a"))
	before := s.status("a").PID
	s.provider.Say("unavailable")

	for range 30 {
		_, _ = s.pay("a")
		if l, err := s.sup.AcquireExisting(context.Background(), "a"); err == nil {
			_, err := l.CheckHealth(context.Background())
			wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeUnknown)
			l.Release()
		}
	}

	if st := s.status("a"); st.PID != before || st.Restarts != 0 ||
		st.State != StateReady ||
		st.Breaker != "open" {
		t.Errorf("status %+v", st)
	}
}

func TestPluginThatDoesNotStartIsTriedAgain(t *testing.T) {
	s := newStage(t)
	s.script("exit")
	results := s.apply("a:failed", s.config("a"))
	if !strings.Contains(results[0].Error.Error(), "exit status 3") {
		t.Errorf("err = %v", results[0].Error)
	}

	if st := s.status("a"); st.State != StateRestarting ||
		!strings.Contains(st.LastError, "cannot open the ledger") {
		t.Errorf("status %+v", st)
	}

	s.script("")
	s.mustPay("a") // waits for it
	if st := s.status("a"); st.State != StateReady || st.LastError != "" {
		t.Errorf("status %+v", st)
	}
}

func TestPluginWhoseFileIsMissingIsTriedAgain(t *testing.T) {
	s := newStage(t)
	missing := s.config("a", func(p *config.Provider) { p.Version = "2.0.0" })
	results := s.apply("a:failed", missing)
	if !strings.Contains(results[0].Error.Error(), "the folder holds actor") {
		t.Errorf("err = %v", results[0].Error)
	}

	s.install("actor@2.0.0", "2.0.0")
	s.mustPay("a")
	if st := s.status("a"); st.Version != "2.0.0" {
		t.Errorf("status %+v", st)
	}
}

func TestWrongConfigurationIsNotTriedAgain(t *testing.T) {
	s := newStage(t)
	wrong := s.config(
		"a",
		func(p *config.Provider) { p.Config = own(map[string]string{"merchent": "m1"}) },
	)

	results := s.apply("a:failed b:started", wrong, s.config("b"))
	e := sdk.AsError(results[0].Error)
	if e.Code != sdk.CodeInvalidRequest || len(e.Violations) != 2 {
		t.Errorf("err = %v", e)
	}

	if st := s.status("a"); st.State != StateQuarantined ||
		!strings.Contains(st.LastError, "merchent") {
		t.Errorf("status %+v", st)
	}

	s.mustPay("b")
	s.apply("a:started b:unchanged", s.config("a"), s.config("b"))
	s.mustPay("a")
}

// A plugin that comes back must have all the accounts that it can have.
func TestAccountThatCannotBeConfiguredAgainDoesNotKeepTheOthers(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.liveEvery = 10 * time.Millisecond })
	s.apply("a:started b:started", s.config("a", s.table("m1", "ask")), s.config("b"))
	broken := "invalid"
	s.provider.Answer(func(c plugintest.Call) string {
		if c.Verb == "configure" {
			return broken
		}
		return "ok"
	})

	s.crash("b")
	s.mustPay("b")
	s.awaitState("a", StateQuarantined)
	s.provider.Say("ok")
	s.sup.Release("a")
	s.awaitState("a", StateReady)

	s.provider.Answer(func(c plugintest.Call) string {
		if c.Verb == "configure" {
			return "unavailable" // this may mend by itself
		}
		return "ok"
	})

	s.crash("b")
	eventually(t, "a waits", func() bool {
		st := s.status("a")
		return st.State == StateRestarting && strings.Contains(st.LastError, "no answer")
	})

	s.mustPay("b")
	s.provider.Say("ok")
	s.mustPay("a")
}

// alive reports whether a process exists that is more than a record of its end.
func alive(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, _ := strings.Cut(string(stat), ") ")
	return err == nil && !strings.HasPrefix(after, "Z") && !strings.HasPrefix(after, "X")
}

// A plugin that leaks is ended at its limit and replaced; the host and the
// other accounts do not notice.
func TestPluginThatLeaksMemoryIsReplaced(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.memory = 40 << 20 })
	s.apply("shop:started", s.config("shop"))
	before := s.status("shop")
	s.provider.Say("leak")
	if _, err := s.pay("shop"); sdk.OutcomeOf(err) != sdk.OutcomeUnknown {
		t.Errorf("the call ended with %v", err)
	}

	s.provider.Say("ok")
	s.mustPay("shop")
	after := s.status("shop")
	if after.PID == before.PID || after.Restarts != 1 {
		t.Errorf(
			"process %d, before %d; restarted %d times",
			after.PID,
			before.PID,
			after.Restarts,
		)
	}

	if !strings.Contains(strings.Join(after.Isolation, ", "), "160 MiB of memory") {
		t.Errorf("isolation: %s", after.Isolation)
	}
}

// go-plugin trap 10: a crashed client that is never killed leaks goroutines.
func TestCrashesLeaveNothingBehind(t *testing.T) {
	s := newStage(t)
	before := goleak.IgnoreCurrent()
	s.apply("a:started", s.config("a"))

	for range 3 {
		s.crash("a")
		s.mustPay("a")
	}

	s.apply("a:removed")
	eventually(t, "it is forgotten", func() bool { _, ok := s.sup.Status("a"); return !ok })
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
