//go:build linux

package supervisor

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
	"github.com/payhost/payhost/sdk"
)

// go-plugin trap 1: Kill cuts the calls in flight, so a process is drained
// first.
func TestSwapUnderLoadLosesNoCall(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	stop := make(chan struct{})
	var calls, lost atomic.Int64
	var wg sync.WaitGroup

	for range 8 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}

				calls.Add(1)
				if _, err := s.pay("a"); err != nil {
					lost.Add(1)
					t.Error(err)
				}
			}
		})
	}

	for _, version := range []string{"2.0.0", "1.0.0", "2.0.0"} {
		goal := calls.Load() + 40
		eventually(t, "there is load", func() bool { return calls.Load() > goal })
		s.install("actor", version)
		s.apply("a:swapped", s.config("a"))
		if st := s.status("a"); st.Version != version || st.State != StateReady {
			t.Errorf("status %+v", st)
		}
	}

	close(stop)
	wg.Wait()
	if lost.Load() > 0 || calls.Load() < 100 {
		t.Errorf("%d of %d calls lost", lost.Load(), calls.Load())
	}
}

// go-plugin trap 1: Kill cuts the calls in flight, so a process is drained
// first.
func TestOldVersionServesItsLeasesAndIsThenStopped(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	old := s.acquire("a")
	pid := s.status("a").PID
	s.install("actor", "2.0.0")
	s.apply("a:swapped", s.config("a"))
	if v := s.acquire("a").Version(); v != "2.0.0" || old.Version() != "1.0.0" {
		t.Errorf("new leases have %s, old ones %s", v, old.Version())
	}

	if _, err := old.CreatePayment(context.Background(), payment("r1")); err != nil {
		t.Errorf("a call on the old lease: %v", err)
	}
	if !alive(pid) {
		t.Error("the old process was stopped under its lease")
	}

	old.Release()
	eventually(t, "the old process is stopped", func() bool { return !alive(pid) })
}

func TestDrainTimeEndsWhatDoesNotEnd(t *testing.T) {
	s := newStage(t)
	short := func(p *config.Provider) { p.DrainTimeout = 50 * time.Millisecond }
	s.apply("a:started", s.config("a", short))
	pid := s.status("a").PID
	entered, _ := s.provider.Hold(t, "ok", nil)
	failed := payIn(s.acquire("a"))
	plugintest.Await(t, entered)
	s.install("actor", "2.0.0")

	s.apply("a:swapped", s.config("a", short))
	wantError(t, plugintest.Await(t, failed), sdk.CodeUnavailable, sdk.OutcomeUnknown)
	eventually(t, "the old process is stopped", func() bool { return !alive(pid) })
}

func TestOldVersionThatIsWantedAgainWhileItDrainsGoesOn(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	old, pid := s.acquire("a"), s.status("a").PID
	s.install("actor", "2.0.0")
	s.apply("a:swapped", s.config("a"))
	s.install("actor", "1.0.0")
	s.apply("a:swapped", s.config("a"))
	old.Release()

	a := s.sup.find("a")
	eventually(
		t,
		"all is drained",
		func() bool { a.mu.Lock(); defer a.mu.Unlock(); return a.retiring == 0 },
	)

	s.mustPay("a")
	if st := s.status("a"); st.PID != pid {
		t.Errorf("process %d, was %d", st.PID, pid)
	}
}

