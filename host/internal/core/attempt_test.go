package core_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// sendOnce makes a call on some host, under a key.
type sendOnce func(host *coretest.Node, key string) (replayed bool, err error)

// script is what happens while a call is at the provider, and how it fails.
type script func(context.Context) error

// sending is one of the calls that can move money, in one form for all tests.
type sending struct {
	name string
	// ready prepares the rig, so that the provider answers as the test says.
	// call makes the call on some host, under a key.
	ready func(t *testing.T, r *rig, answer script) (call sendOnce)
	// create: it makes an intent of its own; else it changes one that exists.
	create bool
}

var sendings = append([]sending{
	{"create a payment", func(t *testing.T, r *rig, answer script) sendOnce {
		r.Account.Create = func(ctx context.Context,
			_ sdk.CreatePaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{ProviderReference: "theirs",
				Status: sdk.PaymentProcessing}, answer(ctx)
		}

		return func(c *coretest.Node, key string) (bool, error) {
			_, replayed, err := c.CreatePayment(
				context.WithoutCancel(t.Context()),
				coretest.Request(),
				key,
			)
			return replayed, err
		}
	}, true},
	{"create a payout", func(t *testing.T, r *rig, answer script) sendOnce {
		r.Account.Payout = func(ctx context.Context,
			_ sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			return &sdk.Payout{ProviderReference: "theirs",
				Status: sdk.PayoutProcessing}, answer(ctx)
		}

		return func(c *coretest.Node, key string) (bool, error) {
			_, replayed, err := c.CreatePayout(context.WithoutCancel(t.Context()),
				coretest.PayoutRequest(), key)
			return replayed, err
		}
	}, true},
	{"create a refund", func(t *testing.T, r *rig, answer script) sendOnce {
		id := r.paid(t)
		r.Account.Refund = func(ctx context.Context,
			_ sdk.CreateRefundRequest) (*sdk.Refund, error) {
			return &sdk.Refund{
					ProviderReference: "theirs",
					Status:            sdk.RefundPending,
				}, answer(
					ctx,
				)
		}

		return func(c *coretest.Node, key string) (bool, error) {
			_, replayed, err := c.CreateRefund(context.WithoutCancel(t.Context()), id,
				payment.RefundRequest{}, key)
			return replayed, err
		}
	}, true},
}, sendingChanges()...)

// sendingChanges are the calls that change a payment.
func sendingChanges() (list []sending) {
	for _, ch := range changes {
		list = append(
			list,
			sending{ch.name, func(t *testing.T, r *rig, answer script) sendOnce {
				r.Account.Create = coretest.Redirecting
				id := r.Pay(t, "create").ID
				ch.script(r, func() (*sdk.Payment, error) {
					return &sdk.Payment{Status: sdk.PaymentProcessing}, answer(t.Context())
				})

				return func(c *coretest.Node, key string) (bool, error) {
					_, replayed, err := ch.call(
						context.WithoutCancel(t.Context()),
						c,
						id,
						key,
					)
					return replayed, err
				}
			}, false},
		)
	}

	return list
}

// onEverySending runs a test for each of them. sent counts the calls that
// reached the provider.
func onEverySending(t *testing.T, test func(t *testing.T, r *rig, s sending, sent *int,
	call sendOnce)) {
	for _, s := range sendings {
		t.Run(s.name, func(t *testing.T) {
			r, sent := newRig(t), 0
			test(t, r, s, &sent, s.ready(t, r, func(context.Context) error {
				sent++
				return nil
			}))
		})
	}
}

var errConnection = errors.New("the connection to the database was closed")

