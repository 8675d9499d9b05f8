package simulation

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/payhost/payhost/host/internal/coretest"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// trait is what one provider is like, and how its account is configured.
type trait struct {
	name      string
	guarantee sdk.IdempotencySupport
	// askable: it has status verbs; byReference: they work with our reference
	// alone; immediate: that they find nothing proves that nothing arrived;
	// bySequence: a repeat is known by its number and not by its key.
	askable, byReference, immediate, listed, amounts, bySequence bool
	webhooks                                                     sdk.Verification // "" for none
	identity, version                                            string
	// declared is what the plugin says of repeats; guarantee is what the
	// provider does.
	declared sdk.IdempotencySupport
	// lists: it is asked about many in one call; onlyLists: there is no other.
	lists, onlyLists bool
	returns          sdk.Verification // of customers that come back; "" for none
	// successor is what the account is called that was called so; nil while it
	// is.
	successor *trait
}

// now is what an account is called at present.
func (t *trait) now() *trait {
	if t.successor != nil {
		return t.successor.now()
	}
	return t
}

// ledgers are the providers' books.
type ledgers struct {
	world   *world
	traits  []*trait
	entries []*entry
	counts  map[string]int    // entries of an identity
	numbers map[string]string // the intents of an identity, by their numbers

	mu      sync.Mutex // guards what follows, and whether a call is over
	open    map[string][]*call
	doubted map[string]string // what was sent for an intent and may have happened
}

// settled notes that what was sent for an intent is known.
func (l *ledgers) settled(ref string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.doubted, ref)
}

// entry is one line of a provider's books.
type entry struct {
	kind             payment.Kind
	account          *trait
	identity, key    string // whose books, and what a repeat is known by
	ref, nick, order string
	theirs           string // the provider's own reference
	parent           *entry // of a refund
	flow             string // of a payment: direct, hold or link
	amount, paid     decimal.Decimal
	status           string // as the provider says it
	refused          *sdk.Error
	actions          map[string]*action // captures and cancels, by key
	captured         decimal.Decimal
	hiddenUntil      time.Time // until then no search finds it
	made             time.Time
	notify           string
	succeeded        bool // it had, whatever it is now
	paidAt           time.Time
	news             int    // webhooks about it
	comesBack        string // where the customer's browser is sent
	// transactions are the customer's payments; heard are those of which a
	// signed webhook was taken.
	transactions int
	heard        map[string]bool
}

// transaction is the provider's name for the customer's newest payment.
func (e *entry) transaction() string {
	if e.transactions == 0 {
		return ""
	}
	return fmt.Sprintf("%s-%d", e.theirs, e.transactions)
}

// action is a capture or a cancel in the books.
type action struct {
	verb    string
	key     string // the merchant's
	refused *sdk.Error
	times   int
}

// moved reports whether the entry has moved money or is going to.
func (e *entry) moved() bool {
	if e.refused != nil {
		return false
	}
	return e.status == "processing" || e.status == "succeeded" || e.status == "pending"
}

const windowOfRepeats = 3 * time.Minute

func (w *world) drawTraits() (list []*trait) {
	for k := range 1 + w.pick("accounts", 2) {
		name := fmt.Sprintf("bank%d", k+1)
		yes := func(what string, chance float64) bool { return w.unit(name+" is "+what) < chance }
		t := &trait{
			name:     name,
			identity: "merchant-of-" + name,
			version:  "1.0.0",
			askable:  yes("askable", 0.6),
			byReference: yes("asked by reference",
				0.7),
			immediate: yes("immediate", 0.5),
			listed:    yes("listed", 0.3),
			amounts: yes("telling amounts",
				0.5),
			bySequence: yes("counting", 0.3),
		}

		if k > 0 && w.happens(name+" has the identity of bank1", 0.3) {
			first := *list[0]
			first.name = name
			t = &first
		}

		t.guarantee.Retry = []sdk.RetryBehavior{sdk.RetryNone, sdk.RetryRejectsDuplicates,
			sdk.RetryReturnsOriginal,
			sdk.RetryRejectsDuplicates}[w.pick(t.identity+" repeats", 4)]
		t.guarantee.Window = windowOfRepeats

		switch w.theme() {
		case operators:
			t.askable, t.guarantee.Window = false, time.Hour
		case transfers, customers:
			t.webhooks = sdk.VerifiedBySignature
		case captures:
			t.guarantee.Retry = sdk.RetryNone
		}

		if t.webhooks == "" || w.early {
			t.webhooks = []sdk.Verification{"", sdk.VerifiedBySignature,
				sdk.VerifiedByOrigin}[w.pick(t.identity+" webhooks", 3)]
		}

		t.declared = t.guarantee
		t.lists = t.askable && t.listed &&
			w.happens(t.name+" lists", w.record.rates.listing)
		t.onlyLists = t.lists && w.pick(t.name+" only lists", 3) == 0
		if w.record.rates.returning > 0 {
			t.returns = []sdk.Verification{sdk.NotVerified,
				sdk.VerifiedBySignature}[w.pick(t.identity+" returns", 2)]
		}

		list = append(list, t)
	}

	return list
}

