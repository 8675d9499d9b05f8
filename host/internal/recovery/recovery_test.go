package recovery_test

import (
	"context"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// What a host was doing that has given no sign of life for a while is asked
// about at once. It is repeated, and resolved by an operator, only when that
// host cannot send it any more: it may only have been stopped.
func TestAnAttemptOfADeadHostIsInDoubtAtOnceAndTouchedAfterItsDeadlineAndGrace(
	t *testing.T,
) {
	r := coretest.NewRig(t)
	release := make(chan struct{})
	defer close(release)
	started := make(chan string, 1)
	r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	r.Account.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		if req.Attempt > 1 {
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		}
		started <- req.Reference
		<-release // the host "died" here
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}

	ctx, gone := context.WithCancel(t.Context())
	defer gone()
	go func() { _, _, _ = r.CreatePayout(ctx, coretest.PayoutRequest(), "k") }()
	id := <-started

	// a connection of its own to the same database
	mine, err := store.Open(t.Context(), r.URL, store.WithClock(r.Clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	defer mine.Close()

	other := r.HostOn(t, mine)
	const alive, silent = 14 * time.Second, 2 * time.Second
	for _, step := range []struct {
		pass time.Duration
		want payment.Status
	}{
		{alive, payment.Created},
		{silent, payment.Unknown},
		{r.Account.Settings.Timeout + coretest.Grace - alive - silent - time.Second, payment.Unknown},
	} {
		r.Clock.Add(step.pass)
		if err := other.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.PayoutStatus(t, id); got != step.want || r.Account.Creates() != 1 {
			t.Fatalf(
				"after %s more: %s after %d creates, want %s",
				step.pass,
				got,
				r.Account.Creates(),
				step.want,
			)
		}

		resolve := payment.Resolution{Status: payment.Failed, Reason: "not in the books"}
		if err := other.Resolve(t.Context(), payment.KindPayout, id, resolve); err == nil {
			t.Fatal("it was resolved while its call may still reach the provider")
		}
	}

	r.Clock.Add(time.Minute)
	if err := other.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := r.PayoutStatus(t, id); got != payment.Succeeded || r.Account.Creates() != 2 {
		t.Fatalf("got %s after %d creates, want it repeated", got, r.Account.Creates())
	}
}

// The table in repeat.go: what recovery may do with an unknown create.
func TestWhatRecoveryDoesWithAnUnknownPayout(t *testing.T) {
	notFound := func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeNotFound, sdk.OutcomeRefused)
	}
	for _, c := range []struct {
		name      string
		repeat    sdk.RetryBehavior
		status    func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error)
		immediate bool
		second    error
		want      payment.Status
		creates   int64
	}{
		{"none, nothing to ask: waits", sdk.RetryNone, nil, false, nil, payment.Unknown, 1},
		{"none, not found: never repeated", sdk.RetryNone, notFound, true, nil, payment.Unknown, 1},
		{"rejects duplicates, nothing to ask: repeated, and it happened now", sdk.RetryRejectsDuplicates, nil, false, nil, payment.Succeeded, 2},
		{"rejects duplicates, a duplicate: under review", sdk.RetryRejectsDuplicates, nil, false,
			coretest.Failing(sdk.CodeDuplicate, sdk.OutcomeRefused), payment.UnderReview, 2},
		{"rejects duplicates, not found at once: repeated", sdk.RetryRejectsDuplicates, notFound, true, nil, payment.Succeeded, 2},
		{"rejects duplicates, not found perhaps later: asked again", sdk.RetryRejectsDuplicates, notFound, false, nil, payment.Unknown, 1},
		{"rejects duplicates, the repeat is refused: under review", sdk.RetryRejectsDuplicates, nil, false,
			coretest.Failing(sdk.CodeInsufficientFunds, sdk.OutcomeRefused), payment.UnderReview, 2},
		{"returns original: the repeat's answer is the result", sdk.RetryReturnsOriginal, nil, false, nil, payment.Succeeded, 2},
		{"returns original, refused: that is the result", sdk.RetryReturnsOriginal, nil, false,
			coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused), payment.Failed, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := coretest.NewRig(t)
			r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: c.repeat}
			r.Account.OnInfo.PayoutLookup = sdk.Lookup{
				ByReference: true,
				Immediate:   c.immediate,
			}
			r.Account.PayoutStatus = c.status
			var keys []string

			var sequences []uint64
			r.Account.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
				keys, sequences = append(
					keys,
					req.IdempotencyKey,
				), append(
					sequences,
					req.Sequence,
				)
				if len(keys) == 1 {
					return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
				}

				if c.second != nil {
					return nil, c.second
				}

				return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
			}

			p := r.PayOut(t, "k")
			for range 12 {
				r.Clock.Add(20 * time.Second)
				if err := r.Recover(t.Context()); err != nil {
					t.Fatal(err)
				}
			}

			if got := r.PayoutStatus(t, p.ID); got != c.want ||
				r.Account.Creates() != c.creates {
				t.Fatalf(
					"%s after %d creates, want %s after %d",
					got,
					r.Account.Creates(),
					c.want,
					c.creates,
				)
			}

			for k := range keys {
				if keys[k] != keys[0] || sequences[k] != sequences[0] {
					t.Errorf(
						"a repeat used another key or sequence: %v %v",
						keys,
						sequences,
					)
				}
			}
		})
	}
}