// A commit that fails may have arrived. A merchant who is told that nothing was
// sent pays again under another key.
func TestAfterAFailedCommitTheDatabaseDecides(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault coretest.Fault
		sent  int
	}{
		{"it arrived, and its acknowledgement was lost", coretest.Fault{Lose: errConnection}, 1},
		{"it did not arrive", coretest.Fault{Refuse: errConnection}, 0},
		{"the database refused it",
			coretest.Fault{Refuse: errors.Join(errConnection, store.ErrUnwritten)}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			onEverySending(
				t,
				func(t *testing.T, r *rig, _ sending, sent *int, call sendOnce) {
					r.Faults.Next(c.fault)
					replayed, err := call(r.Node, "k")
					if *sent != c.sent || replayed || (err == nil) != (c.sent == 1) {
						t.Fatalf("sent %d times, replayed %v, %v", *sent, replayed, err)
					}

					if err != nil {
						if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeNotSent {
							t.Errorf("it is on no disk, and the caller is told %v", e)
						}
					}

					replayed, err = call(r.Node, "k")
					if *sent != 1 || replayed != (c.sent == 1) || err != nil {
						t.Errorf(
							"under the key again: sent %d times, replayed %v, %v",
							*sent,
							replayed,
							err,
						)
					}
				},
			)
		})
	}
}

// While nobody can read what a key stands for, nobody may say that nothing was
// done under it.
func TestWhatCannotBeReadUnderAKeyIsUnknown(t *testing.T) {
	t.Run("after the call", func(t *testing.T) {
		for _, s := range sendings {
			t.Run(s.name, func(t *testing.T) {
				r := newRig(t)
				call := s.ready(t, r, func(context.Context) error {
					r.Faults.FailReads(errConnection)
					return nil
				})
				_, err := call(r.Node, "k")
				if s.create { // it is answered with what it has recorded itself
					if err != nil {
						t.Errorf("it is recorded, and the caller is told %v", err)
					}
					return
				}

				if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown {
					t.Errorf("the money may have moved, and the caller is told %v", e)
				}
			})
		}
	})

	t.Run("at a repeat", func(t *testing.T) {
		onEverySending(t, func(t *testing.T, r *rig, _ sending, sent *int, call sendOnce) {
			if _, err := call(r.Node, "k"); err != nil {
				t.Fatal(err)
			}
			r.Faults.FailReads(errConnection)
			_, err := call(r.Node, "k")
			if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown || *sent != 1 {
				t.Errorf("sent %d times, and the repeat is told %v", *sent, e)
			}
		})
	})

	t.Run("after a commit in doubt", func(t *testing.T) {
		r := newRig(t)
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			t.Error("it was sent, although the caller is told that nobody knows")
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		}

		away := coretest.Fault{Refuse: errConnection}
		r.Faults.Next(append([]coretest.Fault{{Lose: errConnection}},
			slices.Repeat([]coretest.Fault{away}, 1000)...)...)
		_, _, err := r.CreatePayout(t.Context(), coretest.PayoutRequest(), "k")
		if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown ||
			!strings.Contains(e.Message, "same Idempotency-Key") {
			t.Errorf("the payout is on disk, and the caller is told %v", e)
		}

		r.Faults.Next()
	})
}

