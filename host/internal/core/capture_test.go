package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// captureRig has an authorized payment of 60 USD. Its captures are kept, and
// answered by the test; one that is not answered otherwise succeeds.
type captureRig struct {
	*rig
	id     string
	sent   []sdk.CapturePaymentRequest
	answer func(n int) (*sdk.Payment, error)
	status sdk.PaymentStatus // what a question is answered with
}

func newCaptureRig(t *testing.T) *captureRig {
	t.Helper()
	r := &captureRig{rig: newRig(t), status: sdk.PaymentAuthorized}
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "1", Status: sdk.PaymentAuthorized}, nil
	}

	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "1", Status: r.status}, nil
	}
	r.Account.Capture = func(_ context.Context,
		req sdk.CapturePaymentRequest) (*sdk.Payment, error) {
		r.sent = append(r.sent, req)
		return r.answer(len(r.sent))
	}

	r.answer = func(int) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "1", Status: r.status}, nil
	}
	r.id = r.Pay(t, "create").ID

	return r
}

func (r *captureRig) capture(t *testing.T, amount, key string) (*payment.Payment, error) {
	t.Helper()
	// How long an attempt took is real time: on a clock that stands still, what
	// comes after a slow one would seem to come before its end.
	r.Clock.Add(time.Second)

	p, _, err := r.CapturePayment(t.Context(), r.id, decimal.RequireFromString(amount), key)
	return p, err
}

func (r *captureRig) conflict(t *testing.T, amount, key string) {
	t.Helper()
	before := len(r.sent)
	_, err := r.capture(t, amount, key)
	if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
		e.Outcome != sdk.OutcomeNotSent ||
		len(r.sent) != before {
		t.Errorf("a capture of %s: %v, %d were sent", amount, e, len(r.sent)-before)
	}
}

func TestCapturesAreBoundedByWhatWasAuthorized(t *testing.T) {
	r := newCaptureRig(t)
	r.conflict(t, "60.01", "a")
	r.conflict(t, "3000", "b")
	if _, err := r.capture(t, "20", "c"); err != nil {
		t.Fatal(err)
	}

	r.conflict(t, "40.01", "d")
	r.answer = func(int) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)
	}
	if _, err := r.capture(t, "40", "e"); err == nil {
		t.Error("the refused capture succeeded")
	}

	// One that was refused has taken nothing; and without an amount it is all
	// that is left.
	r.status = sdk.PaymentSucceeded
	r.answer = func(int) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "1", Status: r.status}, nil
	}

	p, err := r.capture(t, "0", "f")
	if err != nil || p.Status != payment.Succeeded {
		t.Fatalf("%v, %v", p, err)
	}
	if last := r.sent[len(r.sent)-1]; last.Amount == nil ||
		last.Amount.Amount.String() != "40" {
		t.Errorf("the rest was sent as %+v", last.Amount)
	}
}

func TestWhatWasCapturedBoundsWhatIsRefunded(t *testing.T) {
	for name, paid := range map[string]*sdk.Money{
		"the provider does not say what was paid": nil,
		"it says what was authorized":             usd("60"),
	} {
		t.Run(name, func(t *testing.T) { capturedAndRefunded(t, paid) })
	}
}

func capturedAndRefunded(t *testing.T, paid *sdk.Money) {
	r := newCaptureRig(t)
	r.answer = func(int) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "1", Status: r.status, Paid: paid}, nil
	}
	r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
		return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
	}

	r.status = sdk.PaymentSucceeded
	p, err := r.capture(t, "20", "c")
	if err != nil || p.Status != payment.Succeeded {
		t.Fatalf("%v, %v", p, err)
	}

	_, _, err = r.CreateRefund(t.Context(), r.id, refundOf("20.01"), "more")
	if coretest.Problem(t, err).Code != payment.CodeConflict {
		t.Error(err)
	}
	back, _, err := r.CreateRefund(t.Context(), r.id, payment.RefundRequest{}, "all")
	if err != nil || !back.Amount.Equal(decimal.NewFromInt(20)) {
		t.Errorf("all of it is %v, %v", back, err)
	}
}

// The doubt about one action is settled before the next is sent.
func TestNothingIsSentOnTopOfADoubt(t *testing.T) {
	lost := func(r *captureRig) {
		r.answer = func(n int) (*sdk.Payment, error) {
			if n == 1 {
				return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
			}
			return &sdk.Payment{ProviderReference: "1", Status: r.status}, nil
		}
	}

	t.Run("while the provider does not say what became of it", func(t *testing.T) {
		r := newCaptureRig(t)
		lost(r)
		r.Account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) {
			t.Error("the cancel was sent")
			return &sdk.Payment{Status: sdk.PaymentCanceled}, nil
		}

		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		if _, err := r.capture(t, "30", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Fatal(err)
		}

		r.conflict(t, "30", "c2")
		_, _, err := r.CancelPayment(t.Context(), r.id, "", "c3")
		if coretest.Problem(t, err).Code != payment.CodeConflict {
			t.Error(err)
		}

		if r.Account.Asks() != 2 {
			t.Errorf("the provider was asked %d times", r.Account.Asks())
		}
	})

	t.Run("what it may have taken is not there any more", func(t *testing.T) {
		r := newCaptureRig(t)
		lost(r)
		if _, err := r.capture(t, "30", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Fatal(err)
		}

		r.conflict(
			t,
			"30.01",
			"c2",
		) // asked, and still authorized: 30 may be taken all the same
		if p, err := r.capture(t, "30", "c3"); err != nil || len(r.sent) != 2 {
			t.Errorf("%v, %v", p, err)
		}
	})

	t.Run("it turns out to have taken all", func(t *testing.T) {
		r := newCaptureRig(t)
		lost(r)
		if _, err := r.capture(t, "20", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Fatal(err)
		}

		r.status = sdk.PaymentSucceeded
		r.conflict(t, "20", "c2")
		p, err := r.Payment(t.Context(), r.id)
		if err != nil || p.Status != payment.Succeeded || p.PaidAmount == nil ||
			p.PaidAmount.String() != "20" {
			t.Errorf("%v, %s, paid %v", err, p.Status, p.PaidAmount)
		}
	})
}

