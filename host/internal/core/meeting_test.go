package core_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/host/internal/core"
	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/internal/store"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// meeting is a payment about which two actors do something at the same time.
type meeting struct {
	*rig
	t     *testing.T
	other *coretest.Node
	id    string
	// during happens while the first attempt is at the provider, which then
	// answers with says.
	during func()
	says   func(attempt int) (*sdk.Payment, error)
}

func newMeeting(t *testing.T) *meeting {
	m := &meeting{rig: newRig(t), t: t}
	m.other = m.NewHost(t)
	m.answers(sdk.PaymentProcessing)
	m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{Retry: sdk.RetryReturnsOriginal}
	m.Account.Create = func(_ context.Context, req sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		m.id = req.Reference
		if req.Attempt == 1 && m.during != nil {
			m.during()
		}
		return m.says(req.Attempt)
	}

	return m
}

// answers scripts every create.
func (m *meeting) answers(status sdk.PaymentStatus) {
	m.says = func(int) (*sdk.Payment, error) {
		return &sdk.Payment{ProviderReference: "theirs", Status: status}, nil
	}
}

// fails scripts the first create to fail, and later ones to succeed.
func (m *meeting) fails(code sdk.Code, outcome sdk.Outcome) {
	m.says = func(attempt int) (*sdk.Payment, error) {
		if attempt == 1 {
			return nil, coretest.Failing(code, outcome)
		}
		return &sdk.Payment{ProviderReference: "theirs", Status: sdk.PaymentProcessing}, nil
	}
}

// askable scripts what a question is answered with; while happens meanwhile.
func (m *meeting) askable(status sdk.PaymentStatus, while func()) {
	m.Account.OnInfo.PaymentLookup = sdk.Lookup{ByReference: true, Immediate: true}
	m.Account.Get = func(context.Context, sdk.GetPaymentRequest) (*sdk.Payment, error) {
		if meanwhile := while; meanwhile != nil {
			while = nil
			meanwhile()
		}
		return &sdk.Payment{ProviderReference: "theirs", Status: status}, nil
	}
}

// begin makes the payment.
func (m *meeting) begin() { m.id = m.Pay(m.t, "k").ID }

// lapse has an attempt's deadline and grace pass.
func (m *meeting) lapse() { m.Clock.Add(m.Account.Settings.Timeout + coretest.Grace + time.Second) }

func (m *meeting) is(want payment.Status) {
	m.t.Helper()
	if got := m.PaymentStatus(m.t, m.id); got != want {
		m.t.Errorf("it is %s, want %s", got, want)
	}
}

func (m *meeting) sent(want int64) {
	m.t.Helper()
	if got := m.Account.Creates(); got != want {
		m.t.Errorf("%d creates were sent, want %d", got, want)
	}
}

// webhook is what a signed notice says.
func (m *meeting) webhook(status payment.Status) {
	m.tell(core.ActorWebhook, intent.Signature, status)
}

// comeBack is the customer's browser, whose word is only a reason to ask.
func (m *meeting) comeBack() {
	if m.tell(core.ActorReturn, intent.Hint, payment.Succeeded) {
		_ = m.QueryNow(m.t.Context(), "acme", m.id) // what the inbox would log
	}
}

