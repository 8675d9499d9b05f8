package suite

import (
	"context"
	"errors"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
	"github.com/payhost/payhost/sdk/client"
	"github.com/payhost/payhost/sdk/conformance/ledger"
)

var requestCases = []testCase{
	{
		name: "empty fields",
		rule: "Every field may be empty; a provider that needs one reports a violation.",
		run:  emptyFields,
	},
}

var limitCases = []testCase{
	{
		name: "payment limits", needs: needs(sdk.CapabilityCreatePayment),
		rule: "PaymentLimits are checked before a create verb is called: outside is CodeLimit, OutcomeNotSent.",
		run:  func(run *caseRun) { run.checkLimits(run.paymentAmounts(), run.info.PaymentLimits) },
	},
	{
		name: "payout limits", needs: needs(sdk.CapabilityCreatePayout),
		rule: "PayoutLimits are checked before a create verb is called: outside is CodeLimit, OutcomeNotSent.",
		run:  func(run *caseRun) { run.checkLimits(run.payoutAmounts(), run.info.PayoutLimits) },
	},
	{
		name: "payment amount", needs: needs(sdk.CapabilityCreatePayment),
		rule: "Amount is more than zero, of a currency that the account handles, with the decimals that it has.",
		run:  func(run *caseRun) { run.checkAmounts(run.paymentAmounts(), run.info.PaymentLimits) },
	},
	{
		name: "payout amount", needs: needs(sdk.CapabilityCreatePayout),
		rule: "Amount is more than zero, of a currency that the account handles, with the decimals that it has.",
		run:  func(run *caseRun) { run.checkAmounts(run.payoutAmounts(), run.info.PayoutLimits) },
	},
	{
		name: "payment currencies", needs: needs(sdk.CapabilityCreatePayment),
		rule: currencyRule,
		run:  func(run *caseRun) { run.checkCurrencies(run.paymentAmounts(), run.info.PaymentLimits) },
	},
	{
		name: "payout currencies", needs: needs(sdk.CapabilityCreatePayout),
		rule: currencyRule,
		run:  func(run *caseRun) { run.checkCurrencies(run.payoutAmounts(), run.info.PayoutLimits) },
	},
}

const currencyRule = "Amounts are in units of their currency, not in cents: a yen has no decimals, a dinar three, " +
	"a token those that are declared."

// emptyFields makes creates with nothing but what the contract always gives.
func emptyFields(run *caseRun) {
	for _, c := range []struct {
		capability sdk.Capability
		bare       func(context.Context, *client.Account) error
	}{
		{sdk.CapabilityCreatePayment, run.bareCreatePayment},
		{sdk.CapabilityCreatePayout, run.bareCreatePayout},
	} {
		if !run.can(c.capability) {
			continue
		}
		err := c.bare(run.ctx, run.account)
		if err == nil {
			continue
		}
		var e *sdk.Error
		if run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent, "%s with empty fields", c.capability) &&
			errors.As(err, &e) && !slices.ContainsFunc(e.Violations, func(v sdk.Violation) bool { return v.Field != "" }) {
			run.fail("%s with empty fields: no violation names a field: %v", c.capability, err)
		}
	}
}

// amounts tries a create verb with any amount.
type amounts struct {
	kind ledger.Kind
	try  func(sdk.Money) (reference string, err error)
}

func (run *caseRun) paymentAmounts() amounts {
	return amounts{ledger.Payment, func(m sdk.Money) (string, error) {
		req := run.newPayment(nil)
		req.Amount = m
		_, err := run.account.CreatePayment(run.ctx, req)
		return req.Reference, err
	}}
}

func (run *caseRun) payoutAmounts() amounts {
	return amounts{ledger.Payout, func(m sdk.Money) (string, error) {
		req := run.newPayout()
		req.Amount = m
		_, err := run.account.CreatePayout(run.ctx, req)
		return req.Reference, err
	}}
}

// turnedAway tries an amount that must not reach the provider.
func (run *caseRun) turnedAway(a amounts, m sdk.Money, code sdk.Code) {
	run.proxy.Mark()
	reference, err := a.try(m)
	run.want(err, code, sdk.OutcomeNotSent, "%s of %s", a.kind, m)
	run.quiet(string(a.kind) + " of " + m.String())
	if n := run.executedBy(verbCall{kind: a.kind, reference: reference}); n > 0 {
		run.fail("%s of %s: the provider's books have it", a.kind, m)
	}
}

// letThrough tries an amount that the plugin may not turn away. What the provider says to it is another matter.
func (run *caseRun) letThrough(a amounts, m sdk.Money) {
	if _, err := a.try(m); sdk.CodeOf(err) == sdk.CodeLimit && sdk.OutcomeOf(err) == sdk.OutcomeNotSent {
		run.fail("%s of %s is turned away, though limits are inclusive: %v", a.kind, m, err)
	}
}

