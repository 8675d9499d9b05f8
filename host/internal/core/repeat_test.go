package core_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// doubtful scripts a provider whose first payout has no answer, and whose later
// ones get what second gives.
func doubtful(r *rig, repeat sdk.RetryBehavior, second func() (*sdk.Payout, error)) {
	r.account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: repeat}
	first := true
	r.account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		if first {
			first = false
			return nil, failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		return second()
	}
}

// Between the decision to repeat and the repeat itself an operator, a notice or
// another host may settle the payout.
func TestAPayoutThatIsSettledMeanwhileIsNotRepeated(t *testing.T) {
	settle := map[string]func(t *testing.T, r *rig, id string){
		"an operator says that it failed": func(t *testing.T, r *rig, id string) {
			err := r.Resolve(
				t.Context(),
				payment.KindPayout,
				id,
				payment.Resolution{Status: payment.Failed, Reason: "not in the books"},
			)
			if err != nil {
				t.Error(err)
			}
		},
		"a notice says that it succeeded": func(t *testing.T, r *rig, id string) {
			err := r.store.Write(t.Context(), func(tx *store.Tx) error {
				i, err := tx.IntentForUpdate(t.Context(), id)
				if err != nil {
					return err
				}
				_, err = r.Apply(t.Context(), tx, i, intent.Report{
					Actor:  core.ActorWebhook,
					Proof:  intent.Signature,
					Status: payment.Succeeded,
				}, intent.StatusQuery{})

				return err
			})
			if err != nil {
				t.Error(err)
			}
		},
	}
	for name, settled := range settle {
		for _, identity := range []string{"the same identity", "another identity"} {
			t.Run(name+", "+identity, func(t *testing.T) {
				r := newRig(t)
				r.account.OnInfo.PayoutLookup = sdk.Lookup{
					ByReference: true,
					Immediate:   true,
				}
				doubtful(
					r,
					sdk.RetryRejectsDuplicates,
					func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
				)

				p := r.payout(t, "k")
				var want payment.Status
				r.account.PayoutStatus = func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
					settled(t, r, p.ID)
					if identity != "the same identity" {
						r.account.Identity = identity
					}
					want = r.payoutStatus(t, p.ID)
					return nil, failing(sdk.CodeNotFound, sdk.OutcomeRefused)
				}

				r.clock.add(10 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := r.payoutStatus(t, p.ID); got != want || r.account.Creates() != 1 {
					t.Fatalf(
						"it was settled as %s and became %s after %d creates",
						want,
						got,
						r.account.Creates(),
					)
				}
			})
		}
	}
}

func TestARepeatThatIsTurnedAwayLeavesTheDoubt(t *testing.T) {
	for _, repeat := range []sdk.RetryBehavior{sdk.RetryReturnsOriginal, sdk.RetryRejectsDuplicates} {
		for code, want := range map[sdk.Code]payment.Status{
			sdk.CodeRateLimited: payment.Unknown, sdk.CodeAuthentication: payment.Unknown, sdk.CodePermission: payment.Unknown,
			sdk.CodeUnavailable: payment.Unknown, sdk.CodeInvalidRequest: payment.UnderReview,
		} {
			t.Run(string(repeat)+" "+string(code), func(t *testing.T) {
				r := newRig(t)
				doubtful(
					r,
					repeat,
					func() (*sdk.Payout, error) { return nil, failing(code, sdk.OutcomeRefused) },
				)

				p := r.payout(t, "k")
				r.clock.add(10 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}

				if got := r.payoutStatus(t, p.ID); got != want || r.account.Creates() != 2 {
					t.Fatalf(
						"%s after %d creates, want %s: the first may have moved the money",
						got,
						r.account.Creates(),
						want,
					)
				}
			})
		}
	}
}

func TestWhatTheProviderSaysItKnowsIsNotRepeated(t *testing.T) {
	r := newRig(t)
	r.account.OnInfo.CreatePayment = sdk.IdempotencySupport{
		Retry: sdk.RetryRejectsDuplicates,
	}
	r.account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, failing(sdk.CodeDuplicate, sdk.OutcomeRefused)
	}

	p := r.pay(t, "k")
	for range 5 {
		r.clock.add(20 * time.Second)
		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if got := r.paymentStatus(t, p.ID); got != payment.Unknown || r.account.Creates() != 1 {
		t.Fatalf("%s after %d creates", got, r.account.Creates())
	}
}