// accounts returns the accounts as a host has them that starts now.
func (l *ledgers) accounts(h *host) (list []*coretest.Account) {
	for _, t := range l.traits {
		if t.successor != nil {
			continue
		}
		a := coretest.New(t.name)
		a.Identity, a.Plugin = t.identity, t.version
		a.Settings.PaymentTTL = 40 * time.Minute
		a.OnInfo = sdk.Info{
			CreatePayment:  t.declared,
			CreatePayout:   t.declared,
			CreateRefund:   t.declared,
			CapturePayment: t.declared,
			PaymentLookup:  t.lookup(),
			PayoutLookup:   t.lookup(),
			RefundLookup:   t.lookup(),
			WebhookTrust:   []sdk.WebhookTrust{sdk.TrustSignature, sdk.TrustPaymentURL},
		}

		l.script(h, t, t.identity, a)
		list = append(list, a)
	}

	return list
}

func (t *trait) lookup() sdk.Lookup {
	return sdk.Lookup{
		ByReference:     t.byReference,
		Immediate:       t.immediate,
		Amounts:         t.amounts,
		ListByReference: t.listed,
	}
}

// create makes an entry, or does what the provider does with a repeat.
func (l *ledgers) create(c *call, name string, e *entry) (*entry, error) {
	w := l.world
	e.account = c.account
	e.identity = c.identity
	e.nick = c.nick
	e.order = orderOf(c.nick)
	e.key = c.derived(e.key)
	l.judgeNumber(c)
	if c.account.bySequence {
		e.key = fmt.Sprintf("number %d", c.sequence)
	}

	if prior := l.repeated(e); prior != nil &&
		c.account.guarantee.Retry == sdk.RetryReturnsOriginal {
		w.say("%s gets %s (attempt %d) and answers as to the first", c.account.name, c.nick,
			c.attempt)
		return prior, orNil(prior.refused)
	} else if prior != nil && c.account.guarantee.Retry == sdk.RetryRejectsDuplicates {
		w.say("%s gets %s (attempt %d) and refuses it as a duplicate", c.account.name, c.nick,
			c.attempt)
		if prior.ref == e.ref {
			w.doubt(e.ref, "duplicate")
		}
		return nil, sdk.Refused(sdk.CodeDuplicate, "dup", "seen before")
	}

	l.counts[c.identity]++
	e.made, e.actions = time.Now(), map[string]*action{}
	e.theirs = fmt.Sprint(1000 + l.counts[c.identity])
	l.entries = append(l.entries, e)
	if w.happens(name+" is declined", w.record.rates.declined) {
		e.refused = sdk.Refused(sdk.CodeDeclined, "no", "declined")
		w.say("%s declines %s (attempt %d)", c.account.name, c.nick, c.attempt)
		if c.attempt > 1 {
			w.doubt(e.ref, "a repeat was refused")
		}
		return nil, e.refused
	}

	e.status = l.firstStatus(name, e)
	w.say("%s makes %s (attempt %d): %s", c.account.name, c.nick, c.attempt, e.status)
	if !c.account.immediate && w.happens(name+" is hidden", w.record.rates.denied) {
		e.hiddenUntil = time.Now().Add(w.between(name+" hidden for", 0, 5*time.Minute))
	}

	w.act(func() { l.live(e) })
	return e, nil
}

// judgeNumber: a number stands for one intent of who we are to the provider,
// whatever the account is called.
func (l *ledgers) judgeNumber(c *call) {
	number := fmt.Sprintf("%s, number %d", c.identity, c.sequence)
	if other, taken := l.numbers[number]; taken && other != c.ref {
		l.world.find("ONE NUMBER FOR TWO: %s is sent as number %d, which another has",
			c.nick, c.sequence)
	}
	l.numbers[number] = c.ref
}

// repeated returns the entry that a provider takes for the first of a repeat.
// One that it declined is only remembered by a provider that answers as to the
// first.
func (l *ledgers) repeated(e *entry) *entry {
	forgetful := e.account.guarantee.Retry != sdk.RetryReturnsOriginal
	for _, prior := range l.entries {
		if prior.identity == e.identity && prior.key == e.key && prior.kind == e.kind &&
			time.Since(
				prior.made,
			) <= e.account.guarantee.Window && (prior.refused == nil || !forgetful) {
			return prior
		}
	}

	return nil
}

func (l *ledgers) firstStatus(name string, e *entry) string {
	atOnce := l.world.pick(name+" at once", 2) == 0
	switch {
	case e.flow == "link":
		return "requires_action"
	case e.flow == "hold":
		return "authorized"
	case atOnce:
		e.succeeded = true
		return "succeeded"
	case e.kind == payment.KindRefund:
		return "pending"
	}

	return "processing"
}

