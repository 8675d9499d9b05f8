package config

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
)

func TestWhatNeedsASecondName(t *testing.T) {
	c := loaded(t, t.TempDir(), `
[approval]
payout_above = ["1000.00 USD", "0 EUR"]
resolve = true
`, nil)
	for currency, want := range map[string]string{"USD": "1000", "EUR": "0"} {
		above, listed := c.Approval.Above(currency)
		if !listed || !above.Equal(decimal.RequireFromString(want)) {
			t.Errorf("%s: %s, %v", currency, above, listed)
		}
	}
	if _, listed := c.Approval.Above("GBP"); listed || !c.Approval.Resolve {
		t.Errorf("got %+v", c.Approval)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
}

// Every wrong amount is named at once, and none is shown: it may come from a
// reference.
func TestWhatNeedsASecondNameIsCheckedAtOnce(t *testing.T) {
	_, err := Load(folder(t, map[string]string{"config.toml": `
[approval]
payout_above = ["-1 USD", "hidden-text", "5 EUR", "6 EUR", "1 usd"]
`}))
	if err == nil {
		t.Fatal("it was loaded")
	}

	for _, want := range []string{
		"approval.payout_above[0]: must not be negative",
		"approval.payout_above[1]: must be an amount and its currency",
		"approval.payout_above[3]: a second amount in EUR; the first is approval.payout_above[2]",
		"approval.payout_above[4]: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%s", want, err)
		}
	}
	if strings.Contains(err.Error(), "hidden-text") {
		t.Errorf("a text is shown:\n%s", err)
	}
}
