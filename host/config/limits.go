package config

import (
	"slices"
	"strings"

	"github.com/payhost/payhost/sdk"
)

// Limits are the brakes of one account, the table [providers.NAME.limits]. In a
// file each amount is text such as "1000.00 USD". A currency that a list does
// not name is not capped by it. The caps are judged in the commit that records a
// payment or payout, so they hold over all hosts of a database.
type Limits struct {
	// PaymentMax is the most that one payment may be [payment_max].
	PaymentMax []sdk.Money
	// PayoutMax is the most that one payout may be [payout_max].
	PayoutMax []sdk.Money
	// PayoutPerDay is the most that the payouts of the last 24 hours may add up
	// to, those left out that have failed [payout_per_day].
	PayoutPerDay []sdk.Money
	// DoubtMax pauses the account's payouts as soon as the payouts whose
	// outcome is unknown add up to so much [doubt_max].
	DoubtMax []sdk.Money
	// PerSecond is how many calls to the provider this host begins in a second,
	// evenly spaced [per_second], 1 to 10000. Default 0: any number.
	PerSecond int
}

// mostPerSecond bounds Limits.PerSecond.
const mostPerSecond = 10_000

// Most returns the cap for a currency; ok is false when there is none.
func Most(caps []sdk.Money, currency string) (most sdk.Money, ok bool) {
	k := slices.IndexFunc(
		caps,
		func(one sdk.Money) bool { return one.Currency == currency },
	)
	if k < 0 {
		return sdk.Money{}, false
	}
	return caps[k], true
}

// same reports whether both limit alike.
func (l Limits) same(o Limits) bool {
	for k, caps := range l.lists() {
		if !slices.EqualFunc(caps.list, o.lists()[k].list, sdk.Money.Equal) {
			return false
		}
	}
	return l.PerSecond == o.PerSecond
}

// capList is one of the lists under its key.
type capList struct {
	key  string
	list []sdk.Money
}

func (l Limits) lists() [4]capList {
	return [4]capList{
		{"payment_max", l.PaymentMax},
		{"payout_max", l.PayoutMax},
		{"payout_per_day", l.PayoutPerDay},
		{"doubt_max", l.DoubtMax},
	}
}

// limits reads [providers.NAME.limits].
func (l *loader) limits(t *table) (limits Limits) {
	l.caps(t, "payment_max", &limits.PaymentMax)
	l.caps(t, "payout_max", &limits.PayoutMax)
	l.caps(t, "payout_per_day", &limits.PayoutPerDay)
	l.caps(t, "doubt_max", &limits.DoubtMax)

	// A zero in the file is not the absence of a limit.
	whole(t, "per_second", &limits.PerSecond)
	path := join(t.path, "per_second")
	if _, written := t.values["per_second"].(int64); written && limits.PerSecond == 0 &&
		!l.unread(path) {
		l.add(path, "must be from 1 to %d, not 0", mostPerSecond)
	}

	t.finish("")
	return limits
}

// caps reads a list of amounts.
func (l *loader) caps(t *table, key string, target *[]sdk.Money) {
	for _, i := range t.texts(key, `a list of amounts, such as ["1000.00 USD"]`, false) {
		most, problem := parseCap(i.text)
		if i.ok && problem != "" && !l.unread(i.path) {
			l.add(i.path, "%s", problem)
		}

		// An invalid amount is kept too: elements keep their places, so that a
		// later problem names the right one.
		*target = append(*target, most)
	}
}

// parseCap reads an amount and its currency. A problem does not show the text:
// it may come from a reference.
func parseCap(text string) (most sdk.Money, problem string) {
	const want = `must be an amount and its currency, such as "1000.00 USD"`
	digits, currency, found := strings.Cut(text, " ")
	if !found {
		return sdk.Money{}, want
	}

	most, err := sdk.ParseMoney(digits, currency)
	if err != nil {
		return sdk.Money{}, want
	}

	return most, ""
}

// check checks the amounts and that a list names each currency once.
func (l Limits) check(problems *report, path string) {
	if l.PerSecond != 0 {
		between(problems, path+".per_second", l.PerSecond, 1, mostPerSecond)
	}

	for _, caps := range l.lists() {
		checkCaps(problems, path+"."+caps.key, caps.list, false)
	}
}

// checkCaps checks amounts, of which each currency has one at most.
func checkCaps(problems *report, key string, caps []sdk.Money, zero bool) {
	named := map[string]int{}

	for k, one := range caps {
		at := element(key, k)
		first, twice := named[one.Currency]

		switch {
		case problems.unread(at):
			continue
		case sdk.CheckCurrency(one.Currency) != nil:
			problems.check(at, "needs a currency in upper case")
		case zero && one.Amount.IsNegative():
			problems.check(at, "must not be negative")
		case !zero && !one.Amount.IsPositive():
			problems.check(at, "must be more than zero; `payhost pause` stops everything")
		case twice:
			problems.check(at, "a second amount in %s; the first is %s",
				one.Currency, element(key, first))
		}

		if !twice {
			named[one.Currency] = k
		}
	}
}
