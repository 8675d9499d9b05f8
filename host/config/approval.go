package config

import (
	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
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
	l.caps(t, "payout_above", &c.Approval.PayoutAbove)
	t.boolean("resolve", &c.Approval.Resolve)
	t.finish("")
}

// checkApproval checks [approval]. Above zero is every payout.
func (c *Config) checkApproval(problems *report) {
	checkCaps(problems, "approval.payout_above", c.Approval.PayoutAbove, true)
}
