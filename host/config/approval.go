package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Approval is the table [approval]: what a second name has to approve before it
// is done.
type Approval struct {
	// PayoutAbove are the amounts above which a payout waits, one a currency
	// [payout_above: texts such as "1000.00 USD"; "0 USD" is every payout].
	// Default none: payouts in other currencies do not wait.
	PayoutAbove []sdk.Money
	// Resolve makes every decision about what nothing else can settle wait
	// [resolve]. Default false.
	Resolve bool
}

// Above returns the amount above which payouts in a currency wait.
func (a Approval) Above(currency string) (decimal.Decimal, bool) {
	for _, limit := range a.PayoutAbove {
		if limit.Currency == currency {
			return limit.Amount, true
		}
	}
	return decimal.Decimal{}, false
}

func (l *loader) approval(c *Config, t *table) {
	const want = `a list of amounts, such as ["1000.00 USD"]`
	for _, i := range t.texts("payout_above", want, false) {
		money, problem := parseMoney(i.text)
		if i.ok && problem != "" && !l.unread(i.path) {
			l.add(i.path, "%s", problem)
		}
		// An unreadable one is kept too: elements keep their places.
		c.Approval.PayoutAbove = append(c.Approval.PayoutAbove, money)
	}
	t.boolean("resolve", &c.Approval.Resolve)
	t.finish("")
}

var currencyCode = regexp.MustCompile(`^[A-Z0-9]{2,32}$`)

// parseMoney reads an amount and its currency, such as "1000.00 USD".
func parseMoney(text string) (money sdk.Money, problem string) {
	amount, currency, _ := strings.Cut(text, " ")
	parsed, err := sdk.ParseAmount(amount)
	if err != nil || !currencyCode.MatchString(currency) {
		return money, fmt.Sprintf(
			"%q is not an amount with its currency in upper case, such as \"1000.00 USD\"", text)
	}
	return sdk.Money{Amount: parsed, Currency: currency}, ""
}

// checkApproval checks [approval].
func (c *Config) checkApproval(problems *report) {
	places := map[string]int{}
	for i, limit := range c.Approval.PayoutAbove {
		key := element("approval.payout_above", i)
		if problems.unread(key) {
			continue
		}
		if limit.Amount.IsNegative() || !currencyCode.MatchString(limit.Currency) {
			problems.check(key, "is not an amount with its currency in upper case")
			continue
		}
		if first, twice := places[limit.Currency]; twice {
			problems.check(key, "is a second amount in %s; the first is %s",
				limit.Currency, element("approval.payout_above", first))
		}
		places[limit.Currency] = i
	}
}
