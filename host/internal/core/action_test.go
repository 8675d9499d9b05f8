package core_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// changing is one of the calls that change a payment which exists, in one form
// for all tests.
type changing struct {
	name   string
	script func(*rig, func() (*sdk.Payment, error))
	call   func(ctx context.Context, c *coretest.Node, id, key string) (*payment.Payment, bool, error)
}

var changes = []changing{
	{"confirm", func(r *rig, answer func() (*sdk.Payment, error)) {
		r.Account.Confirm = func(context.Context, sdk.ConfirmPaymentRequest) (*sdk.Payment, error) { return answer() }
	}, func(ctx context.Context, c *coretest.Node, id, key string) (*payment.Payment, bool, error) {
		return c.ConfirmPayment(
			ctx,
			id,
			payment.Confirmation{Fields: map[string]string{"code": "1"}},
			key,
		)
	}},
	{"capture", func(r *rig, answer func() (*sdk.Payment, error)) {
		r.Account.Capture = func(context.Context, sdk.CapturePaymentRequest) (*sdk.Payment, error) { return answer() }
	}, func(ctx context.Context, c *coretest.Node, id, key string) (*payment.Payment, bool, error) {
		return c.CapturePayment(ctx, id, decimal.Zero, key)
	}},
	{"cancel", func(r *rig, answer func() (*sdk.Payment, error)) {
		r.Account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) { return answer() }
	}, func(ctx context.Context, c *coretest.Node, id, key string) (*payment.Payment, bool, error) {
		return c.CancelPayment(ctx, id, "changed his mind", key)
	}},
}

// onEveryChange runs a test for each of them, on a payment that waits for its
// customer.
func onEveryChange(t *testing.T, test func(t *testing.T, r *rig, ch changing, id string)) {
	for _, ch := range changes {
		t.Run(ch.name, func(t *testing.T) {
			r := newRig(t)
			r.Account.Create = coretest.Redirecting
			test(t, r, ch, r.Pay(t, "create").ID)
		})
	}
}

func TestAChangeIsCarriedOutOnceUnderItsKey(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		calls := 0
		ch.script(r, func() (*sdk.Payment, error) {
			calls++
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		for n := range 3 {
			p, replayed, err := ch.call(t.Context(), r.Node, id, "k")
			if err != nil || p.Status != payment.Processing || replayed != (n > 0) {
				t.Fatalf("call %d: %v, replayed %v, %v", n+1, p, replayed, err)
			}
		}

		if calls != 1 {
			t.Errorf("%d calls", calls)
		}
		_, _, err := r.CancelPayment(t.Context(), id, "another reason", "k")
		if e := coretest.Problem(t, err); e.Code != payment.CodeIdempotencyConflict {
			t.Errorf("another request under the key: %v", e)
		}
	})
}

func TestAChangeThatIsRefusedLeavesThePayment(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		calls := 0
		ch.script(r, func() (*sdk.Payment, error) {
			calls++
			return nil, coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)
		})

		for range 2 {
			_, _, err := ch.call(t.Context(), r.Node, id, "k")
			e := coretest.Problem(t, err)
			if e.Outcome != sdk.OutcomeRefused || e.PaymentID != id ||
				e.ProviderCode != "E1" {
				t.Fatalf("got %v", e)
			}
		}

		p, err := r.Payment(t.Context(), id)
		if err != nil || p.Status != payment.RequiresAction || calls != 1 {
			t.Fatalf("%v, %s after %d calls", err, p.Status, calls)
		}
		if last := p.Attempts[len(p.Attempts)-1]; last.Outcome != "refused" ||
			last.Number != 2 {
			t.Errorf("the attempt on record: %+v", last)
		}
	})
}

