package simulation

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// call is one call of a host to a provider.
type call struct {
	world     *world
	host      *host
	ctx       context.Context
	account   *trait
	identity  string // who we are to the provider, as this host believes
	verb      string
	ref, nick string
	key       string // of what moves money; "" for a question
	attempt   int
	sequence  uint64
	over      bool
	deadline  time.Time
	version   string   // of the plugin that this host runs
	about     []string // the intents that a list is about
}

// derived is the key that the provider gets: each version of a plugin makes its
// own.
func (c *call) derived(key string) string {
	if key == "" || c.version == "1.0.0" {
		return key
	}
	return key + " by " + c.version
}

func (c *call) String() string {
	return fmt.Sprintf(
		"%s, for %s: %s %s",
		c.host.machine.name,
		actor(c.ctx),
		c.verb,
		c.nick,
	)
}

// script makes an account's verbs those of its provider.
func (l *ledgers) script(h *host, t *trait, identity string, a *coretest.Account) {
	version := t.version
	begin := func(ctx context.Context, verb, nick, ref string) *call {
		l.world.call(ref, nick)
		return &call{
			world:    l.world,
			host:     h,
			ctx:      ctx,
			account:  t,
			identity: identity,
			version:  version,
			verb:     verb,
			ref:      ref,
			nick:     nick,
		}
	}

	moving := func(c *call, key string, attempt int, sequence uint64) *call {
		c.key = key
		c.attempt = attempt
		c.sequence = sequence
		return c
	}

	a.Payout = func(ctx context.Context, r sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		c := moving(begin(ctx, "create", "payout "+r.MerchantReference, r.Reference),
			r.IdempotencyKey, r.Attempt, r.Sequence)
		return through(c, payoutOf, func(name string) (*entry, error) {
			return l.create(c, name, &entry{
				kind:   payment.KindPayout,
				key:    r.IdempotencyKey,
				ref:    r.Reference,
				amount: r.Amount.Amount,
				notify: r.NotifyURL,
			})
		})
	}

	a.Create = func(ctx context.Context, r sdk.CreatePaymentRequest) (*sdk.Payment, error) {
		c := moving(begin(ctx, "create", "payment "+r.MerchantReference, r.Reference),
			r.IdempotencyKey, r.Attempt, r.Sequence)
		return through(c, paymentOf, func(name string) (*entry, error) {
			return l.create(c, name, &entry{
				kind:      payment.KindPayment,
				key:       r.IdempotencyKey,
				ref:       r.Reference,
				amount:    r.Amount.Amount,
				flow:      r.Method,
				notify:    r.NotifyURL,
				comesBack: r.ReturnURL,
			})
		})
	}

	a.Capture = func(ctx context.Context, r sdk.CapturePaymentRequest) (*sdk.Payment, error) {
		c := moving(begin(ctx, "capture", "payment "+r.Payment.MerchantReference,
			r.Payment.Reference), r.IdempotencyKey, r.Attempt, 0)
		amount := decimal.Zero
		if r.Amount != nil {
			amount = r.Amount.Amount
		}
		return through(c, paymentOf, func(name string) (*entry, error) {
			return l.act(c, name, r.Payment.ProviderReference, amount)
		})
	}

	a.Cancel = func(ctx context.Context, r sdk.CancelPaymentRequest) (*sdk.Payment, error) {
		c := moving(begin(ctx, "cancel", "payment "+r.Payment.MerchantReference,
			r.Payment.Reference), r.IdempotencyKey, r.Attempt, 0)
		return through(c, paymentOf, func(name string) (*entry, error) {
			return l.act(c, name, r.Payment.ProviderReference, decimal.Zero)
		})
	}

	a.Refund = func(ctx context.Context, r sdk.CreateRefundRequest) (*sdk.Refund, error) {
		c := moving(begin(ctx, "create", "refund "+r.Reason, r.Reference), r.IdempotencyKey,
			r.Attempt, r.Sequence)
		return through(c, refundOf, func(name string) (*entry, error) {
			parent, err := l.lookUp(c, r.Payment.ProviderReference)
			if err != nil {
				if r.Attempt > 1 {
					l.world.doubt(r.Reference, "a repeat was refused")
				}
				return nil, err
			}

			if parent.ref != r.Payment.Reference {
				l.world.find("ANOTHER MERCHANT'S MONEY: %s came to the books of %s", c.nick,
					parent.nick)
			}

			return l.create(c, name, &entry{
				kind:   payment.KindRefund,
				key:    r.IdempotencyKey,
				ref:    r.Reference,
				amount: r.Amount.Amount,
				parent: parent,
				notify: parent.notify,
			})
		})
	}

	a.Webhook = parse
	if t.returns != "" {
		a.Return = t.parseReturn
	}
	if !t.askable {
		return
	}

	if t.lists {
		l.scriptLists(begin, a)
	}
	if t.lists && t.onlyLists {
		l.scriptRefundStatus(begin, a)
		return
	}

	a.PayoutStatus = func(ctx context.Context, r sdk.GetPayoutRequest) (*sdk.Payout, error) {
		c := begin(
			ctx,
			"ask about",
			"payout "+r.Payout.MerchantReference,
			r.Payout.Reference,
		)

		return through(c, payoutOf, func(string) (*entry, error) {
			return l.search(c,
				r.Payout.ProviderReference)
		})
	}

	a.Get = func(ctx context.Context, r sdk.GetPaymentRequest) (*sdk.Payment, error) {
		c := begin(
			ctx,
			"ask about",
			"payment "+r.Payment.MerchantReference,
			r.Payment.Reference,
		)

		return through(c, paymentOf, func(string) (*entry, error) {
			return l.search(c,
				r.Payment.ProviderReference)
		})
	}

	l.scriptRefundStatus(begin, a)
}

