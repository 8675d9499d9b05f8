package core_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// While something is under way for an intent, at whichever host, nobody decides
// what became of it.
func TestAnOperatorWaitsForWhatIsUnderWay(t *testing.T) {
	resolve := payment.Resolution{Status: payment.Failed, Reason: "not in the books"}
	refused := func(t *testing.T, c *coretest.Node, kind payment.Kind, id string) {
		t.Helper()
		err := c.Resolve(t.Context(), kind, id, resolve)
		if e := coretest.Problem(t, err); e.Code != payment.CodeConflict ||
			e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("got %v", e)
		}
	}

	t.Run("a create", func(t *testing.T) {
		r := newRig(t)
		other := r.NewHost(t)
		r.Account.Payout = func(_ context.Context,
			req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			refused(t, r.Node, payment.KindPayout, req.Reference)
			refused(t, other, payment.KindPayout, req.Reference)
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		}

		if p := r.PayOut(t, "k"); p.Status != payment.Succeeded {
			t.Errorf("it is %s", p.Status)
		}
	})

	t.Run("a repeat", func(t *testing.T) {
		r := newRig(t)
		id := ""
		r.DoubtfulPayout(sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
			refused(t, r.Node, payment.KindPayout, id)
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		})

		id = r.PayOut(t, "k").ID
		r.Clock.Add(10 * time.Second)
		coretest.RecoverAt(t, r.NewHost(t))
		if got := r.PayoutStatus(t, id); got != payment.Succeeded ||
			r.Account.Creates() != 2 {
			t.Errorf("it is %s after %d creates", got, r.Account.Creates())
		}
	})

	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		ch.script(r, func() (*sdk.Payment, error) {
			refused(t, r.Node, payment.KindPayment, id)
			return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
		})
		if p, _, err := ch.call(t.Context(), r.Node, id, "k"); err != nil ||
			p.Status != payment.Succeeded {
			t.Errorf("%v, %v", p, err)
		}
	})
}

// Once a doubt is known and nothing is under way any more, an operator may
// decide at once.
func TestAnOperatorDecidesADoubtThatNobodyCanAddTo(t *testing.T) {
	r := newRig(t)
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	p := r.PayOut(t, "k")
	err := r.Resolve(t.Context(), payment.KindPayout, p.ID,
		payment.Resolution{Status: payment.Failed, Reason: "not in the books"})
	if err != nil || r.PayoutStatus(t, p.ID) != payment.Failed {
		t.Errorf("%v, it is %s", err, r.PayoutStatus(t, p.ID))
	}
}

// A decision that is slow on its way to the database is about what it was when
// the operator looked: a call that was made meanwhile is not in it.
func TestADecisionThatWasOvertakenIsRefused(t *testing.T) {
	r := newRig(t)
	r.DoubtfulPayout(sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
	})
	id := r.PayOut(t, "k").ID
	other := r.NewHost(t)
	r.Clock.Add(10 * time.Second)
	r.Faults.Next(coretest.Fault{Before: func() { coretest.RecoverAt(t, other) }})

	err := r.Resolve(t.Context(), payment.KindPayout, id,
		payment.Resolution{Status: payment.Failed, Reason: "not in the books"})
	if e := coretest.Problem(t, err); (e.Code != payment.CodeConflict) ||
		!strings.Contains(e.Message, "look at it again") {
		t.Errorf("got %v", e)
	}

	if got := r.PayoutStatus(t, id); (got != payment.Processing) ||
		(r.Account.Creates() != 2) {
		t.Errorf("it is %s after %d creates", got, r.Account.Creates())
	}
}

// An operator, or the provider itself, said that a payout had failed; then the
// provider says that it is on its way.
func TestMoneyThatMovesAfterAnEndIsUnderReview(t *testing.T) {
	r := newRig(t)
	says := sdk.PayoutProcessing
	r.Account.OnInfo.PayoutLookup = sdk.Lookup{ByReference: true}
	r.Account.PayoutStatus = func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: says}, nil
	}

	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	id := r.PayOut(t, "k").ID
	if err := r.Resolve(t.Context(), payment.KindPayout, id,
		payment.Resolution{Status: payment.Failed, Reason: "not in the books"}); err != nil {
		t.Fatal(err)
	}

	r.report(
		t,
		id,
		intent.Signature,
		payment.Processing,
		intent.StatusQuery{Possible: true},
	)
	coretest.RecoverAt(t, r.Node)

	p, err := r.Payout(t.Context(), id)
	if err != nil || p.Status != payment.UnderReview ||
		p.ReviewReason != payment.ReviewProvider {
		t.Fatalf("%v, %s (%s)", err, p.Status, p.ReviewReason)
	}

	r.RecoverUntil(t, "another question", func() bool { return r.Account.Asks() > 2 })
	if got := r.PayoutStatus(t, id); got != payment.UnderReview {
		t.Errorf("the same word again lifted the review: %s", got)
	}
	says = sdk.PayoutSucceeded
	r.RecoverUntil(t, "the end of the money", func() bool {
		return r.PayoutStatus(t, id) == payment.Succeeded
	})
}

