package core

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/payhost/payhost/host/internal/intent"
	"github.com/payhost/payhost/host/payment"
	"github.com/payhost/payhost/sdk"
)

// checkEarly holds a new request against what can be known before anything is
// recorded. A repeated request never comes here.
func (c *Core) checkEarly(lease Lease, i *intent.Intent) error {
	var checks checklist
	if past(i.ExpiresAt, c.nowMicro()) {
		checks.add("expires_at", inThePast)
	}
	checks.violations = append(checks.violations, violationsOf(early(lease, i))...)
	return checks.err()
}

// early turns away what the plugin has declared that it cannot take: another
// currency, an amount past the limits or finer than the currency, and missing
// fields. It runs before anything is recorded, so the same key may be used for
// the corrected request. The plugin checks all of it again.
func early(lease Lease, i *intent.Intent) error {
	account, info := lease.Account(), lease.Info()
	limits, fields := info.PaymentLimits, info.PaymentFields
	if i.Kind == payment.KindPayout {
		limits, fields = info.PayoutLimits, info.PayoutFields
	}

	// A refund's currency is the payment's, and no limit is declared for it.
	var c checklist
	c.decimals(info, i)
	if i.Kind == payment.KindRefund {
		return c.err()
	}

	// A list that is not complete refuses nothing: the account may take others.
	taken := account.Currencies
	if account.CurrenciesComplete && len(taken) > 0 && !slices.Contains(taken, i.Currency) {
		c.add(
			"currency",
			"is not taken by %s; it takes %s",
			i.Provider,
			strings.Join(taken, ", "),
		)
	}

	for _, limit := range limits {
		if limit.Currency == i.Currency {
			c.limit(limit, i)
		}
	}

	c.fields(i.Request, fields, i.Provider)
	return c.err()
}

// limit compares by value: 1000.00 is not more exact than 1000.
func (c *checklist) limit(limit sdk.AmountLimit, i *intent.Intent) {
	amount := i.Amount.Decimal
	switch {
	case limit.Min != nil && amount.LessThan(*limit.Min):
		c.add("amount", "must be at least %s %s", limit.Min, limit.Currency)
	case limit.Max != nil && amount.GreaterThan(*limit.Max):
		c.add("amount", "must be at most %s %s", limit.Max, limit.Currency)
	}
}

// decimals refuses an amount that is finer than its currency, as the plugin
// declares it or else ISO 4217. A currency that neither of them knows, such as
// a token, is for the plugin to judge.
func (c *checklist) decimals(info sdk.Info, i *intent.Intent) {
	limits := info.PaymentLimits
	if i.Kind == payment.KindPayout {
		limits = info.PayoutLimits
	}
	digits, known := sdk.MinorUnits(i.Currency, limits...)
	amount := i.Amount.Decimal
	if known && !amount.Equal(amount.Truncate(digits)) {
		c.add("amount", "must have at most %d decimals in %s", digits, i.Currency)
	}
}

// fields looks the names of fields up in a request as it is recorded.
func (c *checklist) fields(request json.RawMessage, names []string, provider string) {
	var body any
	if len(names) == 0 || json.Unmarshal(request, &body) != nil {
		return // it was marshalled here
	}

	for _, name := range names {
		value := body
		for part := range strings.SplitSeq(name, ".") {
			object, _ := value.(map[string]any)
			value = object[part]
		}

		if text, _ := value.(string); text == "" {
			c.add(name, "is required by %s", provider)
		}
	}
}