// beginning makes a call that asks something.
type beginning func(ctx context.Context, verb, nick, ref string) *call

func (l *ledgers) scriptRefundStatus(begin beginning, a *coretest.Account) {
	a.RefundStatus = func(ctx context.Context, r sdk.GetRefundRequest) (*sdk.Refund, error) {
		c := begin(ctx, "ask about", l.world.record.nick(l.world, r.Refund.Reference),
			r.Refund.Reference)
		return through(c, refundOf, func(string) (*entry, error) {
			return l.search(c,
				r.Refund.ProviderReference)
		})
	}
}

// orderOf returns the order of a nickname: "payout 3.1" is the first try of
// order 3.
func orderOf(nick string) string {
	_, reference, _ := strings.Cut(nick, " ")
	order, _, _ := strings.Cut(reference, ".")
	return order
}

// through takes a call to the provider and its answer back. serve is what the
// provider makes of it; it may run long after the caller has given up.
func through[T any](
	c *call,
	as func(*entry) *T,
	serve func(name string) (*entry, error),
) (*T,
	error) {
	return carry(c, func(name string) (*T, error) {
		e, err := serve(name)
		if err != nil {
			return nil, err
		}
		return as(e), nil
	})
}

// carry is through for an answer that is about more than one entry.
func carry[T any](c *call, serve func(name string) (*T, error)) (*T, error) {
	w, rates := c.world, &c.world.record.rates
	name := w.pass(c.host, c.String()+" leaves", rates.slow)
	c.host.mishap(name)

	switch {
	case c.ctx.Err() != nil:
		return nil, sdk.NotSent(sdk.CodeUnavailable, "the deadline has passed")
	case w.fault(name+" is not sent", rates.unsent):
		w.say("%s: cannot be sent", c)
		return nil, sdk.NotSent(sdk.CodeUnavailable, "connection refused")
	}

	c.deadline, _ = c.ctx.Deadline()
	c.begin()
	type reply struct {
		answer *T
		err    error
	}
	replies := make(chan reply, 1)
	if w.fault(name+" gets lost", rates.unheard) {
		w.say("%s: is lost on its way", c)
	} else {
		w.act(func() {
			arrival := w.pass(nil, c.String()+" arrives", min(rates.late,
				time.Until(c.deadline)+grace/2))
			answer, err := serve(arrival)
			if w.fault(arrival+" is not answered", rates.unanswered) {
				w.say("%s: the answer is lost", c)
				return
			}
			w.pass(nil, c.String()+" is answered", rates.late)
			replies <- reply{answer, err}
		})
	}

	var r reply
	select {
	case r = <-replies:
	case <-c.ctx.Done():
		r.err = &sdk.Error{
			Code:    sdk.CodeUnavailable,
			Outcome: sdk.OutcomeUnknown,
			Message: "no answer in time",
		}
	}

	c.end(r.err)
	name = w.pass(c.host, c.String()+" is heard", 0)
	c.host.mishap(name)

	return r.answer, r.err
}

