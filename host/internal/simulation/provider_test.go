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

// trait is what one provider is like, and how its account is configured.
type trait struct {
	name      string
	guarantee sdk.RepeatGuarantee
	// askable: it has status verbs; byReference: they work with our reference alone;
	// immediate: that they find nothing proves that nothing arrived.
	askable, byReference, immediate, listed, amounts bool
	webhooks                                         sdk.Verification // none, or how they prove themselves
	identity                                         string
	version                                          string
}

// ledgers are the providers' books.
type ledgers struct {
	world   *world
	traits  []*trait
	entries []*entry
	counts  map[string]int // entries of an identity
	calls   map[string]*call
}

// entry is one line of a provider's books.
type entry struct {
	kind             payment.Kind
	identity, key    string // whose books, and what a repeat is known by
	ref, nick, order string
	theirs           string // the provider's own reference
	amount           decimal.Decimal
	status           string // processing, succeeded, failed, authorized, canceled, requires_action
	refused          *sdk.Error
	captured         decimal.Decimal
	refunded         decimal.Decimal
	actions          map[string]int // what was done to it, by key
	hiddenUntil      time.Time      // until then no search finds it
	made             time.Time
	notify           string
	account          *trait
	news             int
}

// moved reports whether the entry has moved money or is going to.
func (e *entry) moved() bool {
	return e.refused == nil && (e.status == "processing" || e.status == "succeeded")
}

const windowOfRepeats = 3 * time.Minute

func (w *world) drawTraits() (list []*trait) {
	for k := range 1 + w.pick("accounts", 2) {
		name := fmt.Sprintf("bank%d", k+1)
		yes := func(what string, chance float64) bool { return w.unit(name+" is "+what) < chance }
		t := &trait{name: name, identity: "merchant-of-" + name, version: "1.0.0",
			askable: yes("askable", 0.6), byReference: yes("asked by reference", 0.7), immediate: yes("immediate", 0.5),
			listed: yes("listed", 0.3), amounts: yes("telling amounts", 0.5)}
		t.guarantee.Repeat = []sdk.Repeat{sdk.RepeatNone, sdk.RepeatRejectsDuplicates, sdk.RepeatReturnsOriginal,
			sdk.RepeatRejectsDuplicates}[w.pick(name+" repeats", 4)]
		t.guarantee.Window = windowOfRepeats
		t.webhooks = []sdk.Verification{"", sdk.VerifiedBySignature, sdk.VerifiedByOrigin}[w.pick(name+" webhooks", 3)]
		list = append(list, t)
	}
	return list
}

// accounts returns the accounts as a host has them that starts now.
func (l *ledgers) accounts(h *host) (list []*coretest.Account) {
	for _, t := range l.traits {
		a := coretest.New(t.name)
		a.Identity, a.Plugin = t.identity, t.version
		a.Settings.PaymentTTL = 40 * time.Minute
		a.OnInfo = sdk.Info{CreatePayment: t.guarantee, CreatePayout: t.guarantee, CreateRefund: t.guarantee,
			PaymentLookup: t.lookup(), PayoutLookup: t.lookup(), RefundLookup: t.lookup(),
			WebhookTrust: []sdk.WebhookTrust{sdk.TrustSignature, sdk.TrustPaymentURL}}
		l.script(h, t, t.identity, a)
		list = append(list, a)
	}
	return list
}

func (t *trait) lookup() sdk.Lookup {
	return sdk.Lookup{ByReference: t.byReference, Immediate: t.immediate, Amounts: t.amounts, ListByReference: t.listed}
}

// call is one call of a host to a provider.
type call struct {
	world   *world
	host    *host
	ctx     context.Context
	account *trait
	verb    string
	nick    string
	money   bool
}

func (c *call) String() string {
	return fmt.Sprintf("%s, for %s: %s of %s", c.host.machine.name, actor(c.ctx), c.verb, c.nick)
}

// through takes a call to the provider and its answer back. serve is what the provider
// makes of it; it may run long after the caller has given up.
func through[T any](c *call, serve func(name string) (T, error)) (answer T, err error) {
	w, rates := c.world, &c.world.record.rates
	name := w.pass(c.host, c.String()+" leaves", rates.slow)
	c.host.mishap(name)
	switch {
	case c.ctx.Err() != nil:
		return answer, sdk.NotSent(sdk.CodeUnavailable, "the deadline has passed")
	case w.fault(name+" is not sent", rates.unsent):
		w.say("%s cannot be sent", c)
		return answer, sdk.NotSent(sdk.CodeUnavailable, "connection refused")
	}

	type reply struct {
		answer T
		err    error
	}
	replies := make(chan reply, 1)
	if w.fault(name+" gets lost", rates.unheard) {
		w.say("%s is lost on its way", c)
	} else {
		deadline, _ := c.ctx.Deadline()
		w.act(func() {
			arrival := w.pass(nil, c.String()+" arrives", min(rates.late, time.Until(deadline)+grace/2))
			answer, err := serve(arrival)
			if w.fault(arrival+" is not answered", rates.unanswered) {
				w.say("the answer to %s is lost", c)
				return
			}
			w.pass(nil, c.String()+" is answered", rates.late)
			replies <- reply{answer, err}
		})
	}

	select {
	case r := <-replies:
		answer, err = r.answer, r.err
	case <-c.ctx.Done():
		err = &sdk.Error{Code: sdk.CodeUnavailable, Outcome: sdk.OutcomeUnknown, Message: "no answer in time"}
	}
	name = w.pass(c.host, c.String()+" is heard", 0)
	c.host.mishap(name)
	return answer, err
}