func TestAChangeInDoubtIsSaidToBeAndAskedAbout(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		calls := 0
		ch.script(r, func() (*sdk.Payment, error) {
			calls++
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		})

		for range 2 { // its key stands for the doubt, and is not free
			_, _, err := ch.call(t.Context(), r.Node, id, "k")
			if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown || calls != 1 {
				t.Fatalf("got %v after %d calls", e, calls)
			}
		}

		if got := r.PaymentStatus(t, id); got != payment.RequiresAction {
			t.Fatalf("it became %s", got)
		}
		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		}

		if err := r.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.PaymentStatus(t, id); got != payment.Processing {
			t.Errorf("it was not asked about at once: %s", got)
		}
	})
}

func TestAChangeThatWasNotSentFreesItsKey(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		fail := true
		ch.script(r, func() (*sdk.Payment, error) {
			if fail {
				return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
			}
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		_, _, err := ch.call(t.Context(), r.Node, id, "k")
		if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeNotSent {
			t.Fatalf("got %v", e)
		}
		fail = false
		p, replayed, err := ch.call(t.Context(), r.Node, id, "k")
		if err != nil || replayed || p.Status != payment.Processing {
			t.Fatalf("%v, replayed %v, %v", p, replayed, err)
		}
	})
}

// gate is accounts whose leases for what exists are given to two callers at a
// time: both have found the key free.
type gate struct {
	*coretest.Accounts
	both sync.WaitGroup
	once [2]sync.Once
	next int
	mu   sync.Mutex
}

func (g *gate) pass() {
	g.mu.Lock()
	n := g.next
	g.next++
	g.mu.Unlock()
	if n < 2 {
		g.once[n].Do(g.both.Done)
		g.both.Wait()
	}
}

func (g *gate) AcquireExisting(ctx context.Context, name string) (core.Lease, error) {
	g.pass()
	return g.Accounts.AcquireExisting(ctx, name)
}

// gated returns two hosts that go through one gate: within a host, requests
// under one key take turns.
func (r *rig) gated(t *testing.T) (hosts [2]*coretest.Node) {
	t.Helper()
	g := &gate{Accounts: coretest.NewAccounts(r.Account)}
	g.both.Add(2)
	for k := range hosts {
		hosts[k] = r.HostWith(t, core.Options{Accounts: g})
	}
	return hosts
}

// Two requests under one key at once, and the first one's call does not leave
// the machine: the second must make its own.
func TestWhoWaitsForAChangeThatWasNotSentMakesItItself(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		calls := 0
		ch.script(r, func() (*sdk.Payment, error) {
			if calls++; calls == 1 {
				return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
			}
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		failed := make(chan bool, 2)
		for _, host := range r.gated(t) {
			go func() {
				p, _, err := ch.call(context.WithoutCancel(t.Context()), host, id, "k")
				if err == nil && p.Status != payment.Processing {
					t.Errorf("told that it is done, and the payment is %s", p.Status)
				}
				failed <- err != nil
			}()
		}

		if first, second := <-failed, <-failed; first == second || calls != 2 {
			t.Errorf(
				"%v and %v failed after %d calls, want one and two",
				first,
				second,
				calls,
			)
		}
	})
}

func TestAChangeWaitsForTheFirstUnderItsKey(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		begun, release := make(chan struct{}), make(chan struct{})
		ch.script(r, func() (*sdk.Payment, error) {
			close(begun)
			<-release
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		type answer struct {
			p        *payment.Payment
			replayed bool
			err      error
		}
		answers := make(chan answer, 2)
		ask := func(host *coretest.Node) {
			p, replayed, err := ch.call(context.WithoutCancel(t.Context()), host, id, "k")
			answers <- answer{p, replayed, err}
		}

		go ask(r.Node)
		<-begun
		go ask(r.NewHost(t)) // another host, which hears of the end through the store only
		close(release)
		replays := 0

		for range 2 {
			a := <-answers
			if a.err != nil || a.p.Status != payment.Processing {
				t.Errorf("%v, %v", a.p, a.err)
			}
			if a.replayed {
				replays++
			}
		}

		if replays != 1 {
			t.Errorf("%d replays", replays)
		}
	})
}