// A host that is stopped between its commit and its call, for longer than the
// call may last, does not send it any more: others have taken it for lost
// meanwhile, an operator may have decided, and the merchant may have paid
// otherwise.
func TestAHostThatWakesUpAfterTheDeadlineSendsNothing(t *testing.T) {
	onEverySending(t, func(t *testing.T, r *rig, s sending, sent *int, call sendOnce) {
		other := r.NewHost(t)
		r.Faults.Next(coretest.Fault{After: func() {
			r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
			coretest.RecoverAt(t, other)
		}})

		_, err := call(r.Node, "k")
		if *sent != 0 {
			t.Fatal("it was sent after its deadline")
		}
		if s.create && s.name != "create a refund" {
			return // the caller gets the intent, which says what became of it
		}

		if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("the caller is told %v", e)
		}
	})

	t.Run("and what an operator has decided meanwhile stays", func(t *testing.T) {
		r := newRig(t)
		r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			t.Error("it was sent")
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		}

		other := r.NewHost(t)
		r.Faults.Next(coretest.Fault{After: func() {
			r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
			coretest.RecoverAt(t, other)
			id := newestPayout(t, other)
			if err := other.Resolve(t.Context(), payment.KindPayout, id,
				payment.Resolution{Status: payment.Failed, Reason: "not in the books"}); err != nil {
				t.Error(err)
			}
		}})

		if p := r.PayOut(t, "k"); p.Status != payment.Failed ||
			p.Attempts[0].Outcome != "not_sent" {
			t.Errorf("%s, attempt %+v", p.Status, p.Attempts[0])
		}
	})

	t.Run("nor does it repeat anything", func(t *testing.T) {
		r := newRig(t)
		r.DoubtfulPayout(sdk.RetryReturnsOriginal, func() (*sdk.Payout, error) {
			t.Error("the repeat was sent")
			return &sdk.Payout{Status: sdk.PayoutSucceeded}, nil
		})

		p := r.PayOut(t, "k")
		r.Clock.Add(10 * time.Second)

		// the claim, the repeat
		r.Faults.Next(coretest.Fault{},
			coretest.Fault{After: func() { r.Clock.Add(r.Account.Settings.Timeout) }})
		coretest.RecoverAt(t, r.Node)
		if got := r.PayoutStatus(t, p.ID); got != payment.Unknown || r.Faults.Left() != 0 {
			t.Errorf("it is %s, %d faults did not happen", got, r.Faults.Left())
		}
	})

	t.Run("and what is left of its time is less by the pause", func(t *testing.T) {
		r := newRig(t)
		const stopped = 3 * time.Second
		r.Account.Payout = func(ctx context.Context,
			_ sdk.CreatePayoutRequest) (*sdk.Payout, error) {
			deadline, ok := ctx.Deadline()
			if left := time.Until(deadline); !ok ||
				left > r.Account.Settings.Timeout-stopped {
				t.Errorf("the call has %s left after %s of %s", left, stopped,
					r.Account.Settings.Timeout)
			}
			return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
		}

		r.Faults.Next(coretest.Fault{After: func() { r.Clock.Add(stopped) }})
		r.PayOut(t, "k")
	})
}

func newestPayout(t *testing.T, c *coretest.Node) string {
	t.Helper()
	list, _, err := c.ListPayouts(t.Context(), payment.Filter{Limit: 1})
	if err != nil || len(list) != 1 {
		t.Fatalf("%d payouts, %v", len(list), err)
	}
	return list[0].ID
}

// The database's clock, the machine's time of day, and the clock that nobody
// can set: whichever shows that the time is over ends it.
func TestOfSeveralClocksTheOneCountsThatShowsTheLeastTime(t *testing.T) {
	for name, pass := range map[string]func(r *rig, machine *coretest.Clock){
		"the database's": func(r *rig, _ *coretest.Clock) {
			r.Clock.Add(r.Account.Settings.Timeout)
		},
		"the machine's": func(r *rig, machine *coretest.Clock) {
			machine.Add(r.Account.Settings.Timeout)
		},
		"the one that only runs": func(r *rig, _ *coretest.Clock) {
			<-time.After(r.Account.Settings.Timeout)
		},
		"and none when none does": func(*rig, *coretest.Clock) {},
	} {
		t.Run(name, func(t *testing.T) {
			r, machine := newRig(t), coretest.NewClock()
			if strings.Contains(name, "runs") {
				r.Account.Settings.Timeout = 30 * time.Millisecond
			}
			r.Account.Payout = func(context.Context, sdk.CreatePayoutRequest) (*sdk.Payout, error) {
				return &sdk.Payout{Status: sdk.PayoutProcessing}, nil
			}

			faults := coretest.NewFaulty(r.Store)
			host := r.HostWith(t, core.Options{Store: faults, Now: machine.Now})
			faults.Next(coretest.Fault{After: func() { pass(r, machine) }})
			p, _, err := host.CreatePayout(t.Context(), coretest.PayoutRequest(), "k")
			if err != nil {
				t.Fatal(err)
			}

			want := payment.Failed
			if strings.Contains(name, "none") {
				want = payment.Processing
			}
			if p.Status != want {
				t.Errorf("%s after %d calls, want %s", p.Status, r.Account.Creates(), want)
			}
		})
	}
}