func TestARepeatNeedsTheWindowAndTheSameIdentity(t *testing.T) {
	lose := func(r *coretest.Rig) {
		r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{
			Retry:  sdk.RetryReturnsOriginal,
			Window: time.Minute,
		}
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
	}

	t.Run("past the window", func(t *testing.T) {
		r := coretest.NewRig(t)
		lose(r)
		p := r.PayOut(t, "k")
		r.Clock.Add(2 * time.Minute)
		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}

		if got := r.PayoutStatus(t, p.ID); got != payment.Unknown ||
			r.Account.Creates() != 1 {
			t.Fatalf("%s after %d creates", got, r.Account.Creates())
		}
	})

	t.Run("another identity", func(t *testing.T) {
		r := coretest.NewRig(t)
		lose(r)
		p := r.PayOut(t, "k")
		r.Account.Identity = "somebody else"
		r.Clock.Add(10 * time.Second)
		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}

		if got := r.PayoutStatus(t, p.ID); got != payment.UnderReview ||
			r.Account.Creates() != 1 {
			t.Fatalf("%s after %d creates", got, r.Account.Creates())
		}
	})
}

func TestAnUnknownPaymentIsSettledByAsking(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true}
	r.Account.Create = func(context.Context, sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}

	r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "t", Status: sdk.PaymentSucceeded}, nil
	}
	p := r.Pay(t, "k")
	r.RecoverUntil(
		t,
		"success",
		func() bool { return r.PaymentStatus(t, p.ID) == payment.Succeeded },
	)

	if r.Account.Creates() != 1 {
		t.Errorf("%d creates", r.Account.Creates())
	}
}

func TestTwoHostsDoNotSettleTheSameIntentAtOnce(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	first := true
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		if first {
			first = false
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}
		return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
	}

	r.PayOut(t, "k")
	r.Clock.Add(10 * time.Second)
	errs := make(chan error, 2)
	for _, host := range []*coretest.Node{r.Node, r.NewHost(t)} {
		go func() { errs <- host.Recover(context.WithoutCancel(t.Context())) }()
	}

	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}

	if got := r.Account.Creates(); got != 2 {
		t.Fatalf("%d creates, want the first and one repeat", got)
	}
}

func TestAPaymentThatNobodyFinishesExpires(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Create = coretest.Redirecting
	p := r.Pay(t, "k")
	r.Clock.Add(24*time.Hour - time.Minute)
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	if got := r.PaymentStatus(t, p.ID); got != payment.RequiresAction {
		t.Fatalf("expired before its time: %s", got)
	}
	r.RecoverUntil(
		t,
		"expiry",
		func() bool { return r.PaymentStatus(t, p.ID) == payment.Expired },
	)
}

func TestAnOperatorSettlesWhatNothingElseCan(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}
	p := r.PayOut(t, "k")
	err := r.Resolve(
		t.Context(),
		payment.KindPayout,
		p.ID,
		payment.Resolution{Status: payment.Processing},
	)
	if e := coretest.Problem(t, err); len(e.Violations) != 2 {
		t.Fatalf("a resolution without reason and to a wrong status: %v", e)
	}

	err = r.Resolve(
		t.Context(),
		payment.KindPayout,
		p.ID,
		payment.Resolution{
			Status:            payment.Succeeded,
			Reason:            "seen in the books",
			ProviderReference: "x9",
		},
	)
	if err != nil {
		t.Fatal(err)
	}

	got, err := r.Payout(t.Context(), p.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := got.History[len(got.History)-1]
	if got.Status != payment.Succeeded || got.ProviderReference != "x9" ||
		last.Actor != "operator" ||
		last.Note != "seen in the books" {
		t.Errorf("got %s %q, history %+v", got.Status, got.ProviderReference, last)
	}

	// Recovery leaves a decision alone until an operator corrects it.
	r.Clock.Add(time.Hour)
	if err := r.Recover(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status := r.PayoutStatus(t, p.ID); status != payment.Succeeded {
		t.Errorf("it is %s", status)
	}
	err = r.Resolve(
		t.Context(),
		payment.KindPayout,
		p.ID,
		payment.Resolution{Status: payment.Failed, Reason: "another payout's line"},
	)
	if status := r.PayoutStatus(t, p.ID); (err != nil) || (status != payment.Failed) {
		t.Errorf("it is %s, %v", status, err)
	}
}

// A host whose plugin is away leaves what is due to a host that can ask, and
// grows no pause meanwhile. What no host can ask about for a minute is put off.
func TestAHostThatCannotAskLeavesItToOthers(t *testing.T) {
	r := coretest.NewRig(t)
	r.Account.OnInfo.PayoutLookup = sdk.Lookup{ByReference: true}
	r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	}

	r.Account.PayoutStatus = func(context.Context, sdk.GetPayoutRequest) (*sdk.Payout, error) {
		return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
	}
	away := coretest.New("acme")
	away.SetDown(true)
	without := r.HostWith(t, core.Options{Accounts: coretest.NewAccounts(away)})

	asked, abandoned := r.PayOut(t, "asked").ID, r.PayOut(t, "abandoned").ID
	r.Clock.Add(10 * time.Second)
	for range 20 {
		coretest.RecoverAt(t, without)
	}

	if _, err := r.RefreshPayout(t.Context(), asked); err != nil {
		t.Fatal(err)
	}
	due := func() int {
		t.Helper()
		providers, err := without.DueProviders(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(providers)
	}
	if due() != 1 {
		t.Error("a host that can ask nobody has put off what another may ask about")
	}

	r.Clock.Add(2 * time.Minute)
	coretest.RecoverAt(t, without)
	if due() != 0 {
		t.Error("what no host asks about is looked at without an end")
	}

	r.RecoverUntil(t, "the answer", func() bool {
		return r.PayoutStatus(t, abandoned) == payment.Succeeded
	})
}