// corrected is an intent about which an operator has decided, wrongly.
func corrected(
	t *testing.T,
	r *rig,
	to payment.Status,
) (id string, again func(payment.Status) error) {
	t.Helper()
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	id = r.Pay(t, "k").ID
	again = func(to payment.Status) error {
		return r.Resolve(t.Context(), payment.KindPayment, id,
			payment.Resolution{Status: to, Reason: "read in the books: " + string(to), Operator: "ann"})
	}
	if err := again(to); err != nil {
		t.Fatal(err)
	}
	return id, again
}

// A decision that was wrong is taken back by another one, and the history keeps
// both; a success that never was is announced again when it comes.
func TestAWrongDecisionIsCorrected(t *testing.T) {
	r := newRig(t)
	id, resolve := corrected(t, r, payment.Succeeded)
	for _, to := range []payment.Status{
		payment.Failed, payment.Canceled, payment.Expired, payment.Succeeded, payment.Failed,
	} {
		if err := resolve(to); err != nil {
			t.Fatalf("to %s: %v", to, err)
		}
		p, err := r.Payment(t.Context(), id)
		if err != nil || p.Status != to {
			t.Fatalf("it is %s and not %s, %v", p.Status, to, err)
		}
		last := p.History[len(p.History)-1]
		if !strings.HasSuffix(last.Note, "read in the books: "+string(to)) {
			t.Errorf("the history ends with %+v", last)
		}
	}

	p, err := r.Payment(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	decisions := 0
	for _, change := range p.History {
		if change.Actor == "operator ann" {
			decisions++
		}
	}
	if decisions != 6 {
		t.Errorf("%d decisions in %+v", decisions, p.History)
	}

	// Who listens to events is told of each, also of the second success.
	events, err := r.Events(t.Context(), "", []string{"payment.succeeded", "payment.failed"}, 10)
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, event := range events {
		told = append(told, strings.TrimPrefix(event.Type, "payment."))
	}
	if got := strings.Join(told, " "); got != "succeeded failed succeeded failed" {
		t.Errorf("told of %s", got)
	}
}

// What the provider has said is no operator's mistake: only its own word, or a
// review, takes that back.
func TestWhatTheProviderHasSaidIsNotCorrected(t *testing.T) {
	refused := func(t *testing.T, err error, words string) {
		t.Helper()
		e := coretest.Problem(t, err)
		if e.Code != payment.CodeConflict || !strings.Contains(e.Message, words) {
			t.Errorf("got %v", e)
		}
	}

	t.Run("a success of the provider", func(t *testing.T) {
		r := newRig(t)
		r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{Status: sdk.PaymentSucceeded}, nil
		}
		id := r.Pay(t, "k").ID
		refused(t, r.Resolve(t.Context(), payment.KindPayment, id,
			payment.Resolution{Status: payment.Failed, Reason: "no"}), "cannot become failed")
	})

	t.Run("a transaction that came since", func(t *testing.T) {
		r := newRig(t)
		id, resolve := corrected(t, r, payment.Succeeded)
		report := intent.Report{
			Actor:       core.ActorWebhook,
			Proof:       intent.Signature,
			Named:       true,
			Status:      payment.Succeeded,
			Transaction: "T-1",
		}
		err := r.Change(t.Context(), id, func(tx *store.Tx, i *intent.Intent) error {
			_, err := r.Apply(t.Context(), tx, i, report, intent.StatusQuery{})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		refused(t, resolve(payment.Failed), "confirmed")
	})

	t.Run("a success that was confirmed since", func(t *testing.T) {
		r := newRig(t)
		id, resolve := corrected(t, r, payment.Succeeded)
		for range 3 {
			report := intent.Report{
				Actor:  core.ActorWebhook,
				Proof:  intent.Signature,
				Named:  true,
				Status: payment.Succeeded,
			}
			err := r.Change(t.Context(), id, func(tx *store.Tx, i *intent.Intent) error {
				_, err := r.Apply(t.Context(), tx, i, report, intent.StatusQuery{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		refused(t, resolve(payment.Failed), "confirmed")

		p, err := r.Payment(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		lines := 0
		for _, change := range p.History {
			if change.Action == "confirmed" {
				lines++
			}
		}
		if lines != 1 {
			t.Errorf("%d lines in %+v", lines, p.History)
		}
	})

	t.Run("money that was given back", func(t *testing.T) {
		r := newRig(t)
		id, resolve := corrected(t, r, payment.Succeeded)
		r.Account.Refund = func(context.Context, sdk.CreateRefundRequest) (*sdk.Refund, error) {
			return &sdk.Refund{Status: sdk.RefundSucceeded}, nil
		}
		_, _, err := r.CreateRefund(t.Context(), id, payment.RefundRequest{}, "refund")
		if err != nil {
			t.Fatal(err)
		}
		refused(t, resolve(payment.Failed), "re_")
	})
}
