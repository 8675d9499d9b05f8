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

const (
	amountRule = "Amount is more than zero, of a currency that the account handles, " +
		"with the decimals that it has."
	currencyRule = "Amounts are in units of their currency, not in cents: a yen has no decimals, " +
		"a dinar three, a token those that are declared."
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
		name:  "payment limits",
		needs: needs(sdk.CapabilityCreatePayment),
		rule: "PaymentLimits are checked before a create verb is called: " +
			"outside is CodeLimit, OutcomeNotSent.",
		run: func(run *caseRun) { run.checkLimits(run.payments()) },
	},
	{
		name:  "payout limits",
		needs: needs(sdk.CapabilityCreatePayout),
		rule: "PayoutLimits are checked before a create verb is called: " +
			"outside is CodeLimit, OutcomeNotSent.",
		run: func(run *caseRun) { run.checkLimits(run.payouts()) },
	},
	{
		name:  "payment amount",
		needs: needs(sdk.CapabilityCreatePayment),
		rule:  amountRule,
		run:   func(run *caseRun) { run.checkAmounts(run.payments()) },
	},
	{
		name:  "payout amount",
		needs: needs(sdk.CapabilityCreatePayout),
		rule:  amountRule,
		run:   func(run *caseRun) { run.checkAmounts(run.payouts()) },
	},
	{
		name:  "payment currencies",
		needs: needs(sdk.CapabilityCreatePayment),
		rule:  currencyRule,
		run:   func(run *caseRun) { run.checkCurrencies(run.payments()) },
	},
	{
		name:  "payout currencies",
		needs: needs(sdk.CapabilityCreatePayout),
		rule:  currencyRule,
		run:   func(run *caseRun) { run.checkCurrencies(run.payouts()) },
	},
}

// emptyFields makes creates with nothing but what the contract always gives.
func emptyFields(run *caseRun) {
	for _, create := range []struct {
		capability sdk.Capability
		bare       func(context.Context, *client.Account) error
	}{
		{sdk.CapabilityCreatePayment, run.bareCreatePayment},
		{sdk.CapabilityCreatePayout, run.bareCreatePayout},
	} {
		if !run.can(create.capability) {
			continue
		}
		// Success is right too: the provider may need no more.
		err := create.bare(run.ctx, run.account)
		if err == nil {
			continue
		}

		if !run.want(err, sdk.CodeInvalidRequest, sdk.OutcomeNotSent,
			"%s with empty fields", create.capability) {
			continue
		}

		// A refusal helps the caller only if it names the field.
		var refusal *sdk.Error
		namesField := func(violation sdk.Violation) bool { return violation.Field != "" }
		if errors.As(err, &refusal) &&
			!slices.ContainsFunc(refusal.Violations, namesField) {
			run.fail(
				"%s with empty fields: no violation names a field: %v",
				create.capability,
				err,
			)
		}
	}
}

// creation is a create verb that can be tried with any amount.
type creation struct {
	kind   ledger.Kind
	limits []sdk.AmountLimit
	try    func(sdk.Money) (reference string, err error)
}

func (run *caseRun) payments() creation {
	try := func(money sdk.Money) (string, error) {
		req := run.newPayment(nil)
		req.Amount = money
		_, err := run.account.CreatePayment(run.ctx, req)
		return req.Reference, err
	}
	return creation{ledger.Payment, run.info.PaymentLimits, try}
}

func (run *caseRun) payouts() creation {
	try := func(money sdk.Money) (string, error) {
		req := run.newPayout()
		req.Amount = money
		_, err := run.account.CreatePayout(run.ctx, req)
		return req.Reference, err
	}
	return creation{ledger.Payout, run.info.PayoutLimits, try}
}

// turnedAway tries an amount that must not reach the provider.
func (run *caseRun) turnedAway(create creation, money sdk.Money, code sdk.Code) {
	run.proxy.Mark()
	reference, err := create.try(money)
	run.want(err, code, sdk.OutcomeNotSent, "%s of %s", create.kind, money)
	run.quiet(string(create.kind) + " of " + money.String())
	if run.executedBy(verbCall{kind: create.kind, reference: reference}) > 0 {
		run.fail("%s of %s: the provider's books have it", create.kind, money)
	}
}

// letThrough tries an amount that the plugin may not turn away. The provider
// may.
func (run *caseRun) letThrough(create creation, money sdk.Money) {
	_, err := create.try(money)
	if (sdk.CodeOf(err) == sdk.CodeLimit) && (sdk.OutcomeOf(err) == sdk.OutcomeNotSent) {
		run.fail(
			"%s of %s is turned away, though limits are inclusive: %v",
			create.kind,
			money,
			err,
		)
	}
}

