package core_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// captured is what a provider answers to a capture.
type captured struct {
	status sdk.PaymentStatus
	err    error
}

var (
	taken     = captured{status: sdk.PaymentAuthorized}
	lostAgain = captured{err: coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)}
	unsent    = captured{err: coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)}
	declined  = captured{err: coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)}
)

// lateCapture has a capture of 30 of 60 under the key c1, which is in the hands
// of a host that is taken for gone. Another host sends it again.
type lateCapture struct {
	*captureRig
	release chan captured
	told    chan error // to whoever waited for the first
	again   captured   // what the repeats are answered
}

func newLateCapture(t *testing.T, again captured) *lateCapture {
	t.Helper()
	l := &lateCapture{
		captureRig: newCaptureRig(t),
		release:    make(chan captured),
		told:       make(chan error, 1),
		again:      again,
	}
	l.Account.Get, l.Account.Settings.Timeout = nil, time.Minute

	l.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{
		Retry: sdk.RetryReturnsOriginal,
	}
	started := make(chan struct{})
	l.answer = func(n int) (*sdk.Payment, error) {
		says := l.again
		if n == 1 {
			close(started)
			says = <-l.release
		}
		if says.err != nil {
			return nil, says.err
		}
		return &sdk.Payment{ProviderReference: "1", Status: says.status}, nil
	}

	go func() {
		_, err := l.capture(t, "30", "c1")
		l.told <- err
	}()

	select {
	case <-started:
	case err := <-l.told:
		t.Fatalf("the first was not sent: %v", err)
	}

	l.Clock.Add(l.Account.Settings.Timeout + coretest.Grace + time.Second)
	coretest.RecoverAt(t, l.NewHost(t))
	if len(l.sent) != 2 {
		t.Fatalf("%d captures were sent, want a repeat", len(l.sent))
	}

	return l
}

// answerLate has the first call answered, and returns what its caller is told.
func (l *lateCapture) answerLate(says captured) error {
	l.release <- says
	return <-l.told
}

// underTheKey is what the merchant hears who repeats the capture; nothing is
// sent for that.
func (l *lateCapture) underTheKey(t *testing.T) sdk.Outcome {
	t.Helper()
	before := len(l.sent)
	_, replayed, err := l.CapturePayment(t.Context(), l.id, usd("30").Amount, "c1")
	if len(l.sent) != before || !replayed {
		t.Errorf("it was sent again: replayed %v, %v", replayed, err)
	}

	if err == nil {
		return "ok"
	}

	return coretest.Problem(t, err).Outcome
}

// A capture that recovery repeats ends under the key of the merchant who wanted
// it: a repeat of the merchant hears what became of it, whatever the first
// attempt's host says later.
func TestWhatRecoveryRepeatsEndsUnderTheMerchantsKey(t *testing.T) {
	for _, c := range []struct {
		name              string
		again, late       captured
		then, finally     sdk.Outcome
		doubt, doubtStays bool
	}{
		{"it succeeds, and so has the first", taken, taken, "ok", "ok", false, false},
		{"it succeeds, and the first hears nothing", taken, lostAgain, "ok", "ok", false, false},
		{"it succeeds, and the first was not sent", taken, unsent, "ok", "ok", false, false},
		{"it succeeds, and the first was refused", taken, declined, "ok", "ok", false, false},
		{"it is refused, and so was the first", declined, declined,
			sdk.OutcomeRefused, sdk.OutcomeRefused, false, false},
		{"it hears nothing, and the first was not sent", lostAgain, unsent,
			sdk.OutcomeUnknown, sdk.OutcomeUnknown, true, true},
		{"it hears nothing, and the first succeeds", lostAgain, taken,
			sdk.OutcomeUnknown, "ok", true, false},
		{"it is not sent, and the first succeeds", unsent, taken,
			sdk.OutcomeUnknown, "ok", true, false},
		{"it is not sent, and the first hears nothing", unsent, lostAgain,
			sdk.OutcomeUnknown, sdk.OutcomeUnknown, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLateCapture(t, c.again)
			if got := l.underTheKey(t); got != c.then {
				t.Errorf("after the repeat the merchant hears %s, want %s", got, c.then)
			}
			l.wantDoubt(t, c.doubt)
			_ = l.answerLate(c.late)
			if got := l.underTheKey(t); got != c.finally {
				t.Errorf("after the first one's answer the merchant hears %s, want %s", got,
					c.finally)
			}

			l.wantDoubt(t, c.doubtStays)
		})
	}
}

