package sdk

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"
)

// Money is an exact amount of one currency or asset.
type Money struct {
	// Amount is in units of Currency, not in cents. Requests carry amounts above
	// zero; only balances may be negative.
	Amount decimal.Decimal
	// Currency is upper case: ISO 4217 ("USD") or the provider's asset code
	// ("USDT-TRC20").
	Currency string
}

// String returns the amount as plain digits and the currency, such as "60 USD".
func (m Money) String() string {
	return m.Amount.String() + " " + m.Currency
}

// Equal compares by value: 60 USD equals 60.00 USD.
func (m Money) Equal(other Money) bool {
	return (m.Currency == other.Currency) && m.Amount.Equal(other.Amount)
}

// maxAmountLength keeps a hostile number from growing into megabytes of digits
// when it is computed with.
const maxAmountLength = 64

// maxCurrencyLength bounds a currency or asset code.
const maxCurrencyLength = 32

// isPlainDecimal reports whether text is digits with at most one point between
// them and an optional leading minus. Every call reads several amounts, and a
// regular expression took longer than all else that is done with them.
func isPlainDecimal(text string) bool {
	whole, fraction, hasPoint := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	return isDigits(whole) && (!hasPoint || isDigits(fraction))
}

// isDigits reports whether text is one or more of 0-9.
func isDigits(text string) bool {
	for i := range len(text) {
		if (text[i] < '0') || (text[i] > '9') {
			return false
		}
	}
	return text != ""
}

// isCurrencyCode reports whether code is 1 to 32 characters of A-Z 0-9 . _ -,
// of which the first is a letter or a digit.
func isCurrencyCode(code string) bool {
	for i := range len(code) {
		char := code[i]
		isLetter := (char >= 'A') && (char <= 'Z')
		isDigit := (char >= '0') && (char <= '9')
		isMark := (char == '.') || (char == '_') || (char == '-')
		if !isLetter && !isDigit && !(isMark && (i > 0)) {
			return false
		}
	}
	return (code != "") && (len(code) <= maxCurrencyLength)
}

// ParseAmount reads plain decimal digits with at most one point and an optional
// leading minus. Unlike decimal.NewFromString it accepts no exponent, which
// could make a few bytes mean gigabytes of digits.
func ParseAmount(text string) (decimal.Decimal, error) {
	if len(text) > maxAmountLength {
		return decimal.Decimal{}, fmt.Errorf(
			"an amount has at most %d characters, this one has %d", maxAmountLength, len(text))
	}
	if !isPlainDecimal(text) {
		return decimal.Decimal{}, errors.New(
			`an amount is digits with at most one point, such as "60.00"`)
	}
	return decimal.NewFromString(text)
}

// FormatAmount returns an amount as the plain digits that ParseAmount reads. It
// returns "", which ParseAmount refuses, for an amount whose exponent alone
// makes it longer than an amount may be: writing it out could take gigabytes.
func FormatAmount(amount decimal.Decimal) string {
	exponent := amount.Exponent()
	if (exponent > maxAmountLength) || (exponent < -maxAmountLength) {
		return ""
	}
	return amount.String()
}

// exponentNumber bounds the exponent by its figures before anything is computed
// with it.
var exponentNumber = regexp.MustCompile(
	`^(-?[0-9]{1,64}(?:\.[0-9]{1,64})?)[eE]([+-]?[0-9]{1,3})$`,
)

// ParseNumber is ParseAmount for an amount as a provider may write it: also with
// an exponent, if its plain digits are an amount.
func ParseNumber(text string) (decimal.Decimal, error) {
	if len(text) > 3*maxAmountLength {
		return ParseAmount(text)
	}
	parts := exponentNumber.FindStringSubmatch(text)
	if parts == nil {
		return ParseAmount(text)
	}

	mantissa, err := ParseAmount(parts[1])
	if err != nil {
		return decimal.Decimal{}, err
	}
	exponent, err := strconv.ParseInt(parts[2], 10, 32)
	if err != nil {
		return decimal.Decimal{}, err
	}

	// At most 999 places either way: harmless to print, and then measured like
	// any other amount.
	return ParseAmount(mantissa.Shift(int32(exponent)).String())
}

// CheckCurrency returns an error unless code can be a currency or asset code: 1
// to 32 characters of A-Z 0-9 . _ -, upper case.
func CheckCurrency(code string) error {
	if !isCurrencyCode(code) {
		return errors.New(`a currency is an upper-case code, such as "USD"`)
	}
	return nil
}

// ParseMoney reads an amount as ParseAmount does, of a currency that
// CheckCurrency takes.
func ParseMoney(amount, currency string) (Money, error) {
	parsed, err := ParseAmount(amount)
	if err == nil {
		err = CheckCurrency(currency)
	}
	if err != nil {
		return Money{}, err
	}
	return Money{Amount: parsed, Currency: currency}, nil
}

// ReadMoney returns an amount and a currency as the provider writes them, or nil
// unless the amount is above zero and the code can be a currency: anything else
// must not look like money when the host compares it with the intent.
func ReadMoney(amount, currency string) *Money {
	read, err := ParseMoney(amount, currency)
	if (err != nil) || !read.Amount.IsPositive() {
		return nil
	}
	return &read
}

// readNumber reads an amount that may have an exponent and may be zero: the host
// compares it as it is.
func readNumber(amount, currency string) *Money {
	number, err := ParseNumber(amount)
	if (err != nil) || number.IsNegative() || (CheckCurrency(currency) != nil) {
		return nil
	}
	return &Money{Amount: number, Currency: currency}
}

// ReadAmount sets Amount to what the provider says, as it writes it; no amount
// is nil. An amount that is there and cannot be read, or whose currency cannot,
// does not lose a success: the payment is under review, and Message says why.
func (p *Payment) ReadAmount(amount, currency string) {
	p.Amount = readNumber(amount, currency)
	if (p.Amount == nil) && (amount != "") {
		p.Doubt(unreadable(amount, currency))
	}
}

// Doubt notes that something about the payment cannot be read, and why. A
// success is then under review; anything else stays what it is.
func (p *Payment) Doubt(why string) {
	if (p.Status == PaymentSucceeded) || (p.Status == PaymentAuthorized) {
		p.Status = PaymentUnderReview
		p.Message = why
	}
}

// ReadAmount is Payment.ReadAmount for a payout.
func (p *Payout) ReadAmount(amount, currency string) {
	p.Amount = readNumber(amount, currency)
	if (p.Amount == nil) && (amount != "") && (p.Status == PayoutSucceeded) {
		p.Status = PayoutUnderReview
		p.Message = unreadable(amount, currency)
	}
}

// ReadAmount is Payment.ReadAmount for a refund.
func (r *Refund) ReadAmount(amount, currency string) {
	r.Amount = readNumber(amount, currency)
	if (r.Amount == nil) && (amount != "") && (r.Status == RefundSucceeded) {
		r.Status = RefundUnderReview
		r.Message = unreadable(amount, currency)
	}
}

func unreadable(amount, currency string) string {
	return fmt.Sprintf("its amount cannot be read: %.80q %.40q", amount, currency)
}
