package payment

import (
	"encoding/json"
	"fmt"

	"github.com/payhost/payhost/sdk"
	"github.com/shopspring/decimal"
)

// Amount is an exact decimal that keeps the decimals it was written with: 60.00
// stays "60.00". In JSON it is a string of digits with at most one point, never
// a number.
type Amount struct {
	decimal.Decimal
}

// String returns plain digits, with the decimals the amount was written with.
func (a Amount) String() string {
	// decimal's own String leaves zeros at the end out.
	if exponent := a.Exponent(); exponent < 0 {
		return a.StringFixed(-exponent)
	}
	return a.Decimal.String()
}

// MarshalJSON returns the digits as a JSON string.
func (a Amount) MarshalJSON() ([]byte, error) { return json.Marshal(a.String()) }

// UnmarshalJSON reads a JSON string of plain digits. It refuses an exponent,
// with which a few bytes could mean gigabytes of digits.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return fmt.Errorf(`an amount is a string, such as "60.00"`)
	}
	parsed, err := sdk.ParseAmount(text)
	if err != nil {
		return err
	}

	a.Decimal = parsed
	return nil
}