// wantDoubt holds whether a cancel is refused because of a doubt.
func (l *lateCapture) wantDoubt(t *testing.T, want bool) {
	t.Helper()
	canceled := false
	l.Account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		canceled = true
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}

	l.Clock.Add(10 * time.Minute) // nothing is repeated any more
	_, _, _ = l.CancelPayment(t.Context(), l.id, "", "cancel")
	if canceled == want {
		t.Errorf("in doubt: %v, want %v", !canceled, want)
	}
}

// The same when the first attempt's host lives and has heard nothing: what it
// has recorded under the key is replaced by what is known.
func TestADoubtUnderAKeyGivesWayToWhatTheRepeatIsAnswered(t *testing.T) {
	for says, want := range map[captured]sdk.Outcome{
		taken:     "ok",
		declined:  sdk.OutcomeRefused,
		lostAgain: sdk.OutcomeUnknown,
		unsent:    sdk.OutcomeUnknown,
	} {
		r := newCaptureRig(t)
		r.Account.Get = nil
		r.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{
			Retry: sdk.RetryReturnsOriginal,
		}
		r.answer = func(n int) (*sdk.Payment, error) {
			if n == 1 {
				return nil, lostAgain.err
			}
			if says.err != nil {
				return nil, says.err
			}
			return &sdk.Payment{ProviderReference: "1", Status: says.status}, nil
		}

		l := &lateCapture{captureRig: r}
		if _, err := r.capture(t, "30", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Fatal(err)
		}

		coretest.RecoverAt(t, r.NewHost(t))
		if got := l.underTheKey(t); got != want || len(r.sent) != 2 {
			t.Errorf(
				"a repeat that ends with %v: the merchant hears %s, want %s; %d were sent",
				says.err,
				got,
				want,
				len(r.sent),
			)
		}
	}
}

// What is known under a key stays, whatever a repeat is answered that was under
// way meanwhile.
func TestARepeatDoesNotReplaceWhatIsKnownUnderItsKey(t *testing.T) {
	r, release := newCaptureRig(t), make(chan struct{})
	r.Account.Get, r.Account.Settings.Timeout = nil, time.Minute
	r.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{
		Retry: sdk.RetryReturnsOriginal,
	}
	started, told := make(chan struct{}), make(chan error, 1)
	r.answer = func(n int) (*sdk.Payment, error) {
		if n == 1 {
			close(started)
			<-release
			return &sdk.Payment{ProviderReference: "1", Status: sdk.PaymentAuthorized}, nil
		}

		close(release)
		if err := <-told; err != nil {
			t.Error(err)
		}

		return nil, declined.err
	}

	go func() {
		_, err := r.capture(t, "30", "c1")
		told <- err
	}()

	<-started

	r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
	coretest.RecoverAt(t, r.NewHost(t))
	l := &lateCapture{captureRig: r}
	if got := l.underTheKey(t); got != "ok" || len(r.sent) != 2 {
		t.Errorf("the merchant hears %s, %d were sent", got, len(r.sent))
	}
}

// However many attempts a capture takes, it takes its amount once.
func TestACaptureThatWasRepeatedCountsOnce(t *testing.T) {
	for name, late := range map[string]captured{"both are answered": taken,
		"the first is not": lostAgain} {
		t.Run(name, func(t *testing.T) {
			l := newLateCapture(t, taken)
			_ = l.answerLate(late)
			if p, err := l.Payment(t.Context(), l.id); err != nil || len(p.Attempts) != 3 {
				t.Fatalf("%v: %+v", err, p)
			}

			l.conflict(t, "30.01", "c2")
			l.again.status = sdk.PaymentSucceeded
			p, err := l.capture(t, "10", "c3")
			if err != nil || p.PaidAmount == nil || !p.PaidAmount.Equal(usd("40").Amount) {
				t.Errorf("%v: paid %v", err, p)
			}
		})
	}
}