// late makes a payout whose first call is answered with first, after another
// host has taken it for lost and has repeated it, which was answered with
// second.
func late(t *testing.T, first, second func() (*sdk.Payout, error)) *payment.Payout {
	t.Helper()
	r := newRig(t)
	r.Account.OnInfo.CreatePayout = sdk.IdempotencySupport{
		Retry: sdk.RetryRejectsDuplicates,
	}
	started, release := make(chan string, 1), make(chan struct{})
	r.Account.Payout = func(_ context.Context, req sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		if req.Attempt > 1 {
			return second()
		}
		started <- req.Reference
		<-release
		return first()
	}

	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _, _ = r.CreatePayout(context.WithoutCancel(t.Context()), coretest.PayoutRequest(), "k")
	}()

	id := <-started

	other := r.NewHost(t)
	r.Clock.Add(r.Account.Settings.Timeout + coretest.Grace + time.Second)
	coretest.RecoverAt(t, other)
	if r.Account.Creates() != 2 {
		t.Errorf("%d creates, want a repeat", r.Account.Creates())
	}

	close(release)
	<-done
	p, err := r.Payout(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

// What the answer of an attempt says of its money is about that attempt alone
// when there is a later one.
func TestALateAnswerSpeaksForItsOwnAttempt(t *testing.T) {
	says := func(s sdk.PayoutStatus) func() (*sdk.Payout, error) {
		return func() (*sdk.Payout, error) {
			return &sdk.Payout{ProviderReference: "theirs", Status: s}, nil
		}
	}

	fails := func(code sdk.Code, outcome sdk.Outcome) func() (*sdk.Payout, error) {
		return func() (*sdk.Payout, error) { return nil, coretest.Failing(code, outcome) }
	}
	for _, c := range []struct {
		name          string
		first, second func() (*sdk.Payout, error)
		want          payment.Status
	}{
		{"refused, and the repeat is under way",
			fails(sdk.CodeInsufficientFunds, sdk.OutcomeRefused),
			says("processing"), payment.Processing},
		{"not sent, and the repeat is under way",
			fails(sdk.CodeInvalidRequest, sdk.OutcomeNotSent),
			says("processing"), payment.Processing},
		{"not sent for a moment, and the repeat is under way",
			fails(sdk.CodeUnavailable, sdk.OutcomeNotSent), says("processing"), payment.Processing},
		{"refused, and the repeat succeeded", fails(sdk.CodeDeclined, sdk.OutcomeRefused),
			says("succeeded"), payment.Succeeded},
		{"refused, and the repeat is in doubt", fails(sdk.CodeDeclined, sdk.OutcomeRefused),
			fails(sdk.CodeUnavailable, sdk.OutcomeUnknown), payment.Unknown},
		{"refused, and so was the repeat", fails(sdk.CodeDeclined, sdk.OutcomeRefused),
			fails(sdk.CodeDeclined, sdk.OutcomeRefused), payment.Failed},
		{"in doubt, and the repeat is under way", fails(sdk.CodeUnavailable, sdk.OutcomeUnknown),
			says("processing"), payment.Processing},
		{"succeeded, and the repeat is in doubt", says("succeeded"),
			fails(sdk.CodeUnavailable, sdk.OutcomeUnknown), payment.Succeeded},
		{"succeeded, and the repeat is under way", says("succeeded"), says("processing"),
			payment.Succeeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := late(t, c.first, c.second)
			if p.Status != c.want || len(p.Attempts) != 2 {
				t.Errorf("%s after %d attempts, want %s", p.Status, len(p.Attempts), c.want)
			}
		})
	}
}

