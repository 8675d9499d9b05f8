package core_test

import (
	"context"
	"github.com/payhost/payhost/host/internal/coretest"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// newRepeatable has a provider that cannot be asked and answers a repeat of a
// capture with the first one's result. Its captures are answered in turn.
func newRepeatable(t *testing.T, answers ...captured) *lateCapture {
	t.Helper()
	r := newCaptureRig(t)
	r.Account.Get = nil
	r.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{
		Retry: sdk.RetryReturnsOriginal,
	}
	r.answer = func(n int) (*sdk.Payment, error) {
		says := answers[min(n, len(answers))-1]
		if says.err != nil {
			return nil, says.err
		}
		return &sdk.Payment{ProviderReference: "1", Status: says.status}, nil
	}

	return &lateCapture{captureRig: r}
}

// A capture that was not sent frees its key. What is then wanted under the key
// is what recovery repeats.
func TestARepeatIsOfTheCaptureThatWasSent(t *testing.T) {
	l := newRepeatable(t, unsent, lostAgain, taken)
	if _, err := l.capture(t, "10", "c1"); coretest.Problem(t, err).Outcome != sdk.OutcomeNotSent {
		t.Fatal(err)
	}
	if _, err := l.capture(t, "30", "c1"); coretest.Problem(t, err).Outcome != sdk.OutcomeUnknown {
		t.Fatal(err)
	}

	coretest.RecoverAt(t, l.Node)
	if len(l.sent) != 3 || l.sent[2].Amount.Amount.String() != "30" {
		t.Fatalf(
			"%d were sent, the repeat is of %v",
			len(l.sent),
			l.sent[len(l.sent)-1].Amount,
		)
	}

	l.conflict(t, "30.01", "c2")
	if got := l.underTheKey(t); got != "ok" {
		t.Errorf("under its key the merchant hears %s", got)
	}
}

// What the provider has decided against is there to capture again.
func TestARefusedRepeatHasTakenNothing(t *testing.T) {
	l := newRepeatable(t, lostAgain, declined, taken)
	if _, err := l.capture(t, "60", "c1"); coretest.Problem(t, err).Outcome != sdk.OutcomeUnknown {
		t.Fatal(err)
	}
	coretest.RecoverAt(t, l.Node)
	if _, err := l.capture(t, "60", "c2"); err != nil || len(l.sent) != 3 {
		t.Errorf("%v, %d were sent", err, len(l.sent))
	}
}

// That the money moved holds, also when a repeat was told otherwise before.
func TestALateSuccessReplacesARefusalUnderTheKey(t *testing.T) {
	l := newLateCapture(t, declined)
	if got := l.underTheKey(t); got != sdk.OutcomeRefused {
		t.Errorf("after the repeat the merchant hears %s", got)
	}
	if err := l.answerLate(taken); err != nil {
		t.Error(err)
	}

	if got := l.underTheKey(t); got != "ok" {
		t.Errorf("after the first one's answer the merchant hears %s", got)
	}
	l.conflict(t, "30.01", "c2")
}

// When no attempt has happened the action has not, whichever of them is heard
// of last: nothing stays in doubt for ever.
func TestAnActionOfWhichNothingHappenedIsNotInDoubt(t *testing.T) {
	for late, want := range map[captured]sdk.Outcome{declined: sdk.OutcomeRefused, unsent: ""} {
		l := newLateCapture(t, unsent)
		err := l.answerLate(late)
		if want != "" {
			if got := l.underTheKey(t); got != want || coretest.Problem(t, err).Outcome != want {
				t.Errorf(
					"the merchant hears %s, whoever waited %v; want %s",
					got,
					err,
					want,
				)
			}
		}

		l.wantDoubt(t, false)
		l.again = taken
		if _, err := l.capture(t, "60", "c2"); err != nil {
			t.Error(err)
		}
	}

	t.Run("the repeat is heard of last", func(t *testing.T) {
		r, release := newCaptureRig(t), make(chan struct{})
		l := &lateCapture{captureRig: r}
		r.Account.Get, r.Account.Settings.Timeout = nil, time.Minute
		r.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{
			Retry: sdk.RetryReturnsOriginal,
		}
		started, told := make(chan struct{}), make(chan error, 1)
		r.answer = func(n int) (*sdk.Payment, error) {
			if n == 1 {
				close(started)
				<-release
				return nil, declined.err
			}

			close(release)
			if e := coretest.Problem(t, <-told); e.Outcome != sdk.OutcomeUnknown {
				t.Errorf("whoever waited is told %v", e)
			}

			return nil, unsent.err
		}

		go func() {
			_, err := r.capture(t, "30", "c1")
			told <- err
		}()

		<-started
		r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
		coretest.RecoverAt(t, r.NewHost(t))
		l.wantDoubt(t, false)
	})
}

// An answer settles the doubt about its own capture, not about a later one.
func TestALateSuccessLeavesTheDoubtAboutAnother(t *testing.T) {
	r := newCaptureRig(t)
	r.Account.Settings.Timeout = time.Minute
	started := make(chan struct{})
	release := make(chan struct{})
	told := make(chan error, 1)
	r.answer = func(n int) (*sdk.Payment, error) {
		if n == 1 {
			close(started)
			<-release
			return &sdk.Payment{ProviderReference: "1", Status: sdk.PaymentAuthorized}, nil
		}
		return nil, lostAgain.err
	}

	go func() {
		_, err := r.capture(t, "20", "c1")
		told <- err
	}()

	<-started
	r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
	other := r.NewHost(t)
	coretest.RecoverAt(t, other)
	_, _, err := other.CapturePayment(t.Context(), r.id, usd("30").Amount, "c2")
	if coretest.Problem(t, err).Outcome != sdk.OutcomeUnknown || len(r.sent) != 2 {
		t.Fatalf("%v, %d were sent", err, len(r.sent))
	}

	close(release)
	if err := <-told; err != nil {
		t.Error(err)
	}
	r.Account.Get = nil
	(&lateCapture{captureRig: r}).wantDoubt(t, true)
}

// However it is heard that a payment has succeeded, a capture of a part whose
// answer was lost has taken that part, and no more can be refunded.
func TestACaptureWithoutAnAnswerBoundsWhatIsRefunded(t *testing.T) {
	notice := func(t *testing.T, r *captureRig) {
		err := r.Store.Write(t.Context(), func(tx *store.Tx) error {
			i, err := tx.IntentForUpdate(t.Context(), r.id)
			if err != nil {
				return err
			}
			_, err = r.Apply(t.Context(), tx, i, intent.Report{
				Actor:  core.ActorWebhook,
				Named:  true,
				Proof:  intent.Signature,
				Status: payment.Succeeded,
				Amount: usd("60"),
			}, intent.StatusQuery{})

			return err
		})
		if err != nil {
			t.Error(err)
		}
	}

	lost := func(t *testing.T, r *captureRig) {
		if _, err := r.capture(t, "20", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Fatal(err)
		}
	}
	for name, hear := range map[string]func(*testing.T, *captureRig){
		"by a notice after it": func(t *testing.T, r *captureRig) {
			r.answer = func(int) (*sdk.Payment, error) { return nil, lostAgain.err }
			lost(t, r)
			notice(t, r)
		},
		"by a notice before it": func(t *testing.T, r *captureRig) {
			r.answer = func(int) (*sdk.Payment, error) {
				notice(t, r)
				return nil, lostAgain.err
			}
			lost(t, r)
		},
		"by a question after its host has gone": func(t *testing.T, r *captureRig) {
			r.afterItsHost(t, nil)
		},
		"by a notice before its host has gone": func(t *testing.T, r *captureRig) {
			r.afterItsHost(t, notice)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newCaptureRig(t)
			r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
				return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
			}
			hear(t, r)
			p, err := r.Payment(t.Context(), r.id)
			if err != nil || p.Status != payment.Succeeded || p.PaidAmount == nil ||
				p.PaidAmount.String() != "20" {
				t.Fatalf("%v, %s, paid %v", err, p.Status, p.PaidAmount)
			}

			_, _, err = r.CreateRefund(t.Context(), r.id, refundOf("20.01"), "more")
			if coretest.Problem(t, err).Code != payment.CodeConflict {
				t.Error(err)
			}
		})
	}
}

// afterItsHost has a capture of 20 in the hands of a host that ends, something
// happen before that, and another host look.
func (r *captureRig) afterItsHost(t *testing.T, before func(*testing.T, *captureRig)) {
	t.Helper()
	started := make(chan struct{})
	release := make(chan struct{})
	told := make(chan error, 1)
	r.answer = func(int) (*sdk.Payment, error) {
		close(started)
		<-release
		return nil, lostAgain.err
	}

	go func() {
		_, err := r.capture(t, "20", "c1")
		told <- err
	}()

	<-started
	if before != nil {
		before(t, r)
	}
	r.status = sdk.PaymentSucceeded
	coretest.RecoverAt(t, r.HostWith(t, core.Options{Predecessor: r.Instance()}))
	want, err := r.Payment(t.Context(), r.id)
	if err != nil || want.PaidAmount == nil || want.PaidAmount.String() != "20" {
		t.Errorf("%v: the next host finds %+v", err, want)
	}

	close(release)
	if err := <-told; err == nil {
		t.Error("the lost call succeeded")
	}
}