// A repeat that settles nothing is not made again at once: the pauses grow.
func TestARepeatedCaptureThatSettlesNothingWaits(t *testing.T) {
	for _, says := range []captured{lostAgain, unsent} {
		l := newLateCapture(t, says)
		for range 3 {
			coretest.RecoverAt(t, l.Node)
		}
		if len(l.sent) != 2 {
			t.Errorf("%v: %d captures were sent at one moment", says.err, len(l.sent))
		}

		_ = l.answerLate(taken)
	}
}

// An attempt that did not happen, and that another host has sent again since,
// says nothing to its caller of the action, and does not free its key: also
// when the commit that says so has to be made again.
func TestAnAttemptThatWasSentAgainDoesNotSpeakForTheAction(t *testing.T) {
	for name, faults := range map[string][]coretest.Fault{
		"at once":                       nil,
		"the commit is made again":      {{Undo: errConnection}},
		"its acknowledgement was lost":  {{Lose: errConnection}},
		"the commit is made three more": {{Undo: errConnection}, {Undo: errConnection}},
	} {
		for _, late := range []captured{unsent, declined} {
			for again, says := range map[captured]sdk.Outcome{lostAgain: sdk.OutcomeUnknown,
				declined: sdk.OutcomeRefused} {
				t.Run(fmt.Sprintf("%s, %s after %s", name, sdk.OutcomeOf(late.err), says),
					func(t *testing.T) { speaksForItself(t, again, late, says, faults) })
			}
		}
	}
}

// speaksForItself has a repeat answered, and the first attempt after it, whose
// end is recorded with faults. says is what is then known under the key.
func speaksForItself(
	t *testing.T,
	again, late captured,
	says sdk.Outcome,
	faults []coretest.Fault,
) {
	t.Helper()
	l := newLateCapture(t, again)
	l.Faults.Next(faults...)
	err := l.answerLate(late)
	if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown ||
		e.Code != payment.CodeHostGone {
		t.Errorf("whoever waited for it is told %v", e)
	}

	if got := l.underTheKey(t); got != says || l.Faults.Left() != 0 {
		t.Errorf("under its key the merchant hears %s", got)
	}
	l.wantDoubt(t, says == sdk.OutcomeUnknown)
	l.wantEnd(t, 2, late)
}

// wantEnd holds how an attempt is recorded, and that its end is told once.
func (l *lateCapture) wantEnd(t *testing.T, number int, says captured) {
	t.Helper()
	p, err := l.Payment(t.Context(), l.id)
	if err != nil {
		t.Fatal(err)
	}

	want := string(sdk.AsError(says.err).Outcome)
	if got := p.Attempts[number-1].Outcome; got != want || p.Status != payment.Authorized {
		t.Errorf(
			"attempt %d ended %s, want %s; the payment is %s",
			number,
			got,
			want,
			p.Status,
		)
	}
}

// What the database did not take of an action's end is not known to anybody
// else: recovery takes the attempt for a doubt, and may send it again. So it is
// doubt also for whoever waits, whatever the provider has answered.
func TestAnEndThatCouldNotBeRecordedIsToldAsDoubt(t *testing.T) {
	for _, outcome := range []sdk.Outcome{sdk.OutcomeNotSent, sdk.OutcomeRefused,
		sdk.OutcomeUnknown} {
		t.Run(string(outcome), func(t *testing.T) {
			onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
				ch.script(r, func() (*sdk.Payment, error) {
					r.Faults.Next(coretest.Fault{Refuse: errConnection, Before: r.GiveUp})
					return nil, coretest.Failing(sdk.CodeDeclined, outcome)
				})
				_, _, err := ch.call(t.Context(), r.Node, id, "k")
				if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown ||
					e.Code != payment.CodeStorage {
					t.Errorf("the caller is told %v", e)
				}
			})
		})
	}
}