// A host knows which calls it is making. However late it is, it does not take
// one of them for lost.
func TestAHostNeverTakesItsOwnCallForLost(t *testing.T) {
	for _, s := range sendings {
		t.Run(s.name, func(t *testing.T) {
			r := newRig(t)
			started, release := make(chan struct{}), make(chan struct{})
			call := s.ready(t, r, func(context.Context) error {
				close(started)
				<-release
				return nil
			})

			done := make(chan error, 1)
			go func() {
				_, err := call(r.Node, "k")
				done <- err
			}()

			<-started
			r.Clock.Add(time.Hour)
			coretest.RecoverAt(t, r.Node)
			if open := r.openAttempts(t); open != 1 {
				t.Errorf("%d attempts are open, want the one that runs", open)
			}

			close(release)
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// openAttempts counts the attempts without an end.
func (r *rig) openAttempts(t *testing.T) (open int) {
	t.Helper()
	r.everyIntent(t, func(attempts []payment.Attempt, _ []payment.Change) {
		for _, a := range attempts {
			if a.Outcome == "" {
				open++
			}
		}
	})
	return open
}

// everyIntent visits what the database has of each payment, payout and refund.
func (r *rig) everyIntent(t *testing.T, visit func([]payment.Attempt, []payment.Change)) {
	t.Helper()
	payments, _, err1 := r.ListPayments(t.Context(), payment.Filter{Limit: 10})
	payouts, _, err2 := r.ListPayouts(t.Context(), payment.Filter{Limit: 10})
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}

	var ids []string
	for _, p := range payments {
		refunds, err := r.Refunds(t.Context(), p.ID)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, p.ID)
		for _, refund := range refunds {
			ids = append(ids, refund.ID)
		}
	}

	for _, p := range payouts {
		ids = append(ids, p.ID)
	}

	err := r.Store.Read(t.Context(), func(tx *store.Tx) error {
		for _, id := range ids {
			_, attempts, history, err := tx.IntentInFull(t.Context(), id)
			if err != nil {
				return err
			}
			visit(attempts, history)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// An answer whose commit arrived unnoticed is written again, and is there once.
func TestAnAnswerWhoseAcknowledgementWasLostIsRecordedOnce(t *testing.T) {
	onEverySending(t, func(t *testing.T, r *rig, _ sending, sent *int, call sendOnce) {
		before := r.calledLines(t)
		r.Faults.Next(coretest.Fault{}, coretest.Fault{Lose: errConnection})
		if _, err := call(r.Node, "k"); err != nil || *sent != 1 || r.Faults.Left() != 0 {
			t.Fatalf("%v, sent %d times", err, *sent)
		}
		if lines := r.calledLines(t) - before; lines != 1 {
			t.Errorf("%d lines of history say that it was called", lines)
		}
	})
}

// calledLines counts the lines of all histories that tell of a call.
func (r *rig) calledLines(t *testing.T) (lines int) {
	t.Helper()
	r.everyIntent(t, func(_ []payment.Attempt, history []payment.Change) {
		for _, line := range history {
			if line.Action == "called" {
				lines++
			}
		}
	})
	return lines
}

// A change that was not sent frees its key. When the commit that does so is
// made again, another host has the key.
func TestAKeyIsFreedOnlyByWhoHoldsIt(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		other, calls := r.NewHost(t), 0
		second, release := make(chan struct{}), make(chan struct{})
		ch.script(r, func() (*sdk.Payment, error) {
			calls++
			if calls == 1 {
				return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
			}
			close(second)
			<-release
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		repeated := make(chan error, 1)
		r.Faults.Next(coretest.Fault{}, coretest.Fault{
			Lose: errConnection,
			After: func() {
				go func() {
					_, _, err := ch.call(context.WithoutCancel(t.Context()), other, id, "k")
					repeated <- err
				}()
				<-second
			},
		})

		_, _, err := ch.call(t.Context(), r.Node, id, "k")
		if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeNotSent {
			t.Errorf("the first: %v", e)
		}
		close(release)
		if err := <-repeated; err != nil {
			t.Errorf("the repeat: %v", err)
		}

		if _, replayed, err := ch.call(t.Context(), other, id, "k"); err != nil ||
			!replayed ||
			calls != 2 {
			t.Errorf("once more: replayed %v, %v, %d calls", replayed, err, calls)
		}
	})
}

// Between the commit that records an attempt and its call the host is alive:
// the attempt is its own, however long it has been since its last sign of life.
func TestAHostDoesNotLoseWhatItIsAboutToSend(t *testing.T) {
	onEverySending(t, func(t *testing.T, r *rig, _ sending, sent *int, call sendOnce) {
		r.Account.Settings.Timeout = time.Minute
		r.Faults.Next(coretest.Fault{After: func() {
			r.Clock.Add(20 * time.Second)
			coretest.RecoverAt(t, r.Node)
			if open := r.openAttempts(t); open != 1 {
				t.Errorf("%d attempts are open", open)
			}
		}})

		if _, err := call(r.Node, "k"); err != nil || *sent != 1 {
			t.Errorf("sent %d times, %v", *sent, err)
		}
	})
}
