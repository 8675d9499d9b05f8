package providerhttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/payhost/payhost/sdk"
)

// errScalar marks the errors of this file, whose texts hold no value of the
// answer.
var errScalar = errors.New("")

func scalarError(format string, args ...any) error {
	return fmt.Errorf("%w"+format, append([]any{errScalar}, args...)...)
}

// Text reads a JSON string, number or boolean as its text: 12, "12" and 12.0
// become "12", "12" and "12.0". Nothing is lost: no float stands in between.
// null becomes "".
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
		// A number keeps its digits: a float would lose those of a long id.
		*t = Text(data)
	default:
		return scalarError("an object or array stands where a text was expected")
	}

	return nil
}

// Money returns the text as an amount, with an exponent or not, in a currency;
// nil where it is not above zero or the currency is none, as sdk.ReadMoney
// does. Unlike an Amount, a text that is not a number hides nothing else of an
// answer; the plugin decides what a nil amount beside a text means.
func (t Text) Money(currency string) *sdk.Money {
	number, err := sdk.ParseNumber(string(t))
	if err != nil {
		return nil
	}
	return sdk.ReadMoney(number.String(), currency)
}

// FlexibleString reads any JSON value as text for people, as
// ordered.Value.Message does: a text or number, an object or array as its JSON,
// and "" for null, false and an empty value. So a message in another form than
// usual hides neither that an answer is a refusal nor its reason.
type FlexibleString string

// UnmarshalJSON takes any JSON value.
func (s *FlexibleString) UnmarshalJSON(data []byte) error {
	var text Text
	if err := text.UnmarshalJSON(data); err == nil {
		*s = FlexibleString(text)
		if string(bytes.TrimSpace(data)) == "false" {
			*s = ""
		}
		return nil
	}

	// An object or an array: its JSON says most.
	var compact bytes.Buffer
	if err := json.Compact(&compact, data); err != nil {
		return scalarError("words are no valid JSON")
	}

	*s = FlexibleString(compact.String())
	if *s == "[]" || *s == "{}" {
		*s = ""
	}

	return nil
}

// Amount reads a JSON number, or a string that holds one, as an exact decimal:
// 2.99, "12.00", 1e2. Like sdk.ParseAmount it takes at most 64 characters, and
// of an exponent only what it comes to in plain digits within them. null and ""
// leave Present false.
type Amount struct {
	Decimal decimal.Decimal
	Present bool
}

// Money returns the amount in a currency, nil where the answer has none. It is
// returned as it is, also when it is zero: the host compares it with the amount
// that was asked for, and doubts a success of another one.
func (a Amount) Money(currency string) *sdk.Money {
	if !a.Present {
		return nil
	}
	return &sdk.Money{Amount: a.Decimal, Currency: currency}
}

// UnmarshalJSON refuses everything else.
func (a *Amount) UnmarshalJSON(data []byte) error {
	var text Text
	if err := text.UnmarshalJSON(data); err != nil {
		return err
	}
	// Empty text and null are an absent amount, which is not an amount of zero.
	if text == "" {
		*a = Amount{}
		return nil
	}

	number, err := sdk.ParseNumber(string(text))
	if err != nil {
		return scalarError(
			"an amount is no number that can be one: %d characters",
			len(text),
		)
	}

	*a = Amount{Decimal: number, Present: true}
	return nil
}