func (m *meeting) tell(actor string, proof intent.Proof, status payment.Status) (ask bool) {
	m.t.Helper()
	possible := m.Account.Get != nil
	err := m.Store.Write(m.t.Context(), func(tx *store.Tx) error {
		i, err := tx.IntentForUpdate(m.t.Context(), m.id)
		if err != nil {
			return err
		}
		v, err := m.Apply(m.t.Context(), tx, i,
			intent.Report{
				Actor:  actor,
				Proof:  proof,
				Status: status,
				Named:  true,
				Amount: usd("60"),
			},
			intent.StatusQuery{Possible: possible})

		ask = v.Query
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}

	return ask
}

// decide is an operator's decision.
func (m *meeting) decide(status payment.Status) {
	m.t.Helper()
	if err := m.resolve(status); err != nil {
		m.t.Errorf("the operator's %s: %v", status, err)
	}
}

func (m *meeting) resolve(status payment.Status) error {
	return m.Resolve(m.t.Context(), payment.KindPayment, m.id,
		payment.Resolution{Status: status, Reason: "as the test says"})
}

// refused is a decision that must not be taken.
func (m *meeting) refused(status payment.Status) {
	m.t.Helper()
	if e := coretest.Problem(m.t, m.resolve(status)); e.Code != payment.CodeConflict {
		m.t.Errorf("the operator's %s: %v", status, e)
	}
}

// events counts the events of a type.
func (m *meeting) events(typ string, want int) {
	m.t.Helper()
	list, err := m.Events(m.t.Context(), "", []string{typ}, 100)
	if err != nil || len(list) != want {
		m.t.Errorf("%d events %s, want %d (%v)", len(list), typ, want, err)
	}
}

// restarted is a host that starts, and that no other can be beside; it does a
// round of recovery.
func (m *meeting) restarted() {
	m.t.Helper()
	coretest.RecoverAt(m.t, m.HostWith(m.t, core.Options{Alone: true}))
}

// lost makes the payment at a host that dies before its call leaves.
func (m *meeting) lost() {
	m.t.Helper()
	committed := make(chan struct{})
	end := make(chan struct{})
	ended := make(chan struct{})
	m.t.Cleanup(func() {
		m.Clock.Add(1000 * time.Hour) // so that it sends nothing when it is let go
		close(end)
		<-ended
	})

	faults := coretest.NewFaulty(m.Store)
	host := m.HostWith(m.t, core.Options{Store: faults})
	faults.Next(coretest.Fault{After: func() {
		close(committed)
		<-end
	}})

	go func() {
		defer close(ended)
		_, _, _ = host.CreatePayment(context.WithoutCancel(m.t.Context()), coretest.Request(), "k")
	}()

	<-committed
	list, _, err := m.ListPayments(m.t.Context(), payment.Filter{Limit: 1})
	if err != nil || len(list) != 1 {
		m.t.Fatalf("%d payments, %v", len(list), err)
	}

	m.id = list[0].ID
}

// waiting makes a payment that waits for its customer.
func (m *meeting) waiting() {
	m.answers(sdk.PaymentRequiresAction)
	m.begin()
}

// overdue has the payment's time pass.
func (m *meeting) overdue() { m.Clock.Add(25 * time.Hour) }

// doubtful makes a payment of which nobody knows what became of it.
func (m *meeting) doubtful() {
	m.fails(sdk.CodeUnavailable, sdk.OutcomeUnknown)
	m.begin()
}

type pair struct{ one, other string }

// actors, in the order of the page.
var actors = []string{
	"call",
	"late call",
	"recovery",
	"webhook",
	"return",
	"operator",
	"expiry",
	"second host",
	"restart",
}

var meetings = map[pair]func(m *meeting){
	{"call", "call"}: func(m *meeting) {
		second := make(chan *payment.Payment, 1)
		m.during = func() {
			go func() {
				p, replayed, err := m.CreatePayment(context.WithoutCancel(m.t.Context()),
					coretest.Request(), "k")
				if err != nil || !replayed {
					m.t.Errorf("the second: replayed %v, %v", replayed, err)
				}
				second <- p
			}()
		}

		m.begin()
		if p := <-second; p.ID != m.id || p.Status != payment.Processing {
			m.t.Errorf("the second got %+v", p)
		}
		m.sent(1)
	},
	{"call", "late call"}: func(m *meeting) {
		m.fails(sdk.CodeDeclined, sdk.OutcomeRefused)
		m.during = func() {
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
		}
		m.begin()
		m.is(payment.Processing)
		m.sent(2)
	},
	{"call", "recovery"}: func(m *meeting) {
		m.during = func() {
			m.Clock.Add(m.Account.Settings.Timeout)
			coretest.RecoverAt(m.t, m.other)
			m.lapse()
			coretest.RecoverAt(m.t, m.Node)
			m.is(payment.Created)
		}

		m.begin()
		m.is(payment.Processing)
		m.sent(1)
	},
	{"call", "webhook"}: func(m *meeting) {
		m.during = func() { m.webhook(payment.Succeeded) }
		m.begin()
		m.is(payment.Succeeded)
		if p, err := m.Payment(m.t.Context(), m.id); err != nil ||
			p.ProviderReference != "theirs" {
			m.t.Errorf("%v, the answer's reference is lost: %q", err, p.ProviderReference)
		}
		m.events("payment.succeeded", 1)
	},
	{"call", "return"}: func(m *meeting) {
		m.askable(sdk.PaymentFailed, nil)
		m.during = func() {
			m.comeBack()
			m.is(payment.Created)
		}
		m.begin()
		m.is(payment.Processing)
	},
	{"call", "operator"}: func(m *meeting) {
		m.during = func() { m.refused(payment.Failed) }
		m.begin()
		m.is(payment.Processing)
	},
	{"call", "expiry"}: func(m *meeting) {
		m.waiting()
		m.Account.Confirm = func(context.Context, sdk.ConfirmPaymentRequest) (*sdk.Payment, error) {
			m.overdue()
			coretest.RecoverAt(m.t, m.Node)
			m.is(payment.RequiresAction)
			return &sdk.Payment{Status: sdk.PaymentProcessing}, nil
		}

		_, _, err := m.ConfirmPayment(m.t.Context(), m.id, payment.Confirmation{}, "c")
		if err != nil {
			m.t.Error(err)
		}
		m.is(payment.Processing)
	},
	{"call", "second host"}: func(m *meeting) {
		second := make(chan string, 1)
		m.during = func() {
			coretest.RecoverAt(m.t, m.other)
			go func() {
				p, replayed, err := m.other.CreatePayment(
					context.WithoutCancel(m.t.Context()),
					coretest.Request(),
					"k",
				)
				if err != nil {
					m.t.Error(err)
				}
				second <- fmt.Sprint(p.ID, replayed)
			}()
		}

		m.begin()
		if got := <-second; got != fmt.Sprint(m.id, true) {
			m.t.Errorf("the second host got %s", got)
		}
		m.sent(1)
	},
	{"call", "restart"}: func(m *meeting) {
		m.lost()
		m.restarted()
		m.is(payment.Unknown)
		m.sent(0)
		m.lapse()
		m.restarted()
		m.is(payment.Processing)
		m.sent(1)
	},
	{"late call", "late call"}: func(m *meeting) {
		m.says = func(attempt int) (*sdk.Payment, error) {
			switch attempt {
			case 1:
				return nil, coretest.Failing(sdk.CodeDeclined, sdk.OutcomeRefused)
			case 2:
				m.lapse()
				coretest.RecoverAt(m.t, m.Node) // takes the second for lost, and makes a third
				return &sdk.Payment{
					ProviderReference: "theirs",
					Status:            sdk.PaymentSucceeded,
				}, nil
			}

			return nil, coretest.Failing(sdk.CodeUnavailable, sdk.OutcomeUnknown)
		}

		m.during = func() {
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Succeeded)
		}

		m.begin()
		m.sent(3)
		m.is(payment.Succeeded)
	},
	{"late call", "recovery"}: func(m *meeting) {
		m.during = func() {
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Unknown)
		}
		m.begin()
		m.is(payment.Processing)
		m.sent(1)
	},
	{"late call", "webhook"}: func(m *meeting) {
		m.fails(sdk.CodeDeclined, sdk.OutcomeRefused)
		m.during = func() {
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
			m.webhook(payment.Succeeded)
			m.is(payment.Succeeded)
		}

		m.begin()
		m.is(payment.UnderReview)
	},
	{"late call", "return"}: func(m *meeting) {
		m.during = func() {
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
			m.askable(sdk.PaymentSucceeded, nil)
			m.comeBack()
			m.is(payment.Succeeded)
		}

		m.begin()
		m.is(payment.Succeeded)
	},
	{"late call", "operator"}: func(m *meeting) {
		m.answers(sdk.PaymentSucceeded)
		m.during = func() {
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.Clock.Add(16 * time.Second)
			coretest.RecoverAt(m.t, m.other)
			m.refused(payment.Failed)
			m.lapse()
			m.decide(payment.Failed)
		}

		m.begin()
		m.is(payment.Succeeded)
	},
	{"late call", "expiry"}: func(m *meeting) {
		m.answers(sdk.PaymentRequiresAction)
		m.during = func() {
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.overdue()
			coretest.RecoverAt(m.t, m.other)
			m.Clock.Add(time.Minute)
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Unknown)
		}

		m.begin()
		m.is(payment.RequiresAction)
		m.Clock.Add(time.Minute)
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Expired)
	},
	{"late call", "second host"}: func(m *meeting) {
		m.fails(sdk.CodeInvalidRequest, sdk.OutcomeNotSent)
		m.during = func() {
			m.lapse()
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Processing)
		}
		m.begin()
		m.is(payment.Processing)
		m.sent(2)
	},
	{"late call", "restart"}: func(m *meeting) {
		m.Faults.Next(coretest.Fault{After: func() {
			m.lapse()
			m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
			m.restarted()
		}})
		m.begin()
		m.sent(0)
		m.is(payment.Failed)
	},
	{"recovery", "recovery"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentSucceeded, func() { coretest.RecoverAt(m.t, m.Node) })
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Succeeded)
		if asks := m.Account.Asks(); asks != 1 {
			m.t.Errorf("asked %d times", asks)
		}
	},
	{"recovery", "webhook"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentProcessing, func() { m.webhook(payment.Succeeded) })
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Succeeded)
	},
	{"recovery", "return"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentSucceeded, func() { m.comeBack() })
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Succeeded)
		m.events("payment.succeeded", 1)
	},
	{"recovery", "operator"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentProcessing, func() { m.decide(payment.Failed) })
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.UnderReview)
		m.sent(1)
	},
	{"recovery", "expiry"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		m.askable(sdk.PaymentProcessing, nil)
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Processing)
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Processing)
	},
	{"recovery", "second host"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentSucceeded, func() {
			m.Clock.Add(2*m.Account.Settings.Timeout + 9*time.Second)
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Unknown)
			m.Clock.Add(2 * time.Second)
			coretest.RecoverAt(m.t, m.other)
			m.is(payment.Succeeded)
		})

		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Succeeded)
		m.events("payment.succeeded", 1)
	},
	{"recovery", "restart"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		m.askable(sdk.PaymentSucceeded, nil)

		// the claim is on disk, and nothing comes of it
		m.Faults.Next(coretest.Fault{Lose: errConnection})
		coretest.RecoverAt(m.t, m.Node)
		m.restarted()
		m.is(payment.Unknown)
		m.Clock.Add(2*m.Account.Settings.Timeout + 11*time.Second)
		m.restarted()
		m.is(payment.Succeeded)
	},
	{"webhook", "webhook"}: func(m *meeting) {
		m.begin()
		for _, status := range []payment.Status{payment.Authorized, payment.Succeeded,
			payment.Authorized, payment.Succeeded} {
			m.webhook(status)
		}
		m.is(payment.Succeeded)
		m.events("payment.*", 3)
	},
	{"webhook", "return"}: func(m *meeting) {
		m.askable(sdk.PaymentProcessing, nil)
		m.begin()
		m.comeBack()
		m.is(payment.Processing)
		m.webhook(payment.Succeeded)
		m.comeBack()
		m.is(payment.Succeeded)
	},
	{"webhook", "operator"}: func(m *meeting) {
		m.doubtful()
		m.decide(payment.Failed)
		m.webhook(payment.Succeeded)
		m.is(payment.Succeeded)
		m.askable(sdk.PaymentSucceeded, nil)
		m.webhook(payment.Failed)
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Succeeded)

		m.Account.Get = nil
		m.webhook(payment.Failed)
		m.is(payment.UnderReview)
	},
	{"webhook", "expiry"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Expired)
		m.webhook(payment.Succeeded)
		m.is(payment.Succeeded)
	},
	{"webhook", "second host"}: func(m *meeting) {
		m.begin()
		var both sync.WaitGroup
		for _, status := range []payment.Status{payment.Authorized, payment.Succeeded} {
			both.Go(func() { m.webhook(status) })
		}
		both.Wait()
		m.is(payment.Succeeded)
	},
	{"webhook", "restart"}: func(m *meeting) {
		m.lost()
		m.webhook(payment.Succeeded)
		m.lapse()
		m.restarted()
		m.is(payment.Succeeded)
		m.sent(0)
	},
	{"return", "return"}: func(m *meeting) {
		m.begin()
		before := m.historyLines()
		for range 20 {
			m.comeBack()
		}
		if lines := m.historyLines() - before; lines != 1 {
			m.t.Errorf("%d lines of history", lines)
		}
	},
	{"return", "operator"}: func(m *meeting) {
		m.askable(sdk.PaymentRequiresAction, nil)
		m.waiting()
		m.decide(payment.Canceled)
		m.comeBack()
		m.is(payment.Canceled)
	},
	{"return", "expiry"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Expired)
		m.askable(sdk.PaymentSucceeded, nil)
		m.comeBack()
		m.is(payment.Succeeded)
	},
	{"return", "second host"}: func(m *meeting) {
		m.askable(sdk.PaymentSucceeded, nil)
		m.waiting()
		m.Node, m.other = m.other, m.Node
		m.comeBack()
		m.is(payment.Succeeded)
	},
	{"return", "restart"}: func(m *meeting) {
		m.lost()
		m.askable(sdk.PaymentSucceeded, nil)
		m.comeBack()
		m.is(payment.Created)
		m.restarted()
		m.comeBack()
		m.is(payment.Succeeded)
		m.sent(0)
	},
	{"operator", "operator"}: func(m *meeting) {
		m.doubtful()
		m.decide(payment.Failed)
		m.decide(payment.Succeeded)
		m.decide(payment.Failed) // corrects the one before
		m.is(payment.Failed)
		m.webhook(payment.Succeeded)
		m.is(payment.Succeeded)
		m.refused(payment.Failed) // the provider has said so
		m.is(payment.Succeeded)
	},
	{"operator", "expiry"}: func(m *meeting) {
		m.waiting()
		m.decide(payment.Canceled)
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Canceled)
		second := newMeeting(m.t)
		second.waiting()
		second.overdue()

		coretest.RecoverAt(m.t, second.Node)
		second.is(payment.Expired)
		second.decide(payment.Succeeded)
	},
	{"operator", "second host"}: func(m *meeting) {
		m.doubtful()
		m.decide(payment.Failed)
		m.Clock.Add(time.Minute)
		coretest.RecoverAt(m.t, m.other)
		m.is(payment.Failed)
		m.sent(1)
	},
	{"operator", "restart"}: func(m *meeting) {
		m.lost()
		m.restarted()
		m.refused(payment.Failed)
		m.Account.OnInfo.CreatePayment = sdk.IdempotencySupport{}
		m.lapse()
		m.decide(payment.Failed)
		m.restarted()
		m.is(payment.Failed)
		m.sent(0)
	},
	{"expiry", "expiry"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.overdue()
		coretest.RecoverAt(m.t, m.Node)
		m.is(payment.Expired)
		m.events("payment.expired", 1)
	},
	{"expiry", "second host"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		var both sync.WaitGroup

		for _, host := range []*coretest.Node{m.Node, m.other} {
			both.Go(func() {
				if err := host.Recover(m.t.Context()); err != nil {
					m.t.Error(err)
				}
			})
		}

		both.Wait()
		m.is(payment.Expired)
		m.events("payment.expired", 1)
	},
	{"expiry", "restart"}: func(m *meeting) {
		m.waiting()
		m.overdue()
		m.askable(sdk.PaymentRequiresAction, nil)
		m.restarted()
		m.is(payment.Expired)
		if asks := m.Account.Asks(); asks != 1 {
			m.t.Errorf("asked %d times", asks)
		}
	},
	{"second host", "second host"}: func(m *meeting) {
		m.doubtful()
		m.Clock.Add(10 * time.Second)
		var all sync.WaitGroup

		for _, host := range []*coretest.Node{m.Node, m.other, m.NewHost(m.t), m.NewHost(m.t)} {
			all.Go(func() {
				if err := host.Recover(m.t.Context()); err != nil {
					m.t.Error(err)
				}
			})
		}

		all.Wait()
		m.is(payment.Processing)
		m.sent(2)
	},
	{"second host", "restart"}: func(m *meeting) {
		m.during = func() {
			coretest.RecoverAt(m.t, m.HostWith(m.t, core.Options{Predecessor: "host_before"}))
			m.is(payment.Created)
		}
		m.begin()
		m.is(payment.Processing)
		m.sent(1)
	},
	{"restart", "restart"}: func(m *meeting) {
		m.lost()
		for range 3 {
			m.restarted()
			m.is(payment.Unknown)
			m.Clock.Add(10 * time.Second)
		}

		m.sent(0)
		m.events("payment.unknown", 1)
		m.lapse()
		m.restarted()
		m.is(payment.Processing)
		m.sent(1)
	},
}