func TestFailureBeforeTheSwitchLeavesTheOldServing(t *testing.T) {
	s := newStage(t)
	s.install("actor@1.0.0", "1.0.0")
	cfg := s.config("a")
	s.apply("a:started b:started", cfg, s.config("b", pinned))

	before := s.status("a")
	for _, c := range []struct {
		name, script, want string
		change             func(*config.Provider)
	}{
		{"does not start", "exit", "exit status 3", nil},
		{"is another plugin", "name other", `"other"`, nil},
		{"configuration is refused", "", "not a known key", func(p *config.Provider) { p.Config = own(map[string]string{"base_url": "x", "wat": "y"}) }},
		{"checksum is not the pinned one", "", "allows only", func(p *config.Provider) { p.SHA256 = before.Checksum }},
		{"version is missing", "", "there is no file", func(p *config.Provider) { p.Version = "7" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.install("actor", "2.0.0")
			s.script(c.script)
			change := cfg
			if c.change != nil {
				c.change(&change)
			}

			results := s.apply("a:failed b:unchanged", change, s.config("b", pinned))
			if !strings.Contains(results[0].Error.Error(), c.want) {
				t.Errorf("%q is not in: %v", c.want, results[0].Error)
			}
			st := s.status("a")
			if st.PID != before.PID || st.State != StateReady || st.LastError == "" {
				t.Errorf("status %+v", st)
			}

			s.mustPay("a")
		})
	}

	s.script("")
	s.apply("a:swapped b:unchanged", cfg, s.config("b", pinned))
	if st := s.status("a"); st.LastError != "" || st.Version != "2.0.0" {
		t.Errorf("status %+v", st)
	}
}

func TestReconfiguredAccountKeepsItsProcessAndItsCalls(t *testing.T) {
	s := newStage(t)
	s.apply("a:started b:started", s.config("a", s.table("m1", "old")), s.config("b"))
	pid := s.status("a").PID
	entered, release := s.provider.Hold(
		t,
		"ok",
		func(c plugintest.Call) bool { return c.Note == "old" },
	)

	done := payIn(s.acquire("a"))
	plugintest.Await(t, entered)
	s.apply(
		"a:reconfigured b:unchanged",
		s.config("a", s.table("m1", "new")),
		s.config("b"),
	)
	s.mustPay("a")

	release()
	if err := plugintest.Await(t, done); err != nil {
		t.Errorf("the call under way: %v", err)
	}
	if calls := s.provider.Calls(); len(calls) != 2 || calls[1].Note != "new" ||
		s.status("a").PID != pid {
		t.Errorf("calls %+v", calls)
	}

	s.apply(
		"a:reconfigured b:unchanged",
		s.config("a", s.table("m1", "new"), func(p *config.Provider) { p.MaxInFlight = 3 }),
		s.config("b"),
	)

	if st := s.status("a"); st.MaxInFlight != 3 || st.PID != pid {
		t.Errorf("status %+v", st)
	}
}

// Who leased wrote down who the account was; the call is made as that or not at
// all.
func TestLeaseOfAnotherIdentityIsTurnedAway(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	old := s.acquire("a")
	kept := s.acquire("a")

	// the same identity
	s.apply("a:reconfigured", s.config("a", func(p *config.Provider) { p.MaxInFlight = 5 }))
	s.apply("a:reconfigured", s.config("a", s.merchant("m2")))
	fresh := s.acquire("a")
	if old.Fingerprint() == fresh.Fingerprint() {
		t.Fatal("the fingerprint has not changed")
	}

	_, err := old.CreatePayment(context.Background(), payment("r1"))
	wantError(t, err, sdk.CodeUnavailable, sdk.OutcomeNotSent)
	if n := len(s.provider.Calls()); n != 0 {
		t.Errorf("the provider got %d calls", n)
	}

	if _, err := fresh.CreatePayment(context.Background(), payment("r1")); err != nil {
		t.Error(err)
	}
	s.apply("a:reconfigured", s.config("a"))
	if _, err := kept.CreatePayment(context.Background(), payment("r1")); err != nil {
		t.Errorf("the account is again who it was: %v", err)
	}
}

func TestIdentityDoesNotChangeWhileSomethingIsOpen(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	s.open.Store(true)
	s.apply("a:reconfigured", s.config("a", s.table("m1", "note"))) // the same identity

	for _, swap := range []bool{false, true} {
		if swap {
			s.install("actor", "2.0.0")
		}
		results := s.apply("a:failed", s.config("a", s.merchant("m2")))
		if !strings.Contains(results[0].Error.Error(), "identity") {
			t.Errorf("err = %v", results[0].Error)
		}

		s.mustPay("a")
		if c := s.provider.Calls(); c[len(c)-1].Merchant != "m1" ||
			c[len(c)-1].Version != "1.0.0" {
			t.Errorf("the call was made as %+v", c[len(c)-1])
		}
	}

	s.expect(
		"a:swapped",
		s.sup.ApplyForced(
			context.Background(),
			[]config.Provider{s.config("a", s.merchant("m2"))},
		),
	)
	s.mustPay("a")

	if c := s.provider.Calls(); c[len(c)-1].Merchant != "m2" {
		t.Errorf("the call was made as %+v", c[len(c)-1])
	}
}

