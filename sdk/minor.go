package sdk

import (
	"strings"

	"github.com/shopspring/decimal"
)

// minorUnits are the decimals of ISO 4217's currencies: those that have none,
// three or four, and all the others, which have two. The words are all of one
// length.
var minorUnits = [...]string{
	0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
	2: "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD " +
		"BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD " +
		"EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS " +
		"INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT " +
		"MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR " +
		"PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP " +
		"SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG " +
		"YER ZAR ZMW ZWG ZWL",
	3: "BHD IQD JOD KWD LYD OMR TND",
	4: "CLF UYW",
}

// MinorUnits returns how many decimals the smallest unit of a currency has: 2
// for USD, 0 for JPY, 3 for KWD. A provider that counts some in another way
// declares that in the Decimals of its limits, which come first. known is false
// when neither those nor ISO 4217 have the currency, as for a crypto asset.
func MinorUnits(currency string, declared ...AmountLimit) (digits int32, known bool) {
	for i := range declared {
		if (declared[i].Currency == currency) && (declared[i].Decimals != nil) {
			return *declared[i].Decimals, true
		}
	}

	// Three characters without a space are in a list only as one of its words.
	if (len(currency) != len("USD")) || strings.Contains(currency, " ") {
		return 0, false
	}
	for digits, list := range minorUnits {
		if strings.Contains(list, currency) {
			return int32(digits), true
		}
	}

	return 0, false
}

// Minor returns the amount in the smallest units of its currency, as MinorUnits
// has them, for providers that count in cents. An amount that is finer, or
// whose currency is not known, is a violation: nothing is rounded.
func (m Money) Minor(declared ...AmountLimit) (units int64, err error) {
	digits, known := MinorUnits(m.Currency, declared...)
	var found Violations
	switch {
	case !known:
		found.Add(true, "currency", "has no smallest unit that is known")
		return 0, found.Err()
	case !m.Amount.Equal(m.Amount.Truncate(digits)):
		found.Add(true, "amount", "is finer than the smallest unit of "+m.Currency)
		return 0, found.Err()
	}

	// A BigInt, because IntPart is wrong for an amount that int64 cannot hold.
	count := m.Amount.Shift(digits).BigInt()
	if !count.IsInt64() {
		found.Add(true, "amount", "is more than can be counted in the smallest units")
		return 0, found.Err()
	}
	return count.Int64(), nil
}

// FromMinor returns the amount that a provider writes in the smallest units of a
// currency; nil when MinorUnits does not know them.
func FromMinor(units int64, currency string, declared ...AmountLimit) *Money {
	digits, known := MinorUnits(currency, declared...)
	if !known {
		return nil
	}
	return &Money{Amount: decimal.New(units, -digits), Currency: currency}
}
