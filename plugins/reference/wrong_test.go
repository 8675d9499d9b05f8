package main

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/payhost/payhost/internal/kittest"
	"github.com/payhost/payhost/plugins/reference/simulator"
	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/conformance"
	"github.com/payhost/payhost/sdk/providertest"
)

// Each wrong provider is caught by the cases that are there for it, which quote
// the contract.
func TestWrongProvidersAreCaught(t *testing.T) {
	stop := make(chan struct{})
	defer close(stop)
	kittest.Catch(t, wrongProviders(stop))
}

// The provider that these notices are of is no simulator of this plugin's own:
// that the case asks for what can be done is shown with one that does it.
func TestBatchesCanBeRead(t *testing.T) {
	r, s := kittest.NewRecorder("webhook batch"), simulator.New()
	providertest.RunWith(
		r,
		made(func(p *provider) patient { return patient{p} }),
		s.Config,
		batching{s},
	)

	if len(r.Failed()) > 0 || len(r.Ran()) != 2 {
		t.Errorf("ran %q, failed %q", r.Ran(), r.Failed())
	}
}

func TestWrongProvidersAreListed(t *testing.T) {
	kittest.Listed(
		t,
		"../../sdk/conformance/CASES.md",
		kittest.Reference,
		wrongProviders(nil),
	)
}