// One step outside on both ends, and the ends themselves, which are inclusive. Payouts of the most are left out: the
// simulated provider may hold less, and what is paid out is missing afterwards.
func (run *caseRun) checkLimits(a amounts, limits []sdk.AmountLimit) {
	for _, l := range limits {
		if !run.takes(l.Currency) {
			continue
		}
		step := smallest(l)
		if l.Min != nil {
			if below := l.Min.Sub(step); below.IsPositive() {
				run.turnedAway(a, sdk.Money{Amount: below, Currency: l.Currency}, sdk.CodeLimit)
			}
		}
		if l.Min != nil && l.Min.IsPositive() {
			run.letThrough(a, sdk.Money{Amount: *l.Min, Currency: l.Currency})
		}
		if l.Max != nil && a.kind == ledger.Payment {
			run.letThrough(a, sdk.Money{Amount: *l.Max, Currency: l.Currency})
		}
		if l.Max != nil {
			run.turnedAway(a, sdk.Money{Amount: l.Max.Add(step), Currency: l.Currency}, sdk.CodeLimit)
		}
	}
}

// smallest is the least that an amount can differ by.
func smallest(l sdk.AmountLimit) decimal.Decimal {
	if l.Decimals != nil {
		return decimal.New(1, -*l.Decimals)
	}
	return decimal.New(1, -2)
}

// What no provider can want, whatever its limits are.
func (run *caseRun) checkAmounts(a amounts, limits []sdk.AmountLimit) {
	usual := run.amount(limits)
	for _, amount := range []decimal.Decimal{decimal.Zero, usual.Amount.Neg()} {
		run.turnedAway(a, sdk.Money{Amount: amount, Currency: usual.Currency}, sdk.CodeInvalidRequest)
	}
	run.turnedAway(a, sdk.Money{Amount: usual.Amount, Currency: "usd"}, sdk.CodeInvalidRequest)
	if len(run.accountInfo.Currencies) > 0 {
		// The code that ISO 4217 keeps for tests: nobody handles it.
		run.turnedAway(a, sdk.Money{Amount: usual.Amount, Currency: "XTS"}, sdk.CodeInvalidRequest)
	}
	for _, l := range limits {
		if l.Decimals != nil && run.takes(l.Currency) {
			finer := within(usual.Amount, l.Min, l.Max).Add(decimal.New(1, -*l.Decimals-1))
			run.turnedAway(a, sdk.Money{Amount: finer, Currency: l.Currency}, sdk.CodeInvalidRequest+"|"+sdk.CodeLimit)
		}
	}
}

// takes reports whether the account can be asked to handle a currency.
func (run *caseRun) takes(currency string) bool {
	return len(run.accountInfo.Currencies) == 0 || slices.Contains(run.accountInfo.Currencies, currency)
}

// checkCurrencies makes one of each kind of currency that the account takes, of
// an amount with all the decimals that it may have. A provider that counts in
// the smallest units shows here that it counts all of them in hundredths. One
// that says no is right too: what counts is that nothing else is made.
func (run *caseRun) checkCurrencies(a amounts, limits []sdk.AmountLimit) {
	candidates := run.accountInfo.Currencies
	if len(candidates) == 0 {
		candidates = []string{"USD", "JPY", "KWD"}
	}

	tried := map[int32]bool{}
	for _, currency := range candidates {
		digits, known := sdk.MinorUnits(currency, limits...)
		if !known || tried[digits] {
			continue
		}
		tried[digits] = true
		run.checkCurrency(a, limits, currency, digits)
	}
}

func (run *caseRun) checkCurrency(a amounts, limits []sdk.AmountLimit, currency string, digits int32) {
	want := sdk.Money{Amount: decimal.NewFromInt(60), Currency: currency}
	for _, l := range limits {
		if l.Currency == currency {
			want.Amount = within(want.Amount, l.Min, l.Max)
		}
	}
	if step := decimal.New(1, -digits); !run.aboveMost(want.Amount.Add(step), limits, currency) {
		want.Amount = want.Amount.Add(step)
	}

	reference, err := a.try(want)
	if (err != nil) || (run.control.Books == nil) {
		return
	}
	for _, e := range run.entries(a.kind, reference) {
		if got := (sdk.Money{Amount: e.Amount, Currency: e.Currency}); !got.Equal(want) {
			run.fail("%s of %s: the provider's books have %s", a.kind, want, got)
		}
	}
}

func (run *caseRun) aboveMost(amount decimal.Decimal, limits []sdk.AmountLimit, currency string) bool {
	return slices.ContainsFunc(limits, func(l sdk.AmountLimit) bool {
		return (l.Currency == currency) && (l.Max != nil) && amount.GreaterThan(*l.Max)
	})
}
