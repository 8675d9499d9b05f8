//go:build linux

package supervisor

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/config"
	"github.com/payhost/payhost/host/internal/plugin/plugintest"
)

// Whatever a plugin does, the host works on and so does a provider of another
// process: while it is at it, and afterwards. The plugin itself is back as soon
// as its provider lets it.
func TestTorturedPluginHurtsNobodyElse(t *testing.T) {
	for _, order := range []string{
		"flood 4000", "stdout 3000000", "panic", "big 100000000", "stop", "leak", "fork",
	} {
		t.Run(order, func(t *testing.T) {
			s := newStage(t, func(tune *tuning) {
				tune.memory = 64 << 20
				tune.liveEvery, tune.liveDeadline = 50*time.Millisecond, 500*time.Millisecond
			})

			s.install("actor@1.0.0", "1.0.0")
			s.apply(
				"bad:started good:started",
				s.config("bad", s.merchant("bad")),
				s.config("good", s.merchant("good"), pinned),
			)
			good := s.status("good")
			at := make(chan struct{}, 64)

			s.provider.Answer(func(c plugintest.Call) string {
				if c.Merchant != "bad" {
					return "ok"
				}
				at <- struct{}{}
				return order
			})

			var ended []<-chan error
			for range 4 {
				ended = append(ended, s.payAs("bad"))
			}
			plugintest.Await(t, at) // one of them is at it
			for range 20 {
				s.mustPay("good")
			}

			for _, e := range ended {
				plugintest.Await(t, e) // in doubt or not: it ends
			}
			s.provider.Say("ok")
			eventually(
				t,
				"the bad one serves again",
				func() bool { s.sup.Release("bad"); _, err := s.pay("bad"); return err == nil },
			)

			s.mustPay("good")
			if st := s.status("good"); st.PID != good.PID || st.Restarts != 0 ||
				st.State != StateReady {
				t.Errorf("the good one: %+v", st)
			}
		})
	}
}

// payAs leases and pays in the background; the lease's wait is part of it.
func (s *stage) payAs(name string) <-chan error {
	ended := make(chan error, 1)
	go func() {
		l, err := s.sup.Acquire(context.Background(), name)
		if err == nil {
			_, err = l.CreatePayment(context.Background(), payment("r1"))
			l.Release()
		}
		ended <- err
	}()

	return ended
}

// Several bad versions, one after the other, while the old one is under load:
// no call is lost, the old one stays, and whoever asked is told why.
func TestBadNewVersionsUnderLoadLoseNoCall(t *testing.T) {
	s := newStage(t, func(tune *tuning) { tune.startTimeout = 5 * time.Second })
	s.apply("a:started", s.config("a"))
	pid := s.status("a").PID

	stop, lost := make(chan struct{}), make(chan error, 8)
	for range cap(lost) {
		go func() {
			for calls := 0; ; calls++ {
				select {
				case <-stop:
					lost <- nil
					return
				default:
				}

				if _, err := s.pay("a"); err != nil {
					lost <- fmt.Errorf("call %d: %w", calls, err)
					return
				}
			}
		}()
	}

	s.install("actor", "2.0.0")
	for _, bad := range []struct {
		script, cause string
		change        func(*config.Provider)
	}{
		{"exit", "exit status 3", nil},
		{"deaf", "did not answer within 5s", nil},
		{"", "wat: is not a known key", func(p *config.Provider) { p.Config = own(map[string]string{"base_url": "x", "wat": "y"}) }},
		{"", "the configuration allows only 0000", func(p *config.Provider) {
			p.SHA256 = "0000000000000000000000000000000000000000000000000000000000000000"
		}},
	} {
		s.script(bad.script)
		cfg := s.config("a")
		if bad.change != nil {
			bad.change(&cfg)
		}

		if err := s.apply("a:failed", cfg)[0].Error; !strings.Contains(
			err.Error(),
			bad.cause,
		) {
			t.Errorf("%q is not in: %v", bad.cause, err)
		}

		if st := s.status("a"); st.PID != pid || st.State != StateReady ||
			st.LastError == "" {
			t.Errorf("%q: status %+v", bad.script, st)
		}
	}

	close(stop)
	for range cap(lost) {
		if err := plugintest.Await(t, lost); err != nil {
			t.Error(err)
		}
	}
}