// wrongProviders lists them; stop ends what one of them keeps.
func wrongProviders(stop <-chan struct{}) (list []kittest.Wrong) {
	for _, c := range []struct {
		name  string
		prove func(*kittest.Recorder, *simulator.Simulator)
		cases map[string]string // by case, a part of what it says
	}{
		{"no configuration good enough", func(r *kittest.Recorder, s *simulator.Simulator) {
			providertest.RunWith(r, refusing, s.Config, s)
		}, map[string]string{
			"start": "not accepted: invalid_request",
		}},
		{"no description", wrong(func(p *provider) unnamed { return unnamed{p} }), map[string]string{
			"info names": `description "" must both be there`,
		}},
		{"a payout that is a link", wrong(func(p *provider) linked { return linked{p} }), map[string]string{
			"info guarantees": "create_payout: only creating a payment can be making a link",
		}},
		{"two operations under one name", wrong(func(p *provider) twofold { return twofold{p} }), map[string]string{
			"info operations": `an operation is named "quote_fee", which is no name or taken`,
		}},
		{"no amount within the limits", wrong(func(p *provider) narrowed { return narrowed{p} }), map[string]string{
			"info limits": "the limits of EUR are from 20000 to 10000",
		}},
		{"an account without a use", wrong(func(p *provider) idle { return idle{p} }), map[string]string{
			"info of the account": "the account can do nothing",
		}},
		{"notices without trust", wrong(func(p *provider) untrusting { return untrusting{p} }), map[string]string{
			"info webhook trust": "ways to trust one: []",
		}},
		{"lookup without a verb", wrong(func(p *provider) lookupWithoutVerb { return lookupWithoutVerb{p} }), map[string]string{
			"info lookups": "there is no get_payment",
		}},
		{"secret as text", func(r *kittest.Recorder, s *simulator.Simulator) { providertest.RunWith(r, newOpen, s.Config, s) }, map[string]string{
			"config schema": "api_key looks like a secret",
		}},
		{"one account for all", wrong(func(p *provider) latest { last.Store(p); return latest{p} }), map[string]string{
			"account beside another":         "list_payment_methods beside an account whose provider is away",
			"account replaced during a call": "list_payment_methods, begun before Configure",
		}},
		{"a capability that is not there", wrong(func(p *provider) promises { return promises{p} }), map[string]string{
			"not supported": "capture_payment, which the account declares",
		}},
		{"always well", wrong(func(p *provider) optimist { return optimist{p} }), map[string]string{
			"health":      "with a provider that is away",
			"get payment": "nobody has paid yet",
		}},
		{"what was never made has failed", wrong(func(p *provider) pressing { return pressing{p} }), map[string]string{
			"get payment not found": "GetPayment of a payment that was never made succeeded",
			"get payout not found":  "GetPayout of a payout that was never made succeeded",
		}},
		{"lost without their reference", wrong(func(p *provider) dependent { return dependent{p} }), map[string]string{
			"get payment by reference": "GetPayment without the provider's reference: invalid_request",
			"get refund":               "GetRefund without the provider's reference: invalid_request",
		}},
		{"the first status for ever", wrong(func(p *provider) outdated { return outdated{p} }), map[string]string{
			"get payment": "the customer has paid, and the payment is processing",
			"get refund":  "the provider has finished the refund, and it is pending",
			"get payout":  "the provider has finished the payout, and it is processing",
		}},
		{"canceled too late", wrong(func(p *provider) agreeable { return agreeable{p} }), map[string]string{
			"cancel payment": "CancelPayment of a paid payment succeeded, and the payment still has",
		}},
		{"methods twice", wrong(func(p *provider) repetitive { return repetitive{p} }), map[string]string{
			"methods": "no id, or listed twice",
		}},
		{"an operation that never works", wrong(func(p *provider) helpless { return helpless{p} }), map[string]string{
			"operations": "quote_fee with its sample: invalid_request",
		}},
		{"nothing instead of an error", wrong(func(p *provider) composed { return composed{p} }), map[string]string{
			"faults of reads": "get_balances answered with a web page succeeded",
		}},
		{"paid before anybody has paid", wrong(func(p *provider) paidAtOnce { return paidAtOnce{p} }), map[string]string{
			"create payment": "nobody has paid yet, and the payment has succeeded",
		}},
		{"nowhere to pay", wrong(func(p *provider) closed { return closed{p} }), map[string]string{
			"create payment": "the customer must do something, but nothing says what",
		}},
		{"a payout that may be made anew", wrong(func(p *provider) reckless { return reckless{p} }), map[string]string{
			"faults of writes": "create_payout: a new attempt is called safe, but creating moves money",
		}},
		{"a genuine notice in doubt", wrong(func(p *provider) doubting { return doubting{p} }), map[string]string{
			"webhook genuine": `is verified by "none", not "signature"`,
		}},
		{"a notice about nothing", wrong(func(p *provider) curt { return curt{p} }), map[string]string{
			"webhook genuine": "and no event does: null",
		}},
		{"wrong amounts", wrong(func(p *provider) cents { return cents{p} }), map[string]string{
			"create payout":   "the provider's books have a payout of 120 EUR",
			"capture payment": "the provider's books have a capture of 60 EUR, not of 30 EUR",
			"create refund":   "the provider's refund is of 60 EUR",
		}},
		{"what was authorized is paid", wrong(func(p *provider) generous { return generous{p} }), map[string]string{
			"capture in part": "20 EUR was captured, and 60 EUR is reported as paid",
		}},
		{"nothing says what was paid", wrong(func(p *provider) discreet { return discreet{p} }), map[string]string{
			"capture in part": "20 EUR of 60 EUR was captured, and nothing says so",
		}},
		{"a transaction for each notice", wrong(func(p *provider) noticeNamed { return noticeNamed{p} }), map[string]string{
			"transaction ids": "for the transaction that had the id",
		}},
		{"one transaction for all", wrong(func(p *provider) merchantNamed { return merchantNamed{p} }), map[string]string{
			"transaction ids": "the transactions of two payments have the same id",
		}},
		{"the payment's id for its transaction", wrong(func(p *provider) paymentNamed { return paymentNamed{p} }), map[string]string{
			"webhook of a second transaction": "the transaction after",
		}},
		{"the first page only", wrong(func(p *provider) firstPage { return firstPage{p} }), map[string]string{
			"list payments": "is there 0 times",
			"list payouts":  "is there 0 times",
		}},
		{"nothing checked", wrong(func(p *provider) careless { return careless{p} }), map[string]string{
			"empty fields":    `create_payout with empty fields: got code "permission"`,
			"confirm payment": "ConfirmPayment without any proof",
		}},
		{"no limits", func(r *kittest.Recorder, s *simulator.Simulator) {
			asked.Store(0)
			wrong(func(p *provider) unlimited { return unlimited{p} })(r, s)
		}, map[string]string{
			"payment limits": "the provider's API was called",
			"payout limits":  "the provider's API was called",
			"payment amount": "payment of 60.0000001 USDC: the provider's API was called",
			"payout amount":  "payout of 60.0000001 USDC: the provider's API was called",
		}},
		{"hundredths of everything", wrong(func(p *provider) hundredths { return hundredths{p} }), map[string]string{
			"payment currencies": "payment of 61 JPY: the provider's books have 6100 JPY",
			"payout currencies":  "payout of 60.001 KWD: the provider's books have 6 KWD",
		}},
		{"doubt taken for a no", wrong(func(p *provider) certain { return certain{p} }), map[string]string{
			"faults of writes": `create_payout answered with a lost answer: got code "unavailable" and outcome "refused"`,
			"provider away":    `create_payout of a provider that is away: got code "unavailable" and outcome "refused"`,
		}},
		{"doubt taken for a yes", wrong(func(p *provider) believer { return believer{p} }), map[string]string{
			"faults of writes": "create_payment answered with a web page succeeded",
			"secrets":          "create_payment succeeded with an answer that only repeats the request",
		}},
		{"tries again", wrong(func(p *provider) eager { return eager{p} }), map[string]string{
			"faults of writes": "2 requests of POST where 1 are usual",
		}},
		{"a verb that fails", wrong(func(p *provider) broken { return broken{p} }), map[string]string{
			"balances": "it did not work",
		}},
		{"no codes", wrong(func(p *provider) vague { return vague{p} }), map[string]string{
			"bad credentials": `create_payment with wrong credentials: got code "declined"`,
		}},
		{"no end of a call", wrong(func(p *provider) stubborn { return stubborn{p} }, soon), map[string]string{
			"deadline passes": "the end of the request of check_health",
			"cancel":          "the end of the request of check_health",
		}},
		{"another name for each attempt", wrong(func(p *provider) renamed { return renamed{p} }), map[string]string{
			"killed after the provider accepted": "create_payout of a plugin that was killed: the provider's books have 2 more",
			"repeat":                             "the provider's books have 3 more",
			"repeat after a lost answer":         "the provider's books have 2 more",
		}},
		{"a duplicate taken for a no", wrong(func(p *provider) sure { return sure{p} }), map[string]string{
			"repeat": `the repeat of create_payout: got code "duplicate" and outcome "refused"`,
		}},
		{"another key for each attempt", wrong(func(p *provider) newKey { return newKey{p} }), map[string]string{
			"repeat": "the repeat of create_refund must answer with the original",
		}},
		{"another's payment", wrong(func(p *provider) mixedUp { return mixedUp{p, &sync.Mutex{}, new(*sdk.Payment)} }), map[string]string{
			"creates at once": "got the same reference",
		}},
		{"no signature checked", wrong(func(p *provider) trusting { return trusting{p} }), map[string]string{
			"webhook unsigned": "with something left out verifies and says something else",
			"webhook changed":  "verifies and says something else",
			"webhook junk":     "a webhook that is junk is verified",
			"return":           "verifies and says something else",
			"return junk":      "a return that is junk is verified",
		}},
		{"a notice read in two ways", wrong(func(p *provider) forgetful { return forgetful{p} }), map[string]string{
			"webhook twice": "says first",
		}},
		{"a webhook read a thousand times", wrong(func(p *provider) laborious { return laborious{p} }), map[string]string{
			"webhook of the largest size": "of processor time",
		}},
		{"a panic at a notice", wrong(func(p *provider) brittle { return brittle{p} }), map[string]string{
			"webhook junk": "panic in ParseWebhook",
		}},
		{"any address", wrong(func(p *provider) anywhere { return anywhere{p} }), map[string]string{
			"webhook of a stranger": "from a strange address is verified",
		}},
		{"a secret in a link", wrong(func(p *provider) talkative { return talkative{p} }), map[string]string{
			"create payment": "the answer of CreatePayment holds the value of api_key",
		}},
		{"a connection kept from every call", wrong(func(p *provider) hoarder { return hoarder{p, new([]*os.File)} }, soon), map[string]string{
			"files": "files and connections open, after 8 more rounds",
		}},
		{"any time", wrong(func(p *provider) ageless { return ageless{p} }), map[string]string{
			"webhook stale": "a stale webhook is verified by",
		}},
		{"the first of several notices", func(r *kittest.Recorder, s *simulator.Simulator) {
			providertest.RunWith(r, made(func(p *provider) hasty { return hasty{p} }), s.Config, batching{s})
		}, map[string]string{
			"webhook batch": "is done, and no event does",
		}},
		{"known kinds only", wrong(func(p *provider) narrow { return narrow{p} }), map[string]string{
			"webhook of an unknown kind": "a kind that is not known: invalid_request",
		}},
		{"no patience", wrong(func(p *provider) impatient { return impatient{p} }), map[string]string{
			"slow answer": "create_payout, whose answer does not end succeeded",
		}},
		{"no end", wrong(func(p *provider) endless { go func() { <-stop }(); return endless{p, stop} }), map[string]string{
			"end": "left something behind",
		}},
	} {
		list = append(
			list,
			kittest.Wrong{
				Name:   c.name,
				Caught: c.cases,
				Run:    func(r *kittest.Recorder) { c.prove(r, simulator.New()) },
			},
		)
	}

	return list
}

// wrong proves a provider that is made from the right one.
func wrong[P sdk.Provider](
	wrap func(*provider) P,
	opts ...conformance.Option,
) func(*kittest.Recorder, *simulator.Simulator) {
	return func(r *kittest.Recorder, s *simulator.Simulator) {
		providertest.RunWith(r, made(wrap), s.Config, s, opts...)
	}
}

// made is the constructor of a provider that is made from the right one.
func made[P sdk.Provider](wrap func(*provider) P) func(config, sdk.Runtime) (P, error) {
	return func(cfg config, rt sdk.Runtime) (P, error) {
		p, err := newProvider(cfg, rt)
		if err != nil {
			var none P
			return none, err
		}
		return wrap(p), nil
	}
}

// soon is for what the kit waits for and a wrong provider never does.
var soon = conformance.Patience(time.Second / 10)