// checkLimits tries one step outside on both ends, and the ends themselves,
// which are inclusive. Payouts of the most are left out: the simulated provider
// may hold less, and what is paid out is missing afterwards.
func (run *caseRun) checkLimits(create creation) {
	for _, limit := range create.limits {
		if !run.takes(limit.Currency) {
			continue
		}
		money := func(amount decimal.Decimal) sdk.Money {
			return sdk.Money{Amount: amount, Currency: limit.Currency}
		}

		step := smallest(limit)
		if limit.Min != nil {
			if below := limit.Min.Sub(step); below.IsPositive() {
				run.turnedAway(create, money(below), sdk.CodeLimit)
			}
			if limit.Min.IsPositive() {
				run.letThrough(create, money(*limit.Min))
			}
		}

		// The simulated provider may not hold enough for the largest payout.
		if limit.Max != nil {
			if create.kind == ledger.Payment {
				run.letThrough(create, money(*limit.Max))
			}
			run.turnedAway(create, money(limit.Max.Add(step)), sdk.CodeLimit)
		}
	}
}

// smallest returns the least by which two amounts can differ.
func smallest(limit sdk.AmountLimit) decimal.Decimal {
	if limit.Decimals != nil {
		return decimal.New(1, -*limit.Decimals)
	}
	return decimal.New(1, -2)
}

// checkAmounts tries amounts that no provider can want, whatever its limits
// are.
func (run *caseRun) checkAmounts(create creation) {
	usual := run.amount(create.limits)
	for _, amount := range []decimal.Decimal{decimal.Zero, usual.Amount.Neg()} {
		money := sdk.Money{Amount: amount, Currency: usual.Currency}
		run.turnedAway(create, money, sdk.CodeInvalidRequest)
	}

	lower := sdk.Money{Amount: usual.Amount, Currency: "usd"}
	run.turnedAway(create, lower, sdk.CodeInvalidRequest)
	if len(run.accountInfo.Currencies) > 0 {
		// ISO 4217 keeps this code for tests: no account handles it.
		test := sdk.Money{Amount: usual.Amount, Currency: "XTS"}
		run.turnedAway(create, test, sdk.CodeInvalidRequest)
	}

	for _, limit := range create.limits {
		if (limit.Decimals != nil) && run.takes(limit.Currency) {
			amount := within(usual.Amount, limit.Min, limit.Max)
			finer := amount.Add(decimal.New(1, -*limit.Decimals-1))
			money := sdk.Money{Amount: finer, Currency: limit.Currency}
			run.turnedAway(create, money, sdk.CodeInvalidRequest+"|"+sdk.CodeLimit)
		}
	}
}

// takes reports whether the account can be asked to handle a currency.
func (run *caseRun) takes(currency string) bool {
	currencies := run.accountInfo.Currencies
	return (len(currencies) == 0) || slices.Contains(currencies, currency)
}

// checkCurrencies makes one of each kind of currency that the account takes, of
// an amount with all the decimals that it may have. A provider that counts in
// the smallest units shows here that it counts all of them in hundredths. A
// refusal is right too: what counts is that no other amount is made.
func (run *caseRun) checkCurrencies(create creation) {
	candidates := run.accountInfo.Currencies
	if len(candidates) == 0 {
		candidates = []string{"USD", "JPY", "KWD"}
	}

	tried := map[int32]bool{} // by number of decimals
	for _, currency := range candidates {
		digits, known := sdk.MinorUnits(currency, create.limits...)
		if !known || tried[digits] {
			continue
		}
		tried[digits] = true
		run.checkCurrency(create, currency, digits)
	}
}

func (run *caseRun) checkCurrency(create creation, currency string, digits int32) {
	want := limited(currency, create.limits)
	// The last decimal shows whether it arrives.
	finer := want.Amount.Add(decimal.New(1, -digits))
	if !aboveMost(finer, currency, create.limits) {
		want.Amount = finer
	}

	// A refusal proves nothing and is allowed.
	reference, err := create.try(want)
	if (err != nil) || (run.control.Books == nil) {
		return
	}

	for _, entry := range run.entries(create.kind, reference) {
		got := sdk.Money{Amount: entry.Amount, Currency: entry.Currency}
		if !got.Equal(want) {
			run.fail("%s of %s: the provider's books have %s", create.kind, want, got)
		}
	}
}

func aboveMost(amount decimal.Decimal, currency string, limits []sdk.AmountLimit) bool {
	return slices.ContainsFunc(limits, func(limit sdk.AmountLimit) bool {
		return (limit.Currency == currency) && (limit.Max != nil) &&
			amount.GreaterThan(*limit.Max)
	})
}