func TestAChangeWhoseHostDiedIsInDoubt(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		begun, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		ch.script(r, func() (*sdk.Payment, error) {
			close(begun)
			<-release
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		})

		ctx, gone := context.WithCancel(t.Context())
		defer gone()
		go func() { _, _, _ = ch.call(ctx, r.Node, id, "k") }()
		<-begun
		r.Clock.Add(r.Account.Settings.Timeout + 31*time.Second)
		other := r.NewHost(t)
		r.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		}

		if err := other.Recover(t.Context()); err != nil {
			t.Fatal(err)
		}
		p, err := r.Payment(t.Context(), id)
		if err != nil || p.Status != payment.Processing ||
			p.Attempts[1].Outcome != "unknown" {
			t.Fatalf("%v: %+v", err, p)
		}

		_, _, err = ch.call(t.Context(), other, id, "k")
		if e := coretest.Problem(t, err); e.Outcome != sdk.OutcomeUnknown {
			t.Errorf("under its key: %v", e)
		}
	})
}

func TestAChangeOfWhatIsOverIsAConflict(t *testing.T) {
	onEveryChange(t, func(t *testing.T, r *rig, ch changing, id string) {
		ch.script(r, func() (*sdk.Payment, error) {
			t.Error("it was sent")
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		})

		if err := r.Resolve(t.Context(), payment.KindPayment, id, payment.Resolution{Status: payment.Canceled, Reason: "r"}); err != nil {
			t.Fatal(err)
		}
		_, _, err := ch.call(t.Context(), r.Node, id, "k")
		if e := coretest.Problem(t, err); e.Code != payment.CodeConflict {
			t.Errorf("got %v", e)
		}
	})
}

func TestAmountsOfManyDigitsAreRefusedWithoutWritingThemOut(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	id := r.Pay(t, "create").ID

	for _, huge := range []decimal.Decimal{decimal.New(1, 2_000_000_000), decimal.New(1, -2_000_000_000), decimal.RequireFromString(strings.Repeat("9", 41))} {
		req, out := coretest.Request(), coretest.PayoutRequest()
		req.Amount, out.Amount = huge, huge
		_, _, err1 := r.CreatePayment(t.Context(), req, "k")
		_, _, err2 := r.CreatePayout(t.Context(), out, "k")
		_, _, err3 := r.CapturePayment(t.Context(), id, huge, "k")

		_, _, err4 := r.CreateRefund(
			t.Context(),
			id,
			payment.RefundRequest{Amount: huge},
			"k",
		)
		for n, err := range []error{err1, err2, err3, err4} {
			if e := coretest.Problem(t, err); len(e.Violations) != 1 ||
				e.Violations[0].Field != "amount" {
				t.Errorf("call %d: %v", n+1, e)
			}
		}
	}
}