// A question was put before a capture was sent, and is answered after that: the
// answer knows nothing of the capture, and does not settle what became of it.
func TestAnAnswerFromBeforeAnActionSettlesNothingAboutIt(t *testing.T) {
	r := newCaptureRig(t)
	r.answer = func(int) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	questions := 0
	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		if questions++; questions > 1 {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		r.Clock.Add(time.Second)
		if _, err := r.capture(t, "30", "c1"); coretest.Problem(
			t,
			err,
		).Outcome != sdk.OutcomeUnknown {
			t.Error(err)
		}

		r.Clock.Add(time.Second)
		return &sdk.Payment{ProviderReference: "1", Status: sdk.PaymentAuthorized}, nil
	}

	if _, err := r.RefreshPayment(t.Context(), r.id); err != nil {
		t.Fatal(err)
	}
	r.conflict(t, "30", "c2")
}

func TestOneActionAtATime(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		for _, second := range changes {
			if second.name == ch.name {
				continue
			}
			second.script(r, func() (*sdk.Payment, error) {
				t.Errorf("%s was sent while %s was under way", second.name, ch.name)
				return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
			})
		}

		other := r.NewHost(t)
		ch.script(r, func() (*sdk.Payment, error) {
			for _, second := range changes {
				if second.name == ch.name {
					continue
				}
				_, _, err := second.call(t.Context(), other, id, second.name)
				if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
					e.Outcome != sdk.OutcomeNotSent {
					t.Errorf("%s: %v", second.name, e)
				}
			}

			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		if _, _, err := ch.call(t.Context(), r.Node, id, "k"); err != nil {
			t.Error(err)
		}
	})
}

// A capture in doubt is repeated only as the plugin declares: with its own key
// and amount, within the window, by the same identity and version.
func TestWhatRecoveryDoesWithACaptureInDoubt(t *testing.T) {
	for _, c := range []struct {
		name   string
		repeat sdk.RetryBehavior
		change func(*captureRig)
		sent   int
	}{
		{"nothing is declared", "", func(*captureRig) {}, 1},
		{"a repeat makes another", sdk.RetryNone, func(*captureRig) {}, 1},
		{"a repeat is refused", sdk.RetryRejectsDuplicates, func(*captureRig) {}, 1},
		{"a repeat gets the first one's result", sdk.RetryReturnsOriginal,
			func(*captureRig) {}, 2},
		{"the window is over", sdk.RetryReturnsOriginal,
			func(r *captureRig) { r.Clock.Add(10 * time.Minute) }, 1},
		{"by another identity", sdk.RetryReturnsOriginal,
			func(r *captureRig) { r.Account.Identity = "another" }, 1},
		{"by another version of the plugin", sdk.RetryReturnsOriginal,
			func(r *captureRig) { r.Account.Plugin = "2.0.0" }, 1},
		{"by a host that is stopped before it sends", sdk.RetryReturnsOriginal,
			func(r *captureRig) {
				stop := coretest.Fault{After: func() { r.Clock.Add(r.Account.Settings.Timeout) }}
				r.Faults.Next(coretest.Fault{}, stop) // the claim, the repeat
			}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newCaptureRig(t)
			r.Account.Get = nil
			r.Account.OnInfo.CapturePayment = sdk.IdempotencySupport{Retry: c.repeat}
			r.answer = func(n int) (*sdk.Payment, error) {
				if n == 1 {
					return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
				}
				return &sdk.Payment{
					ProviderReference: "1",
					Status:            sdk.PaymentSucceeded,
				}, nil
			}

			if _, err := r.capture(t, "30", "c1"); coretest.Problem(
				t,
				err,
			).Outcome != sdk.OutcomeUnknown {
				t.Fatal(err)
			}

			c.change(r)
			coretest.RecoverAt(t, r.Node)
			if len(r.sent) != c.sent {
				t.Fatalf("%d captures were sent, want %d", len(r.sent), c.sent)
			}

			if c.sent == 1 {
				return
			}
			first, second := r.sent[0], r.sent[1]
			if first.IdempotencyKey != second.IdempotencyKey ||
				!first.Amount.Equal(*second.Amount) || second.Attempt <= first.Attempt {
				t.Errorf("the repeat is %+v, the first was %+v", second, first)
			}

			if p, err := r.Payment(t.Context(), r.id); err != nil ||
				p.Status != payment.Succeeded || p.PaidAmount.String() != "30" {
				t.Errorf("%v, %s, paid %v", err, p.Status, p.PaidAmount)
			}
		})
	}
}

// What settles the payment between the look at it and the action's record is
// seen.
func TestAChangeOfWhatWasSettledMeanwhileIsAConflict(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		ch.script(r, func() (*sdk.Payment, error) {
			t.Error("it was sent")
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		r.Faults.Next(coretest.Fault{Before: func() {
			r.report(t, id, intent.Answer, payment.Succeeded, intent.StatusQuery{})
		}})
		_, _, err := ch.call(t.Context(), r.Node, id, "k")
		if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
			e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("got %v", e)
		}
	})
}