func (m *meeting) historyLines() int {
	p, err := m.Payment(m.t.Context(), m.id)
	if err != nil {
		m.t.Fatal(err)
	}
	return len(p.History)
}

// Whoever meets whom about a payment: the page says what happens, and it does.
func TestWhenTwoMeet(t *testing.T) {
	for n, one := range actors {
		for _, other := range actors[n:] {
			meet := meetings[pair{one, other}]
			if meet == nil {
				t.Errorf("nobody has tried %s and %s", one, other)
				continue
			}

			t.Run(one+" and "+other, func(t *testing.T) { meet(newMeeting(t)) })
		}
	}
}

// The page about attempts has one line for each pair that is tried, and none
// that is not.
func TestThePageAboutAttemptsHasEveryPair(t *testing.T) {
	page, err := os.ReadFile("../../../docs/design/attempts.md")
	if err != nil {
		t.Fatal(err)
	}
	onPage := map[pair]bool{}

	line := regexp.MustCompile(`(?m)^\| ([a-z ]+) \| ([a-z ]+) \| .+\. \|$`)
	for _, row := range line.FindAllStringSubmatch(string(page), -1) {
		p := pair{row[1], row[2]}
		if onPage[p] {
			t.Errorf("%s and %s are on the page twice", p.one, p.other)
		}
		onPage[p] = true
		if meetings[p] == nil {
			t.Errorf("%s and %s are on the page, and nobody has tried them", p.one, p.other)
		}
	}

	for p := range meetings {
		if !onPage[p] {
			t.Errorf("%s and %s are not on the page", p.one, p.other)
		}
		if !slices.Contains(actors, p.one) || !slices.Contains(actors, p.other) {
			t.Errorf("nobody is called %s or %s", p.one, p.other)
		}
	}
}