// A repeat that is sent in time can arrive late, and the provider counts by a
// clock of its own: a twentieth of the window is left.
func TestARepeatThatCouldArriveAfterTheWindowIsNotMade(t *testing.T) {
	for _, c := range []struct {
		name    string
		pass    time.Duration
		creates int64
	}{
		{"the window is over", time.Minute, 1},
		{"it would be over when the call ends", time.Minute - 5*time.Second + time.Second, 1},
		{"it could be over by the provider's clock", time.Minute - 5*time.Second - 3*time.Second + time.Second, 1},
		{"there is time enough", time.Minute - 5*time.Second - 3*time.Second, 2},
		{"the clock was set back since", -time.Hour, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			doubtful(
				r,
				sdk.RetryReturnsOriginal,
				func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
			)

			r.account.OnInfo.CreatePayout.Window = time.Minute
			p := r.payout(t, "k")
			r.clock.add(c.pass)
			_, _ = r.RefreshPayout(t.Context(), p.ID)
			want := payment.Unknown
			if c.creates > 1 {
				want = payment.Succeeded
			}

			if got := r.payoutStatus(t, p.ID); got != want ||
				r.account.Creates() != c.creates {
				t.Fatalf("%s after %d creates", got, r.account.Creates())
			}
		})
	}
}

// Whatever time passes before a repeat is recorded counts: the host may be
// stopped, or the database slow.
func TestAWindowIsJudgedWhenTheRepeatIsRecorded(t *testing.T) {
	r := newRig(t)
	doubtful(
		r,
		sdk.RetryReturnsOriginal,
		func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
	)

	p := r.payout(t, "k")
	r.clock.add(10 * time.Second)

	// the claim, the repeat
	r.faults.Next(
		coretest.Fault{},
		coretest.Fault{Before: func() { r.clock.add(time.Hour) }},
	)

	recoverAt(t, r.node)
	got, err := r.Payout(t.Context(), p.ID)
	if err != nil || got.Status != payment.Unknown || len(got.Attempts) != 1 {
		t.Errorf("%v, %s after %d attempts", err, got.Status, len(got.Attempts))
	}

	if r.account.Creates() != 1 || r.faults.Left() != 0 {
		t.Errorf(
			"%d creates, %d faults did not happen",
			r.account.Creates(),
			r.faults.Left(),
		)
	}
}

// One host's repeat is under way when another host wants to repeat as well: on
// demand, where nothing is claimed.
func TestARepeatIsNotMadeWhileAnotherCallIsUnderWay(t *testing.T) {
	r := newRig(t)
	other, id := r.newHost(t), ""
	doubtful(r, sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
		if _, err := other.RefreshPayout(t.Context(), id); problem(
			t,
			err,
		).Code != string(
			sdk.CodeNotSupported,
		) {
			t.Error(err)
		}
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	})

	id = r.payout(t, "k").ID
	r.clock.add(10 * time.Second)
	recoverAt(t, r.node)
	if got := r.payoutStatus(t, id); got != payment.Succeeded || r.account.Creates() != 2 {
		t.Errorf("%s after %d creates", got, r.account.Creates())
	}
}

// Another version of a plugin may derive other keys.
func TestARepeatNeedsTheSameVersionOfThePlugin(t *testing.T) {
	r := newRig(t)
	doubtful(
		r,
		sdk.RetryReturnsOriginal,
		func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
	)

	p := r.payout(t, "k")
	r.account.Plugin = "2.0.0"
	r.clock.add(10 * time.Second)
	recoverAt(t, r.node)
	if got := r.payoutStatus(t, p.ID); got != payment.UnderReview ||
		r.account.Creates() != 1 {
		t.Errorf("%s after %d creates", got, r.account.Creates())
	}
}

// A host can die in the pause between a try that was not sent and the next: its
// intent must not stay created for ever.
func TestATryThatWasNotSentAndTheNextOneAreOneCommit(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(ctx context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
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

		return nil, failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
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

	if p := r.pay(t, "k"); p.Status != payment.Failed || len(p.Attempts) != 3 {
		t.Errorf("%s after %d attempts", p.Status, len(p.Attempts))
	}
	<-seen
}

// The tries of one call are one call: all of them end when it does.
func TestEveryTryEndsWithTheFirst(t *testing.T) {
	r := newRig(t)
	r.account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		r.clock.add(time.Second)
		if req.Attempt < 3 {
			return nil, failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
		}
		return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
	}

	p := r.pay(t, "k")
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
