package recovery_test

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

// Between the decision to repeat and the repeat itself an operator, a notice or
// another host may settle the payout.
func TestAPayoutThatIsSettledMeanwhileIsNotRepeated(t *testing.T) {
	settle := map[string]func(t *testing.T, r *coretest.Rig, id string){
		"an operator says that it failed": func(t *testing.T, r *coretest.Rig, id string) {
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
		"a notice says that it succeeded": func(t *testing.T, r *coretest.Rig, id string) {
			err := r.Store.Write(t.Context(), func(tx *store.Tx) error {
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
				r := coretest.NewRig(t)
				r.Account.OnInfo.PayoutLookup = sdk.Lookup{
					ByReference: true,
					Immediate:   true,
				}
				r.DoubtfulPayout(
					sdk.RetryRejectsDuplicates,
					func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
				)

				p := r.PayOut(t, "k")
				var want payment.Status
				r.Account.PayoutStatus = func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
					settled(t, r, p.ID)
					if identity != "the same identity" {
						r.Account.Identity = identity
					}
					want = r.PayoutStatus(t, p.ID)
					return nil, coretest.Failing(sdk.CodeNotFound, sdk.OutcomeRefused)
				}

				r.Clock.Add(10 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := r.PayoutStatus(t, p.ID); got != want || r.Account.Creates() != 1 {
					t.Fatalf(
						"it was settled as %s and became %s after %d creates",
						want,
						got,
						r.Account.Creates(),
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
				r := coretest.NewRig(t)
				r.DoubtfulPayout(
					repeat,
					func() (*sdk.Payout, error) { return nil, coretest.Failing(code, sdk.OutcomeRefused) },
				)

				p := r.PayOut(t, "k")
				r.Clock.Add(10 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}

				if got := r.PayoutStatus(t, p.ID); got != want || r.Account.Creates() != 2 {
					t.Fatalf(
						"%s after %d creates, want %s: the first may have moved the money",
						got,
						r.Account.Creates(),
						want,
					)
				}
			})
		}
	}
}

func TestWhatTheProviderSaysItKnowsIsNotRepeated(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{
		Retry: sdk.RetryRejectsDuplicates,
	}
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeDuplicate, sdk.OutcomeRefused)
	}

	p := r.Pay(t, "k")
	for range 5 {
		r.Clock.Add(20 * time.Second)
		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
	}

	if got := r.PaymentStatus(t, p.ID); got != payment.Unknown || r.Account.Creates() != 1 {
		t.Fatalf("%s after %d creates", got, r.Account.Creates())
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
			r := coretest.NewRig(t)
			r.DoubtfulPayout(
				sdk.RetryReturnsOriginal,
				func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
			)

			r.Account.OnInfo.CreatePayout.Window = time.Minute
			p := r.PayOut(t, "k")
			r.Clock.Add(c.pass)
			_, _ = r.RefreshPayout(t.Context(), p.ID)
			want := payment.Unknown
			if c.creates > 1 {
				want = payment.Succeeded
			}

			if got := r.PayoutStatus(t, p.ID); got != want ||
				r.Account.Creates() != c.creates {
				t.Fatalf("%s after %d creates", got, r.Account.Creates())
			}
		})
	}
}

// Whatever time passes before a repeat is recorded counts: the host may be
// stopped, or the database slow.
func TestAWindowIsJudgedWhenTheRepeatIsRecorded(t *testing.T) {
	r := coretest.NewRig(t)
	r.DoubtfulPayout(
		sdk.RetryReturnsOriginal,
		func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
	)

	p := r.PayOut(t, "k")
	r.Clock.Add(10 * time.Second)

	// the claim, the repeat
	r.Faults.Next(
		coretest.Fault{},
		coretest.Fault{Before: func() { r.Clock.Add(time.Hour) }},
	)

	coretest.RecoverAt(t, r.Node)
	got, err := r.Payout(t.Context(), p.ID)
	if err != nil || got.Status != payment.Unknown || len(got.Attempts) != 1 {
		t.Errorf("%v, %s after %d attempts", err, got.Status, len(got.Attempts))
	}

	if r.Account.Creates() != 1 || r.Faults.Left() != 0 {
		t.Errorf(
			"%d creates, %d faults did not happen",
			r.Account.Creates(),
			r.Faults.Left(),
		)
	}
}

// One host's repeat is under way when another host wants to repeat as well: on
// demand, where nothing is claimed.
func TestARepeatIsNotMadeWhileAnotherCallIsUnderWay(t *testing.T) {
	r := coretest.NewRig(t)
	other, id := r.NewHost(t), ""
	r.DoubtfulPayout(sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
		if _, err := other.RefreshPayout(t.Context(), id); coretest.Problem(
			t,
			err,
		).Code != string(
			sdk.CodeNotSupported,
		) {
			t.Error(err)
		}
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	})

	id = r.PayOut(t, "k").ID
	r.Clock.Add(10 * time.Second)
	coretest.RecoverAt(t, r.Node)
	if got := r.PayoutStatus(t, id); got != payment.Succeeded || r.Account.Creates() != 2 {
		t.Errorf("%s after %d creates", got, r.Account.Creates())
	}
}

// Another version of a plugin may derive other keys.
func TestARepeatNeedsTheSameVersionOfThePlugin(t *testing.T) {
	r := coretest.NewRig(t)
	r.DoubtfulPayout(
		sdk.RetryReturnsOriginal,
		func() (*sdk.Payout, error) { return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil },
	)

	p := r.PayOut(t, "k")
	r.Account.Plugin = "2.0.0"
	r.Clock.Add(10 * time.Second)
	coretest.RecoverAt(t, r.Node)
	if got := r.PayoutStatus(t, p.ID); got != payment.UnderReview ||
		r.Account.Creates() != 1 {
		t.Errorf("%s after %d creates", got, r.Account.Creates())
	}
}
