package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// A host can die in the pause between a try that was not sent and the next: its
// intent must not stay created for ever.
func TestATryThatWasNotSentAndTheNextOneAreOneCommit(t *testing.T) {
	r := newRig(t)
	r.Account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		p, err := r.Payment(ctx, req.Reference)
		if err != nil {
			return nil, err
		}
		if last := p.Attempts[len(p.Attempts)-1]; last.Number != req.Attempt ||
			last.Outcome != "" {
			t.Errorf(
				"attempt %d runs, the newest on disk is %d with outcome %q",
				req.Attempt,
				last.Number,
				last.Outcome,
			)
		}

		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
	}

	seen := make(chan struct{})

	// looks at the store as another host would: there is an open attempt as
	// long as the payment is created
	go func() {
		defer close(seen)
		for t.Context().Err() == nil {
			list, _, err := r.ListPayments(t.Context(), payment.Filter{Limit: 1})
			if err != nil || len(list) == 0 {
				continue
			}
			p, err := r.Payment(t.Context(), list[0].ID)
			if err != nil || p.Status != payment.Created {
				return
			}

			if p.Attempts[len(p.Attempts)-1].Outcome != "" {
				t.Errorf("it is created and no attempt is open: nothing would ever find it")
				return
			}
		}
	}()

	if p := r.Pay(t, "k"); p.Status != payment.Failed || len(p.Attempts) != 3 {
		t.Errorf("%s after %d attempts", p.Status, len(p.Attempts))
	}
	<-seen
}

// The tries of one call are one call: all of them end when it does.
func TestEveryTryEndsWithTheFirst(t *testing.T) {
	r := newRig(t)
	r.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		r.Clock.Add(time.Second)
		if req.Attempt < 3 {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
		}
		return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
	}

	p := r.Pay(t, "k")
	if len(p.Attempts) != 3 {
		t.Fatalf("%d attempts", len(p.Attempts))
	}

	for _, a := range p.Attempts {
		if !a.Deadline.Equal(p.Attempts[0].Deadline) {
			t.Errorf(
				"attempt %d ends %s, the first %s",
				a.Number,
				a.Deadline,
				p.Attempts[0].Deadline,
			)
		}
	}
}