func orNil(e *sdk.Error) error {
	if e == nil {
		return nil
	}
	return e
}

// search answers a question about an entry, which the provider may not find
// although it is there.
func (l *ledgers) search(c *call, theirs string) (*entry, error) {
	e, err := l.lookUp(c, theirs)
	if err != nil || time.Now().Before(e.hiddenUntil) {
		l.world.say("%s does not find %s", c.account.name, c.nick)
		return nil, errNotFound
	}
	l.world.say("%s says that %s is %s", c.account.name, e.nick, e.status)
	return e, nil
}

var errNotFound = sdk.Refused(sdk.CodeNotFound, "404", "not found")

// lookUp finds an entry by the provider's reference or, where that can be, by
// ours.
func (l *ledgers) lookUp(c *call, theirs string) (*entry, error) {
	for _, e := range l.entries {
		if e.identity != c.identity || e.refused != nil {
			continue
		}
		if (theirs != "" && e.theirs == theirs) ||
			(theirs == "" && c.account.byReference && e.ref == c.ref) {
			return e, nil
		}
	}

	return nil, errNotFound
}

// act captures or cancels what was authorized. The provider lets more be
// captured than was authorized: that it is not asked for is the host's part.
func (l *ledgers) act(
	c *call,
	name, theirs string,
	amount decimal.Decimal,
) (*entry, error) {
	w := l.world
	e, err := l.lookUp(c, theirs)
	if err != nil {
		return nil, err
	}

	l.sameBooks(c, e)
	key := c.derived(c.key)
	prior := e.actions[key]

	switch {
	case prior == nil:
		prior = &action{verb: c.verb, key: c.key}
		e.actions[key] = prior
	case c.account.guarantee.Retry == sdk.RetryReturnsOriginal:
		return e, orNil(prior.refused)
	case c.account.guarantee.Retry == sdk.RetryRejectsDuplicates && prior.refused == nil:
		return nil, sdk.Refused(sdk.CodeDuplicate, "dup", "seen before")
	}

	prior.refused = nil
	if e.status == "canceled" ||
		(c.verb == "cancel" && e.status != "authorized" && e.status != "requires_action") ||
		w.happens(name+" is declined", w.record.rates.declined) {
		prior.refused = sdk.Refused(sdk.CodeDeclined, "no", "declined")
		w.say("%s declines to %s %s", c.account.name, c.verb, c.nick)
		return nil, prior.refused
	}

	prior.times++
	if c.verb == "cancel" {
		e.status = "canceled"
	} else {
		if amount.IsZero() {
			amount = e.amount.Sub(e.captured)
		}
		e.captured, e.status, e.succeeded = e.captured.Add(amount), "succeeded", true
	}

	_, said, _ := strings.Cut(key, ":")
	w.say(
		"%s does the %s of %s (%s): %s captured of %s",
		c.account.name,
		c.verb,
		c.nick,
		said,
		e.captured,
		e.amount,
	)

	w.act(func() { l.tell(e) })
	return e, nil
}

// sameBooks finds out whether a call about an intent came to the books of
// another one.
func (l *ledgers) sameBooks(c *call, e *entry) {
	if e.ref != c.ref {
		l.world.find(
			"ANOTHER MERCHANT'S MONEY: the %s of %s came to the books of %s",
			c.verb,
			c.nick,
			e.nick,
		)
	}
}

// live is what becomes of an entry: it is settled later, perhaps reversed, and
// told of.
func (l *ledgers) live(e *entry) {
	w := l.world
	if e.status == "processing" || e.status == "pending" {
		name := w.pause(nil, "settling "+e.nick, w.between(e.nick+" settles", time.Second,
			10*time.Minute))
		e.status, e.succeeded = "succeeded", true
		if w.happens(name+" fails", w.record.rates.failing) {
			e.status, e.succeeded = "failed", false
		}

		w.say("%s settles %s: %s", e.account.name, e.nick, e.status)
	}

	if e.status != "requires_action" {
		l.tell(e)
	}
	if e.kind == payment.KindPayout && e.status == "succeeded" &&
		w.happens(e.nick+" is reversed", w.record.rates.reversed) {
		w.pause(nil, "reversing "+e.nick, w.between(e.nick+" reverses", time.Minute,
			10*time.Minute))
		e.status = "failed"
		w.doubt(e.ref, "reversed")
		w.say("%s reverses %s", e.account.name, e.nick)
		l.tell(e)
	}
}

// of returns the entries of an intent.
func (l *ledgers) of(ref string) (list []*entry) {
	for _, e := range l.entries {
		if e.ref == ref {
			list = append(list, e)
		}
	}
	return list
}

// find returns the trait of an account.
func (l *ledgers) trait(name string) *trait {
	return l.traits[slices.IndexFunc(l.traits, func(t *trait) bool { return t.name == name })]
}
