package sdk

import (
	"errors"
	"fmt"
	"regexp"

	"github.com/shopspring/decimal"
)

// Money is an exact amount of one currency or asset.
type Money struct {
	// Amount in units of Currency, not in cents. Requests carry amounts above zero; only balances may be negative.
	Amount decimal.Decimal
	// Currency is upper case: ISO 4217 ("USD") or the provider's asset code ("USDT-TRC20").
	Currency string
}

// String gives the amount as plain digits and the currency, such as "60 USD".
func (m Money) String() string {
	return m.Amount.String() + " " + m.Currency
}

// Equal compares by value: 60 USD equals 60.00 USD.
func (m Money) Equal(o Money) bool {
	return m.Currency == o.Currency && m.Amount.Equal(o.Amount)
}

// The figures keep a hostile number from growing into megabytes of digits when it is computed with.
const maxAmountLength = 64

var (
	plainDecimal = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?$`)
	currencyCode = regexp.MustCompile(`^[A-Z0-9][A-Z0-9._-]{0,31}$`)
)

// ParseAmount reads plain decimal digits with at most one point and an optional leading minus. Unlike
// decimal.NewFromString it accepts no exponent, which could make a few bytes mean gigabytes of digits.
func ParseAmount(text string) (decimal.Decimal, error) {
	if len(text) > maxAmountLength {
		return decimal.Decimal{}, fmt.Errorf("an amount has at most %d characters, this one has %d", maxAmountLength, len(text))
	}
	if !plainDecimal.MatchString(text) {
		return decimal.Decimal{}, errors.New(`an amount is digits with at most one point, such as "60.00"`)
	}
	return decimal.NewFromString(text)
}

// CheckCurrency reports whether code can be a currency or asset code: 1 to 32 characters of A-Z 0-9 . _ -, upper case.
func CheckCurrency(code string) error {
	if !currencyCode.MatchString(code) {
		return errors.New(`a currency is an upper-case code, such as "USD"`)
	}
	return nil
}

// ParseMoney reads an amount as ParseAmount does, of a currency that CheckCurrency takes.
func ParseMoney(amount, currency string) (Money, error) {
	a, err := ParseAmount(amount)
	if err == nil {
		err = CheckCurrency(currency)
	}
	if err != nil {
		return Money{}, err
	}
	return Money{Amount: a, Currency: currency}, nil
}

// ReadMoney gives an amount and a currency as the provider writes them, or nil where it says neither: what is no amount
// above zero, or no currency code, must not look like one when the host compares it with what was asked for.
func ReadMoney(amount, currency string) *Money {
	m, err := ParseMoney(amount, currency)
	if err != nil || !m.Amount.IsPositive() {
		return nil
	}
	return &m
}