// A host that starts is held to who it was by what is open, as a reload is.
func TestIdentityDoesNotChangeWithARestartWhileSomethingIsOpen(t *testing.T) {
	before := newStage(t)
	before.apply("a:started", before.config("a"))
	was := before.acquire("a").Fingerprint()

	s := newStage(t)
	s.identities.Store(&[]string{was})
	results := s.apply("a:failed", s.config("a", s.merchant("m2")))
	if !strings.Contains(results[0].Error.Error(), "identity") {
		t.Errorf("err = %v", results[0].Error)
	}

	s.expect(
		"a:started",
		s.sup.ApplyForced(
			context.Background(),
			[]config.Provider{s.config("a", s.merchant("m2"))},
		),
	)

	again := newStage(t)
	again.identities.Store(&[]string{was})
	again.apply("a:started", again.config("a"))
}

func TestOneProviderMayBeSwappedAndAnotherOfTheSamePluginKept(t *testing.T) {
	s := newStage(t)
	s.install("actor@2.0.0", "2.0.0")
	s.apply("a:started b:started", s.config("a"), s.config("b"))
	s.apply(
		"a:swapped b:unchanged",
		s.config("a", func(p *config.Provider) { p.Version = "2.0.0" }),
		s.config("b"),
	)

	s.mustPay("a")
	s.mustPay("b")
	if a, b := s.status("a"), s.status("b"); a.Version != "2.0.0" || b.Version != "1.0.0" ||
		a.PID == b.PID {
		t.Errorf("a %+v, b %+v", a, b)
	}
}

// pinned keeps b of a test on its own file, whatever lies under the bare name.
func pinned(p *config.Provider) { p.Version = "1.0.0" }

// A reload after the resolver's files were replaced gives plugins new
// processes, side by side with the old ones.
func TestOtherSurroundingsAreAnotherUnit(t *testing.T) {
	b := plugin.Binary{Plugin: "acme", Checksum: "c", Surroundings: "one"}
	other := b
	other.Surroundings = "another"
	if keyOf(b) == keyOf(other) {
		t.Error("a process of old surroundings would stay")
	}
}

// What may not be served here is quarantined with its reason, and the
// configuration that was refused is never given to the plugin.
func TestWhatMayNotBeServedHereIsQuarantined(t *testing.T) {
	s := newStage(t)
	s.sup.opts.Admit = func(info sdk.Info) error {
		return sdk.NotSent(sdk.CodeInvalidRequest, "%s may not be served here", info.Name)
	}
	results := s.apply("a:failed", s.config("a"))
	if !strings.Contains(results[0].Error.Error(), "actor may not be served here") {
		t.Errorf("got %v", results[0].Error)
	}

	if status, _ := s.sup.Status("a"); status.State != StateQuarantined ||
		!strings.Contains(status.LastError, "may not be served here") {
		t.Errorf("got %+v", status)
	}
}

// Nor does it get another identity while no process serves it: what is open is
// then all that tells who it was.
func TestIdentityIsKeptWhileNoProcessServes(t *testing.T) {
	s := newStage(t)
	s.apply("a:started", s.config("a"))
	was := s.status("a").IdentityFingerprint
	s.open.Store(true)
	s.identities.Store(&[]string{was})
	a := s.sup.find("a")
	a.lost(
		a.current().instance,
		StateQuarantined,
		errors.New("its configuration is refused"),
	)

	results := s.apply("a:failed", s.config("a", s.merchant("m2")))
	if !strings.Contains(results[0].Error.Error(), "identity") {
		t.Errorf("err = %v", results[0].Error)
	}
	s.apply("a:started", s.config("a"))
	if is := s.status("a").IdentityFingerprint; is != was {
		t.Errorf("it has another identity: %s", is)
	}
}