// script makes an account's verbs those of its provider, as an identity.
func (l *ledgers) script(h *host, t *trait, identity string, a *coretest.Account) {
	w := l.world
	make := func(ctx context.Context, verb, nick string, money bool) *call {
		return &call{world: w, host: h, ctx: ctx, account: t, verb: verb, nick: nick, money: money}
	}
	a.Payout = func(ctx context.Context, r sdk.CreatePayoutRequest) (*sdk.Payout, error) {
		nick := "payout " + r.MerchantReference
		w.record.nicks[r.Reference] = nick
		c := make(ctx, "create_payout", nick, true)
		return through(c, func(name string) (*sdk.Payout, error) {
			e, err := l.create(c, name, identity, &entry{kind: payment.KindPayout, key: r.IdempotencyKey, ref: r.Reference,
				nick: nick, order: orderOf(r.MerchantReference), amount: r.Amount.Amount, notify: r.NotifyURL, account: t}, r.Attempt)
			if err != nil {
				return nil, err
			}
			return e.payout(), nil
		})
	}
	if t.askable {
		a.PayoutStatus = func(ctx context.Context, r sdk.GetPayoutRequest) (*sdk.Payout, error) {
			c := make(ctx, "get_payout", "payout "+r.Payout.MerchantReference, false)
			return through(c, func(name string) (*sdk.Payout, error) {
				e, err := l.search(c, name, identity, r.Payout.Reference, r.Payout.ProviderReference)
				if err != nil {
					return nil, err
				}
				return e.payout(), nil
			})
		}
	}
}

// orderOf returns the order of a merchant's reference: "3.1" is the first try of order 3.
func orderOf(reference string) string {
	order, _, _ := strings.Cut(reference, ".")
	return order
}

// create makes an entry, or does what the provider does with a repeat.
func (l *ledgers) create(c *call, name, identity string, e *entry, attempt int) (*entry, error) {
	w := l.world
	for _, prior := range l.entries {
		known := prior.identity == identity && prior.key == e.key && prior.kind == e.kind
		if !known || time.Since(prior.made) > c.account.guarantee.Window {
			continue
		}
		switch c.account.guarantee.Repeat {
		case sdk.RepeatRejectsDuplicates:
			if prior.refused != nil {
				continue
			}
			w.say("%s gets %s (attempt %d) and refuses it as a duplicate", c.account.name, e.nick, attempt)
			w.record.doubts[e.ref] = "duplicate"
			return nil, sdk.Refused(sdk.CodeDuplicate, "dup", "seen before")
		case sdk.RepeatReturnsOriginal:
			w.say("%s gets %s (attempt %d) and answers as the first time", c.account.name, e.nick, attempt)
			return prior, orNil(prior.refused)
		}
	}

	l.counts[identity]++
	e.identity, e.made, e.actions = identity, time.Now(), map[string]int{}
	e.theirs = fmt.Sprint(1000 + l.counts[identity])
	e.status = []string{"succeeded", "processing"}[w.pick(name+" at once", 2)]
	l.entries = append(l.entries, e)
	if w.happens(name+" is declined", w.record.rates.declined) {
		e.refused = sdk.Refused(sdk.CodeDeclined, "no", "declined")
		w.say("%s declines %s (attempt %d)", c.account.name, e.nick, attempt)
		return nil, e.refused
	}

	w.say("%s makes %s (attempt %d): %s", c.account.name, e.nick, attempt, e.status)
	if w.happens(name+" is hidden", w.record.rates.denied) && !c.account.immediate {
		e.hiddenUntil = time.Now().Add(w.between(name+" hidden for", 0, 5*time.Minute))
	}
	w.act(func() { l.live(e) })
	return e, nil
}

func orNil(e *sdk.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// search finds an entry by the provider's reference or, where that can be, by ours.
func (l *ledgers) search(c *call, name, identity, ref, theirs string) (*entry, error) {
	for _, e := range l.entries {
		if e.identity != identity || e.refused != nil || time.Now().Before(e.hiddenUntil) {
			continue
		}
		if (theirs != "" && e.theirs == theirs) || (theirs == "" && c.account.byReference && e.ref == ref) {
			l.world.say("%s says that %s is %s", c.account.name, e.nick, e.status)
			return e, nil
		}
	}
	l.world.say("%s does not find %s", c.account.name, c.nick)
	return nil, sdk.Refused(sdk.CodeNotFound, "404", "not found")
}

// live is what becomes of an entry: it is settled later, perhaps reversed, and told of.
func (l *ledgers) live(e *entry) {
	w := l.world
	if e.status == "processing" {
		name := w.pause(nil, "settling "+e.nick, w.between(e.nick+" settles", time.Second, 10*time.Minute))
		e.status = "succeeded"
		if w.happens(name+" fails", w.record.rates.failing) {
			e.status = "failed"
		}
		w.say("%s settles %s: %s", e.account.name, e.nick, e.status)
		l.tell(e)
	} else {
		l.tell(e)
	}
	if e.status == "succeeded" && w.happens(e.nick+" is reversed", w.record.rates.reversed) {
		w.pause(nil, "reversing "+e.nick, w.between(e.nick+" reverses", time.Minute, 10*time.Minute))
		e.status = "failed"
		w.record.doubts[e.ref] = "reversed"
		w.say("%s reverses %s", e.account.name, e.nick)
		l.tell(e)
	}
}

func (l *ledgers) tell(e *entry) {}

func (e *entry) payout() *sdk.Payout {
	p := &sdk.Payout{ProviderReference: e.theirs, Status: sdk.PayoutStatus(e.status), ProviderStatus: e.status}
	if e.account.amounts {
		p.Amount = &sdk.Money{Amount: e.amount, Currency: "EUR"}
	}
	return p
}
