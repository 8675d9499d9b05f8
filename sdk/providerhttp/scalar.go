package providerhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// errScalar marks the errors of this file, whose texts hold no value of the answer.
var errScalar = errors.New("")

func scalarError(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errScalar}, args...)...)
}

// Text reads a JSON string, number or boolean as its text: 12, "12" and 12.0 become "12", "12" and "12.0". Nothing is
// lost: no float stands in between. null becomes "".
type Text string

// UnmarshalJSON refuses objects and arrays.
func (t *Text) UnmarshalJSON(data []byte) error {
	data = bytes.TrimSpace(data)
	switch {
	case string(data) == "null":
		*t = ""
	case len(data) > 0 && data[0] == '"':
		var s string
		if err := json.Unmarshal(data, &s); err != nil {
			return scalarError("a text is no valid JSON string")
		}
		*t = Text(s)
	case len(data) > 0 && data[0] != '{' && data[0] != '[' && json.Valid(data):
		*t = Text(data)
	default:
		return scalarError("an object or array stands where a text was expected")
	}
	return nil
}

// Money gives the amount that the text is, with an exponent or not, in a currency; nil where that is not above zero or no
// currency, as sdk.ReadMoney has it. Unlike an Amount, a text that is no number hides nothing else of an answer; what an
// amount that is nil beside a text means is for the plugin to say.
func (t Text) Money(currency string) *sdk.Money {
	d, err := sdk.ParseNumber(string(t))
	if err != nil {
		return nil
	}
	return sdk.ReadMoney(d.String(), currency)
}

// FlexibleString reads whatever stands where a provider has something to say, as signature.Value.FlexibleString has it: a text or number, an
// object or array as its JSON, and nothing of null, false and what is empty. So a message in another form than usual
// hides neither that an answer is a no nor what it says.
type FlexibleString string

// UnmarshalJSON takes any JSON value.
func (w *FlexibleString) UnmarshalJSON(data []byte) error {
	var t Text
	if err := t.UnmarshalJSON(data); err == nil {
		if *w = FlexibleString(t); string(bytes.TrimSpace(data)) == "false" {
			*w = ""
		}
		return nil
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return scalarError("words are no valid JSON")
	}
	if *w = FlexibleString(compact.String()); *w == "[]" || *w == "{}" {
		*w = ""
	}
	return nil
}

// Amount reads a JSON number, or a string that holds one, as an exact decimal: 2.99, "12.00", 1e2. Like
// sdk.ParseAmount it takes at most 64 characters, and of an exponent only what it comes to in plain digits within
// them. null and "" leave Present false.
type Amount struct {
	Decimal decimal.Decimal
	Present bool
}

// Money gives the amount in a currency, nil where the answer has none. What it has is given as it is, also when it is
// nothing: the host compares it with what was asked for, and a success of another amount is none.
func (a Amount) Money(currency string) *sdk.Money {
	if !a.Present {
		return nil
	}
	return &sdk.Money{Amount: a.Decimal, Currency: currency}
}

// UnmarshalJSON refuses everything else.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var t Text
	if err := t.UnmarshalJSON(data); err != nil {
		return err
	}
	if t == "" {
		*a = Amount{}
		return nil
	}
	d, err := sdk.ParseNumber(string(t))
	if err != nil {
		return scalarError("an amount is no number that can be one: %d characters", len(t))
	}
	*a = Amount{Decimal: d, Present: true}
	return nil
}