func TestAnOperationIsRunOnceUnderItsKey(t *testing.T) {
	script := func(t *testing.T, answer func() (json.RawMessage, error)) *rig {
		r := newRig(t)
		r.Account.OnInfo.Operations = []sdk.Operation{
			{Name: "settle", MovesMoney: true},
			{Name: "look"},
		}
		r.Account.Operation = func(context.Context, sdk.InvokeOperationRequest) (json.RawMessage, error) { return answer() }
		return r
	}

	invoke := func(r *rig, operation, input, key string) (string, bool, error) {
		out, replayed, err := r.Invoke(
			context.Background(),
			"acme",
			operation,
			json.RawMessage(input),
			key,
		)
		return string(out), replayed, err
	}

	t.Run("its repeat gets its answer", func(t *testing.T) {
		calls := 0
		r := script(
			t,
			func() (json.RawMessage, error) { calls++; return json.RawMessage(`{"n":1}`), nil },
		)

		for n, input := range []string{`{"a":1,"b":2}`, `{ "b":2, "a":1 }`} {
			if out, replayed, err := invoke(r, "settle", input, "k"); err != nil ||
				out != `{"n":1}` ||
				replayed != (n == 1) {
				t.Fatalf("%q, replayed %v, %v", out, replayed, err)
			}
		}

		if calls != 1 {
			t.Errorf("%d calls", calls)
		}

		for _, input := range []string{`{"a":2}`, `{"a":1,"b":2}{}`} {
			if _, _, err := invoke(r, "settle", input, "k"); err == nil {
				t.Errorf("%s passed for the first request", input)
			}
		}
	})

	t.Run("without a key it is a violation, unless it moves nothing", func(t *testing.T) {
		r := script(
			t,
			func() (json.RawMessage, error) { return json.RawMessage(`{}`), nil },
		)

		_, _, err := invoke(r, "settle", `{}`, "")
		if e := coretest.Problem(t, err); len(e.Violations) != 1 {
			t.Errorf("got %v", e)
		}
		if _, _, err := invoke(r, "look", `{}`, ""); err != nil {
			t.Error(err)
		}
	})

	for outcome, calls := range map[sdk.Outcome]int{sdk.OutcomeRefused: 1, sdk.OutcomeUnknown: 1, sdk.OutcomeNotSent: 2} {
		t.Run(
			"a failure is kept unless it was not sent: "+string(outcome),
			func(t *testing.T) {
				n := 0
				r := script(
					t,
					func() (json.RawMessage, error) { n++; return nil, coretest.Failing(sdk.CodeDeclined, outcome) },
				)

				for range 2 {
					_, _, err := invoke(r, "settle", `{}`, "k")
					if e := coretest.Problem(t, err); e.Outcome != outcome ||
						e.ProviderCode != "E1" {
						t.Errorf("got %v", e)
					}
				}

				if n != calls {
					t.Errorf("%d calls, want %d", n, calls)
				}
			},
		)
	}

	t.Run("who waits for one that was not sent makes it himself", func(t *testing.T) {
		begun := make(chan struct{})
		release := make(chan struct{})
		n := 0
		r := script(t, func() (json.RawMessage, error) {
			if n++; n > 1 {
				return json.RawMessage(`{}`), nil
			}
			close(begun)
			<-release
			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeNotSent)
		})

		first, second := make(chan error, 1), make(chan error, 1)
		go func() { _, _, err := invoke(r, "settle", `{}`, "k"); first <- err }()
		<-begun
		waiting, stop := context.WithCancel(t.Context())
		defer stop()

		waited := make(chan error, 1)
		go func() { // shows that the second does wait
			_, _, err := r.Invoke(waiting, "acme", "settle", json.RawMessage(`{}`), "k")
			waited <- err
		}()

		stop()
		if e := coretest.Problem(t, <-waited); e.Outcome != sdk.OutcomeUnknown {
			t.Errorf("got %v", e)
		}
		go func() { _, _, err := invoke(r, "settle", `{}`, "k"); second <- err }()
		close(release)
		if err := <-first; err == nil {
			t.Error("the first succeeded")
		}

		if err := <-second; err != nil || n != 2 {
			t.Errorf("%v after %d calls", err, n)
		}
	})
}

func TestAReasonToCancelIsBounded(t *testing.T) {
	r := newRig(t)
	r.Account.Create = coretest.Redirecting
	r.Account.Cancel = func(context.Context, sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		t.Error("the provider was called")
		return nil, coretest.Failing(sdk.CodeInternal, sdk.OutcomeUnknown)
	}

	p := r.Pay(t, "k")
	_, _, err := r.CancelPayment(t.Context(), p.ID, strings.Repeat("x", 1001), "c")
	if e := coretest.Problem(t, err); len(e.Violations) != 1 || e.Violations[0].Field != "reason" {
		t.Fatalf("got %v", e)
	}
}