// begin judges a call that leaves now: it must be the only one about its
// intent, nothing else may be in doubt, and its attempt's time must not be
// over.
func (c *call) begin() {
	l, w := c.world.ledgers, c.world
	if c.key == "" {
		return
	}
	others, doubted := l.enter(c)
	for _, other := range others {
		w.find("TWO CALLS AT ONCE for %s: %s during %s", c.nick, c.verb, other.verb)
	}

	if doubted != "" && doubted != c.key {
		w.find(
			"A SECOND ACTION IN DOUBT: %s of %s is sent though another may have happened",
			c.verb,
			c.nick,
		)
	}

	l.judgeDeadline(c)
}

// enter notes a call, and returns those for the same intent that are not over
// and the key of the action in doubt.
func (l *ledgers) enter(c *call) (others []*call, doubted string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.open[c.ref] {
		if !other.over && time.Now().Before(other.deadline) {
			others = append(others, other)
		}
	}
	l.open[c.ref] = append(l.open[c.ref], c)
	return others, l.doubted[c.ref]
}

// judgeDeadline: nothing is sent when its attempt's deadline and grace are
// over.
func (l *ledgers) judgeDeadline(c *call) {
	var deadline int64
	if !l.world.raw.row(
		"SELECT deadline FROM attempts WHERE intent_id = $1 AND number = $2",
		[]any{c.ref, c.attempt},
		&deadline,
	) {
		l.world.find("NOT RECORDED: %s of %s is sent, and its attempt is not in the store",
			c.verb, c.nick)
		return
	}

	if time.Since(time.UnixMicro(deadline)) > grace {
		l.world.find(
			"SENT TOO LATE: %s of %s, after its deadline and grace",
			c.verb,
			c.nick,
		)
	}
}

// end notes what the host knows of a call from now on.
func (c *call) end(err error) {
	l := c.world.ledgers
	l.mu.Lock()
	defer l.mu.Unlock()
	c.over = true
	if c.verb == "create" {
		return // its status says so
	}

	if c.host.dead.Load() && c.key != "" {
		l.doubted[c.ref] = c.key
		return
	}

	switch {
	case c.key == "" && err == nil:
		delete(l.doubted, c.ref)
		for _, ref := range c.about {
			delete(l.doubted, ref)
		}
	case c.key != "" && sdk.OutcomeOf(err) == sdk.OutcomeUnknown:
		l.doubted[c.ref] = c.key
	case c.key != "" && l.doubted[c.ref] == c.key:
		delete(l.doubted, c.ref)
	}
}

func payoutOf(e *entry) *sdk.Payout {
	return &sdk.Payout{
		ProviderReference: e.theirs,
		Status:            sdk.PayoutStatus(e.status),
		ProviderStatus:    e.status,
		Amount:            e.money(),
	}
}

func refundOf(e *entry) *sdk.Refund {
	return &sdk.Refund{
		ProviderReference: e.theirs,
		Status:            sdk.RefundStatus(e.status),
		ProviderStatus:    e.status,
		Amount:            e.money(),
	}
}

func paymentOf(e *entry) *sdk.Payment {
	p := &sdk.Payment{
		ProviderReference: e.theirs,
		Status:            sdk.PaymentStatus(e.status),
		ProviderStatus:    e.status,
		Amount:            e.money(),
	}
	if e.status == "succeeded" {
		p.TransactionID = e.transaction()
	}

	if e.status == "requires_action" {
		p.NextAction = sdk.RedirectTo("https://pay.example/" + e.theirs)
	}

	return p
}

// money is what the provider says it is for, where it says it.
func (e *entry) money() *sdk.Money {
	if !e.account.amounts {
		return nil
	}
	amount := e.amount
	if e.status == "succeeded" && e.paid.IsPositive() {
		amount = e.paid
	}
	return &sdk.Money{Amount: amount, Currency: "EUR"}
}
